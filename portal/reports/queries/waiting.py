"""What waits, by kind: how many, how much, since when, until when. One statement for all kinds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from portal.catalog.models import Price, PriceList
from portal.catalog.queries import in_force
from portal.claims import queries as claims
from portal.claims.models import Claim, ClaimLine, LineState
from portal.core.money import yuan
from portal.core.months import add_months, first_of
from portal.fees.models import FeeSchedule, FeeState
from portal.identity.models import Invitation
from portal.old_parts.models import OldPart, OldPartState, Review
from portal.orders.models import Order, OrderLine, OrderState, Shipment, ShipmentState
from portal.reports.rules import SOON_DAYS, Cycle
from portal.settlement.models import Dispute, Statement, StatementState

S = OrderState


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of thing that waits. ``amount`` in yuan, None where money says nothing.

    ``marked`` and ``within`` count what the kind's own sentence needs (said at each SELECT below); ``first`` is the
    ref of the oldest one, to go on with.
    """

    kind: str
    count: int
    dealers: int
    amount: Decimal | None
    oldest: datetime | None
    soonest: date | None
    marked: int
    within: int
    first: str | None


def cycle(session: Session, today: date) -> Cycle:
    """The reimbursement whose day has not begun yet (R50)."""
    month = add_months(first_of(today), -1)
    settles_on = claims.settles_on(session, month)
    if today >= settles_on:
        month = first_of(today)
        settles_on = claims.settles_on(session, month)
    return Cycle(month, settles_on)


def waiting(session: Session, *, today: date, next_paid: Cycle) -> dict[str, Waiting]:
    """Every kind by name, those with nothing waiting left out. One statement."""
    soon = today + timedelta(days=SOON_DAYS)
    kinds = [
        _claim_lines("claim-lines", LineState.SUBMITTED, Claim.submitted_at, next_paid),
        _claim_lines("wanted-lines", LineState.WANTED, ClaimLine.decided_at, next_paid),
        _old_parts("old-parts", Review.PENDING, OldPart.reported_at),
        _old_parts("wanted-old-parts", Review.WANTED, OldPart.reviewed_at),
        _unreported(today),
        _submitted_orders(today),
        # marked: lapsed; within: lapsed or lapsing in the next days
        _orders("quotes", (S.QUOTED,), Order.updated_at, Order.lapses_on, Order.lapses_on < today, Order.lapses_on <= soon),
        # marked: promised for a day that has passed
        _orders("debits", (S.AGREED,), Order.agreed_at, Order.ship_on, Order.ship_on < today, None),
        # marked: past the promised day; within: to be shipped today
        _orders("shipping", (S.DEBITED, S.PART_SHIPPED), Order.debited_at, Order.ship_on, Order.ship_on < today, Order.ship_on == today),
        _orders("drafts", (S.DRAFT,), Order.drafted_at, Order.ship_on, None, None),
        _parcels(),
        _fees(today),
        _disputes(),
        _invitations(),
    ]  # fmt: skip
    rows = session.execute(union_all(*kinds))
    return {
        row[0]: Waiting(row[0], row[1], row[2], None if row[3] is None else yuan(int(row[3])), *row[4:])
        for row in rows
        if row[1]
    }


def _kind(
    kind: str,
    dealer: Any,
    *,
    since: Any,
    amount: Any = None,
    soonest: Any = None,
    marked: Any = None,
    within: Any = None,
    first: Any = None,
) -> Select[Any]:
    """The nine columns that every kind gives, each of the same type in every SELECT."""
    return select(
        cast(literal(kind), Text),
        func.count(),
        func.count(dealer.distinct()),
        cast(null() if amount is None else func.sum(type_coerce(amount, BigInteger)), BigInteger),
        cast(func.min(since), DateTime(timezone=True)),
        cast(null() if soonest is None else func.min(soonest), Date),
        _how_many(marked),
        _how_many(within),
        cast(null() if first is None else func.min(first), Text),
    )


def _how_many(condition: Any) -> Any:
    return cast(literal(0), BigInteger) if condition is None else func.count().filter(condition)


def _claim_lines(kind: str, state: LineState, since: Any, next_paid: Cycle) -> Select[Any]:
    """within: lines whose service day the next reimbursement reaches. first: the lowest claim number."""
    return (
        _kind(
            kind, ClaimLine.dealer_id, since=since, amount=ClaimLine.claimed, soonest=ClaimLine.service_day,
            within=ClaimLine.service_day < next_paid.before, first=Claim.number,
        )
        .select_from(ClaimLine)
        .join(Claim, and_(Claim.brand_id == ClaimLine.brand_id, Claim.id == ClaimLine.claim_id))
        .where(ClaimLine.state == state)
    )  # fmt: skip


def _old_parts(kind: str, review: Review, since: Any) -> Select[Any]:
    """marked: those on which a claim line waits."""
    on_claim = (
        exists()
        .where(
            ClaimLine.brand_id == OldPart.brand_id,
            ClaimLine.old_part_id == OldPart.id,
            ClaimLine.state == LineState.SUBMITTED,
        )
        .correlate(OldPart)
    )
    return (
        _kind(kind, OldPart.dealer_id, since=since, amount=OldPart.amount, marked=on_claim, first=OldPart.number)
        .select_from(OldPart)
        .where(OldPart.state == OldPartState.REPORTED, OldPart.review == review)
    )


def _unreported(today: date) -> Select[Any]:
    """marked: overdue; soonest: the next last day to report (R30)."""
    return (
        _kind(
            "unreported", OldPart.dealer_id, since=OldPart.registered_at, amount=OldPart.amount, soonest=OldPart.report_by,
            marked=OldPart.report_by < today, first=OldPart.number,
        )
        .select_from(OldPart)
        .where(OldPart.state == OldPartState.REGISTERED)
    )  # fmt: skip


def _submitted_orders(today: date) -> Select[Any]:
    """The amount is at today's dealer prices; marked: disputed by the dealer."""
    worth = (
        select(func.sum(OrderLine.quantity * type_coerce(Price.dealer_price, BigInteger)))
        .join(Price, and_(Price.brand_id == OrderLine.brand_id, Price.part_id == OrderLine.part_id))
        .join(PriceList, and_(PriceList.brand_id == Price.brand_id, PriceList.id == Price.list_id))
        .where(OrderLine.brand_id == Order.brand_id, OrderLine.order_id == Order.id, in_force(today))
        .correlate(Order)
        .lateral()
    )
    amount = worth.c[0]
    return (
        _kind(
            "submitted-orders",
            Order.dealer_id,
            since=Order.submitted_at,
            amount=amount,
            marked=Order.quote_no > 0,
            first=Order.number,
        )
        .select_from(Order)
        .join(worth, literal(True))
        .where(Order.state == S.SUBMITTED)
    )


def _orders(
    kind: str, states: tuple[OrderState, ...], since: Any, soonest: Any, marked: Any, within: Any
) -> Select[Any]:
    ref = func.coalesce(Order.number, Order.public_id)
    return (
        _kind(
            kind,
            Order.dealer_id,
            since=since,
            amount=Order.total,
            soonest=soonest,
            marked=marked,
            within=within,
            first=ref,
        )
        .select_from(Order)
        .where(Order.state.in_(states))
    )


def _parcels() -> Select[Any]:
    return (
        _kind("parcels", Shipment.dealer_id, since=Shipment.shipped_at, first=Shipment.number)
        .select_from(Shipment)
        .where(Shipment.state == ShipmentState.IN_TRANSIT)
    )


def _fees(today: date) -> Select[Any]:
    """marked: the first day of force has passed, so that they can only be sent back (R70)."""
    return (
        _kind(
            "fees", FeeSchedule.dealer_id, since=FeeSchedule.submitted_at, soonest=FeeSchedule.from_day,
            marked=FeeSchedule.from_day < today, first=FeeSchedule.number,
        )
        .select_from(FeeSchedule)
        .where(FeeSchedule.state == FeeState.SUBMITTED)
    )  # fmt: skip


def _disputes() -> Select[Any]:
    """Statements whose dealer says that something is wrong (R53), since the dispute that waits for its answer."""
    open_one = and_(
        Dispute.brand_id == Statement.brand_id, Dispute.statement_id == Statement.id, Dispute.answered_at.is_(None)
    )
    return (
        _kind(
            "disputes", Statement.dealer_id, since=Dispute.raised_at, amount=Statement.closing, first=Statement.number
        )
        .select_from(Statement)
        .join(Dispute, open_one)
        .where(Statement.state == StatementState.DISPUTED)
    )


def _invitations() -> Select[Any]:
    """Who was invited and has not come. marked: those whose link has ended by the machine's time, so that another must be sent."""
    return (
        _kind(
            "invitations", Invitation.dealer_id, since=Invitation.invited_at,
            marked=Invitation.ends_at <= func.clock_timestamp(),
        )
        .select_from(Invitation)
        .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    )  # fmt: skip
