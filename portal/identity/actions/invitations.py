"""Invitations: by name, address and roles to one place; the link is mailed, works once and for 30 minutes, and can be sent again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.orm import Session

from portal.core import audit, outbox
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor, Permission
from portal.core.scope import Scope
from portal.identity import queries, rules
from portal.identity.actions.logins import Address
from portal.identity.actions.members import require_side
from portal.identity.actions.sessions import token_hash
from portal.identity.models import Invitation, Member
from portal.identity.windows import outside


def invite(
    session: Session, actor: Actor, *, name: str, email: str, roles: Sequence[str], dealer_id: int | None,
    link: Address, locale: str, at: datetime,
) -> Invitation:  # fmt: skip
    """Ask somebody to take a place at headquarters (``dealer_id`` None) or at a dealer.

    ``locale`` is the language of the mail, of what its link opens and of a login that is made there.

    Refuses "permission-missing", "role-needed", "role-of-other-side", "email-wrong", "invited-already".
    """
    if not actor.may(Permission.MEMBER_MANAGE) or (actor.side == "dealer" and dealer_id != actor.scope.dealer_id):
        raise Refused("permission-missing")
    if not roles:
        raise Refused("role-needed", field="roles")
    require_side(roles, "hq" if dealer_id is None else "dealer")
    address = rules.email(email)
    if address is None:
        raise Refused("email-wrong", field="email")
    if queries.is_invited(session, address, dealer_id):
        raise Refused("invited-already", field="email", email=address)
    token = secrets.token_urlsafe(32)
    row = session.execute(
        insert(Invitation)
        .values(dealer_id=dealer_id, name=name, email=address, roles=list(dict.fromkeys(roles)), locale=locale,
                token_hash=token_hash(token), sends=1, ends_at=_ends(), invited_at=at, invited_by=actor.name)
        .returning(Invitation)
    ).scalar_one()  # fmt: skip
    _mail(session, actor, row, link(token), at)
    _record(session, actor, "invitation:send", row, at)
    return row


def invite_again(session: Session, actor: Actor, invitation_id: int, *, link: Address, at: datetime) -> Invitation:
    """Mail a new link; the one before is worth nothing from now on."""
    row, token = _lock(session, actor, invitation_id), secrets.token_urlsafe(32)
    row.token_hash, row.sends, row.ends_at = token_hash(token), row.sends + 1, _ends()
    session.flush()
    _mail(session, actor, row, link(token), at)
    _record(session, actor, "invitation:send-again", row, at)
    return row


def revoke_invitation(session: Session, actor: Actor, invitation_id: int, *, at: datetime) -> Invitation:
    """Take an invitation back: its link opens nothing."""
    row = _lock(session, actor, invitation_id)
    row.revoked_at, row.revoked_by = at, actor.name
    session.flush()
    _record(session, actor, "invitation:revoke", row, at)
    return row


def accept_invitation(
    session: Session, invitation_id: int, token: str, *, login: str, login_id: int | None = None, password_hash: str = "",
    address: str | None = None, at: datetime,
) -> Member:  # fmt: skip
    """Take the place: with the login ``login_id``, whose holder has shown who it is, or with a new one of that name.

    In the scope of headquarters, for who accepts is nobody there yet. An address that a new login has, or that a login had
    none before, is the invitation's: its mail was read. A new login reads the invitation's language. Refuses "link-over", "login-wrong", "login-taken", "place-known".
    """
    row = session.scalar(
        select(Invitation)
        .where(Invitation.id == invitation_id, Invitation.token_hash == token_hash(token))
        .where(
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.ends_at > func.clock_timestamp(),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise Refused("link-over")
    with outside(session) as connection:
        if login_id is None:
            login_id, email = _new_login(connection, login, password_hash, at), row.email
            connection.execute(text("SELECT login_set_email(:login, :email)"), {"login": login_id, "email": email})
            connection.execute(
                text("SELECT login_set_locale(:login, :locale)"), {"login": login_id, "locale": row.locale}
            )
        else:
            known = connection.execute(text("SELECT email FROM login_read(:login)"), {"login": login_id}).one()
            # The place is reached where its brand wrote to; the login's own address stays as it is, or whoever invited
            # with an address of theirs could have this login's password reset to it, for all its brands.
            email = known.email or row.email
    member = _place(session, row, login_id, login, email, at)
    row.accepted_at, row.member_id = at, member.id
    session.flush()
    person = Actor(
        scope=Scope(row.brand_id, row.dealer_id, member.id), name=row.name, zone=queries.zone_of(session),
        permissions=frozenset(), roles=tuple(row.roles), login_id=login_id, address=address,
    )  # fmt: skip
    audit.record(session, person, "member:join", member, at=at, public=row.dealer_id is not None, name=row.name, login=login,
                 roles=list(row.roles), invited_by=row.invited_by)  # fmt: skip
    return member


def _new_login(connection: Connection, login: str, password_hash: str, at: datetime) -> int:
    if fault := rules.login_fault(login):
        raise Refused(fault, field="login")
    if connection.execute(text("SELECT 1 FROM login_find(:login)"), {"login": login}).first() is not None:
        raise Refused("login-taken", field="login", login=login)
    return int(
        connection.scalar(
            text("SELECT login_create(:login, :hash, :at)"), {"login": login, "hash": password_hash, "at": at}
        )
    )


def _place(session: Session, row: Invitation, login_id: int, login: str, email: str, at: datetime) -> Member:
    """The member's row: a new one, or the one that was ended before."""
    where = Member.dealer_id.is_(None) if row.dealer_id is None else Member.dealer_id == row.dealer_id
    known = session.scalar(select(Member).where(Member.login_id == login_id, where).with_for_update())
    if known is not None:
        if known.left_at is None:
            raise Refused("place-known", login=login)
        known.left_at, known.name, known.roles, known.email = None, row.name, list(row.roles), email
        session.flush()
        return known
    return session.execute(
        insert(Member)
        .values(login_id=login_id, login=login, name=row.name, email=email, roles=list(row.roles), dealer_id=row.dealer_id, joined_at=at)
        .returning(Member)
    ).scalar_one()  # fmt: skip


def _lock(session: Session, actor: Actor, invitation_id: int) -> Invitation:
    if not actor.may(Permission.MEMBER_MANAGE):
        raise Refused("permission-missing")
    if invitation_id >= 2**63:  # no column holds it
        raise NotFound
    row = session.scalar(
        select(Invitation)
        .where(Invitation.id == invitation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound
    if row.accepted_at is not None or row.revoked_at is not None:
        raise Refused("invitation-settled", name=row.name)
    return row


def _ends() -> Any:
    return func.clock_timestamp() + timedelta(seconds=rules.LINK_SECONDS)


def _mail(session: Session, actor: Actor, row: Invitation, address: str, at: datetime) -> None:
    outbox.add(
        session, template="invitation", to=row.email, secret=address, link_hash=row.token_hash, dealer_id=row.dealer_id, locale=row.locale, at=at,
        facts={"name": row.name, "by": actor.name, "dealer": queries.dealer_name(session, row.dealer_id), "minutes": rules.LINK_SECONDS // 60},
    )  # fmt: skip


def _record(session: Session, actor: Actor, act: str, row: Invitation, at: datetime) -> None:
    audit.record(
        session,
        actor,
        act,
        row,
        at=at,
        public=row.dealer_id is not None,
        name=row.name,
        email=row.email,
        roles=list(row.roles),
    )
