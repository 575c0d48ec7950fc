"""What can be seen of old parts; row-level security decides who sees which (R1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, func, or_, select, text, true
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.catalog import queries as catalog
from portal.catalog.models import FaultCode, Part, Price, PriceList, ProductModel
from portal.core.errors import NotFound
from portal.core.months import add_months
from portal.core.permissions import Actor
from portal.files import queries as files
from portal.files.models import Photo
from portal.files.queries import Shown
from portal.identity import queries as identity
from portal.old_parts.models import Allocation, OldPart, OldPartState, Review
from portal.old_parts.rules import SLOTS, Held, Taken
from portal.old_parts.workflow import Reviewing
from portal.orders import queries as orders
from portal.orders.models import Layer
from portal.organizations.models import Dealer
from portal.warranty.models import Product

COUNTED_MOST = 1000  # shown as 999+

# The tabs: a state, and for reported ones the review. Those in COUNTED carry a count.
TABS: dict[str, tuple[OldPartState | None, Review | None]] = {
    "registered": (OldPartState.REGISTERED, None),
    "pending": (OldPartState.REPORTED, Review.PENDING),
    "wanted": (OldPartState.REPORTED, Review.WANTED),
    "accepted": (OldPartState.REPORTED, Review.ACCEPTED),
    "refused": (OldPartState.REPORTED, Review.REFUSED),
    "withdrawn": (OldPartState.WITHDRAWN, None),
    "all": (None, None),
}
COUNTED = ("registered", "pending", "wanted")

_CLAIM_OF = text(
    "SELECT coalesce(c.number, c.public_id) AS ref, c.number, l.position, l.state, l.pays_in"
    " FROM claim_lines l JOIN claims c ON c.brand_id = l.brand_id AND c.id = l.claim_id"
    " WHERE l.old_part_id = :old_part_id"
)


# ---------------------------------------------------------------- one old part

NUMBER = re.compile(r"OP\d{4}-\d{4,12}", re.ASCII)


def numbered(number: str) -> str:
    """A number as it is stored; NotFound for what cannot be one, before the database is asked."""
    plain = number.strip().upper()
    if not NUMBER.fullmatch(plain):
        raise NotFound
    return plain


def old_part(session: Session, number: str) -> OldPart:
    """The old part of that number with all that its page shows; NotFound for one of somebody else."""
    found = session.scalar(
        select(OldPart)
        .where(OldPart.number == numbered(number))
        .options(
            joinedload(OldPart.part),
            joinedload(OldPart.product).joinedload(Product.model),
            joinedload(OldPart.fault),
            joinedload(OldPart.dealer),
            selectinload(OldPart.allocations).joinedload(Allocation.layer),
        )
    )
    if found is None:
        raise NotFound
    return found


def several(session: Session, numbers: Sequence[str]) -> list[OldPart]:
    """Old parts by number in the order asked for, each once, with what a label says; those of somebody else are left out."""
    wanted = list(dict.fromkeys(number.upper() for number in numbers if NUMBER.fullmatch(number.upper())))
    found = session.scalars(
        select(OldPart)
        .where(OldPart.number.in_(wanted))
        .options(
            joinedload(OldPart.part),
            joinedload(OldPart.product).joinedload(Product.model),
            joinedload(OldPart.fault),
            joinedload(OldPart.dealer),
        )
    )
    by_number = {old_part.number: old_part for old_part in found}
    return [by_number[number] for number in wanted if number in by_number]


def out_price(session: Session, old_part: OldPart) -> Decimal | None:
    """The out-of-warranty price 保外价 of one piece on the list in force on the day of replacement, yuan; None without one."""
    price = catalog.price_on(session, old_part.part_id, old_part.replaced_on)
    return None if price is None else price.out_price


def dealers(session: Session) -> list[tuple[str, str]]:
    """Code and name of the dealers this side sees, for the list's filter."""
    return [(row.code, f"{row.code} {row.name}") for row in session.execute(select(Dealer.code, Dealer.name).order_by(Dealer.code))]


def lock(session: Session, number: str) -> OldPart:
    """The old part, locked and read anew; NotFound.

    Two statements on purpose: what the first waited for (a claim line, a photo of somebody else) is only seen by a
    statement that begins after it. Whoever puts an old part on a claim locks it here first.
    """
    locked = session.scalar(select(OldPart.id).where(OldPart.number == numbered(number)).with_for_update())
    if locked is None:
        raise NotFound
    return session.scalars(
        select(OldPart).where(OldPart.id == locked).execution_options(populate_existing=True)
    ).one()


def lock_many(session: Session, numbers: Sequence[str]) -> list[OldPart]:
    """Several, locked in the order of their ids (so that two reviewers cannot lock each other out); NotFound if one is missing."""
    wanted = {numbered(number) for number in numbers}
    ids = session.scalars(
        select(OldPart.id).where(OldPart.number.in_(wanted)).order_by(OldPart.id).with_for_update()
    ).all()
    if len(ids) != len(wanted):
        raise NotFound
    fresh = select(OldPart).where(OldPart.id.in_(ids)).order_by(OldPart.id).execution_options(populate_existing=True)
    return list(session.scalars(fresh))


def reviewing(session: Session, actor: Actor, old_part: OldPart) -> Reviewing:
    """The old part as its review workflow asks for it."""
    serves = actor.side == "hq" and identity.serves(session, actor.login_id, old_part.dealer_id)
    return Reviewing(old_part, serves=serves)


def taken(old_part: OldPart) -> list[Taken]:
    """Its allocations as plain values."""
    return [Taken(part.layer_id, part.pieces, part.price, part.returned) for part in old_part.allocations]


def photos(session: Session, old_part: OldPart) -> list[Shown]:
    """Its photos in the order in which they are to be taken, then as they came."""
    order = {slot: place for place, slot in enumerate(SLOTS)}
    shown = files.photos_of(session, "old-part", [old_part.id])[old_part.id]
    return sorted(shown, key=lambda photo: order.get(photo.slot, len(SLOTS)))


@dataclass(frozen=True, slots=True)
class OnClaim:
    """The claim line that rests on an old part (R33). ``ref`` is the claim's number, or its public id as a draft."""

    ref: str
    number: str | None
    position: int
    state: str
    pays_in: date | None


def on_claim(session: Session, old_part: OldPart) -> OnClaim | None:
    """Which claim line rests on it. Claims stand above this package, so the tables are named, not imported."""
    row = session.execute(_CLAIM_OF, {"old_part_id": old_part.id}).one_or_none()
    return None if row is None else OnClaim(*row)


# ---------------------------------------------------------------- what a dealer can take from


def layers_for_update(session: Session, dealer_id: int, part_id: int) -> list[Layer]:
    """The dealer's layers of a part with pieces left, oldest first, locked."""
    return list(
        session.scalars(
            select(Layer)
            .where(Layer.dealer_id == dealer_id, Layer.part_id == part_id, Layer.received > Layer.used)
            .order_by(Layer.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def layers_of(session: Session, old_part: OldPart) -> dict[int, Layer]:
    """The layers it took from, locked in order, by id."""
    ids = [part.layer_id for part in old_part.allocations]
    found = session.scalars(
        select(Layer)
        .where(Layer.id.in_(ids))
        .order_by(Layer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {layer.id: layer for layer in found}


def as_held(layers: Sequence[Layer]) -> list[Held]:
    """Layers as plain values; one without a day of receipt has no pieces to take."""
    return [
        Held(layer.id, layer.received - layer.used, layer.price, layer.first_received_on)
        for layer in layers
        if layer.first_received_on is not None
    ]


def registered_pieces() -> Subquery:
    """Pieces registered per product and part, for what orders shows as 待登记 (R36)."""
    return (
        select(OldPart.product_id, OldPart.part_id, func.sum(OldPart.quantity).label("pieces"))
        .where(OldPart.state != OldPartState.WITHDRAWN)
        .group_by(OldPart.product_id, OldPart.part_id)
        .subquery()
    )


def awaiting_registration(session: Session, *, limit: int = 500) -> list[orders.Awaiting]:
    """R36: received ``warranty`` lines whose old part is not registered yet, oldest first; no deadline runs for them."""
    return orders.awaiting_registration(session, registered=registered_pieces(), limit=limit)


@dataclass(frozen=True, slots=True)
class Claimable:
    """A reported old part that no claim line rests on yet (R33). ``amount`` in yuan."""

    id: int
    number: str
    replaced_on: date
    part_number: str
    part_name: str
    serial: str
    quantity: int
    amount: Decimal
    review: Review
    reported_late: bool
    verdict: str


def claimable(session: Session, dealer_id: int, month: date) -> list[Claimable]:
    """What a dealer can put on a form of that service month (its first day), by day of replacement."""
    rows = session.execute(
        select(
            OldPart.id, OldPart.number, OldPart.replaced_on, Part.number, Part.name, Product.serial, OldPart.quantity,
            OldPart.amount, OldPart.review, OldPart.reported_late, OldPart.verdict,
        )
        .join(Part, _same(Part, OldPart.part_id))
        .join(Product, _same(Product, OldPart.product_id))
        .where(
            OldPart.dealer_id == dealer_id,
            OldPart.state == OldPartState.REPORTED,
            OldPart.review != Review.REFUSED,
            OldPart.replaced_on >= month,
            OldPart.replaced_on < add_months(month, 1),
            OldPart.claim_line.is_(None),
        )
        .order_by(OldPart.replaced_on, OldPart.id)
    )  # fmt: skip
    return [Claimable(*row) for row in rows]


# ---------------------------------------------------------------- lists


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of the list says."""

    tab: str = "registered"
    dealer: str = ""
    text: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the list. ``amount`` and ``out_price`` (per piece, of the list in force on the day of replacement) in yuan."""

    id: int
    number: str
    state: OldPartState
    review: Review
    dealer_id: int
    dealer_code: str
    dealer_name: str
    part_number: str
    part_name: str
    serial: str
    model: str
    fault_code: str
    fault_name: str
    cause: str
    quantity: int
    amount: Decimal
    replaced_on: date
    report_by: date
    reported_at: datetime | None
    reported_late: bool
    must_return: bool
    review_reason: str | None
    answer: str | None
    verdict: str
    photo_count: int
    claim_line: str | None
    out_price: Decimal | None
    photo: str | None


def counts(session: Session) -> dict[str, int]:
    """How many stand in each open tab, in one statement; each stops at 1,000."""
    counted = [
        select(func.count())
        .select_from(select(OldPart.id).where(*_of_tab(tab)).limit(COUNTED_MOST).subquery())
        .scalar_subquery()
        .label(tab)
        for tab in COUNTED
    ]
    return dict(zip(COUNTED, session.execute(select(*counted)).one(), strict=True))


def listed(
    session: Session, filters: Filters, *, before_id: int | None = None, after_id: int | None = None, limit: int = 51
) -> list[Listed]:
    """Old parts, newest first, older than ``before_id`` or newer than ``after_id``; one statement."""
    out_price = (
        select(Price.out_price)
        .join(PriceList, _same(PriceList, Price.list_id))
        .where(
            Price.brand_id == OldPart.brand_id,
            Price.part_id == OldPart.part_id,
            PriceList.withdrawn_at.is_(None),
            PriceList.from_day <= OldPart.replaced_on,
            or_(PriceList.to_day.is_(None), PriceList.to_day > OldPart.replaced_on),
        )
        .correlate(OldPart)
        .scalar_subquery()
    )
    first_photo = (
        select(Photo.public_id)
        .where(Photo.brand_id == OldPart.brand_id, Photo.subject_kind == "old-part", Photo.subject_id == OldPart.id)
        .order_by(case((Photo.slot == "old-part", 0), else_=1), Photo.id)
        .limit(1)
        .correlate(OldPart)
        .scalar_subquery()
    )
    wanted = _filtered(
        select(
            OldPart.id, OldPart.number, OldPart.state, OldPart.review, OldPart.dealer_id, Dealer.code, Dealer.name,
            Part.number, Part.name, Product.serial, ProductModel.name, FaultCode.code, FaultCode.name, OldPart.cause,
            OldPart.quantity, OldPart.amount, OldPart.replaced_on, OldPart.report_by, OldPart.reported_at,
            OldPart.reported_late, OldPart.must_return, OldPart.review_reason, OldPart.answer, OldPart.verdict,
            OldPart.photo_count, OldPart.claim_line, out_price, first_photo,
        )
        .join(Dealer, _same(Dealer, OldPart.dealer_id))
        .join(Part, _same(Part, OldPart.part_id))
        .join(Product, _same(Product, OldPart.product_id))
        .join(ProductModel, (ProductModel.brand_id == Product.brand_id) & (ProductModel.id == Product.model_id))
        .join(FaultCode, _same(FaultCode, OldPart.fault_id)),
        filters,
    )  # fmt: skip
    if after_id is not None:
        wanted = wanted.where(OldPart.id > after_id).order_by(OldPart.id)
    else:
        wanted = wanted.where(true() if before_id is None else OldPart.id < before_id).order_by(OldPart.id.desc())
    rows = [Listed(*row) for row in session.execute(wanted.limit(limit))]
    return rows if after_id is None else rows[::-1]


def next_to_review(session: Session, *, after_id: int = 0) -> str | None:
    """The number of the oldest reported part that waits for a review, after that id."""
    return session.scalar(
        select(OldPart.number).where(*_of_tab("pending"), OldPart.id > after_id).order_by(OldPart.id).limit(1)
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """Counts and money for the work queues: how many, what they are worth (yuan), since when, and the nearest deadline."""

    count: int
    amount: Decimal
    oldest_at: datetime | None
    soonest: date | None


def waiting(session: Session, tab: str) -> Waiting:
    """What stands in one tab, as home shows it; one statement."""
    row = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(OldPart.amount, type_=OldPart.amount.type), 0),
            func.min(func.coalesce(OldPart.reported_at, OldPart.registered_at)),
            func.min(OldPart.report_by),
        ).where(*_of_tab(tab))
    ).one()
    return Waiting(*row)


def due_within(session: Session, today: date, days: int) -> list[Listed]:
    """Registered parts whose last day to report is at most ``days`` away (or over), most urgent first."""
    rows = listed(session, Filters(tab="registered"), limit=COUNTED_MOST)
    near = [row for row in rows if row.report_by <= today + timedelta(days=days)]
    return sorted(near, key=lambda row: (row.report_by, row.id))


def _of_tab(tab: str) -> list[ColumnElement[bool]]:
    state, review = TABS.get(tab, (None, None))
    clauses: list[ColumnElement[bool]] = []
    if state is not None:
        clauses.append(OldPart.state == state)
    if review is not None:
        clauses.append(OldPart.review == review)
    return clauses


def _filtered(wanted: Select[*tuple[Any, ...]], filters: Filters) -> Select[*tuple[Any, ...]]:
    wanted = wanted.where(*_of_tab(filters.tab))
    if filters.dealer:
        wanted = wanted.where(Dealer.code == filters.dealer)
    if filters.late:
        wanted = wanted.where(OldPart.reported_late)
    if typed := filters.text.strip():
        wanted = wanted.where(
            OldPart.number.contains(typed.upper(), autoescape=True)
            | (Part.number == typed.upper())
            | Part.name.contains(typed, autoescape=True)
            | (Product.serial == typed)
            | Dealer.name.contains(typed, autoescape=True)
        )
    return wanted


def _same(table: type[Part | Product | Dealer | FaultCode | PriceList], column: ColumnElement[int] | object) -> ColumnElement[bool]:
    """The row of that table that a column of an old part (or price) names, inside its brand."""
    owner = Price if table is PriceList else OldPart
    return (table.brand_id == owner.brand_id) & (table.id == column)
