"""Top-ups and journals as Excel."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.ledger import labels
from portal.web.exports import Listing
from portal.web.sheets import Column

TOPUPS: Listing[Any] = Listing(
    "topups",
    _l("Top-ups"),
    (
        Column(_l("Number"), "number", width=14),
        Column(_l("State"), lambda row: labels.STATES[row.state][0], width=12),
        Column(_l("Dealer code"), "dealer_code", width=12),
        Column(_l("Dealer"), "dealer_name", width=28),
        Column(_l("Amount"), "amount", "money"),
        Column(_l("Received on"), "received_on", "day"),
        Column(_l("Bank reference"), "bank_reference", width=20),
        Column(_l("Entered"), "entered_at", "moment"),
        Column(_l("Entered by"), "entered_by"),
        Column(_l("Note"), "note", width=30),
    ),
)
JOURNALS: Listing[Any] = Listing(
    "journals",
    _l("Journals"),
    (
        Column(_l("Number"), "number", width=16),
        Column(_l("Booked on"), "booked_on", "day"),
        Column(_l("Time"), "at", "moment"),
        Column(_l("What"), lambda row: labels.purpose_label(row.purpose), width=20),
        Column(_l("Document"), lambda row: row.source.partition(":")[2], width=18),
        Column(_l("Amount"), "amount", "money"),
        Column(_l("Remark"), "memo", width=30),
        Column(_l("By"), "actor_name"),
    ),
)
