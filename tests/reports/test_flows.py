"""docs/flows is drawn from the tables that decide."""

from __future__ import annotations

from pathlib import Path

from portal.core.workflow import Workflow
from portal.reports import flows

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "flows"


def test_the_drawings_in_docs_are_those_of_the_tables():
    assert flows.write(FOLDER, check=True) == []


def test_every_workflow_is_drawn_once():
    names = [flow.name for _module, flow in flows.workflows()]
    assert names == sorted(set(names))
    assert {"order", "shipment", "old-part", "claim", "claim-line", "settlement", "fee-schedule"} <= set(names)
    assert all(isinstance(flow, Workflow) for _module, flow in flows.workflows())


def test_a_drawing_shows_every_step_its_permission_and_its_guards():
    module, order = next((module, flow) for module, flow in flows.workflows() if flow.name == "order")
    text = flows.draw(order, module)
    assert "    [*] --> draft\n" in text
    assert "    debited --> part_shipped : ship_part\n" in text
    assert '    state "part-shipped" as part_shipped\n' in text
    assert (
        "| `receive` | shipped | received | `orders.receive` | dealer-clerk, dealer-manager | `nothing_in_transit` |"
        in text
    )


def test_checking_writes_nothing_and_drawing_takes_away_what_is_no_longer_there(tmp_path):
    (tmp_path / "gone.md").write_text("old", encoding="utf-8")
    assert "gone.md" in flows.write(tmp_path, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["gone.md"]
    changed = flows.write(tmp_path, check=False)
    assert {"gone.md", "order.md", "README.md"} <= set(changed)
    assert not (tmp_path / "gone.md").exists()
    assert flows.write(tmp_path, check=True) == []
