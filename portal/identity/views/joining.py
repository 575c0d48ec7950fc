"""What an invitation's link opens: a new login, or one more place for a login that exists (AN4)."""

from __future__ import annotations

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from sqlalchemy.exc import IntegrityError

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.scope import Scope
from portal.identity import actions, passwords, queries
from portal.identity.forms import AcceptForm, JoinForm
from portal.identity.views import bp
from portal.identity.views.answers import again, browser, let_in, link_over, private, refused
from portal.web.acts import somebody_was_faster
from portal.web.auth import public
from portal.web.errors import page, sentence
from portal.web.i18n import speak
from portal.web.labels import ROLES


def _found(token: str) -> tuple[int, int, dict[str, object]] | None:
    """Brand and id of a living invitation, and what its pages say of it."""
    found = queries.invitation_by_token(db.engine, actions.token_hash(token))
    if found is None:
        return None
    brand_id, invitation_id = found
    with unit_of_work(Scope(brand_id)) as session:
        row = queries.invitation(session, invitation_id)
        if not g.get("signed_in"):
            speak(row.locale)
        return brand_id, invitation_id, {
            "token": token, "name": row.name, "by": row.invited_by, "roles": [ROLES[role] for role in row.roles],
            "whose": queries.brand_name_of(session, english=str(get_locale()) == "en"), "dealer": queries.dealer_name(session, row.dealer_id),
            "signed_in": g.signed_in.login if g.get("signed_in") else None,
        }  # fmt: skip


def _take(
    brand_id: int, invitation_id: int, token: str, login: str, login_id: int | None, password_hash: str = ""
) -> ResponseReturnValue:
    """Take the place and sign in there."""
    try:
        with unit_of_work(Scope(brand_id)) as session:
            member = actions.accept_invitation(
                session, invitation_id, token, login=login, login_id=login_id, password_hash=password_hash,
                address=request.remote_addr, at=clock.now(),
            )  # fmt: skip
            login_id, place = member.login_id, (brand_id, member.id)
    except IntegrityError as error:
        if not somebody_was_faster(error):
            raise
        raise Refused("login-taken", field="login", login=login) from error
    opened, _signed_in = actions.open_session(db.engine, login_id, login, wanted=place, **browser())
    return private(let_in(opened))


@bp.route("/invitations/<token>", methods=["GET", "POST"])
@public
def invitation(token: str) -> ResponseReturnValue:
    """Choose a login and a password; opening the page uses nothing up, sending the form does."""
    found = _found(token)
    if found is None:
        return link_over()
    brand_id, invitation_id, shown = found
    form, template = AcceptForm(), "identity/invitation.html"
    if request.method == "GET":
        return private(render_template(template, form=form, **shown))
    if not form.validate_on_submit():
        return private(again(form, template, shown))
    login = form.login.data.lower()
    try:
        actions.fit_password(form.password.data, login)
        return _take(brand_id, invitation_id, token, login, None, passwords.hashed(form.password.data))
    except Refused as error:
        return link_over() if error.code == "link-over" else private(refused(error, form, "login", template, shown))


@bp.route("/invitations/<token>/sign-in", methods=["GET", "POST"])
@public
def join(token: str) -> ResponseReturnValue:
    """Who has a login already shows it here, with everything that signing in asks for."""
    found = _found(token)
    if found is None:
        return link_over()
    brand_id, invitation_id, shown = found
    form, template = JoinForm(), "identity/join.html"
    if request.method == "GET":
        return private(render_template(template, form=form, **shown))
    if not form.validate_on_submit():
        return private(again(form, template, shown))
    try:
        proved = actions.prove_password(db.engine, form.login.data, form.password.data, address=request.remote_addr)
        if proved.second_factor:
            if not form.code.data:
                raise Refused("code-needed", field="code")  # noqa: TRY301 - said where every refusal is
            actions.prove_code(db.engine, proved.login_id, form.code.data, now=clock.machine_now())
        return _take(brand_id, invitation_id, token, proved.login, proved.login_id)
    except Refused as error:
        return link_over() if error.code == "link-over" else private(refused(error, form, "password", template, shown))


@bp.post("/invitations/<token>/add")
@public
def add_place(token: str) -> ResponseReturnValue:
    """Who is signed in takes the place with this login."""
    found = _found(token)
    if found is None or not g.get("signed_in"):
        return link_over()
    brand_id, invitation_id, _shown = found
    try:
        return _take(brand_id, invitation_id, token, g.signed_in.login, g.signed_in.login_id)
    except Refused as error:
        return link_over() if error.code == "link-over" else private(page("409", 409, sentence=sentence(error)))
