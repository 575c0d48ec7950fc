"""Brands and their members: who belongs where, with which roles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.core import audit, clock
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor, Permission
from portal.identity.models import ApiToken, Member
from portal.identity.roles import Role


def create_brand(engine: Engine, *, code: str, name: str, name_en: str, zone: str, hotline: str, at: datetime) -> int:
    """Make a brand (tenant); returns its id. ``code`` stands in addresses. Refuses "brand-known" and "brand-code-wrong"."""
    if not (2 <= len(code) <= 24 and code.isascii() and code.isalnum() and code == code.lower()):
        raise Refused("brand-code-wrong", field="code", brand=code)
    try:
        with engine.begin() as connection:
            return int(
                connection.scalar(
                    text("SELECT brand_create(:code, :name, :en, :zone, :hotline, :at)"),
                    {"code": code, "name": name, "en": name_en, "zone": zone, "hotline": hotline, "at": at},
                )
                or 0
            )
    except IntegrityError as error:
        raise Refused("brand-known", field="code", brand=code) from error


def add_member(
    session: Session,
    actor: Actor,
    *,
    login_id: int,
    login: str,
    name: str,
    roles: Sequence[str],
    dealer_id: int | None,
    email: str | None = None,
    at: datetime,
) -> Member:
    """Give a login a place at headquarters or at a dealer. Refuses "permission-missing", "place-known" and "role-of-other-side"."""
    if not actor.may(Permission.MEMBER_MANAGE):
        raise Refused("permission-missing")
    require_side(roles, "hq" if dealer_id is None else "dealer")
    known = select(Member.id).where(
        Member.login_id == login_id, Member.dealer_id.is_(None) if dealer_id is None else Member.dealer_id == dealer_id
    )
    if session.scalar(known) is not None:
        raise Refused("place-known", login=login)
    row = session.execute(
        insert(Member)
        .values(
            login_id=login_id, login=login, name=name, email=email, roles=list(roles), dealer_id=dealer_id, joined_at=at
        )
        .returning(Member)
    ).scalar_one()
    audit.record(
        session,
        actor,
        "member:add",
        row,
        at=at,
        public=dealer_id is not None,
        login=login,
        name=name,
        roles=list(roles),
    )
    return row


def change_roles(session: Session, actor: Actor, member_id: int, *, roles: Sequence[str], at: datetime) -> Member:
    """Set a member's roles; takes effect on its next request. Nobody changes its own ("own-member")."""
    member = _lock(session, actor, member_id)
    require_side(roles, "hq" if member.dealer_id is None else "dealer")
    if not roles:
        raise Refused("role-needed", field="roles")
    before, member.roles = list(member.roles), list(dict.fromkeys(roles))
    audit.record(session, actor, "member:change-roles", member, at=at, public=member.dealer_id is not None,
                 name=member.name, roles_before=before, roles=member.roles)  # fmt: skip
    session.flush()
    return member


def remove_member(session: Session, actor: Actor, member_id: int, *, at: datetime) -> Member:
    """End a member's place; its sessions lose it on the next request. Its tokens are revoked: coming back does not wake them."""
    member = _lock(session, actor, member_id)
    member.left_at = at
    session.execute(
        update(ApiToken)
        .where(ApiToken.member_id == member.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=clock.machine_now(), revoked_by=actor.name)
    )
    audit.record(session, actor, "member:remove", member, at=at, public=member.dealer_id is not None, name=member.name)
    session.flush()
    return member


def _lock(session: Session, actor: Actor, member_id: int) -> Member:
    if not actor.may(Permission.MEMBER_MANAGE):
        raise Refused("permission-missing")
    member = session.scalar(
        select(Member)
        .where(Member.id == member_id, Member.left_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if member is None:
        raise NotFound
    if member.login_id == actor.login_id:
        raise Refused("own-member")
    return member


def require_side(roles: Sequence[str], side: str) -> None:
    """Refuses "role-of-other-side" for roles that are not held at ``side`` ("hq" or "dealer")."""
    known = {role.value for role in Role if role.side == side}
    if not set(roles) <= known:
        raise Refused("role-of-other-side", field="roles")
