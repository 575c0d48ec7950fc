"""A dealer's schedule of service fees for one region, and its items."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import DealerOwned, Number, many, states, within


class FeeState(StrEnum):
    """draft 草稿 → submitted 待审批 → approved 已批准 / refused 不批准; sending back returns it to draft."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"


class FeeSchedule(DealerOwned):
    """One version. In force from ``from_day`` until before ``to_day`` once approved; one per dealer, region and day."""

    __tablename__ = "fee_schedules"
    public_id: Mapped[str] = mapped_column(server_default=text("gen_random_uuid()::text"))
    number: Mapped[Number | None]
    state: Mapped[FeeState] = mapped_column(states(FeeState))
    ver: Mapped[int] = mapped_column()
    region: Mapped[str]
    from_day: Mapped[date]
    to_day: Mapped[date | None]
    note: Mapped[str]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[str]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]
    items: Mapped[list[FeeItem]] = many(
        "FeeItem", "FeeSchedule", "schedule_id", order_by="FeeItem.position", cascade="all, delete-orphan"
    )
    __mapper_args__ = {"version_id_col": ver}

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "public_id"),
            UniqueConstraint("brand_id", "number"),
            CheckConstraint("state = 'draft' OR number IS NOT NULL", name="number_once_submitted"),
            CheckConstraint("to_day IS NULL OR to_day > from_day", name="days_in_order"),
            ExcludeConstraint(
                ("brand_id", "="),
                ("dealer_id", "="),
                ("region", "="),
                (text("daterange(from_day, to_day)"), "&&"),
                where=text("state = 'approved'"),
                using="gist",
                name="ex_fee_schedules_one_in_force",
            ),
            Index(None, "brand_id", "state", "id"),
        )


class FeeItem(DealerOwned):
    """What is charged: item, unit, amount (yuan), remark."""

    __tablename__ = "fee_items"
    schedule_id: Mapped[int]
    position: Mapped[int]
    item: Mapped[str]
    unit: Mapped[str]
    amount: Mapped[Decimal]
    remark: Mapped[str]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("fee_schedules", "schedule_id"),
            UniqueConstraint("brand_id", "schedule_id", "position"),
            CheckConstraint("amount >= 0", name="not_negative"),
        )
