"""Inviting people by mail, sending again, taking back."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.identity import actions, queries
from portal.identity.edge import one_time_address
from portal.identity.forms import InviteForm
from portal.identity.models import Invitation
from portal.identity.roles import Role
from portal.identity.views import bp
from portal.identity.views.answers import again, refused
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.labels import ROLES

_PAGE = "identity/invite.html"


def _link(token: str) -> str:
    return one_time_address("identity.invitation", token)


def _shown(actor: Actor, chosen: list[str]) -> dict[str, object]:
    sides = ("hq", "dealer") if actor.side == "hq" else ("dealer",)
    return {
        "groups": [(side, [(role.value, ROLES[role.value]) for role in Role if role.side == side]) for side in sides],
        "chosen": chosen,
        "from_hq": actor.side == "hq",
    }


@bp.get("/members/invite")
@requires(P.MEMBER_MANAGE)
def invite() -> ResponseReturnValue:
    """The form: who, to which address, with which roles."""
    return render_template(_PAGE, form=InviteForm(), **_shown(current_actor(), []))


@bp.post("/members/invite")
@requires(P.MEMBER_MANAGE)
def send_invitation() -> ResponseReturnValue:
    """Mail an invitation; the place is taken when the link in it is opened."""
    form, actor, roles = InviteForm(), current_actor(), request.form.getlist("roles")
    shown = _shown(actor, roles)
    if not form.validate_on_submit():
        return again(form, _PAGE, shown)
    typed = form.data

    def act(session: Session, actor: Actor, at: object) -> Invitation:
        return actions.invite(
            session, actor, name=typed["name"], email=typed["email"], roles=roles, dealer_id=_place(session, actor, typed["dealer"]),
            link=_link, locale=typed["language"], at=at,  # type: ignore[arg-type]
        )  # fmt: skip

    return perform(
        act,
        done=lambda row: _("%(name)s is invited: the mail is on its way to %(email)s.", name=row.name, email=row.email),
        to=url_for("identity.members"),
        refused=lambda error: refused(error, form, None, _PAGE, shown),
    )


def _place(session: Session, actor: Actor, code: str | None) -> int | None:
    """Where to: a dealer's manager invites to its own shop and nowhere else."""
    if actor.side == "dealer":
        return actor.scope.dealer_id
    if not code:
        return None
    found = queries.dealer_by_code(session, code.upper())
    if found is None:
        raise Refused("dealer-not-there", field="dealer", dealer=code)
    return found


@bp.post("/members/invitations/<int:invitation_id>/send")
@requires(P.MEMBER_MANAGE)
def send_again(invitation_id: int) -> ResponseReturnValue:
    """Mail a new link."""
    return perform(
        lambda session, actor, at: actions.invite_again(session, actor, invitation_id, link=_link, at=at),
        done=lambda row: _("A new link is on its way to %(email)s; the old one no longer works.", email=row.email),
        to=url_for("identity.members"),
        back=url_for("identity.members"),
    )


@bp.post("/members/invitations/<int:invitation_id>/revoke")
@requires(P.MEMBER_MANAGE)
def revoke_invitation(invitation_id: int) -> ResponseReturnValue:
    """Take it back."""
    return perform(
        lambda session, actor, at: actions.revoke_invitation(session, actor, invitation_id, at=at),
        done=_("The invitation is taken back; its link no longer works."),
        to=url_for("identity.members"),
        back=url_for("identity.members"),
    )
