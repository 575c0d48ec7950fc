"""A dealer's own home: what is to be done one by one, its newest documents, the parts it usually orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Row,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from portal.catalog.models import Part, Price, PriceList
from portal.catalog.queries import in_force
from portal.claims.models import Claim, ClaimLine, LineState
from portal.core.money import yuan
from portal.fees.models import FeeSchedule, FeeState
from portal.old_parts.models import OldPart, OldPartState, Review
from portal.orders.models import Order, OrderLine, OrderState, Shipment, ShipmentState
from portal.settlement.models import Statement
from portal.settlement.queries.statements import stands
from portal.settlement.rules import Reply

EACH = 5  # of each kind so many are shown one by one; the rest is a number
RECENT = 8


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. ``all`` is how many of its kind there are; ``amount`` in yuan.

    ``due`` is the last day to do it; of a claim line or of old parts on no claim the (oldest) service day; of fees
    the first day of force.
    """

    kind: str
    ref: str
    what: str
    about: str
    amount: Decimal | None
    since: datetime | None
    due: date | None
    all: int


@dataclass(frozen=True, slots=True)
class Recent:
    """A document that changed lately; ``what`` and ``more`` are its contents, ``second`` a second state (an old part's review)."""

    kind: str
    ref: str
    number: str | None
    state: str
    second: str
    what: str
    more: int
    amount: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Usual:
    """A part that this dealer orders often, with its price today (yuan) and how many it usually takes."""

    number: str
    name: str
    spec: str
    unit: str
    price: Decimal
    pieces: int


def tasks(session: Session, *, today: date) -> list[Task]:
    """What this dealer may have to do, the nearest of each kind first, at most :data:`EACH` of each. One statement."""
    wanted_line = (
        _task(
            "wanted-line",
            Claim.number,
            Part.name,
            cast(ClaimLine.position, Text),
            ClaimLine.claimed,
            ClaimLine.decided_at,
            ClaimLine.service_day,
            ClaimLine.id,
        )
        .select_from(ClaimLine)
        .join(Claim, and_(Claim.brand_id == ClaimLine.brand_id, Claim.id == ClaimLine.claim_id))
        .join(OldPart, and_(OldPart.brand_id == ClaimLine.brand_id, OldPart.id == ClaimLine.old_part_id))
        .join(Part, and_(Part.brand_id == OldPart.brand_id, Part.id == OldPart.part_id))
        .where(ClaimLine.state == LineState.WANTED)
    )
    of_part = and_(Part.brand_id == OldPart.brand_id, Part.id == OldPart.part_id)
    wanted_old_part = (
        _task(
            "wanted-old-part",
            OldPart.number,
            Part.name,
            OldPart.review_reason,
            OldPart.amount,
            OldPart.reviewed_at,
            None,
            OldPart.id,
        )
        .select_from(OldPart)
        .join(Part, of_part)
        .where(OldPart.state == OldPartState.REPORTED, OldPart.review == Review.WANTED)
    )
    report = (
        _task(
            "report",
            OldPart.number,
            Part.name,
            OldPart.registered_by,
            OldPart.amount,
            OldPart.registered_at,
            OldPart.report_by,
            OldPart.report_by,
        )
        .select_from(OldPart)
        .join(Part, of_part)
        .where(OldPart.state == OldPartState.REGISTERED)
    )
    agree = (
        _task(
            "agree",
            Order.number,
            cast(Order.quote_no, Text),
            cast(Order.ship_on, Text),
            Order.total,
            Order.updated_at,
            Order.lapses_on,
            Order.lapses_on,
        )
        .select_from(Order)
        .where(Order.state == OrderState.QUOTED)
    )
    receive = (
        _task(
            "receive",
            Shipment.number,
            Order.number,
            Shipment.carrier + " " + Shipment.tracking,
            None,
            Shipment.shipped_at,
            None,
            Shipment.id,
        )
        .select_from(Shipment)
        .join(Order, and_(Order.brand_id == Shipment.brand_id, Order.id == Shipment.order_id))
        .where(Shipment.state == ShipmentState.IN_TRANSIT)
    )
    order_back = (
        _task(
            "order-back",
            Order.number,
            func.coalesce(Order.reason, ""),
            literal(""),
            None,
            Order.updated_at,
            None,
            Order.id,
        )
        .select_from(Order)
        .where(Order.state == OrderState.DRAFT, Order.number.is_not(None))
    )
    fee = (
        _task(
            "fee-draft", func.coalesce(FeeSchedule.number, FeeSchedule.public_id), FeeSchedule.region,
            func.coalesce(FeeSchedule.decision_reason, ""), None, func.coalesce(FeeSchedule.decided_at, FeeSchedule.drafted_at),
            FeeSchedule.from_day, FeeSchedule.from_day,
        )
        .select_from(FeeSchedule)
        .where(FeeSchedule.state == FeeState.DRAFT)
    )  # fmt: skip
    rows = session.execute(
        union_all(
            wanted_line, wanted_old_part, report, agree, receive, order_back, fee, _statements(today), _claimable()
        )
    )
    return [Task(*_in_yuan(row, 4)) for row in rows]


def _statements(today: date) -> Any:
    """Statements that the dealer can still confirm or dispute, the nearest last day first (R53)."""
    last_day = func.coalesce(Statement.again_by, Statement.confirm_by)
    return (
        _task(
            "statement", Statement.number, func.to_char(Statement.month, "YYYY-MM"), None, Statement.closing, Statement.posted_at,
            last_day, last_day,
        )
        .select_from(Statement)
        .where(Statement.number.is_not(None), *stands(Reply.WAITING, today))
    )  # fmt: skip


def _task(kind: str, ref: Any, what: Any, about: Any, amount: Any, since: Any, due: Any, order: Any) -> Any:
    """The eight columns of a task, each of the same type in every SELECT."""
    return (
        select(
            cast(literal(kind), Text),
            cast(ref, Text),
            cast(what, Text),
            cast(func.coalesce(about, ""), Text),
            cast(null() if amount is None else type_coerce(amount, BigInteger), BigInteger),
            cast(since, DateTime(timezone=True)),
            cast(null() if due is None else due, Date),
            func.count().over(),
        )
        .order_by(order)
        .limit(EACH)
    )


def _claimable() -> Any:
    """Reported old parts that no claim line rests on yet, by service month: the number of them stands in ``all``."""
    taken = (
        select(ClaimLine.id).where(ClaimLine.brand_id == OldPart.brand_id, ClaimLine.old_part_id == OldPart.id).exists()
    )
    month = func.to_char(OldPart.replaced_on, "YYYY-MM")
    return (
        select(
            cast(literal("claim"), Text), month, literal(""), literal(""),
            cast(func.sum(type_coerce(OldPart.amount, BigInteger)), BigInteger),
            cast(func.min(OldPart.reported_at), DateTime(timezone=True)), cast(func.min(OldPart.replaced_on), Date), func.count(),
        )
        .where(OldPart.state == OldPartState.REPORTED, OldPart.review != Review.REFUSED, ~taken)
        .group_by(month)
        .order_by(month)
        .limit(EACH)
    )  # fmt: skip


def recent(session: Session) -> list[Recent]:
    """The documents of this place that changed last: orders, claims, old parts. One statement."""
    lines = (
        select(func.min(Part.name).label("name"), func.count().label("n"))
        .select_from(OrderLine)
        .join(Part, and_(Part.brand_id == OrderLine.brand_id, Part.id == OrderLine.part_id))
        .where(OrderLine.brand_id == Order.brand_id, OrderLine.order_id == Order.id)
        .lateral()
    )
    orders = (
        _recent(
            "order", func.coalesce(Order.number, Order.public_id), Order.number, Order.state, literal(""),
            func.coalesce(lines.c.name, ""), lines.c.n, Order.total, Order.updated_at,
        )
        .select_from(Order)
        .join(lines, literal(True))
    )  # fmt: skip
    sums = (
        select(
            func.count().label("n"),
            func.sum(type_coerce(func.coalesce(ClaimLine.approved, ClaimLine.claimed), BigInteger)).label("fen"),
        )
        .where(ClaimLine.brand_id == Claim.brand_id, ClaimLine.claim_id == Claim.id)
        .lateral()
    )
    claims = (
        _recent(
            "claim", func.coalesce(Claim.number, Claim.public_id), Claim.number, Claim.state, literal(""),
            func.to_char(Claim.month, "YYYY-MM"), sums.c.n, sums.c.fen, Claim.updated_at,
        )
        .select_from(Claim)
        .join(sums, literal(True))
    )  # fmt: skip
    changed = func.greatest(OldPart.registered_at, OldPart.reported_at, OldPart.reviewed_at)
    old_parts = (
        _recent(
            "old-part",
            OldPart.number,
            OldPart.number,
            OldPart.state,
            cast(OldPart.review, Text),
            Part.name,
            literal(0),
            OldPart.amount,
            changed,
        )
        .select_from(OldPart)
        .join(Part, and_(Part.brand_id == OldPart.brand_id, Part.id == OldPart.part_id))
    )
    every = union_all(orders, claims, old_parts).subquery()
    rows = session.execute(select(every).order_by(every.c.at.desc()).limit(RECENT))
    return [Recent(*_in_yuan(row, 7)) for row in rows]


def _recent(
    kind: str, ref: Any, number: Any, state: Any, second: Any, what: Any, more: Any, amount: Any, at: Any
) -> Any:
    return (
        select(
            cast(literal(kind), Text).label("kind"), cast(ref, Text).label("ref"), cast(number, Text).label("number"),
            cast(state, Text).label("state"), cast(second, Text).label("second"), cast(what, Text).label("what"),
            cast(more, BigInteger).label("more"), cast(type_coerce(amount, BigInteger), BigInteger).label("amount"),
            cast(at, DateTime(timezone=True)).label("at"),
        )
        .order_by(at.desc())
        .limit(RECENT)
    )  # fmt: skip


def usual_parts(session: Session, *, since: datetime, today: date, limit: int = 4) -> list[Usual]:
    """What this dealer ordered most often since then and can order today, with the usual quantity. One statement."""
    middle = func.percentile_disc(0.5).within_group(OrderLine.quantity)
    rows = session.execute(
        select(Part.number, Part.name, Part.spec, Part.unit, Price.dealer_price, cast(middle, BigInteger))
        .select_from(OrderLine)
        .join(Order, and_(Order.brand_id == OrderLine.brand_id, Order.id == OrderLine.order_id))
        .join(Part, and_(Part.brand_id == OrderLine.brand_id, Part.id == OrderLine.part_id))
        .join(Price, and_(Price.brand_id == Part.brand_id, Price.part_id == Part.id))
        .join(PriceList, and_(PriceList.brand_id == Price.brand_id, PriceList.id == Price.list_id))
        .where(Order.submitted_at >= since, in_force(today))
        .group_by(Part.number, Part.name, Part.spec, Part.unit, Price.dealer_price)
        .order_by(func.count().desc(), func.sum(OrderLine.quantity).desc(), Part.number)
        .limit(limit)
    )
    return [Usual(*row) for row in rows]


def _in_yuan(row: Row[Any], place: int) -> list[Any]:
    """A row's values with the fen at ``place`` as yuan."""
    values = list(row)
    if values[place] is not None:
        values[place] = yuan(int(values[place]))
    return values
