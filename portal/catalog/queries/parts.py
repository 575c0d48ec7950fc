"""What can be seen of parts and the models they fit. Prices are yuan with VAT, days the brand's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    Date,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    case,
    func,
    select,
)
from sqlalchemy.orm import Session, load_only

from portal.catalog.models import Category, Part, PartModel, Price, PriceList, ProductModel
from portal.catalog.queries.matching import fits_model, matches
from portal.catalog.queries.prices import in_force
from portal.core.errors import NotFound
from portal.core.tables.cells import half_width

AnyRow = Row[*tuple[Any, ...]]


def part(session: Session, number: str) -> Part:
    """The part of that number, however it was typed (full-width, small letters); NotFound when there is none."""
    found = parts_by_number(session, [number])
    if not found:
        raise NotFound
    return found[number]


# Built once, and one text however many are asked for: the road of every order goes through them.
_ANY_NUMBER = Part.number == any_(bindparam("numbers", type_=ARRAY(Text)))
_PARTS = select(Part).where(_ANY_NUMBER)
_LISTED = (
    select(Price.brand_id, Price.part_id, Price.id)
    .join(PriceList, (PriceList.brand_id == Price.brand_id) & (PriceList.id == Price.list_id))
    .where(in_force(bindparam("day", type_=Date)))
    .subquery()
)
_PARTS_PRICED = (
    select(Part, _LISTED.c.id)
    .options(load_only(Part.number, Part.part_group))
    .outerjoin(_LISTED, (_LISTED.c.brand_id == Part.brand_id) & (_LISTED.c.part_id == Part.id))
    .where(_ANY_NUMBER)
)


def parts_by_number(session: Session, numbers: Collection[str]) -> dict[str, Part]:
    """The parts of these numbers in one statement, keyed by the number as it was asked for; unknown ones are left out."""
    if not (wanted := _asked(numbers)):
        return {}
    return _hits(wanted, session.scalars(_PARTS, {"numbers": _spellings(wanted)}))


def parts_and_priced(session: Session, numbers: Collection[str], day: date) -> tuple[dict[str, Part], set[int]]:
    """:func:`parts_by_number`, and the ids of those that the list in force on ``day`` prices, in one statement.

    Of the parts only number and group are read; the rest comes when it is asked for.
    """
    if not (wanted := _asked(numbers)):
        return {}, set()
    rows = session.execute(_PARTS_PRICED, {"numbers": _spellings(wanted), "day": day}).all()
    return _hits(wanted, [part for part, _price in rows]), {part.id for part, price in rows if price is not None}


def _asked(numbers: Collection[str]) -> dict[str, str]:
    """What was typed, and how it is spelled in the register but for capitals."""
    return {number: half_width(number).strip() for number in numbers if number.strip()}


def _spellings(wanted: Mapping[str, str]) -> list[str]:
    return sorted({*wanted.values(), *(plain.upper() for plain in wanted.values())})


def _hits(wanted: Mapping[str, str], parts: Iterable[Part]) -> dict[str, Part]:
    found = {each.number: each for each in parts}
    hits = {number: found.get(plain) or found.get(plain.upper()) for number, plain in wanted.items()}
    return {number: hit for number, hit in hits.items() if hit is not None}


@dataclass(frozen=True, slots=True)
class FoundPart:
    """A part as lists and typeaheads show it; prices are None where the list of the day does not price it."""

    part_id: int
    number: str
    name: str
    spec: str
    part_group: str
    unit: str
    must_return: bool
    category: str | None
    dealer_price: Decimal | None
    out_price: Decimal | None
    models: tuple[str, ...] = ()


def find_parts(session: Session, text: str, *, day: date, limit: int = 20) -> list[FoundPart]:
    """What a typeahead offers: number, pinyin (initials or whole) or model begins with ``text``, or the name holds it.

    The very number comes first, then numbers, initials and names that begin with it. Two statements.
    """
    typed = half_width(text).strip()
    best = case(
        (Part.number == typed.upper(), 0),
        (Part.number.op("^@")(typed.upper()), 1),
        (Part.initials.op("^@")(typed.lower()), 2),
        (Part.name.op("^@")(typed), 3),
        else_=4,
    )
    return _found(session, _listed(day).where(matches(typed)).order_by(best, Part.number).limit(limit))


def parts_page(
    session: Session,
    *,
    day: date,
    text: str = "",
    model: str = "",
    after: str = "",
    priced: bool = False,
    limit: int = 51,
) -> list[FoundPart]:
    """The parts by number, after the number ``after`` (key pagination), with what they cost on ``day``. Two statements.

    ``priced`` leaves out what the list of that day does not name.
    """
    wanted = _listed(day, priced=priced).where(matches(half_width(text).strip())).order_by(Part.number).limit(limit)
    if after:
        wanted = wanted.where(Part.number > after)
    if model:
        wanted = wanted.where(fits_model(ProductModel.name == model))
    return _found(session, wanted)


def _listed(day: date, *, priced: bool = False) -> Select[Any]:
    """Parts with their price on ``day``; with ``priced`` only those that have one."""
    price = (
        select(Price.part_id, Price.dealer_price, Price.out_price)
        .join(PriceList, PriceList.id == Price.list_id)
        .where(in_force(day))
        .subquery()
    )
    return (
        select(
            Part.id, Part.number, Part.name, Part.spec, Part.part_group, Part.unit, Part.must_return, Category.name,
            price.c.dealer_price, price.c.out_price,
        )
        .outerjoin(Category, Category.id == Part.category_id)
        .join(price, price.c.part_id == Part.id, isouter=not priced)
    )  # fmt: skip


def _found(session: Session, wanted: Select[Any]) -> list[FoundPart]:
    parts = [FoundPart(*row) for row in session.execute(wanted)]
    models = models_of(session, [each.part_id for each in parts])
    return [replace(each, models=models.get(each.part_id, ())) for each in parts]


def models_of(session: Session, part_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The names of the models that these parts fit, by part, in one statement."""
    rows = session.execute(
        select(PartModel.part_id, func.array_agg(ProductModel.name.op("ORDER BY")(ProductModel.name)))
        .join(ProductModel, ProductModel.id == PartModel.model_id)
        .where(PartModel.part_id.in_(sorted(part_ids)))
        .group_by(PartModel.part_id)
    )
    return {part_id: tuple(names) for part_id, names in rows}


def models(session: Session) -> Sequence[AnyRow]:
    """All models: (name, category)."""
    return session.execute(
        select(ProductModel.name, Category.name.label("category"))
        .outerjoin(Category, Category.id == ProductModel.category_id)
        .order_by(ProductModel.name)
    ).all()
