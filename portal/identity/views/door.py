"""Sign-in, sign-out, language, change of place."""

from __future__ import annotations

from flask import current_app, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from portal.core.db import db
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Permission as P
from portal.core.settings import Settings
from portal.identity import actions
from portal.identity.edge import COOKIE, keep
from portal.identity.forms import SignInForm
from portal.identity.views import bp
from portal.web.acts import local
from portal.web.auth import public, requires
from portal.web.errors import sentence
from portal.web.i18n import remember_language


def _settings() -> Settings:
    settings: Settings = current_app.extensions["portal_settings"]
    return settings


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """The way in; afterwards back to the page that was wanted."""
    wanted = local(request.values.get("next"))
    if g.get("actor") is not None:
        return redirect(wanted or url_for("reports.home"), 303)
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template(
            "identity/sign_in.html", form=form, wanted=wanted or ""
        ), 422 if request.method == "POST" else 200
    settings = _settings()
    try:
        token, _signed_in = actions.sign_in(
            db.engine, form.login.data, form.password.data, address=request.remote_addr,
            agent=request.user_agent.string, seconds=settings.session_hours * 3600,
        )  # fmt: skip
    except Refused as error:
        form.refuse("password", sentence(error))
        return render_template("identity/sign_in.html", form=form, wanted=wanted or ""), 422
    if old := request.cookies.get(COOKIE):
        actions.sign_out(db.engine, old)  # a session never survives a new sign-in (fixation)
    cookie.clear()
    return keep(current_app.make_response(redirect(wanted or url_for("reports.home"), 303)), token, settings)


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session at once."""
    if token := request.cookies.get(COOKIE):
        actions.sign_out(db.engine, token)
    cookie.clear()
    response = redirect(url_for("identity.sign_in"), 303)
    response.delete_cookie(COOKIE)
    return response


@bp.post("/language")
@public
def language() -> ResponseReturnValue:
    """Chinese or English, kept in the browser; back to the page one was on."""
    response = current_app.make_response(redirect(local(request.form.get("next")) or url_for("reports.home"), 303))
    return remember_language(response, request.form.get("language", ""), secure=_settings().secure_cookies)


@bp.post("/place")
@requires(P.HOME_READ)
def switch_place() -> ResponseReturnValue:
    """Act from another of one's places."""
    brand, _colon, member = request.form.get("place", "").partition(":")
    if not (
        brand.isdecimal()
        and member.isdecimal()
        and brand.isascii()
        and member.isascii()
        and len(brand) < 19
        and len(member) < 19
    ):
        raise NotFound
    actions.choose_place(db.engine, request.cookies.get(COOKIE, ""), int(brand), int(member))
    return redirect(url_for("reports.home"), 303)
