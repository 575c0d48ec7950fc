"""Calendar months as first days, and R14's way of adding months."""

from __future__ import annotations

import calendar
from datetime import date


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
    """'2026-10' as 2026-10-01. Raises ValueError when it is not a month."""
    year, dash, month = text.strip().partition("-")
    if not dash or len(year) != 4 or not (year + month).isdecimal() or not text.isascii():
        raise ValueError(text)
    return date(int(year), int(month), 1)
