"""A month is closed when it is over and settled (R64)."""

from __future__ import annotations

from datetime import date

from portal.ledger import queries as ledger
from portal.settlement import actions
from tests.factories.world import at
from tests.settlement.looking import refused
from tests.settlement.months import NOVEMBER, OCTOBER, THE_THIRD, checked, claimed, posted


def test_R64_a_month_closes_only_after_it_is_over_and_settled(world):
    claimed(world, world.d1, {"P1": 4})
    finance = world.hq.finance
    for month in (date(2026, 6, 1),):
        assert refused(world, finance, actions.close_month, month).code == "settlement-not-posted"
    assert refused(world, finance, actions.close_month, NOVEMBER).code == "month-not-over"
    assert refused(world, world.hq.finance_manager, actions.close_month, OCTOBER).code == "permission-missing"
    checked(world)
    assert refused(world, finance, actions.close_month, OCTOBER).code == "settlement-not-posted"
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, OCTOBER, at=THE_THIRD)
    assert refused(world, finance, actions.close_month, OCTOBER).code == "earlier-month-open"
    with world.as_(finance) as session:
        actions.close_month(session, finance, date(2026, 6, 1), at=THE_THIRD)
        actions.close_month(session, finance, OCTOBER, at=THE_THIRD)
    assert refused(world, finance, actions.close_month, OCTOBER).code == "month-closed"
    with world.as_(finance) as session:
        assert {row.month: row.closed_at is not None for row in ledger.months(session)} == {
            NOVEMBER: False, OCTOBER: True, date(2026, 6, 1): True,
        }  # fmt: skip


def test_R64_a_settlement_lands_in_the_open_month_though_the_one_it_reimburses_is_closed(world):
    posted(world)
    with world.as_(world.hq.finance) as session:
        actions.close_month(session, world.hq.finance, date(2026, 6, 1), at=THE_THIRD)
    claimed(world, world.d1, {"P1": 4}, month="2026-11", approved="2026-11-20 10:00")
    posted(world, NOVEMBER, when=at("2026-12-03 02:00"))
    with world.as_(world.hq.auditor) as session:
        assert ledger.journal_of(session, "settlement:ST2611", "settlement").month == date(2026, 12, 1)
