"""Everything a month's settlement leaves out, and why (R51)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from portal.catalog.models import Part
from portal.claims.models import Claim, ClaimLine, LineState
from portal.old_parts.models import OldPart, Review
from portal.organizations.models import Dealer
from portal.settlement import rules
from portal.settlement.models import Exclusion
from portal.settlement.rules import LeftOutBecause as Why

PAGE = 50
_OPEN = (LineState.SUBMITTED, LineState.WANTED)
_PAID = (LineState.APPROVED, LineState.REDUCED)


def left_out_groups(
    session: Session, month: date, *, seen_at: datetime, dealer_id: int | None = None
) -> tuple[rules.LeftOutGroup, ...]:
    """By reason: lines, yuan and dealers left out of ``month``, the most lines first. One statement."""
    rows = _left_out(month, seen_at, dealer_id).subquery()
    query = (
        select(
            rows.c.because,
            func.count(),
            func.sum(rows.c.amount).cast(ClaimLine.claimed.type),
            func.count(distinct(rows.c.dealer_id)),
        )
        .group_by(rows.c.because)
        .order_by(func.count().desc(), rows.c.because)
    )
    return tuple(
        rules.LeftOutGroup(Why(because), lines, amount, dealers)
        for because, lines, amount, dealers in session.execute(query)
    )


def left_out_lines(
    session: Session,
    month: date,
    *,
    seen_at: datetime,
    dealer_id: int | None = None,
    because: Why | None = None,
    after: int | None = None,
    limit: int = PAGE,
) -> list[rules.LeftOutLine]:
    """Those lines one by one, oldest first; ``after`` = the last line's id. ``limit`` 0 gives all (a dealer's own, for its paper)."""
    rows = _left_out(month, seen_at, dealer_id).subquery()
    query = (
        select(
            rows.c.because,
            rows.c.line_id,
            rows.c.claim,
            rows.c.position,
            Dealer.code,
            Dealer.name,
            rows.c.service_day,
            Part.number,
            Part.name,
            rows.c.old_part,
            rows.c.amount,
            func.coalesce(rows.c.reason, ""),
            rows.c.goes_to,
        )
        .join_from(rows, Dealer, Dealer.id == rows.c.dealer_id)
        .join(Part, Part.id == rows.c.part_id)
        .order_by(rows.c.line_id)
    )
    if because is not None:
        query = query.where(rows.c.because == because.value)
    if after is not None:
        query = query.where(rows.c.line_id > after)
    if limit:
        query = query.limit(limit)
    found: Sequence[Any] = session.execute(query).all()
    return [rules.LeftOutLine(Why(row[0]), *row[1:]) for row in found]


def _left_out(month: date, seen_at: datetime, dealer_id: int | None) -> Select[*tuple[Any, ...]]:
    """Lines that somebody may expect in ``month`` and that it does not pay.

    Those whose service lies in the month or before it, submitted before ``seen_at`` and undecided or paid later;
    and the next month's that are approved already. Refused lines are decided: nobody waits for them.
    """
    after_month = rules.month_after(month)
    by_hand = aliased(Exclusion)
    query = (
        select(
            ClaimLine.id.label("line_id"),
            ClaimLine.dealer_id.label("dealer_id"),
            Claim.number.label("claim"),
            ClaimLine.position.label("position"),
            ClaimLine.service_day.label("service_day"),
            OldPart.part_id.label("part_id"),
            OldPart.number.label("old_part"),
            func.coalesce(ClaimLine.approved, ClaimLine.claimed).label("amount"),
            _because(by_hand, after_month).label("because"),
            case(
                (by_hand.id.is_not(None), by_hand.reason),
                (ClaimLine.state == LineState.WANTED, ClaimLine.decision_reason),
                (ClaimLine.state == LineState.SUBMITTED, OldPart.review_reason),
                else_=None,
            ).label("reason"),
            ClaimLine.pays_in.label("goes_to"),
        )
        .join_from(ClaimLine, Claim, and_(Claim.brand_id == ClaimLine.brand_id, Claim.id == ClaimLine.claim_id))
        .join(OldPart, and_(OldPart.brand_id == ClaimLine.brand_id, OldPart.id == ClaimLine.old_part_id))
        .outerjoin(
            by_hand,
            and_(
                by_hand.brand_id == ClaimLine.brand_id,
                by_hand.line_id == ClaimLine.id,
                by_hand.from_month == month,
                by_hand.to_month <= ClaimLine.pays_in,
            ),
        )
        .where(
            Claim.submitted_at <= seen_at,
            or_(
                and_(
                    ClaimLine.service_day < after_month,
                    or_(ClaimLine.state.in_(_OPEN), and_(ClaimLine.state.in_(_PAID), ClaimLine.pays_in > month)),
                ),
                and_(
                    ClaimLine.service_day >= after_month,
                    ClaimLine.service_day < rules.month_after(after_month),
                    ClaimLine.state.in_(_PAID),
                    ClaimLine.decided_at <= seen_at,
                ),
            ),
        )
    )
    return query if dealer_id is None else query.where(ClaimLine.dealer_id == dealer_id)


def _because(by_hand: Any, after_month: date) -> ColumnElement[str]:
    return case(
        (ClaimLine.state == LineState.WANTED, literal(Why.WANTED.value)),
        (
            and_(ClaimLine.state == LineState.SUBMITTED, OldPart.review == Review.PENDING),
            literal(Why.OLD_PART_NOT_REVIEWED.value),
        ),
        (
            and_(ClaimLine.state == LineState.SUBMITTED, OldPart.review != Review.ACCEPTED),
            literal(Why.OLD_PART_NOT_ACCEPTED.value),
        ),
        (ClaimLine.state == LineState.SUBMITTED, literal(Why.NOT_DECIDED.value)),
        (by_hand.id.is_not(None), literal(Why.EXCLUDED.value)),
        (ClaimLine.service_day >= after_month, literal(Why.LATER_SERVICE_DAY.value)),
        else_=literal(Why.APPROVED_LATE.value),
    )
