"""The lists of this package as Excel: each as its page is filtered, all rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.claims import queries, sheets
from portal.claims.labels import TABS
from portal.claims.views import blueprint
from portal.claims.views.lists import asked_filters
from portal.core.permissions import Permission as P
from portal.web.auth import current_actor, requires
from portal.web.exports import answer, by_key


@blueprint.get("/list.xlsx")
@requires(P.CLAIM_READ)
def sheet() -> ResponseReturnValue:
    """The list of claims; drafts are the dealer's own."""
    filters = asked_filters(current_actor())
    return answer(
        sheets.CLAIMS,
        lambda session: by_key(lambda before, limit: queries.rows(session, filters, before_id=before, limit=limit)),
        filters=[
            (_("State"), TABS[filters.tab] if filters.tab else ""),
            (_("Dealer"), filters.dealer),
            (_("Text"), filters.text),
            (_("Service month"), _month(filters.month)),
        ],
        back="claims.index",
    )


@blueprint.get("/<string:ref>/lines.xlsx")
@requires(P.CLAIM_READ)
def lines_sheet(ref: str) -> ResponseReturnValue:
    """The lines of one claim."""
    actor = current_actor()

    def read(session: Session) -> Iterable[queries.LineRow]:
        claim = actor.sees(queries.claim(session, ref))
        return queries.line_rows(session, claim.id)

    return answer(sheets.CLAIM_LINES, read, filters=[(_("Claim"), ref)], back="claims.detail", claim=ref)


def _month(month: date | None) -> str:
    return f"{month:%Y-%m}" if month else ""
