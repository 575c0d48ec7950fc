"""The only writer of money. Everything here ends in :func:`post`; the database guards what it writes (migration 0003)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, cast, func, insert, literal, null, select, text, tuple_, union_all
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, make_transient_to_detached

from portal.core import audit, money, months, queue
from portal.core.errors import NotFound, Refused
from portal.core.numbering import Kind, next_number
from portal.core.permissions import Actor, Permission
from portal.ledger import queries, rules
from portal.ledger.models import Account, Journal, Month, Posting, TopUp, TopUpState
from portal.ledger.rules import BANK, DEBIT_WAITING, OPENING, OPENING_BALANCE, PREPAYMENTS, REVERSAL, TOPUP, Entry
from portal.notices import actions as notices
from portal.organizations.models import Dealer

# One statement for the whole journal (migration 0009): every one of them asks the policies and crosses to the server and back.
_POST = text("""
    SELECT id, number, refusal FROM post_journal(:source, :purpose, :booked_on, :at, :memo, :actor_name, :member_id, CAST(:codes AS text[]),
        CAST(:dealers AS bigint[]), CAST(:debits AS bigint[]), CAST(:credits AS bigint[]), CAST(:documents AS text[]), CAST(:memos AS text[]))""")


def post(
    session: Session, actor: Actor, *, at: datetime, source: str, purpose: str, memo: str, entries: Sequence[Entry]
) -> Journal:
    """Write one balanced journal, booked on the brand's day of ``at``, and move the balances (R60, R62, R63).

    Locks the accounts in order of their ids until the transaction ends. Refuses with "already-posted"
    (source and purpose exist), "unbalanced", "amount-not-positive", "short-of-funds" (``missing`` in yuan; order debits
    only, R23) and "month-closed" (R64). Nothing is left of a refused journal.
    """
    if rules.imbalance(entries) or not entries:
        raise Refused("unbalanced", source=source)
    if any(entry.amount <= 0 for entry in entries):
        raise Refused("amount-not-positive", field="amount")
    booked_on = actor.day(at)
    values: dict[str, Any] = {
        "source": source, "purpose": purpose, "booked_on": booked_on, "at": at, "memo": memo, "actor_name": actor.name,
        "member_id": actor.scope.member_id,
    }  # fmt: skip
    sides = {
        "codes": [entry.account for entry in entries],
        "dealers": [entry.dealer_id for entry in entries],
        "debits": [money.fen(entry.amount) if entry.side == "debit" else None for entry in entries],
        "credits": [money.fen(entry.amount) if entry.side == "credit" else None for entry in entries],
        "documents": [entry.document for entry in entries],
        "memos": [entry.memo or memo for entry in entries],
    }
    month = months.first_of(booked_on)
    with _refusals(source, month):
        made = session.execute(_POST, {**values, **sides}).one()
        if made.refusal == "account-unknown":  # the brand's first journal of this kind
            _account_ids(session, entries)
            made = session.execute(_POST, {**values, **sides}).one()
    if made.refusal:
        raise Refused(made.refusal, source=source)
    journal = Journal(
        brand_id=actor.scope.brand_id, id=made.id, number=made.number, month=month, reverses=None, **values
    )
    make_transient_to_detached(journal)  # as it is stored: nothing needs to be read again
    session.add(journal)
    return journal


def post_many(
    session: Session,
    actor: Actor,
    *,
    at: datetime,
    source: str,
    purpose: str,
    memo: str,
    debit_account: str,
    document: str,
    credit_select: Select[*tuple[Any, ...]],
) -> Journal:
    """:func:`post` for very many dealers: one debit of ``debit_account``, one credit per row of ``credit_select`` (R52).

    ``credit_select`` gives columns dealer_id, amount (yuan) and document, one row a dealer; its amounts are added up by the
    database and never loaded. Accounts are locked in order of their ids. Refuses "already-posted", "month-closed", and
    NotFound when a dealer has no account.
    """
    if queries.journal_of(session, source, purpose) is not None:
        raise Refused("already-posted", source=source)
    shares = credit_select.subquery()
    yuan = Posting.debit.type
    (debit_id,) = _account_ids(session, [Entry(debit_account, Decimal("0.01"), "debit")]).values()
    theirs = and_(Account.dealer_id == shares.c.dealer_id, Account.code == PREPAYMENTS)
    credited = (
        select(Account.id.label("account_id"), shares.c.amount, shares.c.document)
        .join_from(shares, Account, theirs)
        .subquery()
    )
    count, accounts, total = session.execute(
        select(func.count(), func.count(Account.id), func.coalesce(func.sum(shares.c.amount), 0).cast(yuan)).join_from(
            shares, Account, theirs, isouter=True
        )
    ).one()
    if count != accounts:
        raise NotFound  # a dealer without an account: the register was never loaded
    journal = _journal(session, actor, at=at, source=source, purpose=purpose, memo=memo)
    sides = union_all(
        select(literal(debit_id).label("account_id"), literal(total, yuan).label("debit"), cast(null(), yuan).label("credit"),
               literal(document).label("document")),
        select(credited.c.account_id, cast(null(), yuan), credited.c.amount, credited.c.document),
    ).subquery()  # fmt: skip
    rows = select(
        literal(actor.scope.brand_id), literal(journal.id), func.row_number().over(order_by=sides.c.account_id), sides.c.account_id,
        sides.c.debit, sides.c.credit, literal(0), literal(Decimal(0), yuan), literal(journal.booked_on), literal(journal.at),
        literal(purpose), sides.c.document, literal(memo),
    ).order_by(sides.c.account_id)  # fmt: skip
    columns = ["brand_id", "journal_id", "line", "account_id", "debit_fen", "credit_fen", "seq", "balance_after_fen", "booked_on", "at",
               "purpose", "document", "memo"]  # fmt: skip
    with _refusals(source, journal.month):
        session.execute(insert(Posting).from_select(columns, rows, include_defaults=False))
    return journal


def reverse(
    session: Session, actor: Actor, *, at: datetime, source: str, purpose: str, memo: str, document: str = ""
) -> Journal:
    """Reverse the journal of (source, purpose) whole, today, naming it (R61): refused a second time ("already-reversed").

    A credit limit does not bind a reversal; a closed month does not either, it lands in the open one (R64).
    """
    original = queries.journal_of(session, source, purpose)
    if original is None:
        raise NotFound
    if queries.journal_of(session, source, purpose + REVERSAL) is not None:
        raise Refused("already-reversed", source=source)
    sides = session.execute(
        select(Posting.account_id, Posting.debit, Posting.credit, Posting.document)
        .where(Posting.journal_id == original.id)
        .order_by(Posting.line)
    ).all()
    journal = _journal(
        session, actor, at=at, source=source, purpose=purpose + REVERSAL, memo=memo, reverses=original.id
    )
    rows = [
        {
            "journal_id": journal.id,
            "account_id": s.account_id,
            "debit": s.credit,
            "credit": s.debit,
            "document": document or s.document,
            "memo": memo,
        }
        for s in sides
    ]
    _write(session, actor, journal, rows)
    return journal


def open_account(
    session: Session, actor: Actor, dealer: Dealer, *, credit_limit: Decimal, opening: Decimal | None, at: datetime
) -> Account:
    """Give a dealer its prepayment account, and its opening balance once (domain.md section 7); yuan.

    A later opening that differs from the first is refused ("opening-differs"); the same one changes nothing.
    """
    account = session.scalar(select(Account).where(Account.code == PREPAYMENTS, Account.dealer_id == dealer.id))
    if account is None:
        session.execute(insert(Account).values(code=PREPAYMENTS, dealer_id=dealer.id, credit_limit=credit_limit))
    elif account.credit_limit != credit_limit:
        account.credit_limit = credit_limit
        session.flush()
    source = f"dealer:{dealer.code}"
    if opening is not None and (known := queries.journal_of(session, source, OPENING_BALANCE)) is not None:
        booked = session.scalar(
            select(Posting.credit).where(Posting.journal_id == known.id, Posting.dealer_id == dealer.id)
        )
        if booked != opening:
            raise Refused("opening-differs", dealer=dealer.code, booked=booked, given=opening)
    elif opening:
        credit: list[Entry] = [
            Entry(OPENING, opening, "debit", document=dealer.code),
            Entry(PREPAYMENTS, opening, "credit", dealer_id=dealer.id, document=dealer.code),
        ]
        post(session, actor, at=at, source=source, purpose=OPENING_BALANCE, memo="", entries=credit)
        audit.record(session, actor, "account:opening", dealer, at=at, dealer_id=dealer.id, amount=opening)
    return queries.prepayment(session, dealer.id)


def enter_topup(
    session: Session,
    actor: Actor,
    *,
    dealer_code: str,
    amount: Decimal,
    received_on: date,
    bank_reference: str,
    note: str,
    at: datetime,
) -> TopUp:
    """Enter money that a dealer paid in (yuan), as the bank's advice says, and post it.

    Refuses "amount-not-positive", "day-in-future" and "bank-reference-known" (the same advice twice).
    """
    _require(actor, Permission.TOPUP_ENTER)
    if amount <= 0:
        raise Refused("amount-not-positive", field="amount")
    if received_on > actor.day(at):
        raise Refused("day-in-future", field="received_on")
    dealer = _dealer(session, dealer_code)
    known = select(TopUp.number).where(TopUp.bank_reference == bank_reference)
    if (number := session.scalar(known)) is not None:
        raise Refused("bank-reference-known", field="bank_reference", number=number)
    number = next_number(session, Kind.TOPUP, actor.day(at))
    topup = TopUp(
        dealer_id=dealer.id, number=number, state=TopUpState.POSTED, amount=amount, received_on=received_on,
        bank_reference=bank_reference, note=note, entered_at=at, entered_by=actor.name,
    )  # fmt: skip
    try:
        with (
            session.begin_nested()
        ):  # two people entering one advice at once: the second is told the first one's number
            session.add(topup)
    except IntegrityError as error:
        raise Refused("bank-reference-known", field="bank_reference", number=session.scalar(known) or "") from error
    post(
        session, actor, at=at, source=f"topup:{number}", purpose=TOPUP, memo=bank_reference,
        entries=[
            Entry(BANK, amount, "debit", document=number),
            Entry(PREPAYMENTS, amount, "credit", dealer_id=dealer.id, document=number),
        ],
    )  # fmt: skip
    audit.record(
        session,
        actor,
        "topup:enter",
        topup,
        at=at,
        amount=amount,
        bank_reference=bank_reference,
        received_on=received_on,
    )
    queue.defer(session, DEBIT_WAITING, dealer_id=dealer.id)
    notices.tell(
        session, "topup-entered", permission=Permission.ORDER_AGREE, dealer_id=dealer.id, at=at,
        facts={
            "number": number, "amount": amount, "received_on": received_on, "balance": queries.prepayment(session, dealer.id).balance,
        },
    )  # fmt: skip
    return topup


def reverse_topup(session: Session, actor: Actor, number: str, *, reason: str, at: datetime) -> TopUp:
    """Take back a mistaken top-up with a reason; its bank reference stays taken. Refuses "already-reversed"."""
    _require(actor, Permission.TOPUP_ENTER)
    topup = session.scalar(
        select(TopUp).where(TopUp.number == number).with_for_update().execution_options(populate_existing=True)
    )
    if topup is None:
        raise NotFound
    if not reason.strip():
        raise Refused("reason-needed", field="reason")
    if topup.state is TopUpState.REVERSED:
        raise Refused("already-reversed", source=number)
    reverse(session, actor, at=at, source=f"topup:{number}", purpose=TOPUP, memo=reason)
    topup.state = TopUpState.REVERSED
    session.flush()
    audit.record(
        session,
        actor,
        "topup:reverse",
        topup,
        at=at,
        before="posted",
        after="reversed",
        reason=reason,
        amount=topup.amount,
    )
    return topup


def set_credit_limit(session: Session, actor: Actor, dealer_code: str, *, limit: Decimal, at: datetime) -> Account:
    """Set how far below zero order debits may take a dealer's account (yuan, not negative)."""
    _require(actor, Permission.CREDIT_LIMIT_SET)
    if limit < 0:
        raise Refused("amount-negative", field="limit")
    dealer = _dealer(session, dealer_code)
    account = queries.prepayment(session, dealer.id)
    before, account.credit_limit = account.credit_limit, limit
    session.flush()
    audit.record(
        session, actor, "account:set-limit", dealer, at=at, dealer_id=dealer.id, limit_before=before, limit=limit
    )
    queue.defer(session, DEBIT_WAITING, dealer_id=dealer.id)
    return account


def close_month(session: Session, actor: Actor, month: date, *, at: datetime) -> Month:
    """Close a ledger month for good (R64). Refuses "month-not-over", "month-unknown", "month-closed", "earlier-month-open".

    That its settlement is posted is asked by ``settlement.actions.close_month``, which calls this.
    """
    _require(actor, Permission.MONTH_CLOSE)
    if month >= months.first_of(actor.day(at)):
        raise Refused("month-not-over", month=f"{month:%Y-%m}")
    row = session.scalar(
        select(Month).where(Month.month == month).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise Refused("month-unknown", month=f"{month:%Y-%m}")
    if row.closed_at is not None:
        raise Refused("month-closed", month=f"{month:%Y-%m}")
    earlier = session.scalar(
        select(Month.month).where(Month.month < month, Month.closed_at.is_(None)).order_by(Month.month).limit(1)
    )
    if earlier is not None:
        raise Refused("earlier-month-open", month=f"{earlier:%Y-%m}")
    row.closed_at, row.closed_by = at, actor.name
    session.flush()
    head = queries.chain_head(session)
    audit.record(
        session,
        actor,
        "month:close",
        None,
        at=at,
        public=False,
        month=f"{month:%Y-%m}",
        chain_seq=head.seq,
        chain_hash=head.hash,
    )
    return row


def _journal(
    session: Session, actor: Actor, *, at: datetime, source: str, purpose: str, memo: str, reverses: int | None = None
) -> Journal:
    booked_on = actor.day(at)
    month = months.first_of(booked_on)
    journal = Journal(
        number=next_number(session, Kind.JOURNAL, booked_on), source=source, purpose=purpose, month=month, booked_on=booked_on, at=at,
        memo=memo, actor_name=actor.name, member_id=actor.scope.member_id, reverses=reverses,
    )  # fmt: skip
    with _refusals(source, month, again="already-posted" if reverses is None else "already-reversed"):
        session.add(journal)
        session.flush()
    return journal


def _write(session: Session, actor: Actor, journal: Journal, rows: Sequence[dict[str, object]]) -> None:
    """Insert the postings in order of account, which is the order in which the accounts are locked."""
    common = {"brand_id": actor.scope.brand_id, "booked_on": journal.booked_on, "at": journal.at, "purpose": journal.purpose,
              "seq": 0, "balance_after": Decimal(0)}  # the database fills the last two  # fmt: skip
    ordered = sorted(rows, key=lambda row: int(str(row["account_id"])))
    with _refusals(journal.source, journal.month):
        session.execute(insert(Posting), [{**common, **row, "line": line} for line, row in enumerate(ordered, start=1)])


@contextmanager
def _refusals(source: str, month: date, *, again: str = "already-posted") -> Iterator[None]:
    """The database's own refusals in the portal's words; the transaction is lost, the caller's unit of work ends it."""
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == "23505":  # unique: somebody posted the same event at the same time
            raise Refused(again, source=source) from error
        if state == "PT023":
            detail = getattr(getattr(error.orig, "diag", None), "message_detail", None) or "0"
            raise Refused("short-of-funds", missing=money.yuan(int(detail))) from error
        if state == "PT064":
            raise Refused("month-closed", month=f"{month:%Y-%m}") from error
        raise


def _account_ids(session: Session, entries: Sequence[Entry]) -> dict[tuple[str, int | None], int]:
    wanted = {(entry.account, entry.dealer_id) for entry in entries}
    found = _find(session, wanted)
    absent = [key for key in wanted if key not in found]
    for code, dealer_id in absent:
        if rules.chart()[code].per_dealer or dealer_id is not None:
            raise NotFound  # a dealer without an account: the register was never loaded
        session.execute(upsert(Account).values(code=code, dealer_id=None).on_conflict_do_nothing())
    return found if not absent else _find(session, wanted)


def _find(session: Session, wanted: set[tuple[str, int | None]]) -> dict[tuple[str, int | None], int]:
    brand_codes = [code for code, dealer_id in wanted if dealer_id is None]
    per_dealer = [(code, dealer_id) for code, dealer_id in wanted if dealer_id is not None]
    rows = session.execute(
        select(Account.code, Account.dealer_id, Account.id).where(
            (Account.dealer_id.is_(None) & Account.code.in_(brand_codes))
            | tuple_(Account.code, Account.dealer_id).in_(per_dealer)
        )
    )
    return {(row.code, row.dealer_id): row.id for row in rows}


def _dealer(session: Session, code: str) -> Dealer:
    dealer = session.scalar(select(Dealer).where(Dealer.code == code))
    if dealer is None:
        raise Refused("dealer-unknown", field="dealer", dealer=code)
    return dealer


def _require(actor: Actor, permission: Permission) -> None:
    if not actor.may(permission):
        raise Refused("permission-missing")
