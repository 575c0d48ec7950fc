"""Signing in and out, choosing a place. All of it happens before a brand is known, through narrow functions."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import Engine, text

from portal.core.errors import NotFound, Refused
from portal.identity import passwords, queries


def token_hash(token: str) -> str:
    """What is stored of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign_in(
    engine: Engine, login: str, password: str, *, address: str | None, agent: str | None, seconds: int
) -> tuple[str, queries.SignedIn]:
    """Open a session of ``seconds`` (machine time); returns its token, known nowhere else.

    Refuses with "sign-in-failed" alike for an unknown login, a wrong password and a disabled login,
    and with "no-place" for a login that belongs nowhere.
    """
    found = queries.login_by_name(engine, login)
    right = passwords.matches(password, found[1] if found else None)
    if found is None or not right or found[2]:
        raise Refused("sign-in-failed")
    token = secrets.token_urlsafe(32)
    with engine.begin() as connection:
        held = queries.places(connection, found[0])
        if not held:
            raise Refused("no-place")
        place = held[0]
        connection.execute(
            text("SELECT session_open(:login, :hash, :brand, :member, :address, :agent, :seconds)"),
            {"login": found[0], "hash": token_hash(token), "brand": place.brand_id, "member": place.member_id,
             "address": address, "agent": agent, "seconds": seconds},
        )  # fmt: skip
    return token, queries.SignedIn(found[0], login, held, place)


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
