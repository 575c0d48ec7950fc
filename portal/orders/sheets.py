"""Orders, shipments and what dealers hold, as Excel."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.orders import labels
from portal.orders.queries import HeldPart, Incoming, ListedOrder, Queued, ToShip
from portal.web.exports import Listing
from portal.web.sheets import Column


def _purposes(row: ListedOrder) -> str:
    return _(", ").join(str(labels.PURPOSES[one]) for one in labels.PURPOSES if one in row.purposes)


ORDERS: Listing[ListedOrder] = Listing(
    "orders",
    _l("Parts orders"),
    (
        Column(_l("Number"), lambda row: row.number or _("Draft"), width=14),
        Column(_l("Dealer code"), "dealer_code", only="hq", width=12),
        Column(_l("Dealer"), "dealer_name", only="hq", width=26),
        Column(_l("Written by"), "drafted_by", only="dealer"),
        Column(_l("Purpose"), _purposes),
        Column(_l("State"), lambda row: labels.STATES[row.state][0], width=16),
        Column(_l("Lines"), "lines", "whole"),
        Column(_l("Version of the quote"), lambda row: row.quote_no or None, "whole"),
        Column(_l("Amount"), "amount", "money"),
        Column(_l("At today's prices"), lambda row: row.estimate if row.amount is None else None, "money"),
        Column(_l("Missing"), "missing", "money"),
        Column(_l("Submitted"), "submitted_at", "moment"),
        Column(_l("Ship date"), "ship_on", "day"),
        Column(_l("Lapses after"), "lapses_on", "day"),
        Column(_l("In this state since"), "updated_at", "moment"),
        Column(_l("Reason"), "reason", width=30),
    ),
)
DEBITS: Listing[Queued] = Listing(
    "debits",
    _l("To be debited"),
    (
        Column(_l("Number"), "number", width=14),
        Column(_l("Dealer code"), "dealer_code", width=12),
        Column(_l("Dealer"), "dealer_name", width=26),
        Column(_l("Agreed"), "agreed_at", "moment"),
        Column(_l("Agreed by"), "agreed_by"),
        Column(_l("Ship date"), "ship_on", "day"),
        Column(_l("Amount"), "total", "money"),
        Column(_l("Balance"), "balance", "money"),
        Column(_l("Credit limit"), "credit_limit", "money"),
        Column(_l("Missing"), lambda row: row.missing or None, "money"),
    ),
)
SHIPPING: Listing[ToShip] = Listing(
    "shipping",
    _l("To be shipped"),
    (
        Column(_l("Number"), "number", width=14),
        Column(_l("State"), lambda row: labels.STATES[row.state][0], width=14),
        Column(_l("Dealer code"), "dealer_code", width=12),
        Column(_l("Dealer"), "dealer_name", width=26),
        Column(_l("Ship to"), "ship_to", width=40),
        Column(_l("Ship date"), "ship_on", "day"),
        Column(_l("Debited"), "debited_at", "moment"),
        Column(_l("Amount"), "total", "money"),
        Column(_l("Lines"), "lines", "whole"),
        Column(_l("Pieces"), "pieces", "whole"),
    ),
)
SHIPMENTS: Listing[Incoming] = Listing(
    "shipments",
    _l("Shipments"),
    (
        Column(_l("Shipment"), "number", width=14),
        Column(_l("State"), lambda row: labels.SHIPMENT_STATES[row.state][0], width=12),
        Column(_l("Order"), "order_number", width=14),
        Column(_l("Carrier"), "carrier"),
        Column(_l("Tracking number"), "tracking"),
        Column(_l("Shipped"), "shipped_at", "moment"),
        Column(_l("Promised"), "ship_on", "day"),
        Column(_l("Received"), "received_at", "moment"),
        Column(_l("Lines"), "lines", "whole"),
        Column(_l("Pieces"), "pieces", "whole"),
        Column(_l("Short"), lambda row: row.short or None, "whole"),
        Column(_l("Damaged"), lambda row: row.damaged or None, "whole"),
    ),
)
HOLDINGS: Listing[HeldPart] = Listing(
    "holdings",
    _l("My parts"),
    (
        Column(_l("Part number"), "number", width=14),
        Column(_l("Part name"), "name", width=24),
        Column(_l("Specification"), "spec"),
        Column(_l("Unit"), "unit", width=8),
        Column(_l("Bought"), "bought", "whole"),
        Column(_l("Received"), "received", "whole"),
        Column(_l("Used"), "used", "whole"),
        Column(_l("Can be used"), "usable", "whole"),
        Column(_l("Still to come"), "coming", "whole"),
        Column(_l("Paid for what can be used"), "worth", "money"),
        Column(_l("Oldest piece received on"), "oldest_on", "day"),
    ),
)
