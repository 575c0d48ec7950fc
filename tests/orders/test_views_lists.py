"""Lists and papers: filters, keys, who sees what, statements per page, both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from portal.core import clock
from portal.orders import actions, queries
from portal.orders.models import OrderState, Purpose
from portal.orders.rules import LineWish
from portal.orders.views import lists
from tests.factories.statements import counted
from tests.factories.world import World, at, yuan
from tests.orders.looking import find, statements, text_of

S = OrderState


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    """Pages live on 2026-10-06, 10:00 in Shanghai."""
    with clock.frozen(at("2026-10-06 10:00")):
        yield


def test_the_list_filters_by_state_text_dealer_and_month_and_pages_by_key(world: World, client_as) -> None:
    first = world.submitted_order(world.d1, {"P1": 4}, when="2026-09-30 23:30")
    second = world.quoted_order(world.d1, {"P2": 1}, when="2026-10-01 00:10")
    third = world.submitted_order(world.d2, {"P3": 1}, when="2026-10-02 09:00")
    hq = client_as(world.hq.clerk)

    def shown(query: str) -> list[str]:
        return re.findall(r'class="code" href="/orders/(PO[0-9-]+)"', text_of(hq.get(f"/orders{query}")))

    assert shown("") == [third, second, first]
    assert shown("?tab=quoted") == [second]
    assert shown("?dealer=D002") == [third]
    assert shown("?q=P1") == [first]
    assert shown(f"?q={second.lower()}") == [second]
    assert shown("?month=2026-10") == [third, second]
    assert shown("?month=2026-09") == [first]
    assert shown("?month=garbage&tab=garbage&before=x") == [third, second, first]
    assert shown("?q=%25") == []
    with world.as_(world.hq.auditor) as session:
        page = queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6), limit=2)
        assert [row.number for row in page] == [third, second]
        rest = queries.listed(
            session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6), before_id=page[-1].id, limit=2
        )
        assert [row.number for row in rest] == [first]


def test_the_list_shows_purposes_lines_amounts_and_what_is_missing(world: World) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.00")
    with world.as_(world.hq.auditor) as session:
        row = queries.listed(session, queries.Filters(tab="agreed"), zone=world.hq.clerk.zone, on=date(2026, 10, 6))[0]
        counted = queries.counts(session)
    assert (row.number, row.purposes, row.lines, row.amount, row.missing) == (
        number,
        ("stock",),
        1,
        yuan("1100.00"),
        yuan("100.00"),
    )
    assert (counted.of("agreed"), counted.of("quoted"), counted.of("received"), counted.of("all")) == (1, 0, None, None)


def test_headquarters_does_not_see_what_a_dealer_has_not_sent(world: World, client_as) -> None:
    with world.as_(world.d1.clerk) as session:
        draft = actions.draft(
            session, world.d1.clerk, lines=[LineWish("P1", 1, Purpose.STOCK)], at=at("2026-10-05 09:00")
        )
    hq = client_as(world.hq.clerk)
    assert draft.public_id not in text_of(hq.get("/orders"))
    assert hq.get(f"/orders/{draft.public_id}").status_code == 404
    assert hq.get(f"/orders/{draft.public_id}.pdf").status_code == 404
    mine = client_as(world.d1.clerk)
    assert draft.public_id in text_of(mine.get("/orders"))
    assert mine.get(f"/orders/{draft.public_id}").status_code == 200


def test_another_dealers_order_parcel_and_paper_are_not_there(world: World, client_as) -> None:
    number, parcel = world.shipped_order(world.d1)
    rival = client_as(world.d2.manager)
    for address in (
        f"/orders/{number}",
        f"/orders/{number}.pdf",
        f"/orders/{number}/edit",
        f"/orders/shipments/{parcel}",
        f"/orders/shipments/{parcel}/receive",
    ):
        assert rival.get(address).status_code == 404, address
    assert number not in text_of(rival.get("/orders"))


@pytest.mark.parametrize(
    ("who", "address"), [("clerk", "/orders"), ("finance", "/orders/debits"), ("warehouse", "/orders/shipping")]
)
def test_a_list_asks_at_most_five_statements_session_and_scope_among_them(
    world: World, client_as, who: str, address: str
) -> None:
    for quantity in (1, 2, 11):
        world.agreed_order(world.d1, {"P2": quantity})
    world.debited_order(world.d2)
    browser = client_as(getattr(world.hq, who))
    browser.get(address)
    with counted() as seen:
        assert browser.get(address).status_code == 200
    assert 3 <= len(seen) <= 5, seen


def test_orders_are_listed_in_one_statement_with_what_is_missing(world: World) -> None:
    number = world.agreed_order(world.d1, {"P2": 11})
    with world.as_(world.hq.auditor) as session, statements() as listed:
        found = queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6))
    assert len(listed) == 1
    assert [(one.number, one.missing) for one in found] == [(number, Decimal("110.00"))]


def test_many_dealers_are_asked_for_by_their_code(world: World, client_as, monkeypatch) -> None:
    number, other = world.submitted_order(world.d1), world.submitted_order(world.d2)
    monkeypatch.setattr(lists, "CHOSEN_MOST", 1)
    browser = client_as(world.hq.clerk)
    page = text_of(browser.get("/orders?dealer=d001"))
    assert '<input class="form-control filter-text" type="search" name="dealer" value="d001"' in page
    assert number in page
    assert other not in page


@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
def test_every_page_stands_in_both_languages_empty_too(world: World, client_as, language: str) -> None:
    def looked(actor, *addresses: str) -> None:
        browser = client_as(actor)
        browser.set_cookie("portal_lang", language)
        for address in addresses:
            assert browser.get(address).status_code == 200, address

    dealer = (
        "/orders",
        "/orders?tab=draft",
        "/orders?q=nothing",
        "/orders/new",
        "/orders/receiving",
        "/orders/receiving?tab=received",
        "/orders/holdings",
        "/orders/holdings?q=zz",
    )
    looked(world.d1.manager, *dealer)
    looked(world.hq.finance, "/orders", "/orders?dealer=D001", "/orders/debits")
    looked(world.hq.warehouse, "/orders/shipping")
    serial = world.product(world.d1)
    numbers = [
        world.submitted_order(world.d1, {"P1": 1}, purpose="warranty", serial=serial), world.quoted_order(world.d1),
        world.agreed_order(world.d1, {"P2": 12}), world.debited_order(world.d1), world.shipped_order(world.d1)[0], world.received_order(world.d1),
    ]  # fmt: skip
    pages = [f"/orders/{number}" for number in numbers]
    parcel = find(world, numbers[-1]).shipments[0].number
    looked(world.d1.manager, *pages, *dealer, f"/orders/shipments/{parcel}")
    looked(world.hq.clerk, *pages, "/orders", f"/orders/{numbers[0]}/quote", f"/orders/shipments/{parcel}")
    looked(world.hq.finance, *pages, "/orders/debits")
    looked(world.hq.warehouse, *pages, "/orders/shipping", f"/orders/{numbers[3]}/ship")


def test_a_cancelled_order_and_a_rejected_one_show_their_reason(world: World, client_as) -> None:
    number = world.submitted_order(world.d1)
    manager = client_as(world.hq.manager)
    manager.post(f"/orders/{number}/reject", data={"reason": "not our product"})
    assert find(world, number).state is S.REJECTED
    assert "not our product" in text_of(client_as(world.d1.clerk).get(f"/orders/{number}"))
    other = world.debited_order(world.d1)
    manager.post(f"/orders/{other}/cancel", data={"reason": "sold out"})
    assert find(world, other).state is S.CANCELLED
    assert "sold out" in text_of(manager.get(f"/orders/{other}"))


def test_the_application_prints_with_both_confirmations_and_the_debit(world: World, client_as) -> None:
    from portal.orders import printing
    from portal.web.pdf import text_of as html

    number = world.debited_order(world.d1, {"P1": 4}, freight="10.00")
    with world.as_(world.hq.clerk) as session:
        order = queries.order(session, number)
        paper = printing.paper(session, order, world.hq.clerk, at=at("2026-10-06 10:00"), url="http://localhost/q/x/y")
    assert (paper.version, paper.total, paper.freight) == (1, yuan("60.00"), yuan("10.00"))
    assert paper.hq_confirmed is not None
    assert paper.dealer_confirmed is not None
    assert paper.debit is not None
    assert (paper.hq_confirmed.name, paper.dealer_confirmed.name, paper.debit.name) == (
        world.hq.clerk.name, world.d1.manager.name, world.hq.finance.name,
    )  # fmt: skip
    assert paper.debit.journal.startswith("JV2610-")
    printed = html(paper.template, paper)
    assert "陆拾元整" in printed
    assert number in printed
    answer = client_as(world.d1.clerk).get(f"/orders/{number}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF")
    assert number in answer.headers["Content-Disposition"]


def test_before_the_first_quote_amounts_are_those_of_todays_list_and_said_to_be(world: World, client_as) -> None:
    number = world.submitted_order(world.d1, {"P1": 4, "P2": 1})
    browser = client_as(world.hq.clerk)
    browser.set_cookie("portal_lang", "en")
    assert "about ¥150.00" in text_of(browser.get("/orders"))
    assert "¥150.00" in text_of(browser.get(f"/orders/{number}"))
    with world.as_(world.hq.auditor) as session:
        row = queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6))[0]
        assert (row.amount, row.estimate) == (None, yuan("150.00"))
        early = queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 6, 30))[0]
        assert early.estimate is None  # no list was in force


def test_a_clerk_who_may_not_spend_is_told_who_agrees(world: World, client_as) -> None:
    number = world.quoted_order(world.d1)
    page = text_of(client_as(world.d1.clerk).get(f"/orders/{number}"))
    assert 'id="why-agree"' in page
    assert f"/orders/{number}/agree" not in page
    assert client_as(world.d1.clerk).post(f"/orders/{number}/agree", data={"quote_no": "1"}).status_code == 403
    assert find(world, number).state is S.QUOTED


def test_an_agreement_without_funds_is_taken_and_says_what_is_missing(world: World, client_as) -> None:
    number = world.quoted_order(world.d1, {"P2": 11}, freight="0.00", when="2026-10-05 10:00")
    boss = client_as(world.d1.manager)
    assert "¥100.00" in text_of(boss.get(f"/orders/{number}"))
    boss.post(f"/orders/{number}/agree", data={"quote_no": "1"})
    assert find(world, number).state is S.AGREED
    page = text_of(boss.get(f"/orders/{number}"))
    assert page.count("¥100.00") >= 2  # the message, and what stands beside the state


def test_what_nobody_can_read_changes_nothing(world: World, client_as) -> None:
    number = world.quoted_order(world.d1)
    boss = client_as(world.d1.manager)
    for data in ({}, {"quote_no": "x"}, {"quote_no": "9" * 30}, {"quote_no": "2"}):
        assert boss.post(f"/orders/{number}/agree", data=data).status_code == 303
    assert boss.post(f"/orders/{number}/dispute", data={"reason": "\x00"}).status_code == 303
    assert find(world, number).state is S.QUOTED
    assert boss.get("/orders/PO2610-9999").status_code == 404
    assert boss.get("/orders/%00").status_code == 400
    assert boss.get("/orders/holdings/NOPE").status_code == 404
    assert boss.get("/orders/parts.json?q=%00").status_code == 200
