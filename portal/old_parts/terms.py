"""Which numbers of old parts a brand may change."""

from __future__ import annotations

from portal.core.terms import Term

REPORT_DAYS = Term(
    "old_parts.report-days",
    default=7,
    low=1,
    high=60,
    unit="days",
    why="R30: an old part is reported within this many days of its replacement, to the end of the last one",
)
