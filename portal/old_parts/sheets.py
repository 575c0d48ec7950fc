"""Old parts as Excel."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.old_parts import labels
from portal.old_parts.queries import Listed
from portal.orders.queries import Awaiting
from portal.warranty.labels import CAUSES, verdict_word
from portal.warranty.rules import Verdict
from portal.web.exports import Listing
from portal.web.sheets import Column

YES: dict[bool, Any] = {True: _l("yes"), False: ""}

OLD_PARTS: Listing[Listed] = Listing(
    "old-parts",
    _l("Old parts"),
    (
        Column(_l("Old part"), "number", width=14),
        Column(_l("State"), lambda row: labels.standing(row.state, row.review)[0], width=12),
        Column(_l("Dealer code"), "dealer_code", only="hq", width=12),
        Column(_l("Dealer"), "dealer_name", only="hq", width=26),
        Column(_l("Part number"), "part_number", width=14),
        Column(_l("Part name"), "part_name", width=22),
        Column(_l("Quantity"), "quantity", "whole"),
        Column(_l("Serial number"), "serial", width=20),
        Column(_l("Product model"), "model", width=14),
        Column(_l("Fault"), lambda row: f"{row.fault_code} {row.fault_name}", width=22),
        Column(_l("Cause"), lambda row: CAUSES[row.cause], width=10),
        Column(_l("Warranty"), lambda row: verdict_word(Verdict.from_json(row.verdict)), width=10),
        Column(_l("Replaced on"), "replaced_on", "day"),
        Column(_l("Amount paid"), "amount", "money"),
        Column(_l("Out-of-warranty price"), "out_price", "money"),
        Column(_l("To be reported by"), "report_by", "day"),
        Column(_l("Reported"), "reported_at", "moment"),
        Column(_l("Reported late"), lambda row: YES[row.reported_late], width=10),
        Column(_l("Old part must come back"), lambda row: YES[row.must_return], width=10),
        Column(_l("Photos"), "photo_count", "whole"),
        Column(_l("Headquarters says"), "review_reason", width=30),
        Column(_l("The dealer answered"), "answer", width=30),
        Column(_l("On a claim"), lambda row: YES[row.claim_line is not None], width=10),
    ),
)
AWAITING: Listing[Awaiting] = Listing(
    "awaiting",
    _l("Old parts to register"),
    (
        Column(_l("Order"), "order_number", width=14),
        Column(_l("Part number"), "part_number", width=14),
        Column(_l("Part name"), "part_name", width=22),
        Column(_l("Serial number"), "serial", width=20),
        Column(_l("Pieces"), "pieces", "whole"),
        Column(_l("Received"), "received_on", "day"),
    ),
)
