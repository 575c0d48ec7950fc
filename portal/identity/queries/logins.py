"""Logins, their sessions and links, read before or beside any brand through narrow functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from portal.core.errors import NotFound
from portal.core.permissions import Actor
from portal.identity import rules, sealing
from portal.identity.queries.places import Place, places


@dataclass(frozen=True, slots=True)
class AtDoor:
    """A login as the sign-in page finds it; ``known``: it has signed in from this address within 30 days."""

    id: int
    password_hash: str
    disabled: bool
    second_factor: bool
    known: bool


@dataclass(frozen=True, slots=True)
class LoginInfo:
    """A login as its own page shows it; ``second_factor`` since when (machine time), None without one.

    ``new_email`` is the address that waits to be confirmed.
    """

    id: int
    login: str
    email: str | None
    password_hash: str
    disabled: bool
    second_factor: datetime | None
    codes_left: int
    locale: str
    new_email: str | None


@dataclass(frozen=True, slots=True)
class ToReset:
    """Whose password is to be set anew: the mail leaves through the brand of its first place, in the login's language."""

    id: int
    login: str
    email: str
    locale: str
    brand_id: int
    dealer_id: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One signed-in browser of a login. Instants are the machine's; ``device`` is "" where the browser is unknown."""

    id: int
    mine: bool
    place: Place | None
    address: str | None
    device: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


def login_at_door(engine: Engine, login: str, address: str | None) -> AtDoor | None:
    """The login of that name, or None. One statement either way.

    In small letters already as tries are counted: the database also takes "İ" for an i, and would find one login under many keys.
    """
    with engine.begin() as connection:
        row = connection.execute(
            text("SELECT * FROM login_at_door(:login, :address)"), {"login": login.lower(), "address": address}
        ).mappings().first()  # fmt: skip
    return None if row is None else AtDoor(**row)


def login(engine: Engine, login_id: int) -> LoginInfo:
    """One login; NotFound."""
    with engine.begin() as connection:
        row = connection.execute(text("SELECT * FROM login_own(:id)"), {"id": login_id}).mappings().first()
    if row is None:
        raise NotFound
    return LoginInfo(**row)


def logins_to_reset(engine: Engine, typed: str) -> list[ToReset]:
    """The logins of that name or address that can be reset: with an address, not disabled, with a place. At most five."""
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT * FROM logins_to_reset(:typed)"), {"typed": typed.strip().lower()}).all()
        held = [(row, places(connection, row.id)) for row in rows]
    return [
        ToReset(row.id, row.login, row.email, row.locale, own[0].brand_id, own[0].dealer_id, own[0])
        for row, own in held
        if own
    ]


def login_to_reset(engine: Engine, token_hash: str) -> tuple[LoginInfo, Actor] | None:
    """Whose password that mailed link sets, and the person at its first place; None for a link that is over."""
    with engine.begin() as connection:
        row = connection.execute(text("SELECT login_id FROM link_find('reset', :hash)"), {"hash": token_hash}).first()
        held = places(connection, row.login_id) if row else ()
    if row is None or not held:
        return None
    return login(engine, row.login_id), held[0].actor(row.login_id, address=None)


def invitation_by_token(engine: Engine, token_hash: str) -> tuple[int, int] | None:
    """(brand, id) of the invitation behind a link, None for a link that is over."""
    with engine.begin() as connection:
        row = connection.execute(text("SELECT * FROM invitation_find(:hash)"), {"hash": token_hash}).first()
    return None if row is None else (row.brand_id, row.id)


def email_of_link(engine: Engine, login_id: int, token_hash: str) -> str | None:
    """The address that this link of that login confirms, None for a link that is over or another login's."""
    with engine.begin() as connection:
        found = connection.scalar(text("SELECT email_find(:login, :hash)"), {"login": login_id, "hash": token_hash})
    return None if found is None else str(found)


def login_of_step(engine: Engine, token_hash: str) -> str | None:
    """The login that stands between its password and its second factor, None when that took too long."""
    with engine.begin() as connection:
        row = connection.execute(text("SELECT login FROM link_find('code', :hash)"), {"hash": token_hash}).first()
    return None if row is None else str(row.login)


def sessions(engine: Engine, login_id: int, *, own_hash: str, idle_seconds: int) -> list[OpenSession]:
    """Where a login is signed in, the last seen first."""
    with engine.begin() as connection:
        rows = connection.execute(
            text("SELECT * FROM sessions_live(:id, :idle)"), {"id": login_id, "idle": idle_seconds}
        ).all()
        held = places(connection, login_id)
    return [
        OpenSession(
            row.id, row.token_hash == own_hash, next((p for p in held if (p.brand_id, p.member_id) == (row.brand_id, row.member_id)), None),
            row.address, rules.device(row.agent), row.created_at, row.seen_at, row.ends_at,
        )
        for row in rows
    ]  # fmt: skip


def unconfirmed_factor(engine: Engine, login_id: int) -> str | None:
    """The secret of a second factor that is being set up (base32), None when there is none or it is in use."""
    with engine.begin() as connection:
        row = connection.execute(text("SELECT sealed, confirmed FROM factor_read(:id)"), {"id": login_id}).first()
    if row is None or row.confirmed:
        return None
    try:
        return sealing.unseal(login_id, row.sealed)
    except sealing.Unreadable:
        return None
