"""The application as a whole: permissions named, workflows whole, words in both languages, paths that exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.app import PACKAGES
from portal.core.permissions import Permission
from portal.core.workflow import Workflow
from portal.identity.labels import PERMISSIONS
from portal.identity.roles import HOLDS, Role
from portal.web.errors import ACTS, REFUSALS
from portal.web.labels import ROLES
from portal.web.navigation import entries

ROOT = Path(__file__).parent.parent.parent
# A step with two ends is two steps, and the action chooses (domain.md section 3); a field's step has the field's action.
CHOOSES = {
    ("order", "ship_part"): "ship", ("order", "ship_rest"): "ship",
    ("claim", "review"): "approve", ("claim", "decide"): "approve",
    ("old-part-review", "accept"): "review", ("old-part-review", "want"): "review", ("old-part-review", "refuse"): "review",
}  # fmt: skip


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def workflows() -> list[tuple[str, Workflow]]:
    found = []
    for package in PACKAGES:
        module = _module(f"portal.{package}.workflow")
        names = {id(v): v for v in vars(module).values() if isinstance(v, Workflow)} if module else {}
        found += [(package, workflow) for workflow in names.values()]
    return found


WORKFLOWS = workflows()


def test_every_view_names_a_permission(app: Flask) -> None:
    views = {name: view for name, view in app.view_functions.items() if name != "static"}
    assert [name for name, view in views.items() if not hasattr(view, "required_permissions")] == []


def test_no_two_pages_share_an_address(app: Flask) -> None:
    taken: dict[tuple[str, str], set[str]] = {}
    for rule in app.url_map.iter_rules():
        shape = re.sub(r"<[^>]+>", "<>", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            taken.setdefault((shape, method), set()).add(rule.endpoint)
    assert {shape: names for shape, names in taken.items() if len(names) > 1} == {}


def test_only_these_views_are_open_to_everybody(app: Flask) -> None:
    opened = {name for name, view in app.view_functions.items() if getattr(view, "required_permissions", None) == ()}
    assert opened <= {
        "identity.second_step", "identity.forgotten", "identity.reset", "identity.invitation", "identity.join", "identity.add_place",
        "identity.sign_in", "identity.sign_out", "identity.language", "health.alive", "health.ready", "styleguide.show", "styleguide.parts",
        "api_document.openapi",
    }  # fmt: skip


def test_the_role_act_table_is_complete() -> None:
    assert set(HOLDS) == set(Role)
    assert set(PERMISSIONS) == set(Permission)
    assert set(ROLES) == {role.value for role in Role}
    assert set().union(*HOLDS.values()) == set(Permission), "a permission that nobody holds"


def test_the_auditor_writes_nothing() -> None:
    # a token of its own reads what it reads
    own = {Permission.PRICE_READ, Permission.LEDGER_PROVE, Permission.TOKEN_MAKE}
    reads = {p for p in Permission if p.value.endswith(".read")} | own
    assert HOLDS[Role.HQ_AUDITOR] <= reads


def test_every_navigation_entry_leads_somewhere(app: Flask) -> None:
    wanted = {entry.endpoint for side in ("hq", "dealer") for entry in entries(side)}  # type: ignore[arg-type]
    assert wanted - set(app.view_functions) == set()


def test_there_are_workflows() -> None:
    assert {w.name for _, w in WORKFLOWS} == {
        "order",
        "shipment",
        "old-part",
        "old-part-review",
        "claim",
        "claim-line",
        "settlement",
        "statement",
        "fee-schedule",
    }


@pytest.mark.parametrize(("package", "workflow"), WORKFLOWS, ids=lambda v: v.name if isinstance(v, Workflow) else v)
def test_a_workflow_is_whole(package: str, workflow: Workflow) -> None:
    states = set(type(workflow.starts))
    assert {workflow.starts} | {step.reaches for step in workflow.steps} == states, "a state that is never entered"
    left = {state for step in workflow.steps for state in step.leaves}
    assert left | workflow.ends == states, "an open state that is never left"
    actions = _module(f"portal.{package}.actions")
    missing = [
        s.name
        for s in workflow.steps
        if not callable(getattr(actions, CHOOSES.get((workflow.name, s.name), s.name), None))
    ]
    assert missing == []


@pytest.mark.parametrize("package", sorted({owner for owner, _ in WORKFLOWS}))
def test_every_state_has_a_word(app: Flask, package: str) -> None:
    labels = _module(f"portal.{package}.labels")
    for owner, workflow in WORKFLOWS:
        if owner == package:
            said = {
                str(getattr(key, "value", key))
                for name, book in vars(labels).items()
                if isinstance(book, dict) and name.isupper()
                for key in book
            }
            assert {state.value for state in type(workflow.starts)} <= said


_CODE = re.compile(r'(?<![A-Za-z])Refused\(\s*"([a-z0-9-]+)"')
_ACT = re.compile(r'audit\.record\(\s*\w+(?:\.\w+)*,\s*\w+(?:\.\w+)*,\s*"([a-z_-]+:[a-z_-]+)"')
_GUARD = re.compile(r'(?:return|refusal=)\s*\(?\s*"([a-z0-9-]+)"\s*(?:if|\)|,)')


def test_every_refusal_has_a_sentence(app: Flask) -> None:
    codes = set()
    for path in (ROOT / "portal").rglob("*.py"):
        codes |= set(_CODE.findall(path.read_text()))
        if path.name == "workflow.py":
            codes |= set(_GUARD.findall(path.read_text()))
    assert codes - set(REFUSALS) == set()


def test_every_act_has_a_sentence(app: Flask) -> None:
    acts = set().union(*(_ACT.findall(path.read_text()) for path in (ROOT / "portal").rglob("*.py")))
    assert acts - set(ACTS) == set()


def test_the_paths_that_readme_names_exist() -> None:
    text = (ROOT / "README.md").read_text()
    paths = set(re.findall(r"`((?:portal|config|docs|migrations|tests)/[A-Za-z0-9_./-]+)`", text))
    assert paths
    assert [path for path in sorted(paths) if not (ROOT / path.rstrip("/")).exists()] == []


def test_no_file_has_outgrown_its_room() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in (ROOT / "portal").rglob("*.py")
        if (n := len(p.read_text().splitlines())) > 420
    }
    assert long == {}


def test_nothing_asks_the_machine_for_business_time() -> None:
    banned = re.compile(r"date\.today\(|datetime\.now\(|datetime\.utcnow\(|time\.time\(")
    guilty = [
        str(p.relative_to(ROOT))
        for p in (ROOT / "portal").rglob("*.py")
        if banned.search(p.read_text()) and p.name != "clock.py"
    ]
    assert guilty == []


def test_the_drawn_flows_are_the_tables() -> None:
    from portal.reports import flows

    assert flows.write(ROOT / "docs" / "flows", check=True) == []
