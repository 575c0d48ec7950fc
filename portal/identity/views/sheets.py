"""The members as Excel."""

from __future__ import annotations

from collections.abc import Iterator

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core.permissions import Permission as P
from portal.identity import queries, sheets
from portal.identity.queries import MemberRow
from portal.identity.views import bp
from portal.web.auth import current_actor, requires
from portal.web.exports import BATCH, answer
from portal.web.pages import list_filters


@bp.get("/members.xlsx")
@requires(P.MEMBER_READ)
def members_sheet() -> ResponseReturnValue:
    """Who belongs here, with which roles."""
    wanted = list_filters("q", "dealer")
    text, dealer = wanted["q"], wanted["dealer"] if current_actor().side == "hq" else ""

    def read(session: Session) -> Iterator[MemberRow]:
        last: tuple[int, int] | None = None
        while rows := queries.members_page(session, text=text, dealer=dealer, after=last, limit=BATCH):
            yield from rows
            last = (rows[-1].dealer_id or 0, rows[-1].id)

    return answer(sheets.MEMBERS, read, filters=[(_("Text"), text), (_("Dealer"), dealer)], back="identity.members")
