"""Months as first days, and R14's adding of months: for every day of forty years."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import months

DAYS = st.dates(min_value=date(1995, 1, 1), max_value=date(2150, 12, 31))


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"), ("2028-01-31", 1, "2028-02-29"), ("2024-02-29", 12, "2025-02-28"), ("2024-02-29", 48, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"), ("2026-03-31", -1, "2026-02-28"), ("2026-08-31", 6, "2027-02-28"), ("2026-05-05", 0, "2026-05-05"),
        ("2025-03-02", 36, "2028-03-02"),
    ],
)  # fmt: skip
def test_R14_the_same_day_or_that_months_last(day: str, count: int, expected: str) -> None:
    assert months.add_months(date.fromisoformat(day), count) == date.fromisoformat(expected)


@given(DAYS, st.integers(min_value=-60, max_value=120))
def test_R14_adding_months_lands_in_that_month_on_that_day_or_its_last(day: date, count: int) -> None:
    found = months.add_months(day, count)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == count
    assert found.day == min(day.day, calendar.monthrange(found.year, found.month)[1])


@given(DAYS, DAYS, st.integers(min_value=0, max_value=120))
def test_R14_a_later_day_never_ends_earlier(one: date, other: date, count: int) -> None:
    first, second = sorted((one, other))
    assert months.add_months(first, count) <= months.add_months(second, count)


@given(DAYS, st.integers(min_value=0, max_value=60), st.integers(min_value=0, max_value=60))
def test_R14_two_steps_never_reach_further_than_one(day: date, one: int, two: int) -> None:
    there = months.add_months(months.add_months(day, one), two)
    assert there <= months.add_months(day, one + two)
    assert months.first_of(there) == months.first_of(months.add_months(day, one + two))


@given(DAYS)
def test_a_month_begins_on_its_first_and_ends_the_day_before_the_next(day: date) -> None:
    first, last = months.first_of(day), months.last_of(day)
    assert first.day == 1
    assert last + timedelta(days=1) == months.add_months(first, 1)
    assert first <= day <= last


@given(DAYS)
def test_a_month_written_is_read_again(day: date) -> None:
    assert months.parse(f"{day:%Y-%m}") == months.first_of(day)


@pytest.mark.parametrize(
    "words",
    ["", "2026", "2026-", "2026-13", "2026-00", "26-10", "2026-10-01", "2026/10", "２０２６-10", "9999-12", "0001-01", "1989-12", "2200-01", "2026-010", "x-1", "²026-10"],
)  # fmt: skip
def test_what_is_no_month_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        months.parse(words)
