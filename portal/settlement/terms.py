"""Which numbers of the settlement a brand may change. The settlement day itself: ``portal/claims/terms.py``, where `pays_in` is worked out."""

from __future__ import annotations

from portal.core.terms import Term

POST_ALONE = Term(
    name="settlement.post-by-itself",
    default=0,
    low=0,
    high=1,
    unit="switch",
    why="R51: what the system prepared is posted by the system in the same minute, without anybody checking it",
)

CONFIRM_DAYS = Term(
    name="statement.confirm-days",
    default=5,
    low=1,
    high=60,
    unit="days",
    why="how long a dealer may check its monthly statement, counted from the settlement day (R53)",
)
