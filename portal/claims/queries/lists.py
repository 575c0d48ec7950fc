"""The lists of claims: tab counts in one statement, rows by key in another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, true
from sqlalchemy.orm import Session

from portal.claims.models import Claim, ClaimLine, ClaimState, LineState
from portal.old_parts.models import OldPart
from portal.organizations.models import Dealer
from portal.warranty.models import Product

PAGE = 50
COUNTED = (ClaimState.DRAFT, ClaimState.SUBMITTED, ClaimState.IN_REVIEW)
WANTED = "wanted"  # a tab of its own: claims with a line that waits for the dealer


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. ``tab`` is a state, "wanted", or "" for all; HQ never sees drafts."""

    tab: str = ""
    text: str = ""
    dealer: str = ""
    month: date | None = None
    drafts: bool = True


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of the list. Amounts in yuan; ``approved`` None while nothing is decided."""

    id: int
    ref: str
    number: str | None
    state: ClaimState
    month: date
    dealer_code: str
    dealer_name: str
    submitted_at: datetime | None
    updated_at: datetime
    lines: int
    open_lines: int
    wanted: int
    claimed: Decimal
    approved: Decimal | None


def counts(session: Session, *, drafts: bool) -> dict[str, int]:
    """How many claims stand in each open state, and how many have a wanted line; at most 1000 each is said."""
    asked = exists().where(
        ClaimLine.brand_id == Claim.brand_id, ClaimLine.claim_id == Claim.id, ClaimLine.state == LineState.WANTED
    )
    states = COUNTED if drafts else COUNTED[1:]
    rows = session.execute(
        select(Claim.state, func.count(), func.count().filter(asked))
        .where(Claim.state.in_(states))
        .group_by(Claim.state)
    ).all()
    found = {state.value: number for state, number, _ in rows}
    return {**{state.value: found.get(state.value, 0) for state in states}, WANTED: sum(row[2] for row in rows)}


def rows(session: Session, filters: Filters, *, before_id: int | None = None, limit: int = PAGE + 1) -> list[ListRow]:
    """The newest first, older than ``before_id``; one more than a page says that there are older ones. One statement."""
    page = _filtered(filters)
    if before_id is not None:
        page = page.where(Claim.id < before_id)
    some = page.order_by(Claim.id.desc()).limit(limit).subquery()
    sums = (
        select(
            func.count().label("lines"),
            func.count(case((ClaimLine.state.in_([LineState.SUBMITTED, LineState.WANTED]), 1))).label("open_lines"),
            func.count(case((ClaimLine.state == LineState.WANTED, 1))).label("wanted"),
            func.coalesce(func.sum(ClaimLine.claimed), 0).label("claimed"),
            func.sum(ClaimLine.approved).label("approved"),
        )
        .where(ClaimLine.brand_id == some.c.brand_id, ClaimLine.claim_id == some.c.id)
        .lateral()
    )
    found = session.execute(
        select(
            some.c.id,
            func.coalesce(some.c.number, some.c.public_id),
            some.c.number,
            some.c.state,
            some.c.month,
            Dealer.code,
            Dealer.name,
            some.c.submitted_at,
            some.c.updated_at,
            sums.c.lines,
            sums.c.open_lines,
            sums.c.wanted,
            sums.c.claimed,
            sums.c.approved,
        )
        .select_from(some)
        .join(Dealer, and_(Dealer.brand_id == some.c.brand_id, Dealer.id == some.c.dealer_id))
        .join(sums, true())
        .order_by(some.c.id.desc())
    )
    return [ListRow(*row) for row in found]


def _filtered(filters: Filters) -> Any:
    page: Any = select(
        Claim.brand_id,
        Claim.id,
        Claim.dealer_id,
        Claim.number,
        Claim.public_id,
        Claim.state,
        Claim.month,
        Claim.submitted_at,
        Claim.updated_at,
    )
    if not filters.drafts:
        page = page.where(Claim.state != ClaimState.DRAFT)
    if filters.tab == WANTED:
        page = page.where(_with_line(ClaimLine.state == LineState.WANTED))
    elif filters.tab:
        page = page.where(Claim.state == filters.tab)
    if filters.month is not None:
        page = page.where(Claim.month == filters.month)
    if filters.dealer:
        page = page.where(_of_dealer(Dealer.code == filters.dealer))
    if filters.text:
        wish = filters.text.strip()
        page = page.where(
            or_(
                Claim.number.op("^@")(wish.upper()),
                _of_dealer(or_(Dealer.code == wish.upper(), Dealer.name.contains(wish, autoescape=True))),
                _with_line(
                    _names_old_part(or_(OldPart.number == wish.upper(), _of_product(Product.serial == wish.upper())))
                ),
            )
        )
    return page


def _with_line(condition: Any) -> Any:
    return exists().where(ClaimLine.brand_id == Claim.brand_id, ClaimLine.claim_id == Claim.id, condition)


def _of_dealer(condition: Any) -> Any:
    return exists().where(Dealer.brand_id == Claim.brand_id, Dealer.id == Claim.dealer_id, condition)


def _names_old_part(condition: Any) -> Any:
    return exists().where(OldPart.brand_id == ClaimLine.brand_id, OldPart.id == ClaimLine.old_part_id, condition)


def _of_product(condition: Any) -> Any:
    return exists().where(Product.brand_id == OldPart.brand_id, Product.id == OldPart.product_id, condition)
