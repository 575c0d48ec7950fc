"""The audit trail as Excel."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.reports.labels import VIA, document, state
from portal.web.exports import Listing
from portal.web.labels import roles_said
from portal.web.sheets import Column
from portal.web.timeline import event, who

AUDIT: Listing[Any] = Listing(
    "audit",
    _l("Audit"),
    (
        Column(_l("Time"), "at", "moment"),
        Column(_l("Who"), who, width=18),
        Column(_l("Roles"), lambda row: roles_said(row.actor_roles.split(",")), width=24),
        Column(_l("Document"), lambda row: document(row.subject_kind), width=16),
        Column(_l("Number"), "subject_number", width=16),
        Column(_l("What"), lambda row: event(row)["what"], width=50),
        Column(_l("Reason"), lambda row: event(row)["quote"], width=30),
        Column(_l("Before"), lambda row: state(row.subject_kind, row.before)[0] if row.before else None, width=14),
        Column(_l("After"), lambda row: state(row.subject_kind, row.after)[0] if row.after else None, width=14),
        Column(_l("Dealer code"), "dealer_code", width=12),
        Column(_l("Dealer"), "dealer_name", width=26),
        Column(_l("Way"), lambda row: VIA.get(row.via, row.via), width=12),
        Column(_l("Address"), "address"),
        Column(_l("The dealer sees it"), lambda row: _("yes") if row.public else None, width=10),
    ),
)
