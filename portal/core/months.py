"""Calendar months as first days, and R14's way of adding months."""

from __future__ import annotations

import calendar
import re
from datetime import date

_MONTH = re.compile(r"(199[0-9]|2[01][0-9]{2})-([0-9]{1,2})")


def first_of(day: date) -> date:
    """The first day of ``day``'s month."""
    return day.replace(day=1)


def add_months(day: date, months: int) -> date:
    """R14: the same day ``months`` later, or that month's last day where there is none."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_of(day: date) -> date:
    """The last day of ``day``'s month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def parse(text: str) -> date:
    """'2026-10' as 2026-10-01. Raises ValueError when it is not a month of the years 1990 to 2199, as days are typed."""
    if not (found := _MONTH.fullmatch(text.strip())):
        raise ValueError(text)
    return date(int(found[1]), int(found[2]), 1)
