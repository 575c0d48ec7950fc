"""One dealer's form for one service month, and its lines."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import DealerOwned, Number, many, one, states, within
from portal.old_parts.models import OldPart
from portal.organizations.models import Dealer


class ClaimState(StrEnum):
    """draft → submitted → in-review (a line is decided or wanted, and one is open) → decided (none is open)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in-review"
    DECIDED = "decided"


class LineState(StrEnum):
    """A line's own state; "settled" is read from its ``pays_in``, never stored."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WANTED = "wanted"
    APPROVED = "approved"
    REDUCED = "reduced"
    REFUSED = "refused"


class Claim(DealerOwned):
    """``month`` is the first day of the service month; ``number`` (RC by that month) is given when first submitted."""

    __tablename__ = "claims"
    public_id: Mapped[str] = mapped_column(server_default=text("gen_random_uuid()::text"))
    number: Mapped[Number | None]
    state: Mapped[ClaimState] = mapped_column(states(ClaimState))
    ver: Mapped[int] = mapped_column()
    month: Mapped[date]
    note: Mapped[str]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[str]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    dealer: Mapped[Dealer] = one("Claim", "Dealer", "dealer_id", viewonly=True)
    lines: Mapped[list[ClaimLine]] = many(
        "ClaimLine", "Claim", "claim_id", order_by="ClaimLine.position", cascade="all, delete-orphan"
    )
    __mapper_args__ = {"version_id_col": ver}

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "public_id"),
            UniqueConstraint("brand_id", "number"),
            CheckConstraint("state = 'draft' OR number IS NOT NULL", name="number_once_submitted"),
            CheckConstraint("extract(day FROM month) = 1", name="month_first_day"),
            Index(None, "brand_id", "state", "id"),
            Index(None, "brand_id", "dealer_id", "state", "id"),
        )


class ClaimLine(DealerOwned):
    """One old part's reimbursement (R33, R40). Amounts in yuan; ``pays_in`` (a month's first day) is known from approval (R50)."""

    __tablename__ = "claim_lines"
    claim_id: Mapped[int]
    position: Mapped[int]
    state: Mapped[LineState] = mapped_column(states(LineState))
    old_part_id: Mapped[int]
    service_day: Mapped[date]
    quantity: Mapped[int]
    claimed: Mapped[Decimal]
    approved_quantity: Mapped[int | None]
    approved: Mapped[Decimal | None]
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    decision_code: Mapped[str | None]
    decision_reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    answer: Mapped[str | None]  # the dealer's answer to 补充资料
    pays_in: Mapped[date | None]
    old_part: Mapped[OldPart] = one("ClaimLine", "OldPart", "old_part_id", viewonly=True)
    claim: Mapped[Claim] = one("ClaimLine", "Claim", "claim_id", viewonly=True)

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("claims", "claim_id"),
            within("old_parts", "old_part_id"),
            UniqueConstraint("brand_id", "old_part_id"),
            UniqueConstraint("brand_id", "claim_id", "position"),
            CheckConstraint("claimed >= 0 AND quantity > 0", name="amounts_sane"),
            CheckConstraint(
                "(state IN ('approved', 'reduced')) = (approved IS NOT NULL) AND (approved IS NULL OR approved BETWEEN 0 AND claimed)",
                name="approved_within_claimed",
            ),
            CheckConstraint("(state IN ('approved', 'reduced')) = (pays_in IS NOT NULL)", name="pays_iff_approved"),
            CheckConstraint("state <> 'approved' OR approved = claimed", name="approved_in_full"),
            CheckConstraint(
                "state NOT IN ('reduced', 'refused', 'wanted') OR coalesce(decision_reason, '') <> ''",
                name="refused_with_reason",
            ),
            Index(
                "ix_claim_lines_pays_in",
                "brand_id",
                "pays_in",
                "dealer_id",
                postgresql_where=text("pays_in IS NOT NULL"),
                postgresql_include=["approved", "state"],
            ),
            Index(
                "ix_claim_lines_decided_at",
                "brand_id",
                "decided_at",
                postgresql_where=text("decided_at IS NOT NULL"),
            ),
            Index(None, "brand_id", "state", "id"),
        )


class ClaimForm(DealerOwned):
    """A dealer's workbook that a draft was made from: which file it was, never its bytes. One file makes one draft (IE4)."""

    __tablename__ = "claim_forms"
    claim_id: Mapped[int]
    filename: Mapped[str]
    sha256: Mapped[str]
    columns: Mapped[list[list[str]]] = mapped_column(
        JSONB
    )  # [heading as the sheet words it, field], in the sheet's order
    ignored: Mapped[list[str]] = mapped_column(JSONB)  # headings of columns that nobody asked for
    taken_at: Mapped[datetime]
    taken_by: Mapped[str]
    looked_at: Mapped[datetime]  # when its rows were compared with the register last

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("claims", "claim_id"),
            UniqueConstraint("brand_id", "claim_id"),
            UniqueConstraint("brand_id", "dealer_id", "sha256"),
        )


class ClaimFormRow(DealerOwned):
    """One row of the workbook: what was typed, what was understood, what became of it. Nothing typed is lost.

    ``seen`` is field → cell as its reader knows it, ``read`` is field → value as it was understood. ``outcome`` is "line" (then
    ``old_part_id`` is the registration that stands on the claim) or says why not (portal/claims/matching.py); ``facts`` are
    its sentence's; ``remarks`` are what differs all the same, as [{"code", "facts"}].
    """

    __tablename__ = "claim_form_rows"
    form_id: Mapped[int]
    row_no: Mapped[int]
    seen: Mapped[dict[str, str]] = mapped_column(JSONB)
    read: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    remarks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    old_part_id: Mapped[int | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("claim_forms", "form_id"),
            within("old_parts", "old_part_id"),
            UniqueConstraint("brand_id", "form_id", "row_no"),
            CheckConstraint("outcome <> 'line' OR old_part_id IS NOT NULL", name="line_has_old_part"),
        )
