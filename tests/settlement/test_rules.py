"""Days, numbers and sums of a settlement (R50, R51, R53), over all days that could be odd."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from portal.claims.rules import pays_in, settlement_day
from portal.core import clock
from portal.settlement import rules

SHANGHAI = ZoneInfo("Asia/Shanghai")
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def test_a_settlement_and_its_statements_are_numbered_by_the_month_reimbursed():
    assert rules.settlement_number(OCTOBER) == "ST2610"
    assert rules.statement_number(OCTOBER, "D001") == "ST2610-D001"
    assert rules.source(OCTOBER) == "settlement:ST2610"


@pytest.mark.parametrize(
    ("service_day", "approved", "month", "paid_on"),
    [
        (date(2026, 10, 20), date(2026, 11, 2), OCTOBER, date(2026, 11, 3)),
        (date(2026, 10, 20), date(2026, 11, 5), NOVEMBER, date(2026, 12, 3)),
        (date(2026, 11, 1), date(2026, 11, 2), NOVEMBER, date(2026, 12, 3)),
    ],
)
def test_R50_the_three_examples_of_the_rule(service_day, approved, month, paid_on):
    assert pays_in(service_day, approved, 3) == month
    assert settlement_day(month, 3) == paid_on


def test_R50_the_third_at_02_00_in_shanghai_is_still_the_second_in_utc():
    assert rules.runs_at(date(2026, 11, 3), SHANGHAI).astimezone(UTC) == datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "begun"),
    [
        ("2026-11-02T15:59:59.999999+00:00", False),
        ("2026-11-02T16:00:00+00:00", True),
        ("2026-11-03T00:00:00+08:00", True),
        ("2026-11-02T23:59:59+08:00", False),
    ],
)
def test_R51_the_settlement_day_begins_at_midnight_of_the_brands_zone(instant, begun):
    today = clock.day(datetime.fromisoformat(instant), SHANGHAI)
    assert rules.has_begun(date(2026, 11, 3), today) is begun


@pytest.mark.parametrize(
    ("month", "day"),
    [
        (date(2024, 2, 1), date(2024, 3, 3)),
        (date(2026, 2, 1), date(2026, 3, 3)),
        (date(2026, 12, 1), date(2027, 1, 3)),
        (date(2027, 1, 1), date(2027, 2, 3)),
    ],
)
def test_R50_leap_years_and_the_years_end_have_their_third_too(month, day):
    assert settlement_day(month, 3) == day


def test_BA3_every_day_from_2024_to_2032_lies_in_exactly_one_settlements_approval_time():
    """R50: approved on the day before S(M) it is paid with M, on S(M) itself with the month after."""
    month = date(2024, 1, 1)
    while month.year < 2033:
        day = settlement_day(month, 3)
        late = rules.month_after(month)
        assert pays_in(month, day - timedelta(days=1), 3) == month
        assert pays_in(month, day, 3) == late
        assert pays_in(late, day, 3) == late
        month = late


def test_R53_a_statement_can_be_checked_for_five_days_from_the_settlement_day():
    assert rules.confirm_by(date(2026, 11, 3), 5) == date(2026, 11, 8)


def test_R50_a_line_left_out_by_hand_goes_to_the_next_month_across_the_year():
    assert rules.month_after(date(2026, 12, 1)) == date(2027, 1, 1)


@pytest.mark.parametrize(("today", "over"), [(date(2026, 10, 31), False), (date(2026, 11, 1), True)])
def test_R64_a_month_is_over_on_the_first_of_the_next(today, over):
    assert rules.is_over(OCTOBER, today) is over


def test_a_previews_sums_are_those_of_its_groups():
    groups = (
        rules.LeftOutGroup(rules.LeftOutBecause.WANTED, 2, Decimal("10.50"), 1),
        rules.LeftOutGroup(rules.LeftOutBecause.NOT_DECIDED, 1, Decimal("0.25"), 1),
    )
    view = rules.Preview(OCTOBER, date(2026, 11, 3), 0, 0, Decimal("0.00"), groups)
    assert (view.left_out_lines, view.left_out_amount) == (3, Decimal("10.75"))
