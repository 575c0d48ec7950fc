"""A month is prepared, checked and sent back; one line is moved on to the next (R50, R51)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import and_, delete, insert, literal, select
from sqlalchemy.orm import Session

from portal.claims.models import Claim, ClaimLine
from portal.core import audit
from portal.core.errors import NotFound, Refused
from portal.core.months import first_of
from portal.core.permissions import Actor, Permission
from portal.notices import actions as notices
from portal.settlement import queries, rules
from portal.settlement.actions.taking import alone, for_step, given, locked, note, said, unposted, void_check
from portal.settlement.models import Exclusion, Settlement, SettlementState, Statement
from portal.settlement.workflow import SETTLEMENT


def prepare(session: Session, actor: Actor, month: date, *, at: datetime) -> Settlement:
    """Write down what ``month`` pays, per dealer, set-based from the approved lines (R50, R51); voids a check.

    Refuses "already-posted", "permission-missing", "too-early" before the settlement day begins in the
    brand's zone, "later-month-posted" and "earlier-month-unsettled": months go in order. May be repeated until posted.
    """
    month = first_of(month)
    found = unposted(session, month)
    if not actor.may(Permission.SETTLEMENT_PREPARE):
        raise Refused("permission-missing", step="prepare")
    settles_on = queries.day_of(session, month)
    if why := queries.prepare_refusal(session, month, settles_on=settles_on, today=actor.day(at)):
        raise why
    alone(session, actor)
    if (found := locked(session, month)) is None:
        found = Settlement(number=rules.settlement_number(month), month=month, state=SettlementState.PREPARED)
        before: str | None = None
    else:
        before, _after = SETTLEMENT.take("prepare", found, actor)
    lines, dealers, amount = queries.due_totals(session, month)
    found.settles_on, found.lines, found.dealers, found.amount = settles_on, lines, dealers, amount
    found.prepared_at, found.prepared_by, found.prepared_login = at, actor.name, actor.login_id
    void_check(found)
    session.add(found)
    session.flush()
    session.execute(delete(Statement).where(Statement.settlement_id == found.id))
    due = queries.due(month).subquery()
    session.execute(
        insert(Statement).from_select(
            ["settlement_id", "month", "dealer_id", "lines", "amount"],
            select(literal(found.id), literal(month), due.c.dealer_id, due.c.lines, due.c.amount),
        )
    )
    note(session, actor, "prepare", found, at, before)
    if not queries.posts_alone(session, found):
        notices.tell(
            session, "settlement-prepared", permission=Permission.SETTLEMENT_CHECK, at=at,
            facts={"number": found.number, "month": said(month), "lines": lines, "dealers": dealers, "amount": amount},
        )  # fmt: skip
    return found


def check(session: Session, actor: Actor, month: date, *, seen: int | None = None, at: datetime) -> Settlement:
    """Another pair of eyes than the preparer's finds it right (R2, R51): it may be posted.

    ``seen`` is the version that the page showed: another one is "changed-meanwhile". Refuses "not-prepared", "you-prepared-it", "needs-a-person", and "prepare-again" when the lines say something else by now.
    """
    found = for_step(session, actor, month, "check", seen=seen)
    before, _after = SETTLEMENT.take("check", found, actor)
    found.checked_at, found.checked_by, found.checked_login = at, actor.name, actor.login_id
    session.flush()
    note(session, actor, "check", found, at, before)
    return found


def send_back(session: Session, actor: Actor, month: date, *, reason: str, at: datetime) -> Settlement:
    """Void the check with a reason: finance looks again (R51)."""
    found = for_step(session, actor, month, "send_back", lines_agree=False)
    why = given(reason)
    before, _after = SETTLEMENT.take("send_back", found, actor)
    void_check(found)
    session.flush()
    note(session, actor, "send_back", found, at, before, reason=why)
    return found


def exclude(
    session: Session, actor: Actor, month: date, *, claim: str, position: int, reason: str, at: datetime
) -> Exclusion:
    """Move one approved line on to the next month, with a reason (R50); what was prepared must be prepared again.

    Refuses "already-posted", "permission-missing", "reason-needed", and "line-not-in-month" for a line that this month does not pay.
    """
    month = first_of(month)
    unposted(session, month)
    if not actor.may(Permission.SETTLEMENT_PREPARE):
        raise Refused("permission-missing", step="exclude")
    why = given(reason)
    alone(session, actor)
    if (found := locked(session, month)) is not None:
        before, _after = SETTLEMENT.take("exclude", found, actor)
        void_check(found)
    line, paper = _line(session, claim, position)
    if line.pays_in != month:
        raise Refused("line-not-in-month", claim=claim, line=position)
    to_month = rules.month_after(month)
    line.pays_in = to_month
    excluded = queries.exclusion(session, line.id, month) or Exclusion(
        dealer_id=line.dealer_id, line_id=line.id, from_month=month
    )  # there is one when the line was refused and approved again after it; the audit trail keeps both reasons
    excluded.to_month, excluded.reason, excluded.excluded_at, excluded.excluded_by = to_month, why, at, actor.name
    session.add(excluded)
    session.flush()
    audit.record(
        session, actor, "settlement:exclude", paper, at=at, kind="claim",
        line=position, amount=line.approved, month=said(month), to_month=said(to_month), reason=why,
    )  # fmt: skip
    if found is not None:
        note(session, actor, "leave_out", found, at, before, claim=claim, line=position, reason=why)
    return excluded


def _line(session: Session, claim: str, position: int) -> tuple[ClaimLine, Claim]:
    row = session.execute(
        select(ClaimLine, Claim)
        .join(Claim, and_(Claim.brand_id == ClaimLine.brand_id, Claim.id == ClaimLine.claim_id))
        .where(Claim.number == claim, ClaimLine.position == position)
        .with_for_update(of=ClaimLine)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]
