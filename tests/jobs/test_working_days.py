"""R50: by a term, a settlement day that is no working day moves to the next one, for what pays a line too."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from portal import worker
from portal.claims import rules
from portal.claims.terms import WORKING_DAY
from portal.core import calendar, clock
from portal.core.months import add_months, first_of
from portal.settlement import queries
from tests.factories.world import World, at
from tests.jobs.clock_terms import set_term

day = date.fromisoformat


@pytest.mark.parametrize(
    ("on", "works"),
    [
        ("2026-11-03", True),
        ("2026-10-03", False),  # National Day, a Saturday
        ("2026-10-10", True),  # a Saturday that makes up for a bridge day
        ("2026-02-16", False),  # the eve of the Spring Festival, a Monday
        ("2026-01-03", False),
        ("2026-01-04", True),  # a Sunday that makes up
        ("2026-11-01", False),  # a Sunday
    ],
)
def test_working_days_are_those_of_mainland_china_with_its_days_to_make_up(on: str, works: bool) -> None:
    assert calendar.is_working_day(day(on)) is works


@pytest.mark.parametrize(
    ("month", "settles"),
    [
        ("2026-10-01", "2026-11-03"),
        ("2026-09-01", "2026-10-08"),
        ("2025-12-01", "2026-01-04"),
        ("2026-09-30", "2026-10-08"),
    ],
)
def test_R50_the_settlement_day_moves_past_weekends_and_holidays(month: str, settles: str) -> None:
    assert rules.settlement_day(day(month), 3, working=True) == day(settles)


@pytest.mark.parametrize("day_of_month", [1, 3, 28])
def test_R50_moved_or_not_a_line_is_paid_by_the_first_month_whose_day_comes_after_its_approval(
    day_of_month: int,
) -> None:
    """Every approval day of 2026 against the definition, months tried one by one from far back."""

    def settles_on(month: date) -> date:
        return rules.settlement_day(month, day_of_month, working=True)

    approved = day("2026-01-01")
    while approved < day("2027-01-01"):
        for service in (approved, approved - timedelta(days=45)):
            month = add_months(first_of(service), 0)
            while not approved < settles_on(month):
                month = add_months(month, 1)
            assert rules.first_month(service, approved, settles_on) == month, (service, approved)
        approved += timedelta(days=1)


def test_R50_by_the_term_the_settlement_is_prepared_on_the_next_working_day(app: Flask, world: World) -> None:
    set_term(world, WORKING_DAY.name, 1)
    world.received_order(world.d1, {"P1": 4}, when="2026-09-02 09:00")
    part = world.reviewed_old_part(world.d1, replaced="2026-09-10")
    # approved on 7 October: after the 3rd, before the day that takes its place
    world.approved_claim(world.d1, [part], month="2026-09", when="2026-09-20 09:00", approved="2026-10-07 09:00")
    with world.as_(world.hq.auditor) as session:
        assert queries.day_of(session, day("2026-09-01")) == day("2026-10-08")
        assert queries.due_totals(session, day("2026-09-01"))[0] == 1
    for moment, done in (("2026-10-03 02:00", []), ("2026-10-08 01:59", []), ("2026-10-08 02:00", ["prepared"])):
        with clock.frozen(at(moment)):
            ticked = worker.tick() or []
        assert [
            one.outcome.what for one in ticked if (one.brand, one.clockwork) == (world.code, "settlement.prepare")
        ] == done


def test_R50_control_without_the_term_it_is_that_day_all_the_same(app: Flask, world: World) -> None:
    with world.as_(world.hq.auditor) as session:
        assert queries.day_of(session, day("2026-09-01")) == day("2026-10-03")
