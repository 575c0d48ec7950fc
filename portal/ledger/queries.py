"""What the ledger shows: accounts, entries, balances of any day, months, the chain's head."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Row, Select, case, func, select, union
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from portal.core.db import begins
from portal.core.errors import NotFound
from portal.core.money import ZERO
from portal.core.months import add_months
from portal.ledger.models import Account, ChainEntry, ChainHead, Journal, Month, Posting, TopUp
from portal.ledger.rules import OPENING_BALANCE, PREPAYMENTS
from portal.organizations.models import Dealer


def prepayment(session: Session, dealer_id: int) -> Account:
    """The dealer's prepayment account (balance and credit limit in yuan); NotFound when it has none."""
    account = session.scalar(
        select(Account)
        .where(Account.code == PREPAYMENTS, Account.dealer_id == dealer_id)
        .execution_options(populate_existing=True)
    )
    if account is None:
        raise NotFound
    return account


def prepayments(session: Session, dealer_ids: Collection[int]) -> dict[int, Account]:
    """The prepayment accounts of these dealers, by dealer, in one statement."""
    found = session.scalars(
        select(Account)
        .where(Account.code == PREPAYMENTS, Account.dealer_id.in_(sorted(dealer_ids)))
        .execution_options(populate_existing=True)
    )
    return {account.dealer_id: account for account in found if account.dealer_id is not None}


def accounts(session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
    """Every dealer's account: (code, name, city, balance, credit_limit, entries, dealer_id)."""
    return session.execute(
        select(
            Dealer.code,
            Dealer.name,
            Dealer.city,
            Account.balance,
            Account.credit_limit,
            Account.entries,
            Account.dealer_id,
        )
        .join(Dealer, (Dealer.brand_id == Account.brand_id) & (Dealer.id == Account.dealer_id))
        .where(Account.code == PREPAYMENTS)
        .order_by(Dealer.code)
    ).all()


def openings(session: Session) -> dict[int, Decimal]:
    """The opening balances that were booked, yuan by dealer, in one statement (a load of dealers asks)."""
    rows = session.execute(
        select(Posting.dealer_id, Posting.credit)
        .join(Journal, (Journal.brand_id == Posting.brand_id) & (Journal.id == Posting.journal_id))
        .where(Journal.purpose == OPENING_BALANCE, Posting.dealer_id.is_not(None), Posting.credit.is_not(None))
    )
    return {dealer_id: credit for dealer_id, credit in rows if dealer_id is not None and credit is not None}


def prepayment_accounts() -> Select[*tuple[Any, ...]]:
    """Every dealer's account as a SELECT to build on (settlement, debits by the clock): dealer_id, balance, entries, credit_limit."""
    return select(Account.dealer_id, Account.balance, Account.entries, Account.credit_limit).where(
        Account.code == PREPAYMENTS, Account.dealer_id.is_not(None)
    )


def prepayments_total(session: Session) -> Decimal:
    """What all dealers together hold with headquarters, yuan."""
    return (
        session.scalar(
            select(func.coalesce(func.sum(Account.balance), 0).cast(Account.balance.type)).where(
                Account.code == PREPAYMENTS
            )
        )
        or ZERO
    )


def brand_accounts(session: Session) -> Sequence[Account]:
    """The brand's own accounts (without dealers')."""
    return session.scalars(select(Account).where(Account.dealer_id.is_(None)).order_by(Account.id)).all()


def entries(
    session: Session,
    account_id: int,
    *,
    before_seq: int | None = None,
    month: date | None = None,
    purposes: Collection[str] = (),
    limit: int = 50,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """An account's entries, newest first: (seq, booked_on, at, purpose, document, memo, debit, credit, balance_after, journal_id)."""
    q = _entry_columns().where(Posting.account_id == account_id)
    if before_seq is not None:
        q = q.where(Posting.seq < before_seq)
    if month is not None:
        q = q.where(Posting.booked_on >= month, Posting.booked_on < add_months(month, 1))
    if purposes:
        q = q.where(Posting.purpose.in_(purposes))
    return session.execute(q.order_by(Posting.seq.desc()).limit(limit)).all()


def account_months(session: Session, account_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """An account by calendar month, newest first: (month, credit, debit in yuan, entries)."""
    month = func.date_trunc("month", Posting.booked_on).cast(Date).label("month")
    yuan = Posting.debit.type
    return session.execute(
        select(
            month,
            func.coalesce(func.sum(Posting.credit), 0).cast(yuan).label("credit"),
            func.coalesce(func.sum(Posting.debit), 0).cast(yuan).label("debit"),
            func.count().label("entries"),
        )
        .where(Posting.account_id == account_id)
        .group_by(month)
        .order_by(month.desc())
    ).all()


def balances_by_day(session: Session, account_id: int, since: date) -> Sequence[Row[*tuple[Any, ...]]]:
    """The balance at the end of each day with entries from ``since`` on: (booked_on, balance in yuan), oldest first."""
    return session.execute(
        select(Posting.booked_on, Posting.balance_after)
        .ext(distinct_on(Posting.booked_on))
        .where(Posting.account_id == account_id, Posting.booked_on >= since)
        .order_by(Posting.booked_on, Posting.seq.desc())
    ).all()


def entries_between(
    session: Session, account_id: int, first_seq: int, last_seq: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """An account's entries of a statement, in ledger order (R53)."""
    q = _entry_columns().where(Posting.account_id == account_id, Posting.seq.between(first_seq, last_seq))
    return session.execute(q.order_by(Posting.seq)).all()


def moved_between(session: Session, account_id: int, first_seq: int, last_seq: int) -> tuple[Decimal, Decimal]:
    """What those entries brought and took in all: (credit, debit) in yuan."""
    row = session.execute(
        select(
            *(func.coalesce(func.sum(column), 0).cast(column.type) for column in (Posting.credit, Posting.debit))
        ).where(Posting.account_id == account_id, Posting.seq.between(first_seq, last_seq))
    ).one()
    return row[0], row[1]


def _entry_columns() -> Select[*tuple[Any, ...]]:
    return select(
        Posting.seq, Posting.booked_on, Posting.at, Posting.purpose, Posting.document, Posting.memo, Posting.debit, Posting.credit,
        Posting.balance_after, Posting.journal_id,
    )  # fmt: skip


def balance_on(session: Session, account_id: int, day: date) -> Decimal:
    """R65: the account's balance at the end of a day of the brand's zone, yuan."""
    moved = func.coalesce(func.sum(func.coalesce(Posting.credit, 0) - func.coalesce(Posting.debit, 0)), 0)
    cents = session.scalar(select(moved).where(Posting.account_id == account_id, Posting.booked_on <= day))
    return ZERO if cents is None else _as_yuan(cents)


def _as_yuan(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) and value.as_tuple().exponent == -2 else Decimal(int(value)).scaleb(-2)


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's newest link: what a month's proof prints (R66)."""

    seq: int
    hash: str


def chain_head(session: Session) -> Head:
    """The newest link of the brand's chain; sequence 0 before the first journal."""
    row = session.execute(select(ChainHead.seq, ChainHead.hash)).first()
    return Head(0, "") if row is None else Head(row.seq, bytes(row.hash).hex())


def months(session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
    """The ledger's months, newest first: (month, closed_at, closed_by, journals, turnover in yuan)."""
    turnover = func.coalesce(func.sum(Posting.debit), 0)
    return session.execute(
        select(
            Month.month, Month.closed_at, Month.closed_by,
            func.count(Journal.id.distinct()).label("journals"), turnover.label("turnover"),
        )
        .outerjoin(Journal, (Journal.brand_id == Month.brand_id) & (Journal.month == Month.month))
        .outerjoin(Posting, (Posting.brand_id == Journal.brand_id) & (Posting.journal_id == Journal.id))
        .group_by(Month.month, Month.closed_at, Month.closed_by)
        .order_by(Month.month.desc())
    ).all()  # fmt: skip


def journal(session: Session, number: str) -> Journal:
    """A journal by number."""
    found = session.scalar(select(Journal).where(Journal.number == number))
    if found is None:
        raise NotFound
    return found


def journal_of(session: Session, source: str, purpose: str) -> Journal | None:
    """The journal of a business event, if it was posted."""
    return session.scalar(select(Journal).where(Journal.source == source, Journal.purpose == purpose))


def journal_by_id(session: Session, journal_id: int) -> Journal | None:
    """A journal by its key, for the one that names it (R61)."""
    return session.scalar(select(Journal).where(Journal.id == journal_id))


def reversal_of(session: Session, journal_id: int) -> Journal | None:
    """The journal that reverses this one, if any (R61: at most one)."""
    return session.scalar(select(Journal).where(Journal.reverses == journal_id))


def journals(
    session: Session, *, before_id: int | None = None, text: str = "", limit: int = 50
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Journals, newest first: (id, number, source, purpose, booked_on, at, memo, actor_name, reverses, amount in yuan)."""
    amount = (
        select(func.sum(Posting.debit))
        .where(Posting.brand_id == Journal.brand_id, Posting.journal_id == Journal.id)
        .correlate(Journal)
        .scalar_subquery()
    )
    q = select(
        Journal.id, Journal.number, Journal.source, Journal.purpose, Journal.booked_on, Journal.at, Journal.memo, Journal.actor_name,
        Journal.reverses, amount.label("amount"),
    )  # fmt: skip
    if before_id is not None:
        q = q.where(Journal.id < before_id)
    if text:
        q = q.where(
            Journal.number.bool_op("^@")(text)
            | Journal.source.bool_op("^@")(text)
            | (func.split_part(Journal.source, ":", 2) == text)
        )
    return session.execute(q.order_by(Journal.id.desc()).limit(limit)).all()


def postings(session: Session, journal_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """A journal's postings: (line, account code, dealer code, debit, credit, document, memo, balance_after)."""
    return session.execute(
        select(
            Posting.line, Account.code.label("account"), Dealer.code.label("dealer"), Posting.debit, Posting.credit, Posting.document,
            Posting.memo, Posting.balance_after,
        )
        .join(Account, (Account.brand_id == Posting.brand_id) & (Account.id == Posting.account_id))
        .outerjoin(Dealer, (Dealer.brand_id == Posting.brand_id) & (Dealer.id == Posting.dealer_id))
        .where(Posting.journal_id == journal_id)
        .order_by(case((Posting.debit.is_not(None), 0), else_=1), Posting.line)
    ).all()  # fmt: skip


def chain_hash(session: Session, journal_id: int) -> str | None:
    """A journal's own hash in the chain, hex."""
    found = session.scalar(select(ChainEntry.hash).where(ChainEntry.journal_id == journal_id))
    return None if found is None else bytes(found).hex()


def topup(session: Session, number: str) -> TopUp:
    """A top-up by number."""
    found = session.scalar(select(TopUp).where(TopUp.number == number))
    if found is None:
        raise NotFound
    return found


def dealer_of(session: Session, found: TopUp) -> Dealer:
    """Whose top-up it is."""
    return session.get_one(Dealer, (found.brand_id, found.dealer_id))


def topups(
    session: Session, *, before_id: int | None = None, dealer_id: int | None = None, limit: int = 50
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Top-ups, newest first, with the dealer's code and name."""
    q = select(
        TopUp.id, TopUp.number, TopUp.state, TopUp.amount, TopUp.received_on, TopUp.bank_reference, TopUp.note, TopUp.entered_at,
        TopUp.entered_by, Dealer.code.label("dealer_code"), Dealer.name.label("dealer_name"),
    ).join(Dealer, (Dealer.brand_id == TopUp.brand_id) & (Dealer.id == TopUp.dealer_id))  # fmt: skip
    if before_id is not None:
        q = q.where(TopUp.id < before_id)
    if dealer_id is not None:
        q = q.where(TopUp.dealer_id == dealer_id)
    return session.execute(q.order_by(TopUp.id.desc()).limit(limit)).all()


def topups_beginning(session: Session, number: str, reference: str, *, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Top-ups whose number begins with ``number`` or whose bank reference with ``reference``: (number, entered_at, dealer_code, dealer_name).

    At most ``limit`` of either; two ranges of indexes.
    """
    some = union(
        *(
            select(TopUp.id).where(begins(column, typed)).order_by(column.desc()).limit(limit)
            for column, typed in ((TopUp.number, number), (TopUp.bank_reference, reference))
        )
    ).subquery()
    return session.execute(
        select(TopUp.number, TopUp.entered_at, Dealer.code.label("dealer_code"), Dealer.name.label("dealer_name"))
        .join_from(some, TopUp, TopUp.id == some.c.id)
        .join(Dealer, (Dealer.brand_id == TopUp.brand_id) & (Dealer.id == TopUp.dealer_id))
        .order_by(TopUp.number.desc())
    ).all()
