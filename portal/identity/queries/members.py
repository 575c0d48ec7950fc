"""The members of a place, under row-level security."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from portal.core.errors import NotFound
from portal.identity.models import Member


def members(session: Session) -> list[Any]:
    """The members this place may see (RLS), HQ's first."""
    return list(session.scalars(select(Member).order_by(Member.dealer_id.nulls_first(), Member.id)))


def members_page(
    session: Session, *, text: str = "", after: tuple[int, int] | None = None, limit: int = 51
) -> Sequence[Member]:
    """The same by pages: after the one of that dealer (0: headquarters) and id; ``text`` is a part of the name or the login."""
    dealer = func.coalesce(Member.dealer_id, 0)
    wanted = select(Member).order_by(dealer, Member.id).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(dealer, Member.id) > tuple_(*after))
    if text:
        wanted = wanted.where(
            Member.name.icontains(text, autoescape=True) | Member.login.icontains(text, autoescape=True)
        )
    return session.scalars(wanted).all()


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
