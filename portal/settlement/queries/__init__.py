"""What can be seen of settlements and statements: every SELECT. Which rows those are, row-level security says."""

from portal.settlement.queries.left_out import left_out_groups, left_out_lines
from portal.settlement.queries.months import (
    day_of,
    due,
    due_shares,
    due_totals,
    earlier_unpaid,
    for_update,
    last_posted,
    months_list,
    next_month,
    preview,
    settlement,
    settlement_numbered,
    share_page,
    statements_differ,
)
from portal.settlement.queries.statements import (
    expected,
    lines_paid,
    statement,
    statement_before,
    statement_page,
    statements_of,
)

__all__ = [
    "day_of",
    "due",
    "due_shares",
    "due_totals",
    "earlier_unpaid",
    "expected",
    "for_update",
    "last_posted",
    "left_out_groups",
    "left_out_lines",
    "lines_paid",
    "months_list",
    "next_month",
    "preview",
    "settlement",
    "settlement_numbered",
    "share_page",
    "statement",
    "statement_before",
    "statement_page",
    "statements_differ",
    "statements_of",
]
