"""What can be seen of parts, prices, faults and uploads. Prices are yuan with VAT, days the brand's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, load_only

from portal.catalog.models import Category, FaultCode, Import, Part, PartModel, Price, PriceList, ProductModel
from portal.core.errors import NotFound
from portal.core.tables.cells import half_width

AnyRow = Row[*tuple[Any, ...]]

# ------------------------------------------------------------------------------------------------ parts


def part(session: Session, number: str) -> Part:
    """The part of that number, however it was typed (full-width, small letters); NotFound when there is none."""
    found = parts_by_number(session, [number])
    if not found:
        raise NotFound
    return found[number]


# Built once, and one text however many are asked for: the road of every order goes through them.
_ANY_NUMBER = Part.number == any_(bindparam("numbers", type_=ARRAY(Text)))
_PARTS = select(Part).where(_ANY_NUMBER)


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
    return _found(session, _listed(day).where(_matches(typed)).order_by(best, Part.number).limit(limit))


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
    wanted = _listed(day, priced=priced).where(_matches(half_width(text).strip())).order_by(Part.number).limit(limit)
    if after:
        wanted = wanted.where(Part.number > after)
    if model:
        wanted = wanted.where(_fits(ProductModel.name == model))
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


def _matches(typed: str) -> ColumnElement[bool]:
    if not typed:
        return true()
    low, high = typed.lower(), typed.upper()
    return or_(
        Part.number.op("^@")(typed),
        Part.number.op("^@")(high),
        Part.initials.op("^@")(low),
        Part.pinyin.op("^@")(low.replace(" ", "")),
        Part.name.contains(typed, autoescape=True),
        _fits(or_(ProductModel.name.op("^@")(typed), ProductModel.name.op("^@")(high))),
    )


def _fits(model: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(PartModel.part_id == Part.id, ProductModel.id == PartModel.model_id, model)


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


# ------------------------------------------------------------------------------------------------ prices


def in_force(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Whether a price list is the one of ``day`` (R10): its days are half open, a withdrawn one never was."""
    ends = or_(PriceList.to_day.is_(None), PriceList.to_day > day)
    return (PriceList.from_day <= day) & ends & PriceList.withdrawn_at.is_(None)


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
        .where(Price.list_id == list_id, _matches(half_width(text).strip()))
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


# ------------------------------------------------------------------------------------------------ faults


def fault(session: Session, code: str) -> FaultCode:
    """The fault of that code, however it was typed; NotFound."""
    typed = half_width(code).strip()
    found = session.scalars(select(FaultCode).where(FaultCode.code.in_([typed, typed.upper()]))).all()
    if not found:
        raise NotFound
    return next((each for each in found if each.code == typed), found[0])


def find_faults(
    session: Session, text: str, category_id: int | None = None, *, after: str = "", limit: int = 20
) -> list[FaultCode]:
    """Faults whose code begins with ``text`` or whose name holds it; of that category and of all (R15), by code.

    ``after`` is the code after which they start (key pagination).
    """
    typed = half_width(text).strip()
    wanted = select(FaultCode).order_by(FaultCode.code).limit(limit)
    if after:
        wanted = wanted.where(FaultCode.code > after)
    if typed:
        wanted = wanted.where(
            or_(FaultCode.code.op("^@")(typed.upper()), FaultCode.name.contains(typed, autoescape=True))
        )
    if category_id is not None:
        wanted = wanted.where(or_(FaultCode.category_id == category_id, FaultCode.category_id.is_(None)))
    return list(session.scalars(wanted))


# ------------------------------------------------------------------------------------------------ names


def category_ids(session: Session) -> dict[str, int]:
    """Every category's id by its name."""
    return {row.name: row.id for row in session.execute(select(Category.name, Category.id))}


def category_name(session: Session, category_id: int | None) -> str | None:
    """A category's name, or None."""
    return session.scalar(select(Category.name).where(Category.id == category_id))


def model_rows(session: Session) -> dict[str, tuple[int, int | None]]:
    """Every model's (id, category id) by its name."""
    rows = session.execute(select(ProductModel.name, ProductModel.id, ProductModel.category_id))
    return {name: (found, category) for name, found, category in rows}


def part_rows(session: Session) -> dict[str, AnyRow]:
    """Every part's own values by its number in capitals, for a load to weigh against."""
    rows = session.execute(
        select(
            Part.brand_id, Part.id, Part.number, Part.name, Part.spec, Part.part_group, Part.unit, Part.category_id,
            Part.must_return,
        )
    )  # fmt: skip
    return {row.number.upper(): row for row in rows}


def fits(session: Session) -> set[tuple[int, int]]:
    """Every (part id, model id) that is known to fit."""
    return {(part_id, model_id) for part_id, model_id in session.execute(select(PartModel.part_id, PartModel.model_id))}


def fault_rows(session: Session) -> dict[str, tuple[int, str, int | None]]:
    """Every fault's (id, name, category id) by its code in capitals."""
    rows = session.execute(select(FaultCode.code, FaultCode.id, FaultCode.name, FaultCode.category_id))
    return {code.upper(): (found, name, category_id) for code, found, name, category_id in rows}


# ------------------------------------------------------------------------------------------------ uploads


def upload(session: Session, public_id: str) -> Import:
    """An uploaded file, read as it is now; NotFound."""
    found = session.scalar(
        select(Import).where(Import.public_id == public_id).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def upload_for_update(session: Session, public_id: str) -> Import:
    """The same, locked until the transaction ends."""
    found = session.scalar(
        select(Import).where(Import.public_id == public_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def uploads(session: Session, *, before_id: int | None = None, limit: int = 51) -> Sequence[AnyRow]:
    """Uploads, newest first, without their content: ``waiting`` says that one is still between upload and confirm."""
    wanted = (
        select(
            Import.id, Import.public_id, Import.kind, Import.filename, Import.first_day, Import.summary, Import.uploaded_at,
            Import.uploaded_by, Import.done_at, Import.content.is_not(None).label("waiting"),
        )
        .order_by(Import.id.desc())
        .limit(limit)
    )  # fmt: skip
    return session.execute(wanted if before_id is None else wanted.where(Import.id < before_id)).all()


def same_file(session: Session, kind: str, sha256: str, *, done: bool) -> AnyRow | None:
    """The newest upload of the very same bytes: loaded already (``done``), or waiting for somebody: (public_id, uploaded_by, done_at)."""
    state = Import.done_at.is_not(None) if done else Import.done_at.is_(None) & Import.content.is_not(None)
    return session.execute(
        select(Import.public_id, Import.uploaded_by, Import.done_at)
        .where(Import.kind == kind, Import.sha256 == sha256, state)
        .order_by(Import.id.desc())
        .limit(1)
    ).first()
