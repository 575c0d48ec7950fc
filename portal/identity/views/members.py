"""Members and who is invited, and the role × act page drawn from the tables."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.permissions import Permission as P
from portal.identity import actions, queries
from portal.identity.labels import PERMISSIONS
from portal.identity.roles import HOLDS, Role
from portal.identity.views import bp
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.labels import ROLES
from portal.web.pages import SIZE, address, list_filters


@bp.get("/members")
@requires(P.MEMBER_READ)
def members() -> ResponseReturnValue:
    """Who belongs here, with which roles; headquarters' first."""
    actor, wanted = current_actor(), list_filters("q", "dealer", "after")
    with unit_of_work(actor.scope) as session:
        hq = actor.side == "hq"
        dealer = wanted["dealer"] if hq else ""
        rows = queries.members_page(
            session, text=wanted["q"], dealer=dealer, after=_after(wanted["after"]), limit=SIZE + 1
        )
        last = rows[:SIZE][-1] if rows else None
        pending = queries.pending_invitations(session) if actor.may(P.MEMBER_MANAGE) else ()
        return render_template(
            "identity/members.html", members=rows[:SIZE], roles=ROLES, manages=actor.may(P.MEMBER_MANAGE), wanted=wanted, pending=pending, hq=hq,
            chips=[(words, address(**{name: None}, after=None)) for name, words in (("q", wanted["q"]), ("dealer", dealer)) if words],
            names=queries.dealer_names(session, [row.dealer_id for row in pending if row.dealer_id is not None]), machine_now=clock.machine_now(),
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


@bp.post("/members/<int:member_id>/sessions/end")
@requires(P.MEMBER_MANAGE)
def end_members_sessions(member_id: int) -> ResponseReturnValue:
    """Sign a member out of this place, everywhere."""
    return perform(
        lambda session, actor, at: actions.end_members_sessions(session, actor, member_id, at=at),
        done=lambda ended: ngettext("%(num)d browser is signed out.", "%(num)d browsers are signed out.", ended),
        to=url_for("identity.member", member_id=member_id),
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
