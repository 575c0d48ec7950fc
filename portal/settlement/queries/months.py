"""Settlements by month, what they pay, and whether that still agrees with the claim lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.claims import queries as claims
from portal.claims.models import ClaimLine, LineState
from portal.core import terms
from portal.core.errors import Refused
from portal.organizations.models import Dealer
from portal.settlement import rules
from portal.settlement.models import Exclusion, Settlement, SettlementState, Statement
from portal.settlement.queries.left_out import left_out_groups
from portal.settlement.terms import POST_ALONE

PAID_STATES = (LineState.APPROVED, LineState.REDUCED)
PAGE = 100


def day_of(session: Session, month: date) -> date:
    """R50: S(M), the day on which ``month`` is reimbursed, by the terms in force when the month after it begins."""
    return claims.settles_on(session, month)


def statement_numbers(session: Session, found: Settlement) -> Sequence[str]:
    """The numbers of a posted settlement's statements."""
    numbered = (
        select(Statement.number)
        .where(Statement.settlement_id == found.id, Statement.number.is_not(None))
        .order_by(Statement.id)
    )
    return [str(number) for number in session.scalars(numbered)]


def posts_alone(session: Session, found: Settlement) -> bool:
    """R51: whether the brand lets what the system prepared be posted by itself, by the term on the settlement day."""
    return found.prepared_login is None and bool(terms.value(session, POST_ALONE, on=found.settles_on))


def settlement(session: Session, month: date) -> Settlement | None:
    """The settlement of ``month``, if it was ever prepared."""
    return session.scalar(select(Settlement).where(Settlement.month == month))


def for_update(session: Session, month: date) -> Settlement | None:
    """The same, locked and read afresh."""
    return session.scalar(
        select(Settlement).where(Settlement.month == month).with_for_update().execution_options(populate_existing=True)
    )


def exclusion(session: Session, line_id: int, month: date) -> Exclusion | None:
    """What moved that line out of ``month``, if anything did (R50)."""
    return session.scalar(select(Exclusion).where(Exclusion.line_id == line_id, Exclusion.from_month == month))


def due(month: date) -> Select[tuple[int, int, Decimal]]:
    """R50: what ``month`` pays, a row a dealer: dealer id, lines, yuan. "Settled" is never stored, so this stays true."""
    return (
        select(
            ClaimLine.dealer_id.label("dealer_id"),
            func.count().label("lines"),
            func.sum(ClaimLine.approved).cast(ClaimLine.approved.type).label("amount"),
        )
        .where(ClaimLine.pays_in == month, ClaimLine.state.in_(PAID_STATES))
        .group_by(ClaimLine.dealer_id)
    )


def due_totals(session: Session, month: date) -> tuple[int, int, Decimal]:
    """Lines, dealers and yuan that ``month`` pays."""
    lines, dealers, amount = session.execute(select(*_totals(due(month).subquery()))).one()
    return int(lines), dealers, amount


def _totals(shares: Subquery) -> tuple[ColumnElement[Any], ...]:
    return (
        func.coalesce(func.sum(shares.c.lines), 0),
        func.count(shares.c.dealer_id),
        func.coalesce(func.sum(shares.c.amount), 0).cast(ClaimLine.approved.type),
    )


def due_shares(
    session: Session, month: date, *, limit: int = PAGE, after: tuple[Decimal, int] | None = None, text: str = ""
) -> list[rules.Share]:
    """Dealers that ``month`` pays, the largest amount first, from the claim lines; ``after`` = the last one's amount and id."""
    return _shares(session, due(month).subquery(), limit=limit, after=after, text=text)


def share_page(
    session: Session, found: Settlement, *, limit: int = PAGE, after: tuple[Decimal, int] | None = None, text: str = ""
) -> list[rules.Share]:
    """The same from a settlement's statements, as prepared or posted."""
    stored = (
        select(Statement.dealer_id, Statement.lines, Statement.amount, Statement.number)
        .where(Statement.settlement_id == found.id)
        .subquery()
    )
    return _shares(session, stored, limit=limit, after=after, text=text)


def _shares(
    session: Session, rows: Subquery, *, limit: int, after: tuple[Decimal, int] | None, text: str
) -> list[rules.Share]:
    columns = [rows.c.dealer_id, Dealer.code, Dealer.name, rows.c.lines, rows.c.amount]
    if "number" in rows.c:
        columns.append(rows.c.number)
    query = (
        select(*columns)
        .join_from(rows, Dealer, Dealer.id == rows.c.dealer_id)
        .order_by(rows.c.amount.desc(), rows.c.dealer_id)
        .limit(limit)
    )
    if after is not None:
        amount, dealer_id = after
        query = query.where(or_(rows.c.amount < amount, and_(rows.c.amount == amount, rows.c.dealer_id > dealer_id)))
    if text:
        query = query.where(or_(Dealer.name.icontains(text, autoescape=True), Dealer.code == text.upper()))
    found: Sequence[Any] = session.execute(query).all()
    return [rules.Share(*row) for row in found]


def statements_differ(session: Session, found: Settlement) -> bool:
    """Whether what was prepared no longer is what the claim lines say, for any dealer (R51)."""
    now = due(found.month).subquery()
    stored = (
        select(Statement.dealer_id, Statement.lines, Statement.amount)
        .where(Statement.settlement_id == found.id)
        .subquery()
    )
    differs = or_(now.c.lines.is_distinct_from(stored.c.lines), now.c.amount.is_distinct_from(stored.c.amount))
    wrong, *totals = session.execute(  # the month's lines are read once for both
        select(func.count().filter(differs), *_totals(now)).select_from(
            now.join(stored, stored.c.dealer_id == now.c.dealer_id, full=True)
        )
    ).one()
    return bool(wrong) or (int(totals[0]), *totals[1:]) != (found.lines, found.dealers, found.amount)


def last_posted(session: Session) -> date | None:
    """The newest month whose settlement is posted."""
    return session.scalar(select(func.max(Settlement.month)).where(Settlement.state == SettlementState.POSTED))


def earlier_unpaid(session: Session, month: date) -> date | None:
    """R51: the first month before ``month`` that must be posted before it: it has lines to pay, or was prepared."""
    posted = last_posted(session)
    lines = select(func.min(ClaimLine.pays_in)).where(ClaimLine.pays_in < month, ClaimLine.state.in_(PAID_STATES))
    if posted is not None:
        lines = lines.where(ClaimLine.pays_in > posted)
    prepared = select(func.min(Settlement.month)).where(
        Settlement.month < month, Settlement.state != SettlementState.POSTED
    )
    row = session.execute(select(lines.scalar_subquery(), prepared.scalar_subquery())).one()
    return min((found for found in row if found is not None), default=None)


def prepare_refusal(session: Session, month: date, *, settles_on: date, today: date) -> Refused | None:
    """Why ``month`` cannot be prepared on the business day ``today`` (R51): its day has not begun, or it is not its turn."""
    say = f"{month:%Y-%m}"
    if not rules.has_begun(settles_on, today):
        return Refused("too-early", month=say, settles_on=settles_on)
    if (posted := last_posted(session)) is not None and posted > month:
        return Refused("later-month-posted", month=say, later=f"{posted:%Y-%m}")
    if (earlier := earlier_unpaid(session, month)) is not None:
        return Refused("earlier-month-unsettled", month=say, earlier=f"{earlier:%Y-%m}")
    return None


def close_refusal(session: Session, month: date, *, today: date) -> Refused | None:
    """Why the ledger's ``month`` cannot be closed on ``today`` (R64): it runs still, or its settlement is not posted.

    A month before the first settlement, or one passed over because it paid nothing, is done once a later one is posted.
    """
    say = f"{month:%Y-%m}"
    if not rules.is_over(month, today):
        return Refused("month-not-over", month=say)
    found = settlement(session, month)
    if found is not None and found.state == SettlementState.POSTED:
        return None
    posted = last_posted(session)
    if found is not None or posted is None or posted < month or due_totals(session, month)[0]:
        return Refused("settlement-not-posted", month=say)
    return None


def next_month(session: Session) -> date | None:
    """The month to settle next: the one after the last posted, else the first with lines to pay; None with neither."""
    if (posted := last_posted(session)) is not None:
        return rules.month_after(posted)
    return session.scalar(select(func.min(ClaimLine.pays_in)).where(ClaimLine.state.in_(PAID_STATES)))


def settlements_of(session: Session, months: Collection[date]) -> dict[date, Settlement]:
    """The settlements of these months, posted or not, by month."""
    found = session.scalars(select(Settlement).where(Settlement.month.in_(sorted(months))))
    return {row.month: row for row in found}


def old_parts_paid(session: Session, month: date) -> int:
    """How many registrations ``month`` pays; as many as lines, since one registration serves one line (R33)."""
    lines = select(func.count(ClaimLine.old_part_id.distinct())).where(
        ClaimLine.pays_in == month, ClaimLine.state.in_(PAID_STATES)
    )
    return session.scalar(lines) or 0


def months_list(session: Session, *, before: date | None = None, limit: int = 25) -> Sequence[Settlement]:
    """Settlements, the newest month first; ``before`` pages on."""
    query = select(Settlement).order_by(Settlement.month.desc()).limit(limit)
    if before is not None:
        query = query.where(Settlement.month < before)
    return session.scalars(query).all()


def preview(session: Session, month: date, *, at: datetime) -> rules.Preview:
    """R51: what ``month`` pays as of now and everything left out with the reason, at any time and for any month.

    Totals come from the claim lines; dealers and left-out lines are read by pages (:func:`due_shares`,
    ``left_out_lines``). Four statements, whatever the month holds.
    """
    settles_on = day_of(session, month)
    lines, dealers, amount = due_totals(session, month)
    return rules.Preview(
        month=month,
        settles_on=settles_on,
        lines=lines,
        dealers=dealers,
        amount=amount,
        left_out=left_out_groups(session, month, seen_at=at),
    )
