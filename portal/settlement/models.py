"""A month's settlement, what it pays each dealer, who was left out by hand; the statements' papers and disputes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import DealerOwned, Number, Owned, states, to, within
from portal.files.models import keeps


class SettlementState(StrEnum):
    """prepared 待复核 → checked 待入账 → posted 已入账."""

    PREPARED = "prepared"
    CHECKED = "checked"
    POSTED = "posted"


class StatementState(StrEnum):
    """open 待确认 → confirmed 已确认, or disputed 有异议 → answered, which makes it open again (R53).

    "Accepted by silence" is no state: it is read from the day (``rules.reply``).
    """

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class PaperKind(StrEnum):
    """What a statement is kept as."""

    PDF = "pdf"
    XLSX = "xlsx"


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
    ``confirm_by`` is the last day to answer as the paper says it; ``again_by`` the one after headquarters answered a dispute.
    """

    __tablename__ = "statements"
    settlement_id: Mapped[int]
    month: Mapped[date]
    number: Mapped[Number | None]
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
    state: Mapped[StatementState] = mapped_column(states(StatementState), server_default=text("'open'"))
    ver: Mapped[int] = mapped_column(server_default=text("1"))
    again_by: Mapped[date | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None]
    __mapper_args__ = {"version_id_col": ver}

    @property
    def answer_by(self) -> date | None:
        """The last day, in the brand's zone, on which the dealer can confirm or dispute it."""
        return self.again_by or self.confirm_by

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            to("settlements", "settlement_id"),
            UniqueConstraint("brand_id", "settlement_id", "dealer_id"),
            UniqueConstraint("brand_id", "number"),
            CheckConstraint("(number IS NULL) = (posted_at IS NULL)", name="number_iff_posted"),
            CheckConstraint(
                "(state = 'confirmed') = (confirmed_at IS NOT NULL) AND (confirmed_at IS NULL) = (confirmed_by IS NULL)",
                name="confirmed_by_somebody",
            ),
            CheckConstraint("state = 'open' OR number IS NOT NULL", name="answered_once_posted"),
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


class Dispute(DealerOwned):
    """What a dealer says is wrong with its statement, perhaps naming ``lines`` (claim, line), and headquarters' answer."""

    __tablename__ = "statement_disputes"
    statement_id: Mapped[int]
    reason: Mapped[str]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    raised_at: Mapped[datetime]
    raised_by: Mapped[str]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("statements", "statement_id"),
            Index(None, "brand_id", "statement_id", "id"),
            Index(
                "uq_statement_disputes_open",
                "brand_id",
                "statement_id",
                unique=True,
                postgresql_where=text("answered_at IS NULL"),
            ),
            CheckConstraint("reason <> ''", name="raised_with_reason"),
            CheckConstraint(
                "(answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL) AND answer <> ''",
                name="answered_whole",
            ),
        )


class KeptPaper(DealerOwned):
    """A statement as it was made once: the file's ``name`` in the store, SHA-256 (hex) and size of its bytes.

    ``opening``, ``closing`` and ``amount`` (yuan) are what the paper itself says; ``portal prove`` holds them against the ledger.
    """

    __tablename__ = "statement_papers"
    statement_id: Mapped[int]
    kind: Mapped[PaperKind] = mapped_column(states(PaperKind))
    name: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    opening: Mapped[Decimal]
    closing: Mapped[Decimal]
    amount: Mapped[Decimal]
    rendered_at: Mapped[datetime]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("statements", "statement_id"),
            UniqueConstraint("brand_id", "statement_id", "kind"),
            Index(None, "brand_id", "name"),
            CheckConstraint("length(sha256) = 64 AND size > 0", name="hashed"),
        )


for ending in PaperKind:
    keeps(ending.value, name=KeptPaper.name, size=KeptPaper.size, sha256=KeptPaper.sha256)
