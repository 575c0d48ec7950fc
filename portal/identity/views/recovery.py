"""A forgotten password: the same answer for everybody, and a link that works once (AN3, AN4)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import structlog
from flask import Flask, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.scope import Scope
from portal.identity import actions, passwords, queries
from portal.identity.edge import one_time_address
from portal.identity.forms import ForgottenForm, NewPasswordForm
from portal.identity.views import bp
from portal.identity.views.answers import again, link_over, private, refused
from portal.web.auth import public
from portal.web.i18n import speak

log = structlog.get_logger()
_HERE = "TOKEN"
# Beside the connection that asked: on it the next request would wait for the mails, and so tell that there is somebody (AN3).
_beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reset-mail")


@bp.route("/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> ResponseReturnValue:
    """Ask for a link. Whether the login exists is looked up after the answer has left, so neither words nor time tell."""
    form = ForgottenForm()
    if request.method == "GET":
        return render_template("identity/forgotten.html", form=form)
    if not form.validate_on_submit():
        return again(form, "identity/forgotten.html")
    typed = form.login.data
    try:
        actions.ask_reset(db.engine, typed, address=request.remote_addr)
    except Refused as error:
        return refused(error, form, "login", "identity/forgotten.html")
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's own way to the application itself
    pattern = one_time_address("identity.reset", _HERE)
    response = make_response(render_template("identity/forgotten_sent.html"))
    response.call_on_close(lambda: _later(app, typed, pattern))
    return response


def _later(app: Flask, typed: str, pattern: str) -> None:
    """Write the mails in a thread of their own; the process ends only after it. A test looks at them at once."""
    work = _beside.submit(_answer, app, typed, pattern)
    if app.testing:
        work.result()


def _answer(app: Flask, typed: str, pattern: str) -> None:
    """Write the mails, if there is anybody to write to."""
    with app.app_context():
        try:
            held = queries.logins_to_reset(db.engine, typed)
            boxes = {email: actions.may_mail(db.engine, email) for email in {found.email for found in held}}
            for found in held:
                if not boxes[found.email]:
                    log.warning("reset-mail-withheld", login=found.id)
                    continue
                brand = queries.brand_by_code(db.engine, found.place.brand_code)
                with unit_of_work(Scope(found.brand_id)) as session:
                    actions.send_reset(
                        session, queries.system_actor(brand), found, at=clock.now(),
                        link=lambda token: pattern.replace(_HERE, token),
                    )  # fmt: skip
        except Exception:
            log.exception("reset-mail")


@bp.route("/reset/<token>", methods=["GET", "POST"])
@public
def reset(token: str) -> ResponseReturnValue:
    """Set a new password by a mailed link; opening it uses nothing up, sending the form does."""
    found = queries.login_to_reset(db.engine, actions.token_hash(token))
    if found is None:
        return link_over()
    login, actor = found
    speak(login.locale)
    form, shown = NewPasswordForm(), {"login": login.login, "token": token}
    if request.method == "GET":
        return private(render_template("identity/reset.html", form=form, **shown))
    if not form.validate_on_submit():
        return private(again(form, "identity/reset.html", shown))
    try:
        actions.fit_password(form.password.data, login.login)
        password_hash = passwords.hashed(form.password.data)
        with unit_of_work(actor.scope) as session:
            actions.reset_password(session, actor, login, token, password_hash=password_hash, at=clock.now())
    except Refused as error:
        if error.code == "link-over":
            return link_over()
        return private(refused(error, form, "password", "identity/reset.html", shown))
    flash(
        _("Your password is changed. Sign in with the new one; all other places where you were signed in are out."),
        "good",
    )
    return private(redirect(url_for("identity.sign_in"), 303))
