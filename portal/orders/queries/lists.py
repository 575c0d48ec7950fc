"""Lists of orders and shipments: columns by name, key pagination, no object graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Row, Select, String, and_, cast, func, select, type_coerce
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from portal.catalog import queries as catalog
from portal.catalog.models import Part, Price, PriceList
from portal.core import clock, months
from portal.core.money import yuan
from portal.ledger import queries as ledger
from portal.ledger.rules import missing as missing_funds
from portal.orders.models import Order, OrderLine, OrderState, Quote, QuoteLine, Shipment, ShipmentLine, ShipmentState
from portal.organizations.models import Dealer
from portal.warranty.models import Product

S = OrderState

# The tabs of the list, in the order of the road; those of OPEN carry a count.
TABS: Mapping[str, frozenset[OrderState]] = {
    "all": frozenset(S),
    "draft": frozenset({S.DRAFT}),
    "submitted": frozenset({S.SUBMITTED}),
    "quoted": frozenset({S.QUOTED}),
    "agreed": frozenset({S.AGREED}),
    "debited": frozenset({S.DEBITED}),
    "part-shipped": frozenset({S.PART_SHIPPED}),
    "shipped": frozenset({S.SHIPPED}),
    "received": frozenset({S.RECEIVED}),
    "ended": frozenset({S.REJECTED, S.CANCELLED}),
}
OPEN = (S.DRAFT, S.SUBMITTED, S.QUOTED, S.AGREED, S.DEBITED, S.PART_SHIPPED, S.SHIPPED)
SUMS = frozenset({"lines", "pieces", "short", "damaged"})
COUNTED_MOST = 1000  # shown as 999+


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of the list says. ``month`` is a first day; ``drafts`` False hides unsent ones (HQ)."""

    tab: str = "all"
    dealer: str = ""
    text: str = ""
    month: date | None = None
    drafts: bool = True


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """A row of the list. ``amount`` is the newest quote's total (yuan), None before the first; ``missing`` per R23."""

    id: int
    ref: str
    number: str | None
    state: OrderState
    dealer_id: int
    dealer_code: str
    dealer_name: str
    purposes: tuple[str, ...]
    lines: int
    quote_no: int
    amount: Decimal | None
    submitted_at: datetime | None
    ship_on: date | None
    lapses_on: date | None
    updated_at: datetime
    drafted_by: str
    reason: str | None
    estimate: Decimal | None  # before the first quote: as asked, at the prices of the day of looking
    missing: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many orders stand in each open state (at most 1,000 are counted)."""

    by_state: Mapping[OrderState, int]

    def of(self, tab: str) -> int | None:
        """The count of a tab, None for those that carry none."""
        states = TABS[tab]
        return sum(self.by_state.get(state, 0) for state in states) if states <= set(OPEN) else None


def counts(session: Session) -> Counted:
    """The open states' counts, in one statement; each stops at 1,000."""
    return Counted(dict(zip(OPEN, session.execute(_open_counts()).one(), strict=True)))


@cache  # the same for everybody: built once a process
def _open_counts() -> Select[*tuple[Any, ...]]:
    counted = [
        select(func.count())
        .select_from(select(Order.id).where(Order.state == state).limit(COUNTED_MOST).subquery())
        .scalar_subquery()
        .label(state.value)
        for state in OPEN
    ]
    return select(*counted)


def listed(
    session: Session,
    filters: Filters,
    *,
    zone: ZoneInfo,
    on: date,
    before_id: int | None = None,
    limit: int = 51,
) -> list[ListedOrder]:
    """Orders, newest first, older than ``before_id``; one statement. ``on`` is the day of looking."""
    wanted = _filtered(_every_order(on), filters, zone).order_by(Order.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(Order.id < before_id)
    return [_listed(row) for row in session.execute(wanted)]


@lru_cache(maxsize=16)  # a few days: brands of several zones, and the tests' own
def _every_order(on: date) -> Select[*tuple[Any, ...]]:
    """The list before its filters, with the prices of ``on``; shared, since no statement changes once it is built."""
    price = (
        select(Price.part_id, Price.dealer_price)
        .join(PriceList, PriceList.id == Price.list_id)
        .where(catalog.in_force(on))
        .subquery()
    )
    about = (
        select(
            func.array_agg(aggregate_order_by(cast(OrderLine.purpose, String).distinct(), cast(OrderLine.purpose, String)))
            .label("purposes"),
            func.count().label("lines"),
            func.sum(OrderLine.quantity * type_coerce(price.c.dealer_price, BigInteger)).label("estimate"),
        )
        .outerjoin(price, price.c.part_id == OrderLine.part_id)
        .where(OrderLine.order_id == Order.id)
        .lateral()
    )  # fmt: skip
    account = ledger.prepayment_accounts().subquery()
    return (
        select(
            Order.id, func.coalesce(Order.number, Order.public_id), Order.number, Order.state, Order.dealer_id,
            Dealer.code, Dealer.name, about.c.purposes, about.c.lines, Order.quote_no, Order.total,
            Order.submitted_at, Order.ship_on, Order.lapses_on, Order.updated_at, Order.drafted_by, Order.reason, about.c.estimate,
            account.c.balance, account.c.credit_limit,
        )
        .join(Dealer, Dealer.id == Order.dealer_id)
        .join(about, about.c.lines >= 0)
        .outerjoin(account, and_(account.c.dealer_id == Order.dealer_id, Order.state == S.AGREED))
    )  # fmt: skip


def _filtered(wanted: Select[*tuple[Any, ...]], filters: Filters, zone: ZoneInfo) -> Select[*tuple[Any, ...]]:
    states = TABS.get(filters.tab, TABS["all"])
    if states != TABS["all"]:
        wanted = wanted.where(Order.state.in_(sorted(states)))
    if not filters.drafts:
        wanted = wanted.where(Order.state != S.DRAFT, Order.number.is_not(None))
    if filters.dealer:
        wanted = wanted.where(Dealer.code == filters.dealer)
    if filters.month is not None:
        begin = clock.start_of(filters.month, zone)
        end = clock.start_of(months.add_months(filters.month, 1), zone)
        at = func.coalesce(Order.submitted_at, Order.drafted_at)
        wanted = wanted.where(at >= begin, at < end)
    if filters.text:
        wanted = wanted.where(_says(filters.text))
    return wanted


def _says(text: str) -> ColumnElement[bool]:
    """Number, dealer's name or code, a line's part or product."""
    inside = (
        select(OrderLine.id)
        .join(Part, Part.id == OrderLine.part_id)
        .outerjoin(Product, Product.id == OrderLine.product_id)
        .where(
            OrderLine.order_id == Order.id,
            (Part.number == text.upper()) | Part.name.contains(text, autoescape=True) | (Product.serial == text),
        )
        .exists()
    )
    return (
        Order.number.contains(text.upper(), autoescape=True)
        | Dealer.name.contains(text, autoescape=True)
        | (Dealer.code == text.upper())
        | inside
    )


def _listed(row: Row[*tuple[Any, ...]]) -> ListedOrder:
    *values, balance, credit_limit = _plain(row)
    order = ListedOrder(*values)
    if balance is None or order.amount is None:  # only what is agreed was looked at beside its dealer's account
        return order
    return replace(order, missing=missing_funds(balance, credit_limit, order.amount))


@dataclass(frozen=True, slots=True)
class ToShip:
    """An order that the store has to ship: pieces and lines left, by the day promised."""

    id: int
    number: str
    state: OrderState
    dealer_code: str
    dealer_name: str
    ship_to: str
    ship_on: date
    debited_at: datetime
    total: Decimal
    lines: int
    pieces: int


def shipping_queue(session: Session, *, limit: int = 500) -> list[ToShip]:
    """Debited orders with something left to ship, earliest promise first; one statement."""
    shipped = (
        select(func.coalesce(func.sum(ShipmentLine.quantity), 0))
        .where(ShipmentLine.line_id == QuoteLine.line_id)
        .correlate(QuoteLine)
        .scalar_subquery()
    )
    left = QuoteLine.quantity - shipped
    about = (
        select(func.count().filter(left > 0).label("lines"), func.coalesce(func.sum(left), 0).label("pieces"))
        .join(Quote, Quote.id == QuoteLine.quote_id)
        .where(Quote.order_id == Order.id, Quote.quote_no == Order.quote_no)
        .correlate(Order)
        .lateral()
    )
    wanted: Select[*tuple[Any, ...]] = (
        select(
            Order.id, Order.number, Order.state, Dealer.code, Dealer.name, Order.ship_to, Order.ship_on,
            Order.debited_at, Order.total, about.c.lines, about.c.pieces,
        )
        .join(Dealer, Dealer.id == Order.dealer_id)
        .join(about, about.c.lines >= 0)
        .where(Order.state.in_([S.DEBITED, S.PART_SHIPPED]))
        .order_by(Order.ship_on, Order.id)
        .limit(limit)
    )  # fmt: skip
    return [ToShip(*_plain(row)) for row in session.execute(wanted)]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A parcel on the receiving list."""

    id: int
    number: str
    state: ShipmentState
    order_number: str
    dealer_code: str
    dealer_name: str
    carrier: str
    tracking: str
    shipped_at: datetime
    received_at: datetime | None
    ship_on: date | None
    lines: int
    pieces: int
    short: int
    damaged: int


def incoming(
    session: Session,
    *,
    state: ShipmentState = ShipmentState.IN_TRANSIT,
    before_id: int | None = None,
    limit: int = 51,
) -> list[Incoming]:
    """Parcels of a state, newest first; one statement."""
    about = (
        select(
            func.count().label("lines"),
            func.coalesce(func.sum(ShipmentLine.quantity), 0).label("pieces"),
            func.coalesce(func.sum(ShipmentLine.quantity - ShipmentLine.counted), 0).label("short"),
            func.coalesce(func.sum(ShipmentLine.damaged), 0).label("damaged"),
        )
        .where(ShipmentLine.shipment_id == Shipment.id)
        .lateral()
    )
    wanted: Select[*tuple[Any, ...]] = (
        select(
            Shipment.id, Shipment.number, Shipment.state, Order.number, Dealer.code, Dealer.name,
            Shipment.carrier, Shipment.tracking, Shipment.shipped_at, Shipment.received_at, Order.ship_on,
            about.c.lines, about.c.pieces, about.c.short, about.c.damaged,
        )
        .join(Order, Order.id == Shipment.order_id)
        .join(Dealer, Dealer.id == Shipment.dealer_id)
        .join(about, about.c.lines >= 0)
        .where(Shipment.state == state)
        .order_by(Shipment.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before_id is not None:
        wanted = wanted.where(Shipment.id < before_id)
    return [Incoming(*_plain(row)) for row in session.execute(wanted)]


_READ: dict[str, Callable[[Any], Any]] = {
    "purposes": lambda held: tuple(held or ()),
    "estimate": lambda fen: None if fen is None else yuan(int(fen)),
    **dict.fromkeys(SUMS, int),
}


def _plain(row: Row[*tuple[Any, ...]]) -> list[Any]:
    """A row's values: a sum of bigint comes back as a Decimal and is a whole number, an array as a list."""
    values = list(row)
    for place, read in _readers(row._fields):
        values[place] = read(values[place])
    return values


@lru_cache(maxsize=32)
def _readers(names: tuple[str, ...]) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """Which columns have to be read, and how: the same for every row of a list."""
    return tuple((place, _READ[name]) for place, name in enumerate(names) if name in _READ)
