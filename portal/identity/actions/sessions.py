"""Signing in and out, choosing a place, ending sessions. What happens before a brand is known goes through narrow functions."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core import audit, clock
from portal.core import scope as scopes
from portal.core.errors import NotFound, PortalError, Refused
from portal.core.permissions import Actor, Permission
from portal.identity import passwords, queries, rules
from portal.identity.actions import throttle
from portal.identity.actions.second_factor import prove_code
from portal.identity.models import Member
from portal.identity.windows import outside

_END = text("SELECT sessions_end(:login, :but, :only, :brand, :member)")


@dataclass(frozen=True, slots=True)
class Proved:
    """Somebody typed this login's password rightly, after ``tries`` wrong ones."""

    login_id: int
    login: str
    second_factor: bool
    tries: int


class CodeWanted(PortalError):
    """The password is right and the login has a second factor: its code is wanted, with this one-time ``token``. No session yet."""

    def __init__(self, token: str) -> None:
        super().__init__("code wanted")
        self.token = token


def token_hash(token: str) -> str:
    """What is stored of a session's or a link's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def prove_password(engine: Engine, login: str, password: str, *, address: str | None) -> Proved:
    """Look at a password; every try is counted before (AN2), and the statements are the same for a login that is not there (AN3).

    Refuses with "sign-in-failed" alike for an unknown login, a wrong password and a disabled login, and "too-many-tries".
    """
    found = queries.login_at_door(engine, login, address)
    throttle.take(engine, throttle.at_door(login, address, known=found is not None and found.known))
    right = passwords.matches(password, found.password_hash if found else None)
    if found is None or not right or found.disabled:
        raise Refused("sign-in-failed")
    return Proved(found.id, login.lower(), found.second_factor, throttle.let_in(engine, login, address))


def sign_in(
    engine: Engine, login: str, password: str, *, address: str | None, agent: str | None, seconds: int
) -> tuple[str, queries.SignedIn]:
    """Open a session of ``seconds`` (machine time); returns its token, known nowhere else.

    Refuses as :func:`prove_password` and with "no-place" for a login that belongs nowhere. Raises CodeWanted, and opens
    nothing, for a login with a second factor.
    """
    proved = prove_password(engine, login, password, address=address)
    if proved.second_factor:
        token = secrets.token_urlsafe(32)
        with engine.begin() as connection:
            connection.execute(
                text("SELECT link_open('code', :login, :hash, :seconds)"),
                {"login": proved.login_id, "hash": token_hash(token), "seconds": rules.CODE_SECONDS},
            )
        raise CodeWanted(token)
    return open_session(
        engine, proved.login_id, proved.login, address=address, agent=agent, seconds=seconds, tries=proved.tries
    )


def sign_in_with_code(
    engine: Engine, step: str, code: str, *, address: str | None, agent: str | None, seconds: int, now: datetime
) -> tuple[str, queries.SignedIn]:
    """The second step: ``step`` is CodeWanted's token, ``code`` the app's or a recovery code, ``now`` the machine's instant.

    Refuses "step-over" (five minutes, or used), "code-wrong", "too-many-tries", "factor-unreadable".
    """
    given = {"hash": token_hash(step)}
    with engine.begin() as connection:
        found = connection.execute(text("SELECT login_id, login FROM link_find('code', :hash)"), given).first()
    if found is None:
        raise Refused("step-over")
    how = prove_code(engine, found.login_id, code, now=now)
    with engine.begin() as connection:
        if connection.scalar(text("SELECT link_use('code', :hash)"), given) is None:
            raise Refused("step-over")
    return open_session(
        engine, found.login_id, found.login, address=address, agent=agent, seconds=seconds, second_factor=how
    )


def open_session(
    engine: Engine, login_id: int, login: str, *, address: str | None, agent: str | None, seconds: int,
    tries: int = 0, second_factor: str = "", wanted: tuple[int, int] | None = None,
) -> tuple[str, queries.SignedIn]:  # fmt: skip
    """Open a session for somebody who has shown who it is, at the place ``wanted`` (brand, member) or the first; audited there.

    Refuses "no-place".
    """
    token = secrets.token_urlsafe(32)
    with Session(engine) as session, session.begin():
        held = queries.places(session.connection(), login_id)
        if not held:
            raise Refused("no-place")
        place = next((one for one in held if (one.brand_id, one.member_id) == wanted), held[0])
        session.execute(
            text("SELECT session_open(:login, :hash, :brand, :member, :address, :agent, :seconds)"),
            {"login": login_id, "hash": token_hash(token), "brand": place.brand_id, "member": place.member_id,
             "address": address, "agent": agent, "seconds": seconds},
        )  # fmt: skip
        actor = place.actor(login_id, address=address)
        scopes.enter(session.connection(), actor.scope)
        audit.record(session, actor, "session:sign-in", None, at=clock.now(), dealer_id=place.dealer_id, public=False,
                     tries=tries, second_factor=second_factor)  # fmt: skip
    return token, queries.SignedIn(login_id, login, held, place, bool(second_factor))


def sign_out(engine: Engine, token: str) -> None:
    """End the session at once."""
    with engine.begin() as connection:
        connection.execute(text("SELECT session_end(:hash)"), {"hash": token_hash(token)})


def choose_place(engine: Engine, token: str, brand_id: int, member_id: int) -> None:
    """Act from another of one's places from now on; NotFound for a place that is not one's own."""
    with engine.begin() as connection:
        if not connection.scalar(
            text("SELECT session_choose(:hash, :brand, :member)"),
            {"hash": token_hash(token), "brand": brand_id, "member": member_id},
        ):
            raise NotFound


def end_session(session: Session, actor: Actor, session_id: int, *, at: datetime) -> None:
    """End one of one's own sessions; NotFound for one that is not there any more, or somebody else's."""
    if session_id >= 2**63 or not _end(session, actor.login_id, only=session_id):
        raise NotFound
    _ended(session, actor, 1, at)


def end_other_sessions(session: Session, actor: Actor, token: str, *, at: datetime) -> int:
    """End all of one's own sessions but the one of ``token``; returns how many."""
    ended = _end(session, actor.login_id, but=token_hash(token))
    _ended(session, actor, ended, at)
    return ended


def end_members_sessions(session: Session, actor: Actor, member_id: int, *, at: datetime) -> int:
    """End a member's sessions in this place (headquarters: in all of the brand), never those in other brands; returns how many.

    Refuses "permission-missing"; NotFound for a member that this place does not see.
    """
    if not actor.may(Permission.MEMBER_MANAGE):
        raise Refused("permission-missing")
    member: Member = queries.member(session, member_id)
    ended = _end(session, member.login_id, brand=actor.scope.brand_id, member=None if actor.side == "hq" else member.id)
    audit.record(session, actor, "member:end-sessions", member, at=at, public=False, name=member.name, sessions=ended)
    return ended


def _end(
    session: Session, login_id: int | None, *, but: str | None = None, only: int | None = None, brand: int | None = None,
    member: int | None = None,
) -> int:  # fmt: skip
    with outside(session) as connection:
        return int(
            connection.scalar(_END, {"login": login_id, "but": but, "only": only, "brand": brand, "member": member})
            or 0
        )


def _ended(session: Session, actor: Actor, sessions: int, at: datetime) -> None:
    audit.record(
        session, actor, "session:end", None, at=at, dealer_id=actor.scope.dealer_id, public=False, sessions=sessions
    )
