"""What can be seen of claims: every SELECT of the package. ``known`` gathers for the checks, ``lists`` for the lists."""

from portal.claims.queries.documents import (
    Candidate,
    LineRow,
    Pieces,
    brand_of,
    cases,
    claim,
    claim_for_update,
    claimable,
    claimable_months,
    dealer_of,
    holders,
    line_rows,
    lines_for_update,
    old_parts_for_update,
    old_parts_of_lines,
    paid_months,
    payer,
    photo_count,
    pieces,
    settles_on,
    taken,
)
from portal.claims.queries.known import check_lines, check_old_parts, gather, limits
from portal.claims.queries.lists import Filters, ListRow, counts, dealers, rows

__all__ = [
    "Candidate", "Filters", "LineRow", "ListRow", "Pieces", "brand_of", "cases", "check_lines", "check_old_parts",
    "claim", "claim_for_update", "claimable", "claimable_months", "counts", "dealer_of", "dealers", "gather", "holders",
    "limits", "line_rows", "lines_for_update", "old_parts_for_update", "old_parts_of_lines", "paid_months", "payer",
    "photo_count", "pieces", "rows", "settles_on", "taken",
]
