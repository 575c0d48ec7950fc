"""The audit trail for headquarters' programs (R3)."""

from __future__ import annotations

from portal.core.permissions import Permission as P
from portal.reports import queries
from portal.reports.queries import TrailFilters
from portal.reports.schemas import AuditQuery, EventOut
from portal.web.api import Api, Call, Page

api = Api("reports", tag="audit", words="Who did what.")


@api.reads("/audit-events", P.AUDIT_READ, side="hq", gives=Page[EventOut])
def audit(call: Call, query: AuditQuery) -> Page[EventOut]:
    """The brand's events, newest first."""
    wanted = TrailFilters(kind=query.kind, number=query.number, member=query.member, day=query.day)
    rows = queries.trail(
        call.session, wanted, zone=call.actor.zone, before_id=call.after_id(query), limit=query.limit + 1
    )
    return call.page(query, rows, EventOut.of)
