"""Working days in mainland China: weekends, public holidays, and the days that make up for them (domain.md section 11).

The days of each year are the State Council's, as the package ``holidays`` of this installation knows them; of a year that
is not announced yet it knows what the law says, without the days moved for a bridge.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache


@cache
def is_working_day(day: date) -> bool:
    """Whether people work on ``day``: also on a Sunday that makes up for a bridge day."""
    return bool(_china().is_working_day(day))


def working_day_from(day: date) -> date:
    """``day`` itself, or the first working day after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@cache
def _china():  # type: ignore[no-untyped-def]  # noqa: ANN202 - a class that the package makes up
    import holidays  # here and not above: loading it takes a second, and only a brand that asks for it needs it

    return holidays.country_holidays("CN")
