"""What is urgent stands first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.reports.rules import Cycle, Tone, by_age, by_deadline, ranked

NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    name: str
    tone: Tone = ""
    since: datetime | None = None


@pytest.mark.parametrize(("left", "tone"), [(-1, "red"), (0, "red"), (1, "amber"), (3, "amber"), (4, "")])
def test_a_deadline_is_amber_three_days_before_and_red_on_its_last_day(left, tone):
    assert by_deadline(left) == tone


@pytest.mark.parametrize(("hours", "tone"), [(0, ""), (24, ""), (25, "amber"), (72, "amber"), (73, "red")])
def test_what_waits_for_headquarters_grows_urgent_with_the_days(hours, tone):
    assert by_age(NOW - timedelta(hours=hours), NOW) == tone
    assert by_age(None, NOW) == ""


def test_the_most_urgent_comes_first_and_then_the_oldest():
    rows = [
        Row("new", "", NOW),
        Row("none"),
        Row("old", "", NOW - timedelta(days=2)),
        Row("amber", "amber", NOW),
        Row("red", "red"),
        Row("red-old", "red", NOW),
    ]
    assert [row.name for row in ranked(rows)] == ["red-old", "red", "amber", "old", "new", "none"]


def test_a_reimbursement_counts_decisions_until_the_day_before_and_service_days_of_its_month_r50():
    paid = Cycle(date(2026, 12, 1), date(2027, 1, 3))
    assert (paid.last_day, paid.before) == (date(2027, 1, 2), date(2027, 1, 1))
