"""Sign-in in one step or two, sign-out, language, change of place."""

from __future__ import annotations

from flask import current_app, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.identity import actions, queries
from portal.identity.edge import COOKIE, own_token
from portal.identity.forms import CodeForm, SignInForm
from portal.identity.views import bp
from portal.identity.views.answers import again, browser, let_in, refused, settings_here
from portal.web.acts import local
from portal.web.auth import public, requires
from portal.web.i18n import CHINESE, LANGUAGES, remember_language

_STEP = "step"  # where the form's own cookie keeps the one-time token between password and code


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """The way in; afterwards back to the page that was wanted."""
    wanted = local(request.values.get("next"))
    if g.get("actor") is not None:
        return redirect(wanted or url_for("reports.home"), 303)
    form = SignInForm()
    if request.method == "GET":
        return render_template("identity/sign_in.html", form=form, wanted=wanted or "")
    if not form.validate_on_submit():
        return again(form, "identity/sign_in.html", {"wanted": wanted or ""})
    try:
        token, _signed_in = actions.sign_in(db.engine, form.login.data, form.password.data, **browser())
    except actions.CodeWanted as step:
        cookie[_STEP] = step.token
        return redirect(url_for("identity.second_step", next=wanted), 303)
    except Refused as error:
        return refused(error, form, "password", "identity/sign_in.html", {"wanted": wanted or ""})
    return let_in(token, wanted)


@bp.route("/sign-in/code", methods=["GET", "POST"])
@public
def second_step() -> ResponseReturnValue:
    """The second factor: before it there is no session, only a one-time token of five minutes."""
    wanted, step = local(request.values.get("next")), str(cookie.get(_STEP, ""))
    login = queries.login_of_step(db.engine, actions.token_hash(step)) if step else None
    if login is None:
        cookie.pop(_STEP, None)
        return redirect(url_for("identity.sign_in", next=wanted), 303)
    form, shown = CodeForm(), {"wanted": wanted or "", "login": login}
    if request.method == "GET":
        return render_template("identity/second_step.html", form=form, **shown)
    if not form.validate_on_submit():
        return again(form, "identity/second_step.html", shown)
    try:
        token, _signed_in = actions.sign_in_with_code(
            db.engine, step, form.code.data, now=clock.machine_now(), **browser()
        )
    except Refused as error:
        return refused(error, form, "code", "identity/second_step.html", shown)
    return let_in(token, wanted)


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session at once."""
    if token := own_token():
        actions.sign_out(db.engine, token)
    cookie.clear()
    response = redirect(url_for("identity.sign_in"), 303)
    response.delete_cookie(COOKIE)
    return response


@bp.post("/language")
@public
def language() -> ResponseReturnValue:
    """Chinese or English, kept in the browser, and for who is signed in as the language of its mails; back to the page one was on."""
    actor: Actor | None = g.get("actor")
    wish = request.form.get("language", "")
    wish = wish if wish in LANGUAGES else CHINESE
    if actor is not None:
        with unit_of_work(actor.scope) as session:
            actions.choose_language(session, actor, wish, at=clock.now())
    response = current_app.make_response(redirect(local(request.form.get("next")) or url_for("reports.home"), 303))
    return remember_language(response, wish, secure=settings_here().secure_cookies)


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
    actions.choose_place(db.engine, own_token(), int(brand), int(member))
    return redirect(url_for("reports.home"), 303)
