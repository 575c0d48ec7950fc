"""Home is a work queue by role, and a dealer's account is a runway (ui.md; R65, R67)."""

from __future__ import annotations

import html
import re
from datetime import date
from decimal import Decimal

import pytest

from portal.claims import actions as claims
from portal.core import clock
from portal.fees import actions as fees
from portal.fees.rules import FeeWish
from portal.reports import queries
from tests.factories.world import World, at


@pytest.fixture(autouse=True)
def _now():
    with clock.frozen(at("2026-11-01 10:00")):
        yield


def words(page: str) -> str:
    """What a reader sees, without markup and needless spaces."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def english(browser):
    browser.set_cookie("portal_lang", "en")
    return browser


def submitted_claim(world: World, shop, *, replaced: str = "2026-10-12") -> str:
    world.received_order(shop, {"P1": 4})
    old = world.reviewed_old_part(shop, replaced=replaced)
    with world.as_(shop.clerk) as session:
        claim = claims.draft(session, shop.clerk, month=date(2026, 10, 1), at=at("2026-10-20 09:00"))
        claims.add_lines(session, shop.clerk, claim.public_id, old_parts=[old], at=at("2026-10-20 09:00"))
        return str(claims.submit(session, shop.clerk, claim.public_id, at=at("2026-10-20 10:00")).number)


def waits(world: World, actor, *, on: str = "2026-11-01") -> dict[str, queries.Waiting]:
    today = date.fromisoformat(on)
    with world.as_(actor) as session:
        return queries.waiting(session, today=today, next_paid=queries.cycle(session, today))


def test_nothing_waits_in_an_empty_brand(world, client_as):
    assert waits(world, world.hq.clerk) == {}
    for actor in (
        world.hq.clerk,
        world.hq.manager,
        world.hq.warehouse,
        world.hq.finance,
        world.hq.finance_manager,
        world.hq.admin,
        world.hq.auditor,
    ):
        page = english(client_as(actor)).get("/")
        assert (page.status_code, "Nothing waits for you" in page.text) == (200, True)
    for actor in (world.d1.clerk, world.d1.technician, world.d1.manager):
        page = english(client_as(actor)).get("/")
        assert (page.status_code, "Nothing to do" in page.text) == (200, True)


def test_orders_wait_for_the_clerk_with_their_worth_at_todays_prices(world, client_as):
    world.submitted_order(world.d1, {"P1": 4}, when="2026-10-31 09:00")
    number = world.submitted_order(world.d2, {"P2": 1}, when="2026-10-30 09:00")
    found = waits(world, world.hq.clerk)["submitted-orders"]
    assert (found.count, found.dealers, found.amount, found.oldest, found.marked) == (
        2,
        2,
        Decimal("150.00"),
        at("2026-10-30 09:00"),
        0,
    )
    page = words(english(client_as(world.hq.clerk)).get("/").text)
    assert "Parts orders to confirm from 2 dealers ¥150.00 at today's prices longest 2 days" in page
    assert "Confirming orders After-sales clerk 2 ¥150.00" in words(english(client_as(world.hq.finance)).get("/").text)
    assert number.startswith("PO2610")


def test_a_dealer_counts_only_its_own_r1(world):
    world.submitted_order(world.d1, {"P1": 4})
    assert waits(world, world.d1.clerk)["submitted-orders"].count == 1
    assert waits(world, world.d2.clerk) == {}


def test_claim_lines_wait_with_the_deadline_of_the_next_reimbursement_r50(world, client_as):
    world.topup(world.d1, "1000.00")
    number = submitted_claim(world, world.d1)
    found = waits(world, world.hq.clerk)["claim-lines"]
    assert (found.count, found.amount, found.within, found.first) == (1, Decimal("12.50"), 1, number)
    page = english(client_as(world.hq.clerk)).get("/").text
    assert f'href="/claims/{number}/review"' in page
    assert f"1 for the payment on 11-03; go on with {number} ¥12.50 claimed by 11-02 24:00" in words(page)
    assert '<li class="amber">' in page
    with clock.frozen(at("2026-11-02 23:00")):
        assert '<li class="red">' in client_as(world.hq.clerk).get("/").text
    with clock.frozen(at("2026-11-03 00:00")):
        assert "1 for the payment on 12-03; go on with" in words(english(client_as(world.hq.clerk)).get("/").text)


def test_the_cycle_turns_when_the_settlement_day_begins_r50(world):
    with world.as_(world.hq.clerk) as session:
        for on, month, settles in (
            ("2026-11-02", "2026-10-01", "2026-11-03"),
            ("2026-11-03", "2026-11-01", "2026-12-03"),
            ("2026-12-31", "2026-12-01", "2027-01-03"),
        ):
            found = queries.cycle(session, date.fromisoformat(on))
            assert (found.month, found.settles_on) == (date.fromisoformat(month), date.fromisoformat(settles))


def test_finance_sees_what_is_short_of_funds_and_the_warehouse_what_was_promised(world, client_as):
    world.topup(world.d1, "100.00")
    world.debited_order(world.d1, {"P1": 4}, when="2026-10-30 12:00")
    world.agreed_order(world.d1, {"P2": 13}, when="2026-10-30 13:00")
    page = words(english(client_as(world.hq.finance)).get("/").text)
    assert "Orders to debit 1 waits for money, ¥270.00 missing ¥1,310.00 agreed" in page
    page = words(english(client_as(world.hq.warehouse)).get("/").text)
    assert "Orders to ship from 1 dealer ¥60.00 debited 1 past the promised day" in page


def test_a_fee_schedule_waits_for_the_after_sales_manager_only(world, client_as):
    with world.as_(world.d1.manager) as session:
        made = fees.draft(
            session,
            world.d1.manager,
            region="市区",
            from_day=date(2026, 11, 3),
            items=[FeeWish("上门", "次", Decimal(50))],
            at=at("2026-10-31 09:00"),
        )
        fees.submit(session, world.d1.manager, made.public_id, at=at("2026-10-31 09:00"))
    assert "Fee schedules to decide" in english(client_as(world.hq.manager)).get("/").text
    page = words(english(client_as(world.hq.clerk)).get("/").text)
    assert "Deciding fee schedules After-sales manager 1" in page
    assert "Fee schedules to decide" not in page


def test_the_settlement_waits_for_finance_once_its_day_has_begun_r51(world, client_as):
    world.topup(world.d1, "1000.00")
    number = submitted_claim(world, world.d1)
    with world.as_(world.hq.clerk) as session:
        claims.approve(session, world.hq.clerk, number, positions=[1], at=at("2026-10-25 10:00"))
    assert "to be prepared" not in english(client_as(world.hq.finance)).get("/").text
    with clock.frozen(at("2026-11-03 08:00")):
        page = words(english(client_as(world.hq.finance)).get("/").text)
        assert "Settlement of October 2026 to be prepared 1 claim line ¥12.50 to be reimbursed today" in page
        assert "Settlement of October 2026 to be prepared Finance 1 ¥12.50" in words(
            english(client_as(world.hq.clerk)).get("/").text
        )
        from portal.settlement import actions as settlement

        with world.as_(world.hq.finance) as session:
            settlement.prepare(session, world.hq.finance, date(2026, 10, 1), at=at("2026-11-03 08:00"))
        assert (
            "to be checked"
            not in words(english(client_as(world.hq.finance)).get("/").text).split("What others have in hand")[0]
        )
        assert (
            "Settlement of October 2026 to be checked"
            in words(english(client_as(world.hq.finance2)).get("/").text).split("What others have in hand")[0]
        )


def test_the_dealers_runway_adds_up_r67(world, client_as):
    world.topup(world.d1, "1000.00")
    number = submitted_claim(world, world.d1)  # 4 × 12.50 + 10.00 freight are debited
    with world.as_(world.hq.clerk) as session:
        claims.approve(session, world.hq.clerk, number, positions=[1], at=at("2026-10-25 10:00"))
    order = world.agreed_order(world.d1, {"P2": 1}, when="2026-10-30 11:00")
    page = words(english(client_as(world.d1.clerk)).get("/").text)
    assert "Balance ¥1,940.00" in page
    assert f"Agreed, not yet debited ¥110.00 {order}" in page
    assert "Reimbursement expected on 11-03 ¥12.50 1 line approved" in page
    assert "Available after 11-03 ¥1,842.50 ¥1,830.00 today, and beside it a credit limit of" in page


def test_what_a_dealer_has_to_do_stands_by_urgency(world, client_as):
    world.topup(world.d1, "1000.00")
    world.received_order(world.d1, {"P1": 4}, when="2026-10-07 09:00")
    old = world.registered_old_part(world.d1, replaced="2026-10-26")
    quote = world.quoted_order(world.d1, {"P2": 1}, when="2026-10-31 11:00")
    page = english(client_as(world.d1.manager)).get("/").text
    text = words(page)
    assert "2 things to do" in text
    assert text.index("Old part to report") < text.index(f"Quote to agree to: {quote}, version 1")
    assert f'href="/old-parts/{old}/photos"' in page
    assert "lapses on 11-07 at 24:00, 6 days left" in text
    clerk = english(client_as(world.d1.clerk)).get("/").text
    assert "Quote to agree to" not in clerk  # it spends; the manager agrees
    technician = words(english(client_as(world.d1.technician)).get("/").text)
    assert "Old part to report" in technician
    assert "Quick order" not in technician


def test_a_reported_old_part_without_a_claim_is_something_to_do(world, client_as):
    world.topup(world.d1, "1000.00")
    world.received_order(world.d1, {"P1": 4}, when="2026-10-07 09:00")
    world.reported_old_part(world.d1, replaced="2026-10-12")
    text = words(english(client_as(world.d1.clerk)).get("/").text)
    assert "1 old part of October 2026 is on no claim yet" in text
    assert "the oldest can be claimed until 2026-12-11" in text


def test_many_of_a_kind_are_one_line_more(world, client_as):
    for _ in range(7):
        world.quoted_order(world.d1, {"P1": 1}, when="2026-10-31 11:00")
    text = words(english(client_as(world.d1.manager)).get("/").text)
    assert text.count("Quote to agree to") == 5
    assert "2 more quotes to agree to" in text
    assert "7 things to do" in text


def test_money_that_lacks_for_agreed_orders_is_said_r23(world, client_as):
    world.topup(world.d1, "100.00")
    world.agreed_order(world.d1, {"P2": 12}, when="2026-10-31 11:00")
    text = words(english(client_as(world.d1.manager)).get("/").text)
    assert "Top up: ¥110.00 are missing for what you agreed to" in text


def test_the_newest_documents_and_usual_parts_of_a_dealer(world, client_as):
    world.topup(world.d1, "1000.00")
    number = submitted_claim(world, world.d1)
    order = world.submitted_order(world.d1, {"P1": 3, "P2": 1}, when="2026-10-31 09:00")
    page = client_as(world.d1.clerk).get("/").text
    assert page.index(f"/orders/{order}") < page.index(f"/claims/{number}")
    assert "/orders/new?part=P1&amp;quantity=3" in page
    with world.as_(world.d1.clerk) as session:
        usual = queries.usual_parts(session, since=at("2026-08-01 00:00"), today=date(2026, 11, 1))
    assert [(part.number, part.price, part.pieces) for part in usual] == [
        ("P1", Decimal("12.50"), 3),
        ("P2", Decimal("100.00"), 1),
    ]


def test_home_counts_stand_in_the_navigation_of_home_alone(world, client_as):
    world.submitted_order(world.d1, {"P1": 4})
    browser = client_as(world.hq.clerk)
    assert re.search(r'href="/orders">.*?<span class="n[^"]*">1</span>', browser.get("/").text, re.DOTALL)
    assert not re.search(r'<span class="n[^"]*">1</span></a>\s*<a class="nav', browser.get("/fees").text)


def test_home_takes_as_many_statements_with_one_document_as_with_many(world, client_as):
    from sqlalchemy import event

    from portal.core.db import db

    world.topup(world.d1, "9000.00")
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))

    def statements(actor) -> int:
        browser = client_as(actor)
        browser.get("/")
        seen.clear()
        browser.get("/")
        return len(seen)

    world.agreed_order(world.d1, {"P1": 1}, when="2026-10-30 11:00")
    before = [statements(actor) for actor in (world.hq.finance, world.d1.manager)]
    for _ in range(3):
        world.agreed_order(world.d1, {"P1": 1}, when="2026-10-30 11:00")
    assert [statements(actor) for actor in (world.hq.finance, world.d1.manager)] == before


def test_R53_a_statement_waits_at_the_dealers_home_and_a_dispute_at_finances(world, client_as):
    from portal.settlement import actions as settlement
    from tests.settlement.months import claimed, posted

    claimed(world, world.d1, {"P1": 4})
    posted(world)
    with clock.frozen(at("2026-11-07 10:00")):
        home = words(english(client_as(world.d1.manager)).get("/").get_data(as_text=True))
        assert "Statement to confirm: ST2610-D001" in home
        assert "by 11-08 24:00, then it counts as accepted" in home
        assert "Statement to confirm" not in words(english(client_as(world.d1.clerk)).get("/").get_data(as_text=True))
        with world.as_(world.d1.manager) as session:
            settlement.dispute(session, world.d1.manager, "ST2610-D001", reason="x", at=at("2026-11-07 10:00"))
        assert "Statement to confirm" not in words(english(client_as(world.d1.manager)).get("/").get_data(as_text=True))
        assert "Disputed statements to answer" in words(
            english(client_as(world.hq.finance)).get("/").get_data(as_text=True)
        )
        assert "Disputed statements to answer" not in words(
            english(client_as(world.hq.clerk)).get("/").get_data(as_text=True)
        )
    with clock.frozen(at("2026-11-09 00:00")), world.as_(world.d2.manager) as session:
        assert "statement" not in {task.kind for task in queries.tasks(session, today=date(2026, 11, 9))}
