"""What a brand may change about orders."""

from portal.core.terms import Term

QUOTE_VALIDITY = Term(
    name="orders.quote-validity",
    default=7,
    low=1,
    high=60,
    unit="days",
    why="R22: a quote can be agreed to until the end of this many days after the day it was made",
)
