"""What can be seen of claims: every SELECT of the package. ``known`` gathers for the checks, ``lists`` for the lists."""

from portal.claims.queries.documents import (
    Candidate,
    LineRow,
    Pieces,
    cases,
    claim,
    claim_for_update,
    claimable,
    holders,
    line_rows,
    lines_for_update,
    old_parts_for_update,
    old_parts_of_lines,
    payer,
    pieces,
    settles_on,
    taken,
)
from portal.claims.queries.known import check_lines, check_old_parts, gather, limits
from portal.claims.queries.lists import Filters, ListRow, counts, dealers, rows

__all__ = [
    "Candidate", "Filters", "LineRow", "ListRow", "Pieces", "cases", "check_lines", "check_old_parts", "claim",
    "claim_for_update", "claimable", "counts", "dealers", "gather", "holders", "limits", "line_rows", "lines_for_update",
    "old_parts_for_update", "old_parts_of_lines", "payer", "pieces", "rows", "settles_on", "taken",
]
