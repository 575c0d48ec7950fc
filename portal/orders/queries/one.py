"""One order, one shipment, one dealer's standing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.catalog import queries as catalog
from portal.catalog.models import PriceList
from portal.core.audit import AuditEvent
from portal.core.errors import NotFound
from portal.core.money import ZERO
from portal.ledger import queries as ledger
from portal.orders.models import Order, OrderLine, OrderState, Quote, QuoteLine, Shipment, ShipmentLine
from portal.orders.rules import Standing
from portal.organizations.models import Brand, Dealer
from portal.warranty.models import Product

NUMBER = re.compile(r"PO\d{4}-\d{4,}")


def _named(ref: str) -> Select[Order]:
    named = Order.number == ref.upper() if NUMBER.fullmatch(ref.upper()) else Order.public_id == ref
    return select(Order).where(named)


# Built once: the road of every step begins with one of them.
_BY_NUMBER, _BY_ID = (
    select(Order).where(named == bindparam("ref")).with_for_update().execution_options(populate_existing=True)
    for named in (Order.number, Order.public_id)
)


def order(session: Session, ref: str) -> Order:
    """The order of that number (or public id, for a draft) with everything its page shows. Raises NotFound."""
    found = session.scalar(
        _named(ref).options(
            joinedload(Order.dealer),
            selectinload(Order.lines).options(
                joinedload(OrderLine.part), joinedload(OrderLine.product).joinedload(Product.model)
            ),
            selectinload(Order.quotes).selectinload(Quote.lines).joinedload(QuoteLine.part),
            selectinload(Order.shipments).selectinload(Shipment.lines).joinedload(ShipmentLine.part),
        )
    )
    if found is None:
        raise NotFound
    return found


def order_for_update(session: Session, ref: str) -> Order:
    """The order, locked until the transaction ends and read as it is now. Raises NotFound."""
    by_number = NUMBER.fullmatch(ref.upper())
    found = session.scalar(_BY_NUMBER, {"ref": ref.upper()}) if by_number else session.scalar(_BY_ID, {"ref": ref})
    if found is None:
        raise NotFound
    return found


def newest_quote(session: Session, found: Order) -> Quote:
    """The version both sides speak about, with its lines."""
    quote = session.scalar(
        select(Quote)
        .where(Quote.order_id == found.id, Quote.quote_no == found.quote_no)
        .options(selectinload(Quote.lines).joinedload(QuoteLine.part))
        .execution_options(populate_existing=True)
    )
    if quote is None:
        raise NotFound
    return quote


@dataclass(frozen=True, slots=True)
class Owed:
    """What the newest version of an order takes from its dealer's account, and how that stands; yuan."""

    quote_id: int
    goods: Decimal
    freight: Decimal
    total: Decimal
    balance: Decimal
    credit_limit: Decimal


_ACCOUNT = ledger.prepayment_accounts().subquery()
_OWED = (
    select(Quote.id, Quote.goods, Quote.freight, Quote.total, _ACCOUNT.c.balance, _ACCOUNT.c.credit_limit)
    .join(_ACCOUNT, _ACCOUNT.c.dealer_id == Quote.dealer_id)
    .where(
        Quote.order_id == bindparam("order"),
        Quote.quote_no == bindparam("version"),
        _ACCOUNT.c.dealer_id == bindparam("dealer"),
    )
)


def owed(session: Session, found: Order) -> Owed:
    """The newest version's amounts beside the dealer's account, in one statement. Raises NotFound for lack of either."""
    asked = {"order": found.id, "version": found.quote_no, "dealer": found.dealer_id}
    row = session.execute(_OWED, asked).one_or_none()
    if row is None:
        raise NotFound
    return Owed(*row)


def left_to_ship(session: Session, found: Order) -> dict[int, int]:
    """Confirmed pieces not yet shipped, by line position (lines with nothing left stand with 0)."""
    shipped = (
        select(ShipmentLine.line_id, func.sum(ShipmentLine.quantity).label("pieces"))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(Shipment.order_id == found.id)
        .group_by(ShipmentLine.line_id)
        .subquery()
    )
    rows = session.execute(
        select(QuoteLine.position, QuoteLine.quantity - func.coalesce(shipped.c.pieces, 0))
        .join(Quote, Quote.id == QuoteLine.quote_id)
        .outerjoin(shipped, shipped.c.line_id == QuoteLine.line_id)
        .where(Quote.order_id == found.id, Quote.quote_no == found.quote_no)
        .order_by(QuoteLine.position)
    )
    return {position: int(left) for position, left in rows}


def shipment(session: Session, number: str) -> Shipment:
    """The shipment of that number with its lines and order. Raises NotFound."""
    found = session.scalar(
        select(Shipment)
        .where(Shipment.number == number.upper())
        .options(
            joinedload(Shipment.order).joinedload(Order.dealer),
            selectinload(Shipment.lines).joinedload(ShipmentLine.part),
        )
    )
    if found is None:
        raise NotFound
    return found


def shipment_for_update(session: Session, number: str) -> tuple[Order, Shipment]:
    """The shipment and its order, both locked, the order first (always in that order). Raises NotFound."""
    of_order = session.scalar(select(Shipment.order_id).where(Shipment.number == number.upper()))
    if of_order is None:
        raise NotFound
    fresh = {"populate_existing": True}
    locked = session.scalars(
        select(Order).where(Order.id == of_order).with_for_update().execution_options(**fresh)
    ).one()
    found = session.scalars(
        select(Shipment).where(Shipment.number == number.upper()).with_for_update().execution_options(**fresh)
    ).one()
    return locked, found


def standing(session: Session, dealer_id: int) -> Standing:
    """R67: balance, what is agreed and undebited, and the credit limit beside it, yuan."""
    account = ledger.prepayment(session, dealer_id)
    reserved = session.scalar(
        select(func.sum(Order.total)).where(Order.dealer_id == dealer_id, Order.state == OrderState.AGREED)
    )
    return Standing(balance=account.balance, reserved=reserved or ZERO, credit_limit=account.credit_limit)


def own_dealer(session: Session, dealer_id: int) -> Dealer:
    """The dealer whose order it is, for its address. Raises NotFound."""
    found = session.scalar(select(Dealer).where(Dealer.id == dealer_id))
    if found is None:
        raise NotFound
    return found


def todays_prices(session: Session, found: Order, on: date) -> dict[int, Decimal]:
    """The dealer prices of the order's parts on the list in force on ``on``, by part; yuan."""
    prices = catalog.prices_on(session, sorted({line.part_id for line in found.lines}), on)
    return {part_id: price.dealer_price for part_id, price in prices.items()}


@dataclass(frozen=True, slots=True)
class Signature:
    """Who took a step, in which roles, and the journal it made, if any."""

    name: str
    roles: str
    journal: str


def signatures(session: Session, found: Order) -> dict[str, Signature]:
    """The newest quoting, agreeing and debiting of the order, for the paper; from the audit trail."""
    rows = session.execute(
        select(AuditEvent.act, AuditEvent.actor_name, AuditEvent.actor_roles, AuditEvent.facts["journal"].astext)
        .where(
            AuditEvent.subject_kind == "order",
            AuditEvent.subject_id == found.id,
            AuditEvent.act.in_(["order:quote", "order:agree", "order:debit"]),
        )
        .order_by(AuditEvent.id)
    )
    return {act: Signature(name, roles, journal or "") for act, name, roles, journal in rows}


def brand(session: Session) -> Brand:
    """The session's brand, for the head of the paper."""
    return session.scalars(select(Brand)).one()


def price_list(session: Session, version: str) -> PriceList | None:
    """The price list of a version, for its first day of force."""
    return session.scalar(select(PriceList).where(PriceList.version == version).order_by(PriceList.id.desc()).limit(1))
