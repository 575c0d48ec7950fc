"""What can be seen of dealers and of the terms that a brand has set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from portal.core.errors import NotFound
from portal.core.tables.cells import half_width
from portal.core.terms import Term, TermValue, find
from portal.organizations.models import Dealer

AnyRow = Row[*tuple[Any, ...]]


def dealer(session: Session, code: str) -> Dealer:
    """The dealer of that code; NotFound."""
    found = session.scalar(select(Dealer).where(Dealer.code == code))
    if found is None:
        raise NotFound
    return found


CHOSEN_MOST = 100  # more dealers than anybody scrolls through are asked for by their code


def dealer_options(session: Session, *, most: int | None = None) -> list[tuple[str, str]]:
    """The dealers that this side sees (``most`` of them), for a list's filter: code, and code and name together. One statement."""
    rows = session.execute(select(Dealer.code, Dealer.name).order_by(Dealer.code).limit(most))
    return [(row.code, f"{row.code} {row.name}") for row in rows]


def dealers_page(session: Session, *, text: str = "", after: str = "", limit: int = 51) -> Sequence[AnyRow]:
    """Dealers by code, after the code ``after``: (id, code, name, city, contact, phone)."""
    wanted = (
        select(Dealer.id, Dealer.code, Dealer.name, Dealer.city, Dealer.contact, Dealer.phone)
        .order_by(Dealer.code)
        .limit(limit)
    )
    if after:
        wanted = wanted.where(Dealer.code > after)
    if typed := half_width(text).strip():
        wanted = wanted.where(
            or_(
                Dealer.code.op("^@")(typed.upper()),
                Dealer.name.contains(typed, autoescape=True),
                Dealer.city.op("^@")(typed),
                Dealer.contact.op("^@")(typed),
            )
        )
    return session.execute(wanted).all()


def dealer_rows(session: Session) -> dict[str, AnyRow]:
    """Every dealer's own values by its code in capitals, for a load to weigh against."""
    rows = session.execute(
        select(
            Dealer.brand_id, Dealer.id, Dealer.code, Dealer.name, Dealer.city, Dealer.contact, Dealer.phone,
            Dealer.address,
        )
    )  # fmt: skip
    return {row.code.upper(): row for row in rows}


def dealers_by_id(session: Session, ids: Collection[int]) -> dict[int, Dealer]:
    """These dealers in one statement."""
    return {each.id: each for each in session.scalars(select(Dealer).where(Dealer.id.in_(sorted(ids))))}


def term(name: str) -> Term:
    """The registered term of that name; NotFound."""
    found = find(name)
    if found is None:
        raise NotFound
    return found


def term_history(session: Session, name: str) -> Sequence[TermValue]:
    """What the brand set, the latest first day on top."""
    wanted = select(TermValue).where(TermValue.name == name).order_by(TermValue.from_day.desc())
    return session.scalars(wanted.execution_options(populate_existing=True)).all()


def terms_on(session: Session, day: date) -> Mapping[str, AnyRow]:
    """What is in force on ``day`` of what the brand set, by name: (name, value, from_day, set_by). One statement."""
    rows = session.execute(
        select(TermValue.name, TermValue.value, TermValue.from_day, TermValue.set_by)
        .where(TermValue.from_day <= day)
        .ext(distinct_on(TermValue.name))
        .order_by(TermValue.name, TermValue.from_day.desc())
    )
    return {row.name: row for row in rows}


def terms_ahead(session: Session, day: date) -> Mapping[str, AnyRow]:
    """What will come next after ``day``, by name: (name, value, from_day, set_by). One statement."""
    rows = session.execute(
        select(TermValue.name, TermValue.value, TermValue.from_day, TermValue.set_by)
        .where(TermValue.from_day > day)
        .ext(distinct_on(TermValue.name))
        .order_by(TermValue.name, TermValue.from_day)
    )
    return {row.name: row for row in rows}
