"""A month is posted: one journal, every dealer's credit and statement; and a ledger month is closed (R52-R54, R64)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from portal.core import queue, terms
from portal.core.errors import Refused
from portal.core.money import ZERO
from portal.core.months import first_of
from portal.core.permissions import Actor, Permission
from portal.ledger import actions as ledger
from portal.ledger import queries as ledger_queries
from portal.ledger.rules import SETTLEMENT as SETTLEMENT_PURPOSE
from portal.ledger.rules import WARRANTY_EXPENSE
from portal.organizations.models import Dealer
from portal.settlement import queries, rules
from portal.settlement.actions.taking import for_step, note, said
from portal.settlement.models import Settlement, Statement
from portal.settlement.terms import CONFIRM_DAYS
from portal.settlement.workflow import SETTLEMENT

# Freshly prepared rows have no statistics: the planner would join thousands of dealers by nested loops.
_BATCH = text("SET LOCAL enable_nestloop = off")
_SEAL = (text("SET CONSTRAINTS ALL IMMEDIATE"), text("SET CONSTRAINTS ALL DEFERRED"))


def post(session: Session, actor: Actor, month: date, *, seen: int | None = None, at: datetime) -> Settlement:
    """R52: one journal in this one transaction, every dealer's credit and every statement, or nothing.

    Debits warranty expense once and credits each dealer's account, booked on the business day of ``at``.
    No claim line is touched: "settled" is read from the posted settlement. Every dealer that has an account
    gets a statement (R53). Refuses "already-posted" first, then what the workflow says (neither the preparer
    nor the checker may: R51), "changed-meanwhile" when it is no longer the version ``seen``, and "prepare-again" when the lines no longer say what was checked.
    """
    return _post(session, actor, for_step(session, actor, month, "post", seen=seen), "post", at=at)


def post_alone(session: Session, actor: Actor, month: date, *, at: datetime) -> Settlement:
    """R51: where the brand's term says so, the system posts what it prepared. The same act as :func:`post`, no person's.

    Refuses "posting-needs-people" where the term is off, and what a person prepared.
    """
    found = for_step(session, actor, month, "post_alone")
    if not queries.posts_alone(session, found):
        raise Refused("posting-needs-people")
    found.checked_at, found.checked_by = at, actor.name  # nobody else looks: that is what the brand's term says
    return _post(session, actor, found, "post_alone", at=at)


def _post(session: Session, actor: Actor, found: Settlement, step: str, *, at: datetime) -> Settlement:
    """Pay the locked settlement, and leave the job that makes its statements."""
    before, _after = SETTLEMENT.take(step, found, actor)
    found.posted_at, found.posted_by = at, actor.name
    session.execute(_BATCH)
    if found.amount > ZERO:
        found.journal_id = _pay(session, actor, found, at)
    session.flush()
    for statement in _SEAL:  # the chain's entry is written now, so that settlement and statements can name it
        session.execute(statement)
    found.chain_hash = ledger_queries.chain_head(session).hash or None
    session.flush()
    days = terms.value(session, CONFIRM_DAYS, on=found.settles_on)
    until = rules.confirm_by(max(found.settles_on, actor.day(at)), days)  # posted late, it is answered later too
    _number_statements(session, found, at=at, until=until)
    note(session, actor, step, found, at, before)
    queue.defer(session, "settlement.statements", month=said(found.month))
    return found


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


def _pay(session: Session, actor: Actor, found: Settlement, at: datetime) -> int:
    """The settlement's journal (its id): one debit, one credit per dealer, by one INSERT ... SELECT (R52)."""
    shares = (
        select(Statement.dealer_id, Statement.amount, _number(found.month).label("document"))
        .join(Dealer, and_(Dealer.brand_id == Statement.brand_id, Dealer.id == Statement.dealer_id))
        .where(Statement.settlement_id == found.id, Statement.amount > ZERO)
    )
    journal = ledger.post_many(
        session, actor, at=at, source=rules.source(found.month), purpose=SETTLEMENT_PURPOSE,
        memo=said(found.month), debit_account=WARRANTY_EXPENSE, document=found.number, credit_select=shares,
    )  # fmt: skip
    return int(journal.id)


def _number(month: date) -> ColumnElement[str]:
    return func.concat(f"{rules.settlement_number(month)}-", Dealer.code)


def _number_statements(session: Session, found: Settlement, *, at: datetime, until: date) -> None:
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
            confirm_by=until,
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
