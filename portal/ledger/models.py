"""An append-only double-entry ledger per brand (R60–R66). What is stored here is guarded by migration 0003's triggers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from portal.core.db import Base, DealerOwned, Number, Owned, states, to


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id: seals a journal to the transaction that wrote it."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class Account(Owned):
    """An account of the chart (config/chart_of_accounts.toml); dealers' prepayments have one per dealer.

    ``balance`` = Σ credit − Σ debit in yuan for every account; ``entries`` counts its postings. Both are kept by
    the database alone. ``credit_limit`` (dealers only) binds order debits only (R23).
    """

    __tablename__ = "accounts"
    code: Mapped[str]
    dealer_id: Mapped[int | None]
    balance: Mapped[Decimal] = mapped_column(server_default=text("0"))
    entries: Mapped[int] = mapped_column(server_default=text("0"))
    credit_limit: Mapped[Decimal] = mapped_column(server_default=text("0"))

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "code", "dealer_id", postgresql_nulls_not_distinct=True),
            ForeignKeyConstraint(["brand_id", "dealer_id"], ["dealers.brand_id", "dealers.id"]),
            CheckConstraint("credit_limit >= 0", name="limit_not_negative"),
        )


class Month(Base):
    """A ledger month; its row is opened by its first journal, closed by finance, never reopened (R64)."""

    __tablename__ = "ledger_months"
    brand_id: Mapped[int]
    month: Mapped[date]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    __table_args__ = (
        PrimaryKeyConstraint("brand_id", "month"),
        ForeignKeyConstraint(["brand_id"], ["brands.id"]),
        CheckConstraint("extract(day FROM month) = 1", name="first_day"),
    )


class Journal(Owned):
    """One business event (R63: unique by source and purpose). ``booked_on`` is a day of the brand's zone; ``at`` the instant."""

    __tablename__ = "journals"
    number: Mapped[str]
    source: Mapped[str]
    purpose: Mapped[str]
    month: Mapped[date]
    booked_on: Mapped[date]
    at: Mapped[datetime]
    memo: Mapped[str]
    actor_name: Mapped[str]
    member_id: Mapped[int]
    reverses: Mapped[int | None]
    xid: Mapped[int] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "number"),
            UniqueConstraint("brand_id", "source", "purpose"),
            UniqueConstraint("brand_id", "reverses"),
            to("journals", "reverses"),
            ForeignKeyConstraint(["brand_id", "month"], ["ledger_months.brand_id", "ledger_months.month"]),
            CheckConstraint("month = date_trunc('month', booked_on)::date", name="booked_in_month"),
        )


class Posting(Base):
    """One side of a journal on one account. ``seq`` (per account, without gaps) and ``balance_after`` are the database's."""

    __tablename__ = "postings"
    brand_id: Mapped[int]
    journal_id: Mapped[int]
    line: Mapped[int] = mapped_column(SmallInteger)
    account_id: Mapped[int]
    dealer_id: Mapped[int | None]
    debit: Mapped[Decimal | None] = mapped_column("debit_fen")
    credit: Mapped[Decimal | None] = mapped_column("credit_fen")
    seq: Mapped[int]
    balance_after: Mapped[Decimal] = mapped_column("balance_after_fen")
    booked_on: Mapped[date]
    at: Mapped[datetime]
    purpose: Mapped[str]
    document: Mapped[str]  # the number a reader knows: PO2611-0001, ST2610-D001
    memo: Mapped[str]
    __table_args__ = (
        PrimaryKeyConstraint("brand_id", "journal_id", "line"),
        ForeignKeyConstraint(["brand_id", "journal_id"], ["journals.brand_id", "journals.id"]),
        ForeignKeyConstraint(["brand_id", "account_id"], ["accounts.brand_id", "accounts.id"]),
        UniqueConstraint("brand_id", "account_id", "seq"),
        CheckConstraint("num_nonnulls(debit_fen, credit_fen) = 1", name="one_side"),
        CheckConstraint("coalesce(debit_fen, credit_fen) BETWEEN 1 AND 9999999999999", name="positive"),
    )


class ChainEntry(Base):
    """The chain (R66): each journal's hash over itself and the one before."""

    __tablename__ = "chain_entries"
    brand_id: Mapped[int]
    seq: Mapped[int]
    journal_id: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (
        PrimaryKeyConstraint("brand_id", "seq"),
        UniqueConstraint("brand_id", "journal_id"),
        ForeignKeyConstraint(["brand_id", "journal_id"], ["journals.brand_id", "journals.id"]),
    )


class ChainHead(Base):
    """The chain's newest hash per brand; locking it puts journals in one order."""

    __tablename__ = "chain_heads"
    brand_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (ForeignKeyConstraint(["brand_id"], ["brands.id"]),)


class TopUpState(StrEnum):
    """A top-up is posted at once; a mistaken one is reversed."""

    POSTED = "posted"
    REVERSED = "reversed"


class TopUp(DealerOwned):
    """Money a dealer paid in 充值, entered by finance from the bank's advice."""

    __tablename__ = "topups"
    number: Mapped[Number]
    state: Mapped[TopUpState] = mapped_column(states(TopUpState))
    amount: Mapped[Decimal]
    received_on: Mapped[date]
    bank_reference: Mapped[Number]
    note: Mapped[str]
    entered_at: Mapped[datetime]
    entered_by: Mapped[str]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "number"),
            UniqueConstraint("brand_id", "bank_reference"),
            CheckConstraint("amount > 0", name="positive"),
            Index(None, "brand_id", "dealer_id", "id"),
        )
