"""Tokens of programs: whose a token is, before a brand is known; a member's own, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from portal.core.permissions import Permission
from portal.identity.models import ApiToken, Member
from portal.identity.queries.places import Place

_LOAD = text("SELECT * FROM token_load(:hash, :address)")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a token is: the login, its place, what the token was given, how many calls it made in this minute.

    ``second_factor``: whether the login has one.
    """

    login_id: int
    place: Place
    scopes: frozenset[Permission]
    calls: int
    second_factor: bool


def holder(engine: Engine, token_hash: str, *, address: str | None) -> Holder | None:
    """The place behind a token's hash, or None for one that is unknown, revoked, ended or of a place that was left.

    One statement in a transaction of its own, which counts the call and notes when and from where it came.
    """
    with engine.begin() as connection:
        row = connection.execute(_LOAD, {"hash": token_hash, "address": address}).mappings().first()
    if row is None:
        return None
    names = Place.__dataclass_fields__
    place = Place(**{name: row[name] for name in names if name in row and name != "roles"}, roles=tuple(row["roles"]))
    known = {permission.value: permission for permission in Permission}
    scopes = frozenset(known[one] for one in row["scopes"] if one in known)
    return Holder(row["login_id"], place, scopes, row["calls"], row["second_factor"])


def tokens_of(session: Session, member_id: int) -> Sequence[ApiToken]:
    """A member's tokens, the newest first, at most 200."""
    return session.scalars(
        select(ApiToken).where(ApiToken.member_id == member_id).order_by(ApiToken.id.desc()).limit(200)
    ).all()


def member_here(session: Session, login: str, dealer_id: int | None) -> Member | None:
    """The member of that login at headquarters (``dealer_id`` None) or at that dealer, if its place has not ended."""
    return session.scalar(
        select(Member).where(
            func.lower(Member.login) == login.lower(), Member.left_at.is_(None),
            Member.dealer_id.is_(None) if dealer_id is None else Member.dealer_id == dealer_id,
        )
    )  # fmt: skip
