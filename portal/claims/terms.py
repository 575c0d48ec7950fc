"""What a brand may change about claims, and the day on which they are paid (R41, R44, R50)."""

from portal.core.terms import Term

SETTLEMENT_DAY = Term(
    "settlement.day",
    default=3,
    low=1,
    high=28,
    unit="day of month",
    why="R50: approved claim lines are reimbursed on this day of the month after the one reimbursed",
)
WORKING_DAY = Term(
    "settlement.on-working-day",
    default=0,
    low=0,
    high=1,
    unit="switch",
    why="R50: a settlement day that is no working day moves to the next one; otherwise it is that day all the same",
)
LATE_DAYS = Term(
    "claims.late-days",
    default=60,
    low=1,
    high=365,
    unit="days",
    why="R44: a line may be claimed up to so many days after the service day",
)
REPEAT_DAYS = Term(
    "claims.repeat-days",
    default=90,
    low=1,
    high=730,
    unit="days",
    why="R41: the same part on the same serial number within so many days warns the reviewer",
)
UNUSUAL_FACTOR = Term(
    "claims.unusual-factor",
    default=2,
    low=2,
    high=20,
    unit="times",
    why="R41: an amount over so many times the part's twelve-month average warns the reviewer",
)
