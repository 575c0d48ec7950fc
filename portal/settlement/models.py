"""A month's settlement, what it pays each dealer, and who was left out by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import DealerOwned, Owned, states, to, within


class SettlementState(StrEnum):
    """prepared 待复核 → checked 待入账 → posted 已入账."""

    PREPARED = "prepared"
    CHECKED = "checked"
    POSTED = "posted"


class Settlement(Owned):
    """One brand's month (its first day, the month being reimbursed). ``number`` is ST2610."""

    __tablename__ = "settlements"
    number: Mapped[str]
    month: Mapped[date]
    settles_on: Mapped[date]
    state: Mapped[SettlementState] = mapped_column(states(SettlementState))
    ver: Mapped[int] = mapped_column()
    lines: Mapped[int]
    dealers: Mapped[int]
    amount: Mapped[Decimal]
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[str]
    prepared_login: Mapped[int | None]
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[str | None]
    checked_login: Mapped[int | None]
    posted_at: Mapped[datetime | None]
    posted_by: Mapped[str | None]
    journal_id: Mapped[int | None]
    chain_hash: Mapped[str | None]
    __mapper_args__ = {"version_id_col": ver}

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "month"),
            UniqueConstraint("brand_id", "number"),
            to("journals", "journal_id"),
            CheckConstraint("(state = 'posted') = (posted_at IS NOT NULL)", name="posted_has_instant"),
            CheckConstraint("state <> 'posted' OR checked_at IS NOT NULL", name="posted_was_checked"),
        )


class Statement(DealerOwned):
    """A dealer's share and, once posted, its numbered statement: ledger entries ``first_seq``..``last_seq`` (R53).

    While the settlement is only prepared, ``number`` and the sequence are None and only HQ may see the row.
    """

    __tablename__ = "statements"
    settlement_id: Mapped[int]
    month: Mapped[date]
    number: Mapped[str | None]
    lines: Mapped[int]
    amount: Mapped[Decimal]
    opening: Mapped[Decimal | None]
    closing: Mapped[Decimal | None]
    first_seq: Mapped[int | None]
    last_seq: Mapped[int | None]
    confirm_by: Mapped[date | None]
    chain_hash: Mapped[str | None]
    left_out: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)  # as the paper says it, for good
    posted_at: Mapped[datetime | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            to("settlements", "settlement_id"),
            UniqueConstraint("brand_id", "settlement_id", "dealer_id"),
            UniqueConstraint("brand_id", "number"),
            CheckConstraint("(number IS NULL) = (posted_at IS NULL)", name="number_iff_posted"),
            Index(None, "brand_id", "dealer_id", "month"),
        )


class Exclusion(DealerOwned):
    """A person moved an approved line on to the next month, with a reason (R50)."""

    __tablename__ = "settlement_exclusions"
    line_id: Mapped[int]
    from_month: Mapped[date]
    to_month: Mapped[date]
    reason: Mapped[str]
    excluded_at: Mapped[datetime]
    excluded_by: Mapped[str]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("claim_lines", "line_id"),
            UniqueConstraint("brand_id", "line_id", "from_month"),
            CheckConstraint("to_month > from_month AND reason <> ''", name="moved_on_with_reason"),
        )
