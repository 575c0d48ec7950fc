"""What can be seen of old parts (every SELECT of this package); row-level security decides who sees which (R1)."""

from portal.old_parts.queries.lists import (
    COUNTED,
    TABS,
    Filters,
    Listed,
    counts,
    listed,
    next_to_review,
)
from portal.old_parts.queries.one import (
    OnClaim,
    lock,
    lock_many,
    numbered,
    old_part,
    on_claim,
    out_price,
    photos,
    reviewing,
    several,
    taken,
)
from portal.old_parts.queries.pieces import (
    as_held,
    awaiting_registration,
    layers_for_update,
    layers_of,
    lock_layers,
    registered_pieces,
)

__all__ = [
    "COUNTED",
    "TABS",
    "Filters",
    "Listed",
    "OnClaim",
    "as_held",
    "awaiting_registration",
    "counts",
    "layers_for_update",
    "layers_of",
    "listed",
    "lock",
    "lock_layers",
    "lock_many",
    "next_to_review",
    "numbered",
    "old_part",
    "on_claim",
    "out_price",
    "photos",
    "registered_pieces",
    "reviewing",
    "several",
    "taken",
]
