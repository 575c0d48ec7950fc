"""Which numbers of files a brand may change."""

from __future__ import annotations

from portal.core.terms import Term

QUOTA = Term(
    "files.quota",
    default=2048,
    low=16,
    high=1_048_576,
    unit="megabytes",
    why="how much the photos of one dealer may take, in megabytes of 1,048,576 bytes (UP7)",
)
