"""The dealer's own parts: layers, holdings, and what still wants a registration (R26, R36)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, ColumnElement, Date, FromClause, Integer, case, func, literal, select, type_coerce
from sqlalchemy.orm import Session, joinedload

from portal.catalog.models import Part
from portal.core.money import yuan
from portal.orders.models import Layer, OrderLine, Purpose
from portal.organizations.models import Dealer
from portal.warranty.models import Product


def layers(session: Session, dealer_id: int, part_id: int | None = None) -> list[Layer]:
    """The dealer's layers, oldest first, with their parts."""
    wanted = select(Layer).where(Layer.dealer_id == dealer_id).options(joinedload(Layer.part)).order_by(Layer.id)
    return list(session.scalars(wanted if part_id is None else wanted.where(Layer.part_id == part_id)))


def own_products(session: Session, dealer_id: int, serials: Collection[str]) -> dict[str, Product]:
    """The dealer's own products among ``serials``: it serves its own only (domain.md section 13)."""
    if not serials:
        return {}
    own = select(Product).where(Product.dealer_id == dealer_id, Product.serial.in_(sorted(serials)))
    return {product.serial: product for product in session.scalars(own.options(joinedload(Product.model)))}


def layers_for_update(session: Session, line_ids: Collection[int]) -> list[Layer]:
    """The layers of these order lines, locked in one order and read as they are now."""
    wanted = select(Layer).where(Layer.line_id.in_(sorted(line_ids))).order_by(Layer.id)
    return list(session.scalars(wanted.with_for_update().execution_options(populate_existing=True)))


@dataclass(frozen=True, slots=True)
class HeldPart:
    """What a dealer has of one part: ``usable`` = received − used, ``coming`` = bought − received; ``worth`` in yuan."""

    part_id: int
    number: str
    name: str
    spec: str
    unit: str
    bought: int
    received: int
    used: int
    worth: Decimal
    oldest_on: date | None

    @property
    def usable(self) -> int:
        """Pieces that can be fitted now."""
        return self.received - self.used

    @property
    def coming(self) -> int:
        """Pieces bought and not received: in transit, short or damaged."""
        return self.bought - self.received


def held_parts(session: Session, dealer_id: int, *, text: str = "", after: str = "", limit: int = 51) -> list[HeldPart]:
    """The dealer's parts by number, after the number ``after`` (key pagination)."""
    usable = Layer.received - Layer.used
    fen = func.sum(usable * type_coerce(Layer.price, BigInteger))
    wanted = (
        select(
            Part.id, Part.number, Part.name, Part.spec, Part.unit,
            func.sum(Layer.bought), func.sum(Layer.received), func.sum(Layer.used), fen,
            func.min(case((usable > 0, Layer.first_received_on))).cast(Date),
        )
        .join(Part, Part.id == Layer.part_id)
        .where(Layer.dealer_id == dealer_id)
        .group_by(Part.id, Part.number, Part.name, Part.spec, Part.unit)
        .order_by(Part.number)
        .limit(limit)
    )  # fmt: skip
    if after:
        wanted = wanted.where(Part.number > after)
    if text:
        wanted = wanted.where(
            Part.number.icontains(text, autoescape=True)
            | Part.name.icontains(text, autoescape=True)
            | Part.initials.istartswith(text, autoescape=True)
        )
    return [
        HeldPart(part_id, number, name, spec, unit, int(bought), int(received), int(used), yuan(int(worth)), oldest)
        for part_id, number, name, spec, unit, bought, received, used, worth, oldest in session.execute(wanted)
    ]


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A received ``warranty`` line whose old part is not registered yet 待登记 (no deadline runs for it)."""

    dealer_id: int
    dealer_code: str
    dealer_name: str
    order_number: str
    position: int
    part_id: int
    part_number: str
    part_name: str
    product_id: int
    serial: str
    pieces: int
    received_on: date


def awaiting_registration(
    session: Session,
    *,
    registered: FromClause | None = None,
    dealer_id: int | None = None,
    limit: int = 500,
) -> list[Awaiting]:
    """R36: received ``warranty`` lines without a registration, oldest first.

    Registrations live in a higher package: it gives them as a subquery with the columns product_id, part_id and
    pieces (one row for each pair), and they are set off against the oldest lines first. A dealer's session sees
    its own only.
    """
    each = (
        select(
            Layer.id, Layer.dealer_id, Layer.order_number, OrderLine.position, Layer.part_id, OrderLine.product_id,
            Layer.received, Layer.first_received_on,
            func.sum(Layer.received)
            .over(partition_by=(OrderLine.product_id, Layer.part_id), order_by=Layer.id)
            .label("so_far"),
        )
        .join(OrderLine, OrderLine.id == Layer.line_id)
        .where(OrderLine.purpose == Purpose.WARRANTY, Layer.received > 0)
    )  # fmt: skip
    if dealer_id is not None:
        each = each.where(Layer.dealer_id == dealer_id)
    line = each.subquery()
    done: ColumnElement[int] = literal(0)
    source: FromClause = line
    if registered is not None:
        same = (registered.c.product_id == line.c.product_id) & (registered.c.part_id == line.c.part_id)
        source, done = line.outerjoin(registered, same), func.coalesce(registered.c.pieces, 0)
    pieces = func.least(line.c.received, line.c.so_far - done).cast(Integer)
    wanted = (
        select(
            line.c.dealer_id, Dealer.code, Dealer.name, line.c.order_number, line.c.position, line.c.part_id,
            Part.number, Part.name, Product.id, Product.serial, pieces, line.c.first_received_on,
        )
        .select_from(source)
        .join(Product, Product.id == line.c.product_id)
        .join(Part, Part.id == line.c.part_id)
        .join(Dealer, Dealer.id == line.c.dealer_id)
        .where(pieces > 0)
        .order_by(line.c.id)
        .limit(limit)
    )  # fmt: skip
    return [Awaiting(*row) for row in session.execute(wanted)]
