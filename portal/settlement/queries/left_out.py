"""Everything a month's settlement leaves out, and why (R51)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from portal.catalog.models import Part
from portal.claims.models import Claim, ClaimLine, LineState
from portal.core.money import yuan
from portal.old_parts.models import OldPart, Review
from portal.organizations.models import Dealer
from portal.settlement import rules
from portal.settlement.models import Exclusion, Statement
from portal.settlement.rules import LeftOutBecause as Why

PAGE = 50
_KEPT = ("because", "line_id", "claim", "position", "service_day", "old_part", "amount", "reason", "goes_to")
_OPEN = (LineState.SUBMITTED, LineState.WANTED)
_PAID = (LineState.APPROVED, LineState.REDUCED)
_DECIDED = (*_PAID, LineState.REFUSED)


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


def left_out_of_dealers(month: date, *, seen_at: datetime) -> Select[*tuple[Any, ...]]:
    """What each dealer's statement says for good: a row a dealer with ``left_out``, its lines as JSON (amount in fen)."""
    rows = _left_out(month, seen_at, None).subquery()
    one = func.jsonb_build_object(
        *(part for name in _KEPT for part in (name, rows.c[name])),
        "part_number",
        Part.number,
        "part_name",
        Part.name,
    )
    return (
        select(rows.c.dealer_id, func.jsonb_agg(aggregate_order_by(one, rows.c.line_id)).label("left_out"))
        .join_from(rows, Part, Part.id == rows.c.part_id)
        .group_by(rows.c.dealer_id)
    )


def left_out_kept(found: Statement, dealer: Dealer) -> list[rules.LeftOutLine]:
    """The lines left out as the posted statement says them (R53, R54): what is decided later does not change it."""
    return [
        rules.LeftOutLine(
            because=Why(one["because"]),
            line_id=one["line_id"],
            claim=one["claim"],
            position=one["position"],
            dealer_code=dealer.code,
            dealer_name=dealer.name,
            service_day=date.fromisoformat(one["service_day"]),
            part_number=one["part_number"],
            part_name=one["part_name"],
            old_part=one["old_part"],
            amount=yuan(one["amount"]),
            reason=one["reason"] or "",
            goes_to=date.fromisoformat(one["goes_to"]) if one["goes_to"] else None,
        )
        for one in found.left_out or ()
    ]


def _left_out(month: date, seen_at: datetime, dealer_id: int | None) -> Select[*tuple[Any, ...]]:
    """Lines that somebody may expect in ``month`` and that it does not pay, as things stood at ``seen_at``.

    Those whose service lies in the month or before it, submitted by then and undecided then or paid later;
    and the next month's that were approved already. Lines refused by then are decided: nobody waits for them.
    """
    after_month = rules.month_after(month)
    by_hand = aliased(Exclusion)
    undecided = or_(ClaimLine.state.in_(_OPEN), and_(ClaimLine.state.in_(_DECIDED), ClaimLine.decided_at > seen_at))
    approved = and_(ClaimLine.state.in_(_PAID), ClaimLine.decided_at <= seen_at)
    query = (
        select(
            ClaimLine.id.label("line_id"),
            ClaimLine.dealer_id.label("dealer_id"),
            Claim.number.label("claim"),
            ClaimLine.position.label("position"),
            ClaimLine.service_day.label("service_day"),
            OldPart.part_id.label("part_id"),
            OldPart.number.label("old_part"),
            case((approved, ClaimLine.approved), else_=ClaimLine.claimed).label("amount"),
            _because(by_hand, after_month, undecided, seen_at).label("because"),
            case(
                (_wanted(seen_at), ClaimLine.decision_reason),
                (and_(undecided, OldPart.reviewed_at <= seen_at), OldPart.review_reason),
                (approved, by_hand.reason),
                else_=None,
            ).label("reason"),
            case((approved, ClaimLine.pays_in), else_=None).label("goes_to"),
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
            or_(  # each of the three is a range of an index: however many lines were paid, they are not read
                and_(ClaimLine.service_day < after_month, ClaimLine.state.in_(_OPEN)),
                and_(
                    ClaimLine.service_day < after_month,
                    ClaimLine.state.in_(_DECIDED),
                    ClaimLine.decided_at > seen_at,
                ),
                and_(ClaimLine.service_day < rules.month_after(after_month), approved, ClaimLine.pays_in > month),
            ),
        )
    )
    return query if dealer_id is None else query.where(ClaimLine.dealer_id == dealer_id)


def _wanted(seen_at: datetime) -> ColumnElement[bool]:
    return and_(ClaimLine.state == LineState.WANTED, ClaimLine.decided_at <= seen_at)


def _because(by_hand: Any, after_month: date, undecided: ColumnElement[bool], seen_at: datetime) -> ColumnElement[str]:
    reviewed = and_(OldPart.reviewed_at.is_not(None), OldPart.reviewed_at <= seen_at)
    return case(
        (_wanted(seen_at), literal(Why.WANTED.value)),
        (and_(undecided, or_(~reviewed, OldPart.review == Review.PENDING)), literal(Why.OLD_PART_NOT_REVIEWED.value)),
        (and_(undecided, OldPart.review != Review.ACCEPTED), literal(Why.OLD_PART_NOT_ACCEPTED.value)),
        (undecided, literal(Why.NOT_DECIDED.value)),
        (by_hand.id.is_not(None), literal(Why.EXCLUDED.value)),
        (ClaimLine.service_day >= after_month, literal(Why.LATER_SERVICE_DAY.value)),
        else_=literal(Why.APPROVED_LATE.value),
    )
