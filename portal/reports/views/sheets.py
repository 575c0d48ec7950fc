"""The audit trail as Excel: as its page is filtered, all rows."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core.permissions import Permission as P
from portal.reports import queries, sheets
from portal.reports.labels import document
from portal.reports.views import blueprint
from portal.reports.views.audit import asked_filters
from portal.web.auth import current_actor, requires
from portal.web.exports import answer, by_key


@blueprint.get("/audit.xlsx")
@requires(P.AUDIT_READ, side="hq")
def audit_sheet() -> ResponseReturnValue:
    """The events of the brand."""
    actor, filters = current_actor(), asked_filters()
    return answer(
        sheets.AUDIT,
        lambda session: by_key(
            lambda before, limit: queries.trail(session, filters, zone=actor.zone, before_id=before, limit=limit)
        ),
        filters=[
            (_("Document"), document(filters.kind) if filters.kind else ""), (_("Number"), filters.number), (_("Who"), filters.member),
            (_("Day"), filters.day),
        ],
        back="reports.audit",
    )  # fmt: skip
