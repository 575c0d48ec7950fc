"""An account's balance over the last weeks as a small line, drawn by the server (an SVG's numbers; the page has its table)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

LEFT, RIGHT, TOP, BOTTOM = 66.0, 992.0, 12.0, 156.0  # of a picture 1000 wide and 180 high
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws: a path, the area under it, and marks on both axes ((place, words), …)."""

    line: str
    area: str
    zero: float
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]


def of_balances(days: Sequence[Any], *, since: date, today: date, opening: Decimal) -> Chart | None:
    """The balance (yuan) from ``since`` to ``today``: level between the days with entries; None where nothing moved."""
    if not days:
        return None
    values = [opening, *(row.balance_after for row in days)]
    low, high = min(Decimal(0), *values), max(Decimal(0), *values)
    step = _step(high - low)
    bottom, top = (
        (low // step) * step - (step if low % step and low < 0 else 0),
        -((-high) // step) * step + (step if high % step else 0),
    )
    if bottom == top:
        top = bottom + step

    def x(day: date) -> float:
        return LEFT + (RIGHT - LEFT) * (day - since).days / max((today - since).days, 1)

    def y(value: Decimal) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * float((value - bottom) / (top - bottom)), 1)

    path = f"M{LEFT} {y(opening)}"
    for row in days:
        path += f"H{x(row.booked_on):.1f}V{y(row.balance_after)}"
    path += f"H{RIGHT}"
    marks = int((top - bottom) / step)
    return Chart(
        line=path,
        area=f"{path}V{y(Decimal(0))}H{LEFT}Z",
        zero=y(Decimal(0)),
        across=tuple((round(x(day), 1), f"{day:%m-%d}") for day in _weeks(since, today)),
        up=tuple((y(bottom + step * n), f"{bottom + step * n:,.0f}") for n in range(marks + 1)),
    )


def _step(span: Decimal) -> Decimal:
    """A round step that divides ``span`` into at most five."""
    size = Decimal(1)
    while True:
        for factor in STEPS:
            if size * factor * 5 >= span:
                return size * factor
        size *= 10


def _weeks(since: date, today: date) -> list[date]:
    return [since + timedelta(days=n) for n in range(7, (today - since).days, 14)]
