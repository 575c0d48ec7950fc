"""Fee schedules as Excel."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.fees import labels
from portal.fees.queries import ListRow
from portal.web.exports import Listing
from portal.web.sheets import Column


def listing(today: date) -> Listing[ListRow]:
    """The list of schedules as they stand on ``today``."""
    return Listing(
        "fees",
        _l("Service fees"),
        (
            Column(_l("Number"), lambda row: row.number or _("Draft"), width=14),
            Column(_l("Dealer code"), "dealer_code", only="hq", width=12),
            Column(_l("Dealer"), "dealer_name", only="hq", width=28),
            Column(_l("Region"), "region"),
            Column(_l("State"), lambda row: labels.standing(row.state, row.from_day, row.to_day, today)[0], width=18),
            Column(_l("In force from"), "from_day", "day"),
            Column(_l("Last day of force"), lambda row: row.to_day and row.to_day - timedelta(days=1), "day"),
            Column(_l("Items"), "items", "whole"),
            Column(_l("Drafted"), "drafted_at", "moment"),
            Column(_l("Submitted"), "submitted_at", "moment"),
        ),
    )


ITEMS: Listing[Any] = Listing(
    "fee-items",
    _l("Service fee items"),
    (
        Column(_l("Item"), "item", width=34),
        Column(_l("Unit"), "unit", width=10),
        Column(_l("Amount"), "amount", "money"),
        Column(_l("Remark"), "remark", width=40),
    ),
)
