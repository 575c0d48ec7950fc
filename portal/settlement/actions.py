"""What happens to a month's settlement: prepared, checked, posted; one line moved on; the month closed (R50-R54, R64).

Whatever the act, "already-posted" is answered before anything else (R54). All acts of a brand take one
advisory lock, so that of two at once the second is told "settlement-running"; the unique (brand, month),
the row's lock and the journal's key hold without it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, and_, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from portal.claims.models import Claim, ClaimLine
from portal.core import audit, terms
from portal.core.errors import NotFound, Refused
from portal.core.money import ZERO
from portal.core.months import first_of
from portal.core.permissions import Actor, Permission
from portal.ledger import actions as ledger
from portal.ledger import queries as ledger_queries
from portal.ledger.rules import SETTLEMENT as SETTLEMENT_PURPOSE
from portal.ledger.rules import WARRANTY_EXPENSE
from portal.organizations.models import Dealer
from portal.settlement import queries, rules
from portal.settlement.models import Exclusion, Settlement, SettlementState, Statement
from portal.settlement.terms import CONFIRM_DAYS
from portal.settlement.workflow import SETTLEMENT

_ALONE = text("SELECT pg_try_advisory_xact_lock(7301, CAST(:brand AS integer))")
# Freshly prepared rows have no statistics: the planner would join thousands of dealers by nested loops.
_BATCH = text("SET LOCAL enable_nestloop = off")
_SEAL = (text("SET CONSTRAINTS ALL IMMEDIATE"), text("SET CONSTRAINTS ALL DEFERRED"))


def prepare(session: Session, actor: Actor, month: date, *, at: datetime) -> Settlement:
    """Write down what ``month`` pays, per dealer, set-based from the approved lines (R50, R51); voids a check.

    Refuses "already-posted", "permission-missing", "too-early" before the settlement day begins in the
    brand's zone, "later-month-posted" and "earlier-month-unsettled": months go in order. May be repeated until posted.
    """
    month = first_of(month)
    found = _unposted(session, month)
    if not actor.may(Permission.SETTLEMENT_PREPARE):
        raise Refused("permission-missing", step="prepare")
    settles_on = queries.day_of(session, month)
    if why := queries.prepare_refusal(session, month, settles_on=settles_on, today=actor.day(at)):
        raise why
    _alone(session, actor)
    if (found := _locked(session, month)) is None:
        found = Settlement(number=rules.settlement_number(month), month=month, state=SettlementState.PREPARED)
        before: str | None = None
    else:
        before, _after = SETTLEMENT.take("prepare", found, actor)
    lines, dealers, amount = queries.due_totals(session, month)
    found.settles_on, found.lines, found.dealers, found.amount = settles_on, lines, dealers, amount
    found.prepared_at, found.prepared_by, found.prepared_login = at, actor.name, actor.login_id
    _void_check(found)
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
    _note(session, actor, "prepare", found, at, before)
    return found


def check(session: Session, actor: Actor, month: date, *, seen: int | None = None, at: datetime) -> Settlement:
    """Another pair of eyes than the preparer's finds it right (R2, R51): it may be posted.

    ``seen`` is the version that the page showed: another one is "changed-meanwhile". Refuses "not-prepared", "you-prepared-it", "needs-a-person", and "prepare-again" when the lines say something else by now.
    """
    found = _for_step(session, actor, month, "check", seen=seen)
    before, _after = SETTLEMENT.take("check", found, actor)
    found.checked_at, found.checked_by, found.checked_login = at, actor.name, actor.login_id
    session.flush()
    _note(session, actor, "check", found, at, before)
    return found


def send_back(session: Session, actor: Actor, month: date, *, reason: str, at: datetime) -> Settlement:
    """Void the check with a reason: finance looks again (R51)."""
    found = _for_step(session, actor, month, "send_back", lines_agree=False)
    why = _reason(reason)
    before, _after = SETTLEMENT.take("send_back", found, actor)
    _void_check(found)
    session.flush()
    _note(session, actor, "send_back", found, at, before, reason=why)
    return found


def post(session: Session, actor: Actor, month: date, *, seen: int | None = None, at: datetime) -> Settlement:
    """R52: one journal in this one transaction, every dealer's credit and every statement, or nothing.

    Debits warranty expense once and credits each dealer's account, booked on the business day of ``at``.
    No claim line is touched: "settled" is read from the posted settlement. Every dealer that has an account
    gets a statement (R53). Refuses "already-posted" first, then what the workflow says (neither the preparer
    nor the checker may: R51), "changed-meanwhile" when it is no longer the version ``seen``, and "prepare-again" when the lines no longer say what was checked.
    """
    found = _for_step(session, actor, month, "post", seen=seen)
    before, _after = SETTLEMENT.take("post", found, actor)
    found.posted_at, found.posted_by = at, actor.name
    session.execute(_BATCH)
    if found.amount > ZERO:
        found.journal_id = _pay(session, actor, found, at)
    session.flush()
    for statement in _SEAL:  # the chain's entry is written now, so that settlement and statements can name it
        session.execute(statement)
    found.chain_hash = ledger_queries.chain_head(session).hash or None
    session.flush()
    _number_statements(session, found, at=at, days=terms.value(session, CONFIRM_DAYS, on=found.settles_on))
    _note(session, actor, "post", found, at, before)
    return found


def exclude(
    session: Session, actor: Actor, month: date, *, claim: str, position: int, reason: str, at: datetime
) -> Exclusion:
    """Move one approved line on to the next month, with a reason (R50); what was prepared must be prepared again.

    Refuses "already-posted", "permission-missing", "reason-needed", and "line-not-in-month" for a line that this month does not pay.
    """
    month = first_of(month)
    _unposted(session, month)
    if not actor.may(Permission.SETTLEMENT_PREPARE):
        raise Refused("permission-missing", step="exclude")
    why = _reason(reason)
    _alone(session, actor)
    if (found := _locked(session, month)) is not None:
        before, _after = SETTLEMENT.take("exclude", found, actor)
        _void_check(found)
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
        line=position, amount=line.approved, month=_say(month), to_month=_say(to_month), reason=why,
    )  # fmt: skip
    if found is not None:
        _note(session, actor, "leave_out", found, at, before, claim=claim, line=position, reason=why)
    return excluded


def close_month(session: Session, actor: Actor, month: date, *, at: datetime) -> None:
    """R64: close a ledger month, for good. Nothing is posted into it any more; nobody reopens it.

    Refuses "permission-missing", "month-not-over" for the running month or a later one, "settlement-not-posted", and
    what the ledger refuses (already closed, an earlier one open).
    """
    month = first_of(month)
    if not actor.may(Permission.MONTH_CLOSE):
        raise Refused("permission-missing", step="close_month")
    if why := queries.close_refusal(session, month, today=actor.day(at)):
        raise why
    ledger.close_month(session, actor, month, at=at)


def _say(month: date) -> str:
    """A month as sentences and events carry it: 2026-10."""
    return f"{month:%Y-%m}"


def _unposted(session: Session, month: date) -> Settlement | None:
    found = queries.settlement(session, month)
    if found is not None and found.state == SettlementState.POSTED:
        _already(found)
    return found


def _already(found: Settlement) -> NoReturn:
    raise Refused("already-posted", number=found.number, month=_say(found.month), by=found.posted_by)


def _locked(session: Session, month: date) -> Settlement | None:
    """The row under its lock, read afresh; whoever came first may have posted it by now."""
    found = queries.for_update(session, month)
    if found is not None and found.state == SettlementState.POSTED:
        _already(found)
    return found


def _alone(session: Session, actor: Actor) -> None:
    if not session.scalar(_ALONE, {"brand": actor.scope.brand_id}):
        raise Refused("settlement-running")


def _for_step(
    session: Session, actor: Actor, month: date, step: str, *, lines_agree: bool = True, seen: int | None = None
) -> Settlement:
    """The locked settlement that ``step`` may be taken from; nothing has changed yet when this refuses."""
    month = first_of(month)
    if _unposted(session, month) is None:
        raise Refused("not-prepared", month=_say(month))
    _alone(session, actor)
    if (found := _locked(session, month)) is None:
        raise Refused("not-prepared", month=_say(month))
    if why := SETTLEMENT.refusal(step, found, actor):
        raise Refused(why, step=step, state=str(found.state))
    if seen is not None and seen != found.ver:
        raise Refused("changed-meanwhile")
    if lines_agree and queries.statements_differ(session, found):
        raise Refused("prepare-again", number=found.number, month=_say(found.month))
    return found


def _void_check(found: Settlement) -> None:
    found.checked_at = found.checked_by = found.checked_login = None


def _reason(reason: str) -> str:
    if not (why := reason.strip()):
        raise Refused("reason-needed", field="reason")
    return why


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


def _pay(session: Session, actor: Actor, found: Settlement, at: datetime) -> int:
    """The settlement's journal (its id): one debit, one credit per dealer, by one INSERT ... SELECT (R52)."""
    shares = (
        select(Statement.dealer_id, Statement.amount, _number(found.month).label("document"))
        .join(Dealer, and_(Dealer.brand_id == Statement.brand_id, Dealer.id == Statement.dealer_id))
        .where(Statement.settlement_id == found.id, Statement.amount > ZERO)
    )
    journal = ledger.post_many(
        session, actor, at=at, source=rules.source(found.month), purpose=SETTLEMENT_PURPOSE,
        memo=_say(found.month), debit_account=WARRANTY_EXPENSE, document=found.number, credit_select=shares,
    )  # fmt: skip
    return int(journal.id)


def _number(month: date) -> ColumnElement[str]:
    return func.concat(f"{rules.settlement_number(month)}-", Dealer.code)


def _number_statements(session: Session, found: Settlement, *, at: datetime, days: int) -> None:
    """R53: number and cut every dealer's statement: from the entry after its last one up to its newest, its own included."""
    accounts = ledger_queries.prepayment_accounts().subquery()
    last = (
        select(Statement.dealer_id, Statement.last_seq, Statement.closing)
        .where(Statement.number.is_not(None))
        .ext(distinct_on(Statement.dealer_id))
        .order_by(Statement.dealer_id, Statement.month.desc())
        .subquery()
    )
    session.execute(
        insert(Statement).from_select(
            ["settlement_id", "month", "dealer_id", "lines", "amount"],
            select(
                literal(found.id),
                literal(found.month),
                accounts.c.dealer_id,
                literal(0),
                literal(ZERO, Statement.amount.type),
            ).where(
                ~select(Statement.id)
                .where(Statement.settlement_id == found.id, Statement.dealer_id == accounts.c.dealer_id)
                .exists()
            ),
        )
    )
    cut = (
        select(
            accounts.c.dealer_id,
            _number(found.month).label("number"),
            func.coalesce(last.c.closing, literal(ZERO, Statement.amount.type)).label("opening"),
            accounts.c.balance.label("closing"),
            (func.coalesce(last.c.last_seq, 0) + 1).label("first_seq"),
            accounts.c.entries.label("last_seq"),
        )
        .join_from(accounts, Dealer, Dealer.id == accounts.c.dealer_id)
        .outerjoin(last, last.c.dealer_id == accounts.c.dealer_id)
        .subquery()
    )
    session.execute(
        update(Statement)
        .where(Statement.settlement_id == found.id, Statement.dealer_id == cut.c.dealer_id)
        .values(
            number=cut.c.number,
            opening=cut.c.opening,
            closing=cut.c.closing,
            first_seq=cut.c.first_seq,
            last_seq=cut.c.last_seq,
            confirm_by=rules.confirm_by(found.settles_on, days),
            chain_hash=found.chain_hash,
            posted_at=at,
        )
        .execution_options(synchronize_session=False)
    )
    left_out = queries.left_out_of_dealers(found.month, seen_at=at).subquery()
    session.execute(
        update(Statement)
        .where(Statement.settlement_id == found.id, Statement.dealer_id == left_out.c.dealer_id)
        .values(left_out=left_out.c.left_out)
        .execution_options(synchronize_session=False)
    )


def _note(
    session: Session,
    actor: Actor,
    step: str,
    found: Settlement,
    at: datetime,
    before: str | None,
    **facts: Any,
) -> None:
    """One event on the settlement's timeline, with the figures it was taken for. HQ's own: a dealer reads its statement."""
    audit.record(
        session, actor, f"settlement:{step}", found, at=at, before=before, after=found.state.value, public=False,
        month=_say(found.month), lines=found.lines, dealers=found.dealers, amount=found.amount, **facts,
    )  # fmt: skip
