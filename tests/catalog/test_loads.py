"""The brands' own workbooks come in whole or not at all (R10, R11, R15)."""

from __future__ import annotations

import json
import threading
from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.catalog import actions, queries
from portal.catalog.models import Category, FaultCode, Import, Part, PartModel, Price, PriceList, ProductModel
from portal.catalog.sheets import read_faults, read_prices
from portal.cli import load as load_group
from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.ledger import queries as ledger
from portal.ledger.models import Journal
from portal.organizations.models import Dealer
from portal.organizations.sheets import read_dealers
from tests.factories.brands import AUGUST, JULY, bytes_of, count, empty_brand, in_brand, lanquan, load, member_of, muyu
from tests.factories.world import at, yuan
from tests.settlement.months import counted

JANUARY = date(2027, 1, 1)


@pytest.fixture(scope="module")
def bathroom(app) -> Actor:
    """Lanquan with its five workbooks loaded; tests that share it only look, or load what changes nothing."""
    return lanquan()


def prices(*rows: str, head: str = "配件编码,配件名称,成本价,保外价") -> bytes:
    return "\n".join([head, *rows]).encode()


def load_text(actor: Actor, text: bytes, first_day: date, *, when: str = "2026-07-20 09:00"):
    sheet = read_prices(text, "prices.csv", first_day=first_day)
    with in_brand(actor) as session:
        return actions.load_prices(session, actor, sheet, at=at(when))


# ------------------------------------------------------------------------------------------------ the real files


def test_R11_the_price_list_comes_in_with_all_that_it_names(bathroom):
    with in_brand(bathroom) as session:
        assert count(session, Part) == 119
        assert count(session, Price) == 119
        assert count(session, ProductModel) == 24
        assert count(session, Category) == 10
        assert count(session, PartModel) == 206
        listed = queries.list_on(session, date(2026, 11, 3))
        assert (listed.version, listed.from_day, listed.to_day) == ("202607", JULY, None)
        board = queries.part(session, "ST01")
        assert (board.name, board.spec, board.part_group, board.unit) == ("主控板", "AC220V", "电子件", "块")
        assert (board.must_return, board.initials, board.pinyin) == (True, "zkb", "zhukongban")
        price = queries.price_on(session, board.id, date(2026, 11, 3))
        assert (price.dealer_price, price.out_price) == (Decimal("382.00"), Decimal("690.00"))
        assert queries.price_on(session, board.id, date(2026, 6, 30)) is None


def test_R34_must_return_follows_the_lists_column(bathroom):
    with in_brand(bathroom) as session:
        assert len(session.scalars(select(Part.id).where(Part.must_return)).all()) == 62


def test_R11_dealers_come_in_with_limits_and_opening_balances(bathroom):
    with in_brand(bathroom) as session:
        assert count(session, Dealer) == 25
        accounts = {row.code: row for row in ledger.accounts(session)}
        assert (accounts["D001"].balance, accounts["D001"].credit_limit) == (yuan("8000"), yuan("2000"))
        assert sum(row.balance for row in accounts.values()) == yuan("233000")
        assert count(session, Journal) == 25


def test_R15_fault_codes_come_in_one_of_them_for_every_category(bathroom):
    with in_brand(bathroom) as session:
        assert count(session, FaultCode) == 21
        assert len(session.scalars(select(FaultCode).where(FaultCode.category_id.is_(None))).all()) == 1
        assert queries.fault(session, "e01").name == "漏电/跳闸"


def test_R11_the_furniture_brands_gbk_file_comes_in_from_the_day_that_is_given(app):
    actor = muyu()
    with in_brand(actor) as session:
        assert count(session, Part) == 15
        assert queries.list_on(session, AUGUST).version == "20260801"
        hinge = queries.part(session, "MY0001")
        price = queries.price_on(session, hinge.id, AUGUST)
        assert (price.dealer_price, price.out_price) == (Decimal("8.50"), Decimal("19.00"))
        models = {row.name: row.category for row in queries.models(session)}
        assert models == {"云栖": "软体家具", "松间": "板式家具", "砚山": "功能家具"}


@pytest.mark.parametrize(
    ("kind", "name", "first_day"),
    [
        ("prices", "price-list-2026H2.xlsx", None),
        ("dealers", "dealers.xlsx", None),
        ("faults", "fault-codes.csv", None),
        ("policy", "warranty-policy.csv", JULY),
        ("products", "registered-products.csv", None),
    ],
)
def test_the_same_file_again_changes_nothing_and_leaves_no_event(bathroom, kind, name, first_day):
    with in_brand(bathroom) as session:
        before = count(session, AuditEvent)
    done = load(bathroom, kind, name, first_day=first_day, when="2026-09-01 09:00")
    assert done.nothing
    assert (done.new, done.changed) == (0, 0)
    with in_brand(bathroom) as session:
        assert count(session, AuditEvent) == before


def test_R3_each_load_leaves_one_event_with_its_counts_that_no_dealer_reads(bathroom):
    with in_brand(bathroom) as session:
        events = {
            event.act: event for event in session.scalars(select(AuditEvent).where(AuditEvent.act.endswith(":load")))
        }
    assert set(events) == {"price-list:load", "dealers:load", "policy:load", "faults:load", "products:load"}
    assert not any(event.public for event in events.values())
    assert events["price-list:load"].facts["rows"] == 119
    assert events["price-list:load"].facts["new"] == 119
    assert events["dealers:load"].facts["openings"] == 25
    shop = member_of(bathroom, "dealer-manager", dealer="D001")
    with in_brand(shop) as session:
        assert session.scalars(select(AuditEvent.act).where(AuditEvent.act.endswith(":load"))).all() == []


def test_fifteen_hundred_products_come_in_by_a_few_statements(app):
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    load(actor, "dealers", "dealers.xlsx")
    with counted() as statements:
        assert load(actor, "products", "registered-products.csv").new == 1500
    assert len(statements) < 30


# ------------------------------------------------------------------------------------------------ versions (R10)


def test_R10_a_future_version_waits_and_ends_the_one_in_force_on_its_first_day(app):
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    done = load(actor, "prices", "price-list-2027H1.xlsx", when="2026-11-16 10:00")
    assert done.more["ends"] == "202607"
    assert (done.more["prices_rises"], done.more["prices_gone"], done.more["prices_new"]) == (118, 1, 0)
    with in_brand(actor) as session:
        board = queries.part(session, "ST01").id
        assert queries.price_on(session, board, date(2026, 12, 31)).dealer_price == Decimal("382.00")
        assert queries.price_on(session, board, JANUARY).dealer_price == Decimal("397.28")
        assert queries.list_on(session, date(2026, 12, 31)).to_day == JANUARY


def test_R10_a_first_day_that_belongs_to_a_version_that_has_begun_is_refused_and_nothing_changes(app):
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    with pytest.raises(Refused) as refused:
        load(actor, "prices", "price-list-2027H1.xlsx", first_day=date(2026, 10, 1), when="2026-10-01 00:00")
    assert refused.value.code == "load-bad-file"
    with in_brand(actor) as session:
        assert count(session, PriceList) == 1
        assert queries.list_on(session, date(2026, 10, 1)).version == "202607"


def test_R10_the_day_begins_in_the_brands_zone(app):
    """At 23:59 in Shanghai tomorrow is still free, a minute later it has begun; UTC says the same day twice."""
    actor = empty_brand()
    load_text(actor, prices("A1,阀,1.00,2.00"), date(2026, 7, 1), when="2026-06-20 09:00")
    with pytest.raises(Refused):
        load_text(actor, prices("A1,阀,3.00,4.00"), date(2026, 10, 2), when="2026-10-02 00:00")
    load_text(actor, prices("A1,阀,3.00,4.00"), date(2026, 10, 2), when="2026-10-01 23:59")
    with in_brand(actor) as session:
        assert queries.list_on(session, date(2026, 10, 2)).version == "20261002"


def test_R10_a_future_version_is_replaced_by_another_with_its_first_day(app):
    actor = empty_brand()
    load_text(actor, prices("A1,阀,1.00,2.00"), JULY, when="2026-06-20 09:00")
    load_text(actor, prices("A1,阀,1.10,2.00"), JANUARY, when="2026-11-01 09:00")
    done = load_text(actor, prices("A1,阀,1.20,2.00"), JANUARY, when="2026-11-02 09:00")
    assert (done.version, done.more["replaces"]) == ("20270101-2", "20270101")
    with in_brand(actor) as session:
        part = queries.part(session, "A1").id
        assert queries.price_on(session, part, JANUARY).dealer_price == Decimal("1.20")
        assert queries.price_list(session, "20270101").withdrawn_at == at("2026-11-02 09:00")
        assert queries.list_on(session, date(2026, 12, 31)).to_day == JANUARY


def test_R10_a_version_between_two_ends_where_the_next_begins(app):
    actor = empty_brand()
    load_text(actor, prices("A1,阀,1.00,2.00"), JULY, when="2026-06-20 09:00")
    load_text(actor, prices("A1,阀,3.00,4.00"), JANUARY, when="2026-08-01 09:00")
    load_text(actor, prices("A1,阀,2.00,3.00"), date(2026, 10, 1), when="2026-08-02 09:00")
    with in_brand(actor) as session:
        spans = [(row.version, row.from_day, row.to_day) for row in queries.price_lists(session)]
    assert spans == [
        ("20270101", JANUARY, None),
        ("20261001", date(2026, 10, 1), JANUARY),
        ("20260701", JULY, date(2026, 10, 1)),
    ]


def test_R34_a_known_part_follows_the_newest_list_and_keeps_its_category(app):
    actor = empty_brand()
    head = "配件编码,配件名称,成本价,保外价,品类,旧件回收,适用型号"
    load_text(actor, prices("A1,进水阀,1.00,2.00,坐便器,是,M1", head=head), JULY, when="2026-06-20 09:00")
    done = load_text(actor, prices("a1,排水阀,1.00,2.00"), JANUARY)
    assert (done.new, done.changed) == (0, 1)
    with in_brand(actor) as session:
        part = queries.part(session, "A1")
        assert (part.name, part.must_return, part.initials) == ("排水阀", False, "psf")
        assert queries.category_name(session, part.category_id) == "坐便器"
        assert queries.models_of(session, [part.id]) == {part.id: ("M1",)}
        assert count(session, Part) == 1


# ------------------------------------------------------------------------------------------------ all or nothing (R11)


def test_R11_one_bad_row_keeps_everything_out_and_is_named(app):
    actor = empty_brand()
    sheet = read_prices(prices("A1,阀,1.00,2.00", "A2,阀,,2.00", "A1,阀,1.00,2.00"), "p.csv", first_day=JULY)
    with pytest.raises(Refused) as refused, in_brand(actor) as session:
        actions.load_prices(session, actor, sheet, at=at("2026-06-20 09:00"))
    assert (refused.value.code, refused.value.facts["rows"]) == ("load-bad-rows", (3, 4))
    with in_brand(actor) as session:
        assert [count(session, table) for table in (Part, Price, PriceList, AuditEvent)] == [0, 0, 0, 0]


def test_R11_a_failure_half_way_leaves_nothing(app, monkeypatch):
    actor = empty_brand()
    sheet = read_dealers(bytes_of("dealers.xlsx"), "dealers.xlsx")
    with pytest.raises(RuntimeError), in_brand(actor) as session:
        actions.load_dealers(session, actor, sheet, at=at("2026-07-20 09:00"))
        raise RuntimeError("the process dies before the commit")
    with in_brand(actor) as session:
        assert [count(session, table) for table in (Dealer, Journal, AuditEvent)] == [0, 0, 0]


def test_R11_another_opening_figure_is_a_bad_row_and_the_other_dealers_stay_out_too(app):
    actor = empty_brand()
    load(actor, "dealers", "dealers.xlsx")
    text = "经销商编号,经销商名称,信用额度,期初预存款\nD001,福州恒达卫浴经营部,2000,8000.01\nD099,新店,0,100".encode()
    sheet = read_dealers(text, "later.csv")
    with in_brand(actor) as session:
        examined = actions.examine_dealers(session, actor, sheet, at=at("2026-08-20 09:00"))
    (problem,) = examined.sheet.problems
    assert (problem.row_no, problem.heading, problem.code) == (2, "期初预存款", "opening-differs-row")
    assert problem.facts == {"dealer": "D001", "booked": yuan("8000"), "given": yuan("8000.01")}
    with pytest.raises(Refused), in_brand(actor) as session:
        actions.load_dealers(session, actor, sheet, at=at("2026-08-20 09:00"))
    with in_brand(actor) as session:
        assert count(session, Dealer) == 25
        assert count(session, Journal) == 25


def test_a_later_register_moves_names_and_limits_and_adds_dealers(app):
    actor = empty_brand()
    load(actor, "dealers", "dealers.xlsx")
    text = "经销商编号,经销商名称,信用额度,期初预存款\nD001,福州恒达,3000,8000\nD099,新店,0,100".encode()
    with in_brand(actor) as session:
        done = actions.load_dealers(session, actor, read_dealers(text, "later.csv"), at=at("2026-08-20 09:00"))
    assert (done.new, done.changed, done.more["limits"], done.more["openings"]) == (1, 1, 1, 1)
    with in_brand(actor) as session:
        accounts = {row.code: row for row in ledger.accounts(session)}
        assert (accounts["D001"].name, accounts["D001"].credit_limit) == ("福州恒达", yuan("3000"))
        assert accounts["D001"].balance == yuan("8000")
        assert accounts["D099"].balance == yuan("100")
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "account:set-limit")).one()
        assert (event.facts["limit_before"], event.facts["limit"]) == ("2000.00", "3000.00")


def test_a_register_without_limits_leaves_them(app):
    actor = empty_brand()
    load(actor, "dealers", "dealers.xlsx")
    text = "经销商编号,经销商名称\nD001,福州恒达卫浴".encode()
    with in_brand(actor) as session:
        actions.load_dealers(session, actor, read_dealers(text, "names.csv"), at=at("2026-08-20 09:00"))
    with in_brand(actor) as session:
        account = next(row for row in ledger.accounts(session) if row.code == "D001")
        assert (account.name, account.credit_limit) == ("福州恒达卫浴", yuan("2000"))


def test_a_fault_code_that_is_known_is_brought_up_to_date(app):
    actor = empty_brand()
    load(actor, "faults", "fault-codes.csv")
    sheet = read_faults("代码,名称\ne01,漏电\nX99,其他".encode(), "f.csv")
    with in_brand(actor) as session:
        done = actions.load_faults(session, actor, sheet, at=at("2026-08-20 09:00"))
        assert (done.new, done.changed) == (1, 1)
        assert queries.fault(session, "E01").category_id is None
        assert count(session, FaultCode) == 22


# ------------------------------------------------------------------------------------------------ tenancy, two at once


def test_R1_the_same_numbers_in_two_brands_are_two_parts(app):
    one, other = empty_brand(), empty_brand()
    load_text(one, prices("A1,阀,1.00,2.00"), JULY, when="2026-06-20 09:00")
    load_text(other, prices("A1,花洒,9.00,10.00"), JULY, when="2026-06-20 09:00")
    for actor, name, price in ((one, "阀", "1.00"), (other, "花洒", "9.00")):
        with in_brand(actor) as session:
            part = queries.part(session, "A1")
            assert part.name == name
            assert queries.price_on(session, part.id, JULY).dealer_price == Decimal(price)
            assert count(session, Part) == 1


def test_R10_two_loads_at_once_make_one_version(app):
    """The second waits for the first, then finds that the very same list stands already."""
    actor = empty_brand()
    results: list[object] = []

    def run() -> None:
        with app.app_context():
            results.append(load(actor, "prices", "price-list-2026H2.xlsx").nothing)

    threads = [threading.Thread(target=run) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]
    with in_brand(actor) as session:
        assert [count(session, table) for table in (PriceList, Part, Price)] == [1, 119, 119]


def test_a_member_without_the_permission_loads_nothing(bathroom):
    clerk = member_of(bathroom, "hq-clerk")
    sheet = read_faults(bytes_of("fault-codes.csv"), "fault-codes.csv")
    with pytest.raises(Refused) as refused, in_brand(clerk) as session:
        actions.load_faults(session, clerk, sheet, at=at("2026-08-20 09:00"))
    assert refused.value.code == "permission-missing"


# ------------------------------------------------------------------------------------------------ the command line


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
