"""A month is prepared to the fen, from the third on and in order (R50, R51)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.core.terms import TermValue
from portal.settlement import actions
from portal.settlement.models import SettlementState
from tests.factories.world import at, yuan
from tests.settlement.looking import found, journals, refused, statements
from tests.settlement.months import OCTOBER, SEPTEMBER, THE_THIRD, checked, claimed, posted, prepared


def test_R50_prepare_writes_what_each_dealer_gets_to_the_fen(world):
    claimed(world, world.d1, {"P1": 4, "P2": 1})
    claimed(world, world.d2, {"P1": 3})
    prepared(world)
    row = found(world)
    assert (row.number, row.state, row.settles_on) == ("ST2610", SettlementState.PREPARED, date(2026, 11, 3))
    assert (row.lines, row.dealers, row.amount) == (3, 2, Decimal("187.50"))
    shares = {dealer: (one.lines, one.amount, one.number) for dealer, one in statements(world).items()}
    assert shares == {world.d1.id: (2, Decimal("150.00"), None), world.d2.id: (1, Decimal("37.50"), None)}
    assert journals(world) == 0


@pytest.mark.parametrize(
    ("when", "begun"),
    [("2026-11-02 23:59:59", False), ("2026-11-03 00:00:00", True)],
)
def test_R51_preparing_is_refused_before_the_third_begins_in_the_brands_zone(world, when, begun):
    if begun:
        prepared(world, when=at(when))
        assert found(world).state == SettlementState.PREPARED
    else:
        error = refused(world, world.hq.finance, actions.prepare, OCTOBER, when=at(when))
        assert (error.code, error.facts) == ("too-early", {"month": "2026-10", "settles_on": date(2026, 11, 3)})
        assert found(world) is None


@pytest.mark.parametrize(
    ("approved", "amount"),
    [
        ("2026-11-02 23:59:59", "50.00"),  # 15:59:59 UTC on the 2nd: in
        ("2026-11-03 00:00:00", "0.00"),  # 16:00 UTC on the 2nd is the 3rd in Shanghai: next month
    ],
)
def test_R50_the_border_of_the_third_is_shanghais_midnight_and_not_utcs(world, approved, amount):
    claimed(world, world.d1, {"P1": 4}, approved=approved)
    prepared(world)
    assert found(world).amount == yuan(amount)


def test_R50_a_term_can_move_the_settlement_day(world):
    with world.as_(world.hq.manager) as session:
        session.add(
            TermValue(name="settlement.day", from_day=date(2026, 10, 15), value=8, set_at=THE_THIRD, set_by="韩建国")
        )
    claimed(world, world.d1, {"P1": 4}, approved="2026-11-07 23:00")
    assert refused(world, world.hq.finance, actions.prepare, OCTOBER, when=at("2026-11-07 23:30")).code == "too-early"
    prepared(world, when=at("2026-11-08 00:00"))
    assert (found(world).settles_on, found(world).amount) == (date(2026, 11, 8), Decimal("50.00"))


def test_R51_preparing_needs_the_permission(world):
    assert refused(world, world.hq.clerk, actions.prepare, OCTOBER).code == "permission-missing"
    assert found(world) is None


def test_R51_months_go_in_order_an_earlier_one_with_something_to_pay_comes_first(world):
    claimed(world, world.d1, {"P1": 2}, month="2026-09", approved="2026-09-20 10:00")
    claimed(world, world.d1, {"P2": 1})
    error = refused(world, world.hq.finance, actions.prepare, OCTOBER)
    assert (error.code, error.facts["earlier"]) == ("earlier-month-unsettled", "2026-09")
    prepared(world, SEPTEMBER)
    assert refused(world, world.hq.finance, actions.prepare, OCTOBER).code == "earlier-month-unsettled"
    with world.as_(world.hq.finance) as session:
        actions.check(session, world.hq.finance, SEPTEMBER, at=THE_THIRD)
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, SEPTEMBER, at=THE_THIRD)
    prepared(world)
    assert found(world).amount == Decimal("100.00")


def test_R51_a_month_before_a_posted_one_can_no_longer_be_settled(world):
    claimed(world, world.d1, {"P1": 2})
    posted(world)
    assert refused(world, world.hq.finance, actions.prepare, SEPTEMBER).code == "later-month-posted"


def test_R51_the_first_month_ever_is_free_and_may_pay_nothing(world):
    posted(world)
    row = found(world)
    assert (row.state, row.amount, row.lines, row.journal_id) == (SettlementState.POSTED, Decimal("0.00"), 0, None)
    assert {one.number: one.closing for one in statements(world).values()} == {
        "ST2610-D001": Decimal("1000.00"), "ST2610-D002": Decimal("1000.00"),
    }  # fmt: skip


def test_R51_preparing_again_voids_the_check_and_takes_what_is_true_now(world):
    claimed(world, world.d1, {"P1": 4})
    checked(world)
    with world.as_(world.hq.finance2) as session:
        actions.prepare(session, world.hq.finance2, OCTOBER, at=at("2026-11-03 10:00"))
    row = found(world)
    assert (row.state, row.checked_at, row.checked_by, row.checked_login) == (
        SettlementState.PREPARED,
        None,
        None,
        None,
    )
    assert (row.prepared_by, row.prepared_login) == ("吴琴", world.hq.finance2.login_id)
    assert len(statements(world)) == 1
