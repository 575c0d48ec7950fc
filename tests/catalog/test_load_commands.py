"""`portal load`: what it shows, takes and names, and its exit codes (R11)."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.catalog.models import Import, Part, PriceList
from portal.cli import load as load_group
from portal.core import clock
from portal.core.audit import AuditEvent
from tests.catalog.loading import prices
from tests.factories.brands import bytes_of, count, empty_brand, in_brand
from tests.factories.world import at


@pytest.fixture
def portal(app, tmp_path):
    """``portal load …`` as it runs, with the portal's clock on 2026-07-20."""

    class Given:
        def flask(self):
            return app

    def run(*words: str, data: bytes | None = None, name: str = "file.csv"):
        path = tmp_path / name
        path.write_bytes(bytes_of(name) if data is None else data)
        with clock.frozen(at("2026-07-20 09:00")):
            return CliRunner().invoke(load_group, [words[0], str(path), *words[1:]], obj=Given())

    return run


def test_portal_load_check_shows_everything_and_changes_nothing(portal):
    actor = empty_brand()
    ran = portal("prices", "--brand", actor.brand_code, "--check", name="price-list-2026H2.xlsx")
    assert ran.exit_code == 0
    assert "成本价(元) → 成本价" in ran.output
    assert "119" in ran.output
    with in_brand(actor) as session:
        assert [count(session, table) for table in (Part, PriceList, Import, AuditEvent)] == [0, 0, 0, 0]


def test_portal_load_takes_a_file_and_records_it(portal):
    actor = empty_brand()
    ran = portal("prices", "--brand", actor.brand_code, "--json", name="price-list-2026H2.xlsx")
    said = json.loads(ran.stdout)
    assert (ran.exit_code, said["loaded"], said["rows"], said["first_day"]) == (0, True, 119, "2026-07-01")
    assert said["effect"]["new"] == 119
    with in_brand(actor) as session:
        record = session.scalars(select(Import)).one()
        assert (record.kind, record.filename, record.content) == ("prices", "price-list-2026H2.xlsx", None)
        assert record.summary["rows"] == 119
    again = portal("prices", "--brand", actor.brand_code, "--json", name="price-list-2026H2.xlsx")
    assert (again.exit_code, json.loads(again.stdout)["loaded"]) == (0, False)
    with in_brand(actor) as session:
        assert [count(session, table) for table in (PriceList, Import)] == [1, 1]


def test_portal_load_without_a_first_day_is_refused_and_with_one_it_loads(portal):
    """R15: a file without a day of force needs one given."""
    actor = empty_brand()
    ran = portal("prices", "--brand", actor.brand_code, name="muyu-price-list.csv")
    assert ran.exit_code == 1
    assert ran.stderr.count("\n") == 1
    ran = portal("prices", "--brand", actor.brand_code, "--from", "2026-08-01", name="muyu-price-list.csv")
    assert ran.exit_code == 0
    with in_brand(actor) as session:
        assert count(session, Part) == 15


def test_portal_load_names_every_bad_row_and_exits_with_1(portal):
    actor = empty_brand()
    data = prices("A1,阀,1.00,2.00", "A2,阀,abc,2.00", "A3,,1.00,2.00")
    ran = portal("prices", "--brand", actor.brand_code, "--from", "2026-08-01", "--json", data=data)
    said = json.loads(ran.stdout)
    assert (ran.exit_code, said["loaded"], said["bad_rows"]) == (1, False, [3, 4])
    assert [(problem["row"], problem["column"]) for problem in said["problems"]] == [(3, "成本价"), (4, "配件名称")]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("prices", "--brand", "nobody"), "price-list-2026H2.xlsx"),
        (("prices",), "price-list-2026H2.xlsx"),
        (("prices", "--brand", "nobody", "--from", "yesterday"), "price-list-2026H2.xlsx"),
        (("dealers", "--brand", "nobody", "--from", "2026-08-01"), "dealers.xlsx"),
    ],
)
def test_portal_load_used_wrongly_exits_with_2(portal, words, name):
    assert portal(*words, name=name).exit_code == 2


def test_portal_load_of_what_is_no_table_is_one_sentence_and_1(portal):
    ran = portal("prices", "--brand", empty_brand().brand_code, data=b"\x00\x01\x02", name="x.xlsx")
    assert (ran.exit_code, ran.stderr.count("\n")) == (1, 1)


def test_every_kind_of_file_has_a_command():
    assert {"prices", "dealers", "products", "policy", "faults"} <= set(load_group.commands)
