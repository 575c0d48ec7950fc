"""Statements of dealers: which there are, what they pay, and what a dealer may expect next (R53)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from portal.catalog.models import Part, ProductModel
from portal.claims.models import Claim, ClaimLine
from portal.core.errors import NotFound
from portal.core.money import ZERO
from portal.old_parts.models import OldPart
from portal.organizations.models import Dealer
from portal.settlement.models import Statement, StatementState
from portal.settlement.queries.months import PAID_STATES
from portal.settlement.rules import Reply
from portal.warranty.models import Product

PAGE = 50
last_day = func.coalesce(Statement.again_by, Statement.confirm_by, type_=Statement.confirm_by.type)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A posted statement as lists show it; yuan."""

    id: int
    number: str
    month: date
    dealer_code: str
    dealer_name: str
    lines: int
    amount: Decimal
    opening: Decimal
    closing: Decimal
    answer_by: date
    posted_at: datetime
    state: StatementState
    confirmed_by: str | None


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A claim line that a statement pays; yuan."""

    claim: str
    claim_month: date
    position: int
    service_day: date
    model: str
    serial: str
    part_number: str
    part_name: str
    old_part: str
    quantity: int
    claimed: Decimal
    approved: Decimal
    id: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What a month still to be posted will bring a dealer: lines and yuan approved so far."""

    month: date
    lines: int
    amount: Decimal


def statement_page(
    session: Session,
    *,
    month: date | None = None,
    text: str = "",
    reply: Reply | None = None,
    today: date | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> list[StatementRow]:
    """Posted statements, the newest first; ``before`` = the last row's id. A dealer's session sees its own only.

    ``reply`` keeps those that stand so on the business day ``today``.
    """
    query = (
        select(
            Statement.id,
            Statement.number,
            Statement.month,
            Dealer.code,
            Dealer.name,
            Statement.lines,
            Statement.amount,
            Statement.opening,
            Statement.closing,
            last_day,
            Statement.posted_at,
            Statement.state,
            Statement.confirmed_by,
        )
        .join_from(Statement, Dealer, and_(Dealer.brand_id == Statement.brand_id, Dealer.id == Statement.dealer_id))
        .where(Statement.number.is_not(None))
        .order_by(Statement.id.desc())
        .limit(limit)
    )
    if month is not None:
        query = query.where(Statement.month == month)
    if text:
        query = query.where(Dealer.name.icontains(text, autoescape=True) | (Dealer.code == text.upper()))
    if reply is not None and today is not None:
        query = query.where(*stands(reply, today))
    if before is not None:
        query = query.where(Statement.id < before)
    rows: Sequence[Any] = session.execute(query).all()
    return [StatementRow(*row) for row in rows]


def stands(reply: Reply, today: date) -> tuple[ColumnElement[bool], ...]:
    """R53: what makes a posted statement stand so on ``today``; as ``rules.reply`` says for one."""
    if reply in {Reply.CONFIRMED, Reply.DISPUTED}:
        return (Statement.state == StatementState(reply.value),)
    waits = last_day >= today if reply is Reply.WAITING else last_day < today
    return (Statement.state == StatementState.OPEN, waits)


def reply_counts(session: Session, today: date) -> dict[Reply, int]:
    """How many posted statements wait for an answer and how many for headquarters'. One statement."""
    row = session.execute(
        select(
            *(
                func.count().filter(and_(*stands(reply, today), Statement.number.is_not(None)))
                for reply in (Reply.WAITING, Reply.DISPUTED)
            )
        )
        .select_from(Statement)
        .where(Statement.state != StatementState.CONFIRMED)
    ).one()
    return {Reply.WAITING: row[0], Reply.DISPUTED: row[1]}


def statements_of(session: Session, dealer_id: int, *, limit: int = 3) -> Sequence[Statement]:
    """A dealer's newest posted statements."""
    return session.scalars(
        select(Statement)
        .where(Statement.dealer_id == dealer_id, Statement.number.is_not(None))
        .order_by(Statement.month.desc())
        .limit(limit)
    ).all()


def statement(session: Session, number: str) -> tuple[Statement, Dealer]:
    """A posted statement and its dealer; NotFound when there is none, or it is another's."""
    found = session.execute(
        select(Statement, Dealer)
        .join(Dealer, and_(Dealer.brand_id == Statement.brand_id, Dealer.id == Statement.dealer_id))
        .where(Statement.number == number)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found[0], found[1]


def statement_before(session: Session, found: Statement) -> Statement | None:
    """The dealer's statement before this one: its closing is this one's opening."""
    return session.scalar(
        select(Statement)
        .where(Statement.dealer_id == found.dealer_id, Statement.number.is_not(None), Statement.month < found.month)
        .order_by(Statement.month.desc())
        .limit(1)
    )


def lines_paid(session: Session, dealer_id: int, month: date) -> list[PaidLine]:
    """All claim lines that ``month`` pays a dealer, by claim and line: what the statement and its paper say."""
    query = _lines(dealer_id, month).order_by(Claim.month.desc(), Claim.id, ClaimLine.position)
    rows: Sequence[Any] = session.execute(query).all()
    return [PaidLine(*row) for row in rows]


def lines_paid_page(
    session: Session, dealer_id: int, month: date, *, after: int | None = None, limit: int = PAGE
) -> list[PaidLine]:
    """The same by pages; ``after`` = the last line's id (one of that dealer's; another's begins at the start)."""
    query = _lines(dealer_id, month).order_by(Claim.month.desc(), Claim.id, ClaimLine.position).limit(limit)
    if after is not None and (last := session.execute(_place(dealer_id, after)).one_or_none()) is not None:
        query = query.where(
            or_(
                Claim.month < last[0],
                and_(
                    Claim.month == last[0],
                    tuple_(Claim.id, ClaimLine.position) > tuple_(literal(last[1]), literal(last[2])),
                ),
            )
        )
    rows: Sequence[Any] = session.execute(query).all()
    return [PaidLine(*row) for row in rows]


def _place(dealer_id: int, line_id: int) -> Select[date, int, int]:
    return (
        select(Claim.month, Claim.id, ClaimLine.position)
        .join_from(ClaimLine, Claim, and_(Claim.brand_id == ClaimLine.brand_id, Claim.id == ClaimLine.claim_id))
        .where(ClaimLine.id == line_id, ClaimLine.dealer_id == dealer_id)
    )


def lines_of_share(
    session: Session, dealer_id: int, month: date, *, after: int | None = None, limit: int = PAGE
) -> list[PaidLine]:
    """The same by pages, oldest first; ``after`` = the last line's id."""
    query = _lines(dealer_id, month).order_by(ClaimLine.id).limit(limit)
    if after is not None:
        query = query.where(ClaimLine.id > after)
    rows: Sequence[Any] = session.execute(query).all()
    return [PaidLine(*row) for row in rows]


def share_totals(session: Session, dealer_id: int, month: date) -> tuple[int, Decimal, Decimal]:
    """How many lines ``month`` pays a dealer, what was claimed and what is approved, yuan."""
    none = literal(ZERO, ClaimLine.claimed.type)
    row = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(ClaimLine.claimed).cast(ClaimLine.claimed.type), none),
            func.coalesce(func.sum(ClaimLine.approved).cast(ClaimLine.approved.type), none),
        ).where(ClaimLine.dealer_id == dealer_id, ClaimLine.pays_in == month, ClaimLine.state.in_(PAID_STATES))
    ).one()
    return row[0], row[1], row[2]


def _lines(dealer_id: int, month: date) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Claim.number,
            Claim.month,
            ClaimLine.position,
            ClaimLine.service_day,
            ProductModel.name,
            Product.serial,
            Part.number,
            Part.name,
            OldPart.number,
            func.coalesce(ClaimLine.approved_quantity, ClaimLine.quantity),
            ClaimLine.claimed,
            ClaimLine.approved,
            ClaimLine.id,
        )
        .join_from(ClaimLine, Claim, and_(Claim.brand_id == ClaimLine.brand_id, Claim.id == ClaimLine.claim_id))
        .join(OldPart, and_(OldPart.brand_id == ClaimLine.brand_id, OldPart.id == ClaimLine.old_part_id))
        .join(Part, and_(Part.brand_id == OldPart.brand_id, Part.id == OldPart.part_id))
        .join(Product, and_(Product.brand_id == OldPart.brand_id, Product.id == OldPart.product_id))
        .join(ProductModel, and_(ProductModel.brand_id == Product.brand_id, ProductModel.id == Product.model_id))
        .where(
            ClaimLine.dealer_id == dealer_id,
            ClaimLine.pays_in == month,
            ClaimLine.state.in_(PAID_STATES),
        )
    )


def expected(session: Session, dealer_id: int) -> Expected | None:
    """The next reimbursement of a dealer: the first month not on a posted statement that pays any of its lines."""
    newest = (
        select(func.max(Statement.month))
        .where(Statement.dealer_id == dealer_id, Statement.number.is_not(None))
        .scalar_subquery()
    )
    row = session.execute(
        select(ClaimLine.pays_in, func.count(), func.sum(ClaimLine.approved).cast(ClaimLine.approved.type))
        .where(
            ClaimLine.dealer_id == dealer_id,
            ClaimLine.state.in_(PAID_STATES),
            ClaimLine.pays_in.is_not(None),
            newest.is_(None) | (ClaimLine.pays_in > newest),
        )
        .group_by(ClaimLine.pays_in)
        .order_by(ClaimLine.pays_in)
        .limit(1)
    ).one_or_none()
    return None if row is None else Expected(*row)
