"""Which numbers of the settlement a brand may change. The settlement day itself: ``portal/claims/terms.py``, where `pays_in` is worked out."""

from __future__ import annotations

from portal.core.terms import Term

CONFIRM_DAYS = Term(
    name="statement.confirm-days",
    default=5,
    low=1,
    high=60,
    unit="days",
    why="how long a dealer may check its monthly statement, counted from the settlement day (R53)",
)
