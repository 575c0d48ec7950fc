"""One's own API tokens: made, shown once, listed, revoked; and the API's operations for people to read (AP2)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.identity.actions import confirm_person
from portal.identity.actions import tokens as actions
from portal.identity.forms import TokenForm
from portal.identity.labels import API_GROUPS, PERMISSIONS, SIDES
from portal.identity.queries import tokens as queries
from portal.identity.views import bp
from portal.web.acts import perform
from portal.web.api.describing import NEEDS, SIDE
from portal.web.api.document import document
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.i18n import paragraphs

READING = frozenset(p for p in P if p.value.endswith(".read")) | {P.PRICE_READ}
_RULES = re.compile(r"\s*[(（]R\d+[)）]")


@bp.get("/tokens")
@requires(P.TOKEN_MAKE)
def tokens() -> ResponseReturnValue:
    """One's own tokens, and the form that makes one."""
    with unit_of_work(current_actor().scope) as session:
        return _page(session, current_actor(), TokenForm(formdata=None))


@bp.post("/tokens")
@requires(P.TOKEN_MAKE)
def make_token() -> ResponseReturnValue:
    """Make a token; the answer shows it, this once (it is kept nowhere, so no reload can show it again)."""
    actor, form = current_actor(), TokenForm()
    if not form.validate_on_submit():
        return _again(actor, form)
    shown: list[str] = []
    confirmed: list[int] = []

    def act(session: Session, actor: Actor, now: datetime) -> str:
        # in here, and by another connection: the same press again shows the first answer and asks for no second code;
        # once, for a code works once: an act that is run again (DB4) must not refuse the code that its first run took
        if not confirmed:
            found = confirm_person(
                db.engine, int(actor.login_id or 0), form.password.data, form.code.data or "", now=clock.machine_now()
            )
            confirmed.append(found.id)
        made, secret = actions.make_token(
            session, actor, name=form.name.data or "", scopes=_scopes(actor, str(form.may.data)),
            days=int(form.days.data) if form.days.data else None, at=now,
        )  # fmt: skip
        shown[:] = [made.name, secret]
        return made.name

    def refused(why: Refused) -> ResponseReturnValue:
        form.refuse(why.field or ("password" if why.code == "too-many-tries" else None), sentence(why))
        if why.code == "too-many-tries":
            return _again(actor, form)[0], 429, {"Retry-After": str(why.facts["seconds"])}
        return _again(actor, form)

    answer = perform(
        act,
        done=lambda name: _("The token %(name)s is made; it is shown once only.", name=name),
        to=url_for("identity.tokens"),
        refused=refused,
    )
    if not shown:  # refused, or the same press again: the token has been shown
        return answer
    with unit_of_work(actor.scope) as session:
        return _page(session, actor, TokenForm(formdata=None), made=shown[0], secret=shown[1])


@bp.post("/tokens/<string:prefix>/revoke")
@requires(P.TOKEN_MAKE)
def revoke_token(prefix: str) -> ResponseReturnValue:
    """End a token: the next call with it is refused."""
    return perform(
        lambda session, actor, now: actions.revoke_token(session, actor, prefix, at=now),
        done=lambda token: _("%(name)s is revoked; its next call is refused.", name=token.name),
        to=url_for("identity.tokens"),
    )


@bp.get("/tokens/api")
@requires(P.TOKEN_MAKE)
def api_operations() -> ResponseReturnValue:
    """The API's operations, from its own document."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            needs = [PERMISSIONS[P(one)] for one in operation[NEEDS]]
            row = {
                "method": method.upper(),
                "path": path,
                "words": _told(operation),
                "needs": needs,
                "side": operation[SIDE],
            }
            groups.setdefault(operation["tags"][0], []).append(row)
    return render_template(
        "identity/api.html", groups=groups, names=API_GROUPS, sides=SIDES, document=url_for("api_document.openapi")
    )


def _told(operation: dict[str, Any]) -> list[str]:
    """What an operation says of itself, in the reader's language, without the rules' numbers."""
    own = "\n\n".join([operation["summary"], *operation["description"].split("\n\n")[:-1]])
    return [_RULES.sub("", _(part)) for part in paragraphs(own)]


def _again(actor: Actor, form: TokenForm) -> tuple[str, int]:
    with unit_of_work(actor.scope) as session:
        return _page(session, actor, form), 422


def _scopes(actor: Actor, may: str) -> list[str]:
    if may == "chosen":
        return request.form.getlist("scopes")
    wanted = actor.permissions if may == "all" else actor.permissions & READING
    return sorted(permission.value for permission in wanted)


def _page(session: Session, actor: Actor, form: TokenForm, *, made: str = "", secret: str = "") -> str:
    rows = queries.tokens_of(session, actor.scope.member_id)
    now: datetime = clock.machine_now()
    form.code.flags.required = g.signed_in.second_factor  # it is asked for only then, and not left out then
    return render_template(
        "identity/tokens.html", form=form, made=made, secret=secret, now=now, asks_code=g.signed_in.second_factor,
        rows=[(row, row.revoked_at is None and (row.ends_at is None or row.ends_at > now)) for row in rows],
        choices=[(p.value, PERMISSIONS[p]) for p in P if actor.may(p)], ticked=set(request.form.getlist("scopes")),
    )  # fmt: skip
