"""The members of a place, under row-level security."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import column, func, select, table, tuple_
from sqlalchemy.orm import Session

from portal.core.errors import NotFound
from portal.identity.models import Member

# The register of dealers stands above this package.
_dealers = table("dealers", column("brand_id"), column("id"), column("code"), column("name"))


def members(session: Session) -> list[Any]:
    """The members this place may see (RLS), HQ's first."""
    return list(session.scalars(select(Member).order_by(Member.dealer_id.nulls_first(), Member.id)))


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as lists show it; without a dealer at headquarters."""

    id: int
    dealer_id: int | None
    dealer_code: str | None
    dealer_name: str | None
    name: str
    login: str
    roles: list[str]
    joined_at: datetime
    left_at: datetime | None


def members_page(
    session: Session, *, text: str = "", dealer: str = "", after: tuple[int, int] | None = None, limit: int = 51
) -> list[MemberRow]:
    """The same by pages: after the one of that dealer (0: headquarters) and id.

    ``text`` is a part of the name or the login, ``dealer`` a dealer's code or a part of its name.
    """
    place = func.coalesce(Member.dealer_id, 0)
    wanted = (
        select(
            Member.id, Member.dealer_id, _dealers.c.code.label("dealer_code"), _dealers.c.name.label("dealer_name"), Member.name, Member.login,
            Member.roles, Member.joined_at, Member.left_at,
        )
        .outerjoin_from(Member, _dealers, (_dealers.c.brand_id == Member.brand_id) & (_dealers.c.id == Member.dealer_id))
        .order_by(place, Member.id)
        .limit(limit)
    )  # fmt: skip
    if after is not None:
        wanted = wanted.where(tuple_(place, Member.id) > tuple_(*after))
    if dealer:
        wanted = wanted.where(
            (func.upper(_dealers.c.code) == dealer.upper()) | _dealers.c.name.icontains(dealer, autoescape=True)
        )
    if text:
        wanted = wanted.where(
            Member.name.icontains(text, autoescape=True) | Member.login.icontains(text, autoescape=True)
        )
    return [MemberRow(**row) for row in session.execute(wanted).mappings()]


def member(session: Session, member_id: int) -> Member:
    """One member that this place may see; NotFound."""
    found = session.scalar(select(Member).where(Member.id == member_id)) if member_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def serves(session: Session, login_id: int | None, dealer_id: int) -> bool:
    """Whether this login also has a place at that dealer: then it may not judge the dealer's documents (R43)."""
    if login_id is None:
        return False
    found = select(Member.id).where(
        Member.login_id == login_id, Member.dealer_id == dealer_id, Member.left_at.is_(None)
    )
    return session.scalar(found.limit(1)) is not None
