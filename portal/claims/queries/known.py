"""What the checks must know (R41), for many registrations at once: the same few statements for one line or for hundreds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import and_, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from portal.catalog.models import Category, FaultCode, Part
from portal.claims.checks import AVERAGE_MONTHS, Asked, Check, Known, Limits, run
from portal.claims.models import Claim, ClaimLine, LineState
from portal.claims.terms import LATE_DAYS, REPEAT_DAYS, UNUSUAL_FACTOR
from portal.core import terms
from portal.core.money import ZERO, Money
from portal.core.permissions import Actor
from portal.files.models import Photo
from portal.old_parts.models import Allocation, OldPart, OldPartState
from portal.warranty.rules import Verdict

PHOTOS_OF = "old-part"


class Checkable(Protocol):
    """A stored line, or a row of one."""

    @property
    def id(self) -> int: ...
    @property
    def position(self) -> int: ...
    @property
    def old_part_id(self) -> int: ...
    @property
    def quantity(self) -> int: ...
    @property
    def approved_quantity(self) -> int | None: ...


def limits(session: Session, *, on: date) -> Limits:
    """The brand's terms on the day ``on``."""
    return Limits(
        late_days=terms.value(session, LATE_DAYS, on=on),
        repeat_days=terms.value(session, REPEAT_DAYS, on=on),
        factor=terms.value(session, UNUSUAL_FACTOR, on=on),
    )


def check_lines(
    session: Session, actor: Actor, claim: Claim, lines: Iterable[Checkable], *, today: date
) -> dict[int, tuple[Check, ...]]:
    """R41 for lines of one claim, by position, as things stand now. Seven statements, however many lines."""
    lines = list(lines)
    known = gather(
        session,
        actor,
        {line.old_part_id: line.id for line in lines},
        repeat_days=(at_most := limits(session, on=today)).repeat_days,
    )
    claimed_on = today if claim.submitted_at is None else actor.day(claim.submitted_at)
    return {
        line.position: run(known[line.old_part_id], Asked(claim.month, today, claimed_on, _pieces(line)), at_most)
        for line in lines
    }


def check_old_parts(
    session: Session, actor: Actor, old_parts: Collection[int], *, month: date, today: date
) -> dict[int, tuple[Check, ...]]:
    """R41 for registrations that are on no line yet, by id: what the form shows before they are added."""
    at_most = limits(session, on=today)
    known = gather(session, actor, dict.fromkeys(old_parts), repeat_days=at_most.repeat_days)
    return {one: run(facts, Asked(month, today, today, facts.quantity), at_most) for one, facts in known.items()}


def gather(session: Session, actor: Actor, wanted: dict[int, int | None], *, repeat_days: int) -> dict[int, Known]:
    """What is known of the registrations ``wanted`` (id → the line that holds it, or None), in four statements."""
    ids = list(wanted)
    repeats, averages, elsewhere = (
        _repeats(session, ids, repeat_days),
        _averages(session, ids),
        _elsewhere(session, ids),
    )
    found: dict[int, Known] = {}
    for row in session.execute(_registrations(ids)):
        part: OldPart = row.OldPart
        line, claim = elsewhere.get(part.id, (None, None))
        lines, total = averages.get(part.id, (0, ZERO))
        found[part.id] = Known(
            number=part.number,
            state=part.state,
            review=part.review,
            review_reason=part.review_reason or "",
            verdict=Verdict.from_json(part.verdict),
            cause=part.cause.value,
            service_day=part.replaced_on,
            registered_on=actor.day(part.registered_at),
            report_by=part.report_by,
            reported_on=None if part.reported_at is None else actor.day(part.reported_at),
            reported_late=part.reported_late,
            quantity=part.quantity,
            allocated=row.allocated,
            amount=part.amount,
            photos=row.photos,
            photo_seen=row.photo_seen,
            fault=f"{row.fault_code} {row.fault_name}",
            fault_category=row.fault_category,
            part_category=row.part_category,
            repeat=repeats.get(part.id),
            average_lines=lines,
            average_total=total,
            elsewhere=None if line == wanted[part.id] else claim,
        )
    return found


def _pieces(line: Checkable) -> int:
    """Pieces that must still be allocated: what was cut has gone back to its layers (R43)."""
    return line.quantity if line.approved_quantity is None else line.approved_quantity


def _registrations(ids: list[int]) -> Any:
    fault_category, part_category = aliased(Category), aliased(Category)
    allocated = (
        select(func.coalesce(func.sum(Allocation.pieces - Allocation.returned), 0))
        .where(Allocation.brand_id == OldPart.brand_id, Allocation.old_part_id == OldPart.id)
        .scalar_subquery()
    )
    pictures = and_(Photo.brand_id == OldPart.brand_id, Photo.subject_kind == PHOTOS_OF, Photo.subject_id == OldPart.id)
    photos = select(func.count()).select_from(Photo).where(pictures).scalar_subquery()
    seen = (
        select(
            func.coalesce(
                func.bool_or(func.photo_seen(Photo.content_hash, Photo.subject_kind, Photo.subject_id)), literal(False)
            )
        )
        .where(pictures)
        .scalar_subquery()
    )
    return (
        select(
            OldPart,
            allocated.label("allocated"),
            photos.label("photos"),
            seen.label("photo_seen"),
            FaultCode.code.label("fault_code"),
            FaultCode.name.label("fault_name"),
            fault_category.name.label("fault_category"),
            part_category.name.label("part_category"),
        )
        .join(FaultCode, and_(FaultCode.brand_id == OldPart.brand_id, FaultCode.id == OldPart.fault_id))
        .join(Part, and_(Part.brand_id == OldPart.brand_id, Part.id == OldPart.part_id))
        .outerjoin(
            fault_category,
            and_(fault_category.brand_id == FaultCode.brand_id, fault_category.id == FaultCode.category_id),
        )
        .outerjoin(part_category, and_(part_category.brand_id == Part.brand_id, part_category.id == Part.category_id))
        .where(OldPart.id.in_(ids))
        .execution_options(populate_existing=True)
    )


def _repeats(session: Session, ids: list[int], days: int) -> dict[int, tuple[str, date]]:
    """The nearest other registration of the same product and part within ``days``, withdrawn ones apart."""
    other = aliased(OldPart)
    apart = func.abs(other.replaced_on - OldPart.replaced_on)
    rows = session.execute(
        select(OldPart.id, other.number, other.replaced_on)
        .join(
            other,
            and_(
                other.brand_id == OldPart.brand_id,
                other.product_id == OldPart.product_id,
                other.part_id == OldPart.part_id,
                other.id != OldPart.id,
                other.state != OldPartState.WITHDRAWN,
                apart <= days,
            ),
        )
        .where(OldPart.id.in_(ids))
        .ext(distinct_on(OldPart.id))
        .order_by(OldPart.id, apart, other.id)
    )
    return {one: (number, day) for one, number, day in rows}


def _averages(session: Session, ids: list[int]) -> dict[int, tuple[int, Decimal]]:
    """Lines and yuan that the same dealer claimed for the same part in the twelve months up to the service day, itself apart.

    Summed once for each part and day that is asked for: a long claim has many lines of one part.
    """
    asked = (
        select(OldPart.id, OldPart.dealer_id, OldPart.part_id, OldPart.replaced_on)
        .where(OldPart.id.in_(ids))
        .cte("asked")
    )
    days = select(asked.c.dealer_id, asked.c.part_id, asked.c.replaced_on).distinct().cte("days")
    other, line, own = aliased(OldPart), aliased(ClaimLine), aliased(ClaimLine)
    sums = (
        select(
            days.c.dealer_id, days.c.part_id, days.c.replaced_on, func.count().label("lines"),
            func.sum(line.claimed).label("total"),
        )
        .join_from(
            days,
            other,
            and_(
                other.dealer_id == days.c.dealer_id,
                other.part_id == days.c.part_id,
                other.replaced_on > days.c.replaced_on - func.make_interval(0, AVERAGE_MONTHS),
                other.replaced_on <= days.c.replaced_on,
            ),
        )
        .join(line, and_(line.brand_id == other.brand_id, line.old_part_id == other.id, line.state != LineState.DRAFT))
        .group_by(days.c.dealer_id, days.c.part_id, days.c.replaced_on)
        .cte("sums")
    )  # fmt: skip
    rows = session.execute(
        select(
            asked.c.id,
            sums.c.lines - func.count(own.id),
            (sums.c.total - func.coalesce(func.sum(own.claimed), 0)).cast(Money),
        )
        .join_from(
            asked,
            sums,
            and_(
                sums.c.dealer_id == asked.c.dealer_id,
                sums.c.part_id == asked.c.part_id,
                sums.c.replaced_on == asked.c.replaced_on,
            ),
        )
        .outerjoin(own, and_(own.old_part_id == asked.c.id, own.state != LineState.DRAFT))
        .group_by(asked.c.id, sums.c.lines, sums.c.total)
    )
    return {one: (count, total) for one, count, total in rows if count}


def _elsewhere(session: Session, ids: list[int]) -> dict[int, tuple[int, str]]:
    """The line that holds each registration, and its claim's number ("" for a draft)."""
    rows = session.execute(
        select(ClaimLine.old_part_id, ClaimLine.id, Claim.number)
        .join(Claim, and_(Claim.brand_id == ClaimLine.brand_id, Claim.id == ClaimLine.claim_id))
        .where(ClaimLine.old_part_id.in_(ids))
    )
    return {one: (line, number or "") for one, line, number in rows}
