"""What a preview shows: everything that is left out, with the reason, in a fixed number of statements (R51)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.claims import actions as claims
from portal.settlement import actions, queries
from portal.settlement.rules import LeftOutBecause as Why
from tests.factories.statements import counted
from tests.factories.world import at
from tests.settlement.months import NOVEMBER, OCTOBER, THE_THIRD, claimed, posted


def left_out(world, month=OCTOBER, when=THE_THIRD, **how):
    with world.as_(world.hq.auditor) as session:
        return {
            (line.because, line.dealer_code): (line.amount, line.goes_to, line.reason)
            for line in queries.left_out_lines(session, month, seen_at=when, **how)
        }


def test_R51_every_reason_for_which_a_line_can_be_left_out_is_named(world):
    d1, d2, clerk = world.d1, world.d2, world.hq.clerk
    for shop in (d1, d2):
        world.topup(shop, "5000.00", when="2026-10-01 08:00")
        world.received_order(shop, {"P1": 10, "P2": 4}, when="2026-10-02 09:00")
    # d1: late, wanted, excluded, next month's; d2: not decided, old part not reviewed
    late = world.submitted_claim(d1, [world.reviewed_old_part(d1, part="P1", quantity=2)])
    with world.as_(clerk) as session:
        claims.approve(session, clerk, late, positions=[1], at=at("2026-11-03 00:00"))
    wanted = world.submitted_claim(d1, [world.reviewed_old_part(d1, part="P1", quantity=3)])
    with world.as_(clerk) as session:
        claims.want(session, clerk, wanted, positions=[1], reason="铭牌照片不清", at=at("2026-10-25 09:00"))
    by_hand = world.approved_claim(d1, [world.reviewed_old_part(d1, part="P2", quantity=1)])
    with world.as_(world.hq.finance) as session:
        actions.exclude(
            session, world.hq.finance, OCTOBER, claim=by_hand, position=1, reason="待核", at=at("2026-11-02 09:00")
        )
    world.approved_claim(
        d1,
        [world.reviewed_old_part(d1, part="P1", quantity=1, replaced="2026-11-01")],
        month="2026-11",
        when="2026-11-02 09:00",
    )
    world.submitted_claim(d2, [world.reviewed_old_part(d2, part="P1", quantity=1)])
    world.submitted_claim(d2, [world.reported_old_part(d2, part="P2", quantity=2)])
    paid = world.approved_claim(d2, [world.reviewed_old_part(d2, part="P2", quantity=1)])
    seen = at("2026-11-03 09:00")
    assert left_out(world, when=seen) == {
        (Why.APPROVED_LATE, "D001"): (Decimal("25.00"), NOVEMBER, ""),
        (Why.WANTED, "D001"): (Decimal("37.50"), None, "铭牌照片不清"),
        (Why.EXCLUDED, "D001"): (Decimal("100.00"), NOVEMBER, "待核"),
        (Why.LATER_SERVICE_DAY, "D001"): (Decimal("12.50"), NOVEMBER, ""),
        (Why.NOT_DECIDED, "D002"): (Decimal("12.50"), None, ""),
        (Why.OLD_PART_NOT_REVIEWED, "D002"): (Decimal("200.00"), None, ""),
    }
    with world.as_(world.hq.auditor) as session:
        view = queries.preview(session, OCTOBER, at=seen)
        assert (view.settles_on, view.lines, view.dealers, view.amount) == (date(2026, 11, 3), 1, 1, Decimal("100.00"))
        assert (view.left_out_lines, view.left_out_amount) == (6, Decimal("387.50"))
        assert [share.dealer_code for share in queries.due_shares(session, OCTOBER)] == ["D002"]
        only = queries.left_out_lines(session, OCTOBER, seen_at=seen, because=Why.WANTED)
        assert [(line.claim, line.position) for line in only] == [(wanted, 1)]
        pages = queries.left_out_lines(session, OCTOBER, seen_at=seen, limit=4)
        rest = queries.left_out_lines(session, OCTOBER, seen_at=seen, after=pages[-1].line_id, limit=4)
        assert (len(pages), len(rest)) == (4, 2)
    assert paid


def test_R50_what_is_left_out_of_one_month_is_paid_by_the_next(world):
    """BA4: what came after the cut-off is listed with the reason and paid by the next month."""
    claimed(world, world.d1, {"P1": 4}, approved="2026-11-03 00:00")
    posted(world)
    assert left_out(world, when=THE_THIRD) == {(Why.APPROVED_LATE, "D001"): (Decimal("50.00"), NOVEMBER, "")}
    posted(world, NOVEMBER, when=at("2026-12-03 02:00"))
    assert left_out(world, NOVEMBER, when=at("2026-12-03 02:00")) == {}
    with world.as_(world.hq.auditor) as session:
        assert queries.settlement(session, NOVEMBER).amount == Decimal("50.00")


def test_a_refused_line_is_waited_for_by_nobody(world):
    world.topup(world.d1, "500.00", when="2026-10-01 08:00")
    world.received_order(world.d1, {"P1": 2}, when="2026-10-02 09:00")
    claim = world.submitted_claim(world.d1, [world.reviewed_old_part(world.d1)])
    with world.as_(world.hq.clerk) as session:
        claims.refuse(
            session, world.hq.clerk, claim, positions=[1], code="PNP", reason="与旧件不符", at=at("2026-10-25 09:00")
        )
    assert left_out(world) == {}


def test_shares_page_by_amount_and_are_found_by_name_or_code(world):
    claimed(world, world.d1, {"P1": 4})
    claimed(world, world.d2, {"P1": 4})
    with world.as_(world.hq.auditor) as session:
        first = queries.due_shares(session, OCTOBER, limit=1)
        second = queries.due_shares(session, OCTOBER, limit=1, after=(first[0].amount, first[0].dealer_id))
        assert [one.dealer_code for one in first + second] == ["D001", "D002"]
        assert queries.due_shares(session, OCTOBER, after=(second[0].amount, second[0].dealer_id)) == []
        assert [one.dealer_code for one in queries.due_shares(session, OCTOBER, text="d002")] == ["D002"]
        assert [one.dealer_code for one in queries.due_shares(session, OCTOBER, text="福州")] == ["D001"]
        assert queries.due_shares(session, OCTOBER, text="100%") == []


@pytest.mark.parametrize("posted_first", [False, True])
def test_R51_a_preview_takes_the_same_few_statements_whatever_the_month_holds(world, posted_first):
    claimed(world, world.d1, {"P1": 4, "P2": 1})
    if posted_first:
        posted(world)
    with world.as_(world.hq.auditor) as session, counted("set_config") as few:
        queries.preview(session, OCTOBER, at=THE_THIRD)
        queries.due_shares(session, OCTOBER)
        queries.left_out_lines(session, OCTOBER, seen_at=THE_THIRD)
    claimed(world, world.d2, {"P1": 3, "P2": 2}, approved="2026-11-03 08:00")
    with world.as_(world.hq.auditor) as session, counted("set_config") as many:
        queries.preview(session, OCTOBER, at=at("2026-11-03 09:00"))
        queries.due_shares(session, OCTOBER)
        queries.left_out_lines(session, OCTOBER, seen_at=at("2026-11-03 09:00"))
    assert len(few) == len(many) == 5


def test_R65_a_dealer_expects_the_next_unposted_month(world):
    claimed(world, world.d1, {"P1": 4})
    with world.as_(world.d1.clerk) as session:
        found = queries.expected(session, world.d1.id)
        assert (found.month, found.lines, found.amount) == (OCTOBER, 1, Decimal("50.00"))
    posted(world)
    with world.as_(world.d1.clerk) as session:
        assert queries.expected(session, world.d1.id) is None


def test_R67_reserved_is_what_was_agreed_and_not_debited(world):
    world.agreed_order(world.d1, {"P2": 2}, when="2026-11-02 10:00")
    world.debited_order(world.d2, {"P1": 1}, when="2026-11-02 10:00")
    with world.as_(world.hq.auditor) as session:
        rows = queries.accounts_page(session)
    assert [(row.code, row.reserved) for row in rows] == [("D001", Decimal("210.00")), ("D002", Decimal("0.00"))]
