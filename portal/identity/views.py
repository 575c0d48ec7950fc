"""Sign-in, sign-out, language, change of place, members, and the role × act page drawn from the tables."""

from __future__ import annotations

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Permission as P
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.edge import COOKIE, keep
from portal.identity.forms import SignInForm
from portal.identity.labels import PERMISSIONS
from portal.identity.roles import HOLDS, Role
from portal.web.acts import local, perform
from portal.web.auth import current_actor, public, requires
from portal.web.errors import sentence
from portal.web.i18n import remember_language
from portal.web.labels import ROLES
from portal.web.pages import SIZE, address, list_filters

bp = Blueprint("identity", __name__)


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


@bp.get("/members")
@requires(P.MEMBER_READ)
def members() -> ResponseReturnValue:
    """Who belongs here, with which roles; headquarters' first."""
    actor, wanted = current_actor(), list_filters("q", "after")
    with unit_of_work(actor.scope) as session:
        rows = queries.members_page(session, text=wanted["q"], after=_after(wanted["after"]), limit=SIZE + 1)
        last = rows[:SIZE][-1] if rows else None
        return render_template(
            "identity/members.html", members=rows[:SIZE], roles=ROLES, manages=actor.may(P.MEMBER_MANAGE), wanted=wanted,
            first=address(after=None) if wanted["after"] else "",
            older=address(after=f"{last.dealer_id or 0}.{last.id}") if last is not None and len(rows) > SIZE else "",
        )  # fmt: skip


def _after(text: str) -> tuple[int, int] | None:
    dealer, _dot, member = text.partition(".")
    whole = all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (dealer, member))
    return (int(dealer), int(member)) if whole else None


@bp.get("/members/<int:member_id>")
@requires(P.MEMBER_MANAGE)
def member(member_id: int) -> ResponseReturnValue:
    """One member's roles, to be changed."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        found = queries.member(session, member_id)
        side = "hq" if found.dealer_id is None else "dealer"
        choices = [(role.value, ROLES[role.value]) for role in Role if role.side == side]
        return render_template(
            "identity/member.html", member=found, choices=choices, own=found.login_id == actor.login_id
        )


@bp.post("/members/<int:member_id>")
@requires(P.MEMBER_MANAGE)
def change_roles(member_id: int) -> ResponseReturnValue:
    """Set the roles."""
    roles = request.form.getlist("roles")
    return perform(
        lambda session, actor, at: actions.change_roles(session, actor, member_id, roles=roles, at=at),
        done=_("The roles are changed; they hold from the next click."),
        to=url_for("identity.members"),
        back=url_for("identity.member", member_id=member_id),
    )


@bp.post("/members/<int:member_id>/end")
@requires(P.MEMBER_MANAGE)
def remove_member(member_id: int) -> ResponseReturnValue:
    """End the place."""
    return perform(
        lambda session, actor, at: actions.remove_member(session, actor, member_id, at=at),
        done=_("The place is ended."),
        to=url_for("identity.members"),
        back=url_for("identity.member", member_id=member_id),
    )


@bp.get("/roles")
@requires(P.ROLE_READ)
def roles() -> ResponseReturnValue:
    """Role × act, drawn from the tables that decide."""
    rows = [
        (PERMISSIONS[permission], permission.value, [permission in HOLDS[role] for role in Role]) for permission in P
    ]
    return render_template(
        "identity/roles.html", roles=[(role.value, ROLES[role.value], role.side) for role in Role], rows=rows
    )
