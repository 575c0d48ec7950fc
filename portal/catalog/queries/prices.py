"""What can be seen of price lists and prices. Prices are yuan with VAT, days the brand's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from portal.catalog.models import Part, Price, PriceList
from portal.catalog.queries.matching import matches
from portal.core.errors import NotFound
from portal.core.tables.cells import half_width

AnyRow = Row[*tuple[Any, ...]]


def in_force(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Whether a price list is the one of ``day`` (R10): its days are half open, a withdrawn one never was."""
    ends = or_(PriceList.to_day.is_(None), PriceList.to_day > day)
    return (PriceList.from_day <= day) & ends & PriceList.withdrawn_at.is_(None)


def list_on(session: Session, day: date) -> PriceList | None:
    """The version of the price list in force on ``day``: one, or none before the first."""
    return session.scalar(select(PriceList).where(in_force(day)))


def price_on(session: Session, part_id: int, day: date) -> Price | None:
    """What a part costs on ``day``; None when the list of that day does not name it."""
    return prices_on(session, [part_id], day).get(part_id)


def prices_on(session: Session, part_ids: Collection[int], day: date) -> dict[int, Price]:
    """The prices of these parts on ``day``, by part, in one statement; parts that the list does not name are left out."""
    found = session.scalars(
        select(Price)
        .join(PriceList, PriceList.id == Price.list_id)
        .where(Price.part_id.in_(sorted(set(part_ids))), in_force(day))
    )
    return {price.part_id: price for price in found}


def price_list(session: Session, version: str) -> PriceList:
    """A version by its name, withdrawn ones too; NotFound."""
    found = session.scalar(select(PriceList).where(PriceList.version == version))
    if found is None:
        raise NotFound
    return found


def price_lists(session: Session) -> Sequence[AnyRow]:
    """Every version, the latest first day on top: (id, version, title, from_day, to_day, loaded_at, loaded_by, withdrawn_at, parts)."""
    parts = select(func.count()).where(Price.list_id == PriceList.id).correlate(PriceList).scalar_subquery()
    return session.execute(
        select(
            PriceList.id, PriceList.version, PriceList.title, PriceList.from_day, PriceList.to_day, PriceList.loaded_at,
            PriceList.loaded_by, PriceList.withdrawn_at, parts.label("parts"),
        ).order_by(PriceList.from_day.desc(), PriceList.id.desc())
    ).all()  # fmt: skip


def live_lists(session: Session) -> Sequence[PriceList]:
    """The versions that were not withdrawn, by their first day."""
    live = select(PriceList).where(PriceList.withdrawn_at.is_(None)).order_by(PriceList.from_day)
    return session.scalars(live.execution_options(populate_existing=True)).all()


def version_names(session: Session) -> Sequence[str]:
    """The names of all versions there ever were: none is used twice."""
    return session.scalars(select(PriceList.version)).all()


def list_prices(session: Session, list_id: int) -> dict[str, tuple[str, Decimal, Decimal]]:
    """A version's prices by part number: (name, dealer price, out-of-warranty price)."""
    rows = session.execute(
        select(Part.number, Part.name, Price.dealer_price, Price.out_price)
        .join(Part, Part.id == Price.part_id)
        .where(Price.list_id == list_id)
        .order_by(Part.number)
    )
    return {number: (name, dealer, out) for number, name, dealer, out in rows}


def list_page(session: Session, list_id: int, *, text: str = "", after: str = "", limit: int = 51) -> Sequence[AnyRow]:
    """One version's rows by part number: (number, name, spec, part_group, unit, dealer_price, out_price)."""
    wanted = (
        select(Part.number, Part.name, Part.spec, Part.part_group, Part.unit, Price.dealer_price, Price.out_price)
        .join(Part, Part.id == Price.part_id)
        .where(Price.list_id == list_id, matches(half_width(text).strip()))
        .order_by(Part.number)
        .limit(limit)
    )
    return session.execute(wanted.where(Part.number > after) if after else wanted).all()


def part_prices(session: Session, part_id: int, *, begun_by: date | None = None) -> Sequence[AnyRow]:
    """A part's prices over time, newest first: (version, from_day, to_day, dealer_price, out_price).

    With ``begun_by`` only versions that had begun on that day: a dealer does not see what headquarters prepares.
    """
    wanted = (
        select(PriceList.version, PriceList.from_day, PriceList.to_day, Price.dealer_price, Price.out_price)
        .join(PriceList, PriceList.id == Price.list_id)
        .where(Price.part_id == part_id, PriceList.withdrawn_at.is_(None))
        .order_by(PriceList.from_day.desc())
    )
    return session.execute(wanted.where(PriceList.from_day <= begun_by) if begun_by else wanted).all()
