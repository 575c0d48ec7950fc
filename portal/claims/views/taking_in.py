"""A dealer's own workbook as a claim: choose it, and the draft says row by row what became of it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.claims import actions, queries, sheets
from portal.claims.forms import TakeInForm
from portal.claims.models import Claim
from portal.claims.views import blueprint, shown
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.tables import TableRefused
from portal.web import exports, sheet_labels
from portal.web.acts import at, perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.forms import storable


@blueprint.get("/import")
@requires(P.CLAIM_DRAFT, side="dealer")
def import_form() -> ResponseReturnValue:
    """Choose the workbook; which columns it may have."""
    return _page(TakeInForm(formdata=None))


@blueprint.post("/import")
@requires(P.CLAIM_DRAFT, side="dealer")
def take_form() -> ResponseReturnValue:
    """Make a draft of the workbook; what cannot be read at all is said here, everything else on the draft."""
    form = TakeInForm()
    if not form.validate_on_submit():
        return _page(form), 422
    actor, month = current_actor(), form.month.data
    data, filename = _file()
    try:
        read = sheets.read_form(data, filename, today=actor.day(at()), month=month)
    except TableRefused as unread:
        form.refuse("file", sheet_labels.refusal(unread))
        return _page(form), 422

    def act(session: Session, actor: Actor, instant: datetime) -> tuple[Claim, shown.Taken]:
        claim = actions.draft_from_form(
            session,
            actor,
            form=read,
            filename=filename,
            file_hash=hashlib.sha256(data).hexdigest(),
            month=month,
            at=instant,
        )
        return claim, shown.taken(session, claim) or _lost()

    def refused(error: Refused) -> ResponseReturnValue:
        form.refuse(error.field, sentence(error))
        return _page(form, earlier=str(error.facts.get("ref", ""))), 422

    return perform(
        act, done=_done, to=lambda result: url_for("claims.detail", ref=result[0].public_id), refused=refused
    )


@blueprint.post("/<string:ref>/look-again")
@requires(P.CLAIM_DRAFT, side="dealer")
def look_again(ref: str) -> ResponseReturnValue:
    """Compare the rows that are no line with the register anew."""

    def act(session: Session, actor: Actor, instant: datetime) -> tuple[Claim, shown.Taken]:
        claim = actions.look_again(session, actor, ref, at=instant)
        return claim, shown.taken(session, claim) or _lost()

    here = url_for("claims.detail", ref=ref)
    return perform(act, done=_done, to=here, back=here)


@blueprint.get("/<string:ref>/form.xlsx")
@requires(P.CLAIM_READ, side="dealer")
def form_sheet(ref: str) -> ResponseReturnValue:
    """The rows of the form with what became of each, as Excel: the way back to the workbook."""

    def rows(session: Session) -> list[Any]:
        taken = shown.taken(session, queries.claim(session, ref))
        if taken is None:
            raise NotFound
        return [*taken.left, *taken.lines]

    return exports.answer(sheets.FORM_ROWS, rows, back="claims.detail")


def _lost() -> shown.Taken:
    raise NotFound


def _done(result: tuple[Claim, shown.Taken]) -> str:
    taken = result[1]
    lines = ngettext("%(num)d row is on the claim", "%(num)d rows are on the claim", len(taken.lines))
    left = ngettext("%(num)d is not, see why below", "%(num)d are not, see why below", len(taken.left))
    return _("%(lines)s; %(left)s.", lines=lines, left=left) if taken.left else f"{lines}{_('.')}"


def _file() -> tuple[bytes, str]:
    """What was uploaded: its bytes and its name without folders; nothing when no file was chosen."""
    given = request.files.get("file")
    if given is None:
        return b"", ""
    data = given.stream.read()
    given.stream.seek(0)  # the form's one-time key is made of it too
    return data, storable((given.filename or "").replace("\\", "/").rpartition("/")[2])[-200:]


def _page(form: TakeInForm, *, earlier: str = "") -> str:
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        own = queries.dealer_code(session, actor.scope.dealer_id or 0)
    return render_template(
        "claims/import.html",
        form=form,
        own=own,
        this_month=f"{actor.day(at()):%Y-%m}",
        earlier=url_for("claims.detail", ref=earlier) if earlier else "",
        needed=[(column.names[0], column.required) for column in sheets.COLUMNS],
    )
