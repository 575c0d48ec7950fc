"""What can be seen of fee schedules: every SELECT of the package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from portal.core.errors import NotFound
from portal.fees import rules
from portal.fees.models import FeeItem, FeeSchedule, FeeState
from portal.fees.rules import FeeWish, Span
from portal.organizations.models import Brand, Dealer

PAGE = 50
IN_FORCE = "in-force"  # a tab of its own: approved, and its days hold today


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. ``tab`` is a state, "in-force" or "" for all; HQ never sees drafts that were not submitted."""

    tab: str = ""
    text: str = ""
    dealer: str = ""
    hq: bool = False


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of the list."""

    id: int
    ref: str
    number: str | None
    state: FeeState
    region: str
    from_day: date
    to_day: date | None
    dealer_code: str
    dealer_name: str
    drafted_at: datetime
    submitted_at: datetime | None
    items: int


def schedule(session: Session, ref: str) -> FeeSchedule:
    """By number, or by public id for one that has none, with its items; NotFound."""
    found = session.scalar(_by(ref).options(selectinload(FeeSchedule.items)))
    if found is None:
        raise NotFound
    return found


def schedule_for_update(session: Session, ref: str) -> FeeSchedule:
    """The same, locked and read anew."""
    found = session.scalar(_by(ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def in_force(session: Session, dealer_id: int, region: str, day: date) -> FeeSchedule | None:
    """R70: the schedule that this dealer may charge by in ``region`` on ``day``; None when there is none."""
    return session.scalar(
        select(FeeSchedule)
        .where(
            FeeSchedule.dealer_id == dealer_id, FeeSchedule.region == rules.one_line(region), FeeSchedule.state == FeeState.APPROVED,
            _holds(day),
        )
        .options(selectinload(FeeSchedule.items))
    )  # fmt: skip


def approved_spans(session: Session, document: FeeSchedule) -> list[Span]:
    """The days of every approved schedule of the same dealer and region.

    Waits for whoever else approves one of that region (an advisory lock until the transaction ends): rows alone
    cannot be locked while there are none.
    """
    key = f"fees:{document.brand_id}:{document.dealer_id}:{document.region}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    rows = session.execute(
        select(FeeSchedule.id, FeeSchedule.from_day, FeeSchedule.to_day).where(
            _same_place(document), FeeSchedule.state == FeeState.APPROVED
        )
    )
    return [Span(*row) for row in rows]


def by_id_for_update(session: Session, schedule_id: int) -> FeeSchedule:
    """An approved one that has to give way, locked."""
    return session.scalars(
        select(FeeSchedule)
        .where(FeeSchedule.id == schedule_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def last_before(session: Session, document: FeeSchedule) -> FeeSchedule | None:
    """R70: the last approved schedule of that dealer and region whose first day lies before this one's."""
    return session.scalar(
        select(FeeSchedule)
        .where(
            _same_place(document), FeeSchedule.state == FeeState.APPROVED, FeeSchedule.id != document.id,
            FeeSchedule.from_day < document.from_day,
        )
        .order_by(FeeSchedule.from_day.desc())
        .limit(1)
        .options(selectinload(FeeSchedule.items))
    )  # fmt: skip


def version(session: Session, document: FeeSchedule) -> int:
    """Which approved version of its dealer and region this one is, from 1, by first day of force."""
    earlier = select(func.count()).where(
        _same_place(document), FeeSchedule.state == FeeState.APPROVED, FeeSchedule.from_day < document.from_day
    )
    return int(session.scalar(earlier) or 0) + 1


def wishes(document: FeeSchedule | None) -> list[FeeWish]:
    """A schedule's items as values; none for no schedule."""
    return [] if document is None else [FeeWish(one.item, one.unit, one.amount, one.remark) for one in document.items]


def regions(session: Session, dealer_id: int) -> list[str]:
    """The regions that this dealer has written before, to choose from."""
    return list(
        session.scalars(
            select(FeeSchedule.region).where(FeeSchedule.dealer_id == dealer_id).distinct().order_by(FeeSchedule.region)
        )
    )


def counts(session: Session, *, hq: bool, today: date) -> dict[str, int]:
    """How many wait in each open state, and how many are in force today. One statement."""
    open_states = [FeeState.SUBMITTED] if hq else [FeeState.DRAFT, FeeState.SUBMITTED]
    held = and_(FeeSchedule.state == FeeState.APPROVED, _holds(today))
    rows = session.execute(
        select(FeeSchedule.state, func.count())
        .where(or_(FeeSchedule.state.in_(open_states), held))
        .group_by(FeeSchedule.state)
    ).all()
    found = {row[0]: row[1] for row in rows}
    return {**{state.value: found.get(state, 0) for state in open_states}, IN_FORCE: found.get(FeeState.APPROVED, 0)}


def rows(
    session: Session, filters: Filters, *, today: date, before_id: int | None = None, limit: int = PAGE + 1
) -> list[ListRow]:
    """The newest first, older than ``before_id``; one more than a page says that there are older ones. One statement."""
    items = (
        select(func.count())
        .where(FeeItem.brand_id == FeeSchedule.brand_id, FeeItem.schedule_id == FeeSchedule.id)
        .correlate(FeeSchedule)
        .scalar_subquery()
    )
    page: Any = select(
        FeeSchedule.id, func.coalesce(FeeSchedule.number, FeeSchedule.public_id), FeeSchedule.number, FeeSchedule.state, FeeSchedule.region,
        FeeSchedule.from_day, FeeSchedule.to_day, Dealer.code, Dealer.name, FeeSchedule.drafted_at, FeeSchedule.submitted_at, items,
    ).join(Dealer, and_(Dealer.brand_id == FeeSchedule.brand_id, Dealer.id == FeeSchedule.dealer_id))  # fmt: skip
    for condition in _conditions(filters, today):
        page = page.where(condition)
    if before_id is not None:
        page = page.where(FeeSchedule.id < before_id)
    return [ListRow(*row) for row in session.execute(page.order_by(FeeSchedule.id.desc()).limit(limit))]


def heads(session: Session, document: FeeSchedule) -> tuple[Brand, Dealer]:
    """The brand and the dealer of a schedule, for its page and its paper. One statement."""
    row = session.execute(
        select(Brand, Dealer)
        .join(Dealer, Dealer.brand_id == Brand.id)
        .where(Brand.id == document.brand_id, Dealer.id == document.dealer_id)
    ).one()
    return row[0], row[1]


def _by(ref: str) -> Any:
    return select(FeeSchedule).where(or_(FeeSchedule.number == ref, FeeSchedule.public_id == ref))


def _holds(day: date) -> Any:
    return and_(FeeSchedule.from_day <= day, or_(FeeSchedule.to_day.is_(None), FeeSchedule.to_day > day))


def _same_place(document: FeeSchedule) -> Any:
    return and_(FeeSchedule.dealer_id == document.dealer_id, FeeSchedule.region == document.region)


def _conditions(filters: Filters, today: date) -> list[Any]:
    found: list[Any] = []
    if filters.hq:
        found.append(FeeSchedule.number.is_not(None))
    if filters.tab == IN_FORCE:
        found += [FeeSchedule.state == FeeState.APPROVED, _holds(today)]
    elif filters.tab:
        found.append(FeeSchedule.state == filters.tab)
    if filters.dealer:
        found.append(Dealer.code == filters.dealer)
    if filters.text:
        wish = filters.text.strip()
        named = exists().where(
            FeeItem.brand_id == FeeSchedule.brand_id,
            FeeItem.schedule_id == FeeSchedule.id,
            FeeItem.item.contains(wish, autoescape=True),
        )
        found.append(
            or_(
                FeeSchedule.number.op("^@")(wish.upper()), FeeSchedule.region.contains(wish, autoescape=True),
                Dealer.code == wish.upper(), Dealer.name.contains(wish, autoescape=True), named,
            )
        )  # fmt: skip
    return found
