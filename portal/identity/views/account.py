"""One's own login: what is known of it, the password, the address, where it is signed in."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Permission as P
from portal.identity import actions, passwords, queries, rules
from portal.identity.edge import one_time_address, own_token, wants_second_factor
from portal.identity.forms import ChangePasswordForm, EmailForm
from portal.identity.views import bp
from portal.identity.views.answers import again, link_over, private, refused, settings_here
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.labels import ROLES


def own_login() -> queries.LoginInfo:
    """Whose page this is."""
    return queries.login(db.engine, int(current_actor().login_id or 0))


@bp.get("/me")
@requires(P.HOME_READ)
def profile() -> ResponseReturnValue:
    """What is known of one's own login, and the ways to change it."""
    return render_template(
        "identity/profile.html",
        login=own_login(),
        mine=g.signed_in.places,
        here=g.place,
        wanted=wants_second_factor(g.signed_in, g.place),
        codes=rules.RECOVERY_CODES,
        roles=ROLES,
    )


@bp.route("/me/password", methods=["GET", "POST"])
@requires(P.HOME_READ)
def password() -> ResponseReturnValue:
    """A new password needs the old one; every other browser is signed out by it (AN5)."""
    form, template = ChangePasswordForm(), "identity/password.html"
    if request.method == "GET":
        return render_template(template, form=form)
    if not form.validate_on_submit():
        return again(form, template)
    actor = current_actor()
    try:
        login = actions.confirm_password(db.engine, int(actor.login_id or 0), form.old.data, field="old")
        actions.fit_password(form.password.data, login.login)
        password_hash = passwords.hashed(form.password.data)
        with unit_of_work(actor.scope) as session:
            actions.change_password(
                session, actor, login, password_hash=password_hash, keep=own_token(), at=clock.now()
            )
    except Refused as error:
        return refused(error, form, "old", template)
    flash(_("Your password is changed; everywhere else you are signed out."), "good")
    return redirect(url_for("identity.profile"), 303)


@bp.route("/me/email", methods=["GET", "POST"])
@requires(P.HOME_READ)
def email() -> ResponseReturnValue:
    """The address to which links and mails go."""
    form, template = EmailForm(), "identity/email.html"
    if request.method == "GET":
        form.email.process_data(own_login().email)
        return render_template(template, form=form)
    if not form.validate_on_submit():
        return again(form, template)
    actor, typed = current_actor(), form.email.data or ""
    try:
        address = rules.email(typed)
        if typed and address is None:
            raise Refused("email-wrong", field="email")  # noqa: TRY301 - said where every refusal is
        login = actions.confirm_password(db.engine, int(actor.login_id or 0), form.password.data)
        if address is not None and address != login.email:
            actions.take_mailbox(db.engine, address)
        with unit_of_work(actor.scope) as session:
            asked = actions.change_email(session, actor, login, email=address, link=_email_link, at=clock.now())
    except Refused as error:
        return refused(error, form, "password", template)
    if asked:
        flash(_("A link is on its way to %(email)s. The address counts once you open it.", email=address), "good")
    elif address is None:
        flash(_("You have no e-mail address any more."), "good")
    else:
        flash(_("Your e-mail address stays as it is."), "info")
    return redirect(url_for("identity.profile"), 303)


def _email_link(token: str) -> str:
    return one_time_address("identity.confirm_email", token)


@bp.route("/me/email/confirm/<token>", methods=["GET", "POST"])
@requires(P.HOME_READ)
def confirm_email(token: str) -> ResponseReturnValue:
    """What a new address was mailed. Only who is signed in with that login takes it into use, by a button: looking uses nothing up."""
    login = own_login()
    if request.method == "GET":
        found = queries.email_of_link(db.engine, login.id, actions.token_hash(token))
        if found is None:
            return link_over()
        return private(render_template("identity/email_confirm.html", email=found, login=login.login, token=token))
    return private(
        perform(
            lambda session, actor, at: actions.confirm_email(session, actor, login, token, at=at),
            done=lambda address: _("Your e-mail address is %(email)s now.", email=address),
            to=url_for("identity.profile"),
            refused=lambda _error: link_over(),
        )
    )


@bp.get("/me/sessions")
@requires(P.HOME_READ)
def sessions() -> ResponseReturnValue:
    """Where one is signed in, this browser among them."""
    idle = settings_here().session_idle_minutes
    rows = queries.sessions(
        db.engine, int(current_actor().login_id or 0), own_hash=actions.token_hash(own_token()), idle_seconds=idle * 60
    )
    return render_template("identity/sessions.html", rows=rows, idle=idle, hours=settings_here().session_hours)


@bp.post("/me/sessions/<int:session_id>/end")
@requires(P.HOME_READ)
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign one browser out."""
    return perform(
        lambda session, actor, at: actions.end_session(session, actor, session_id, at=at),
        done=_("That browser is signed out."),
        to=url_for("identity.sessions"),
    )


@bp.post("/me/sessions/end-others")
@requires(P.HOME_READ)
def end_other_sessions() -> ResponseReturnValue:
    """Sign every browser out but this one."""
    token = own_token()
    return perform(
        lambda session, actor, at: actions.end_other_sessions(session, actor, token, at=at),
        done=lambda ended: ngettext(
            "%(num)d other browser is signed out.", "%(num)d other browsers are signed out.", ended
        ),
        to=url_for("identity.sessions"),
    )
