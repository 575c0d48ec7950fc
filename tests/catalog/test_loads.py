"""The brands' own workbooks come in whole or not at all (R10, R11, R15)."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.catalog import actions, queries
from portal.catalog.models import Category, FaultCode, Part, PartModel, Price, PriceList, ProductModel
from portal.catalog.sheets import read_faults, read_prices
from portal.core.audit import AuditEvent
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.ledger import queries as ledger
from portal.ledger.models import Journal
from portal.organizations.models import Dealer
from portal.organizations.sheets import read_dealers
from tests.catalog.loading import load_text, prices
from tests.factories.brands import AUGUST, JULY, bytes_of, count, empty_brand, in_brand, lanquan, load, member_of, muyu
from tests.factories.statements import counted
from tests.factories.world import at, yuan


@pytest.fixture(scope="module")
def bathroom(app) -> Actor:
    """Lanquan with its five workbooks loaded; tests that share it only look, or load what changes nothing."""
    return lanquan()


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
    with counted("set_config") as statements:
        assert load(actor, "products", "registered-products.csv").new == 1500
    assert len(statements) < 30


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
