"""What a brand may change about orders."""

from portal.core.terms import Term

DEBIT_AT_ONCE = Term(
    name="orders.debit-at-once",
    default=0,
    low=0,
    high=1,
    unit="switch",
    why="R23: an agreed order is debited as soon as the account holds enough, oldest first, without finance pressing a button",
)

QUOTE_VALIDITY = Term(
    name="orders.quote-validity",
    default=7,
    low=1,
    high=60,
    unit="days",
    why="R22: a quote can be agreed to until the end of this many days after the day it was made",
)
