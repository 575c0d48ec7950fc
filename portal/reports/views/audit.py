"""The audit page of headquarters: every event of the brand, filtered, by key (R3). Dealers never see addresses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.core.db import unit_of_work
from portal.core.permissions import Permission as P
from portal.reports import queries, rules
from portal.reports.labels import DOCUMENTS, VIA, document, state
from portal.reports.queries import Event, TrailFilters
from portal.reports.views import blueprint
from portal.reports.views.links import to_subject
from portal.web.auth import current_actor, requires
from portal.web.pages import address, before, key_page, list_filters
from portal.web.timeline import event


@blueprint.get("/audit")
@requires(P.AUDIT_READ, side="hq")
def audit() -> ResponseReturnValue:
    """50 events a page, newest first; one statement."""
    actor = current_actor()
    filters = asked_filters()
    with unit_of_work(actor.scope) as session:
        page = key_page(queries.trail(session, filters, zone=actor.zone, before_id=before()))
    return render_template(
        "reports/audit.html", page=page, events=[_shown(row) for row in page.rows], filters=filters,
        kinds=[(kind, word) for kind, word in DOCUMENTS.items()], day=f"{filters.day}" if filters.day else "",
        clear=address(kind=None, number=None, member=None, day=None, before=None),
        filtered=bool(filters.kind or filters.number or filters.member or filters.day),
    )  # fmt: skip


def asked_filters() -> TrailFilters:
    """What the address of the page asks for."""
    asked = {name: rules.typed(text) for name, text in list_filters("kind", "number", "member", "day").items()}
    kind = asked["kind"] if asked["kind"] in DOCUMENTS else ""
    return TrailFilters(kind=kind, number=asked["number"], member=asked["member"], day=_day(asked["day"]))


def _shown(row: Event) -> dict[str, Any]:
    return {
        **event(row), "at": row.at, "kind": document(row.subject_kind), "number": row.subject_number or "",
        "url": to_subject(row.subject_kind, row.subject_number, "hq"), "before": state(row.subject_kind, row.before)[0] if row.before else "",
        "after": state(row.subject_kind, row.after)[0] if row.after else "",
        "dealer": row.dealer_name or "", "via": VIA.get(row.via, row.via), "address": row.address or "", "public": row.public,
    }  # fmt: skip


def _day(text: str) -> date | None:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date() if text else None  # noqa: DTZ007 - a day, no instant
    except ValueError:
        return None
    return (
        day if day and 1990 <= day.year <= 2199 else None
    )  # as days are typed; the calendar's last has no day after it
