"""Service-fee schedules as JSON."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from portal.fees.models import FeeSchedule, FeeState
from portal.fees.queries import ListRow
from portal.fees.rules import ITEMS_MOST, FeeWish
from portal.web.api import Amount, AmountIn, Asked, Day, Given, Instant, Line, ListQuery, Words


class FeeQuery(ListQuery):
    """Which schedules: of a state, or those in force today; of a dealer (headquarters); or those that say a text."""

    state: Literal["all", "draft", "submitted", "approved", "refused", "in-force"] = "all"
    dealer: Line = ""
    q: Line = ""


class FeeItemIn(Asked):
    """What is charged, by what unit; 0.00 for what is done free of charge."""

    item: Line
    unit: Line
    amount: AmountIn
    remark: Line = ""

    def wish(self) -> FeeWish:
        """As the action takes it."""
        return FeeWish(self.item, self.unit, self.amount, self.remark)


class FeeIn(Asked):
    """A schedule of one region, whole."""

    region: Line
    from_day: Day
    items: list[FeeItemIn] = Field(min_length=1, max_length=ITEMS_MOST)
    note: Words = ""


class FeeReasonIn(Asked):
    """Why a schedule is sent back or refused."""

    reason: Words


class FeeRow(Given):
    """A schedule in a list."""

    ref: str
    number: str | None
    state: FeeState
    region: str
    from_day: date
    to_day: date | None
    dealer: str
    dealer_name: str
    drafted_at: Instant
    submitted_at: Instant | None
    items: int

    @classmethod
    def of(cls, row: ListRow) -> FeeRow:
        """From the list's row."""
        return cls(
            ref=row.ref, number=row.number, state=row.state, region=row.region, from_day=row.from_day, to_day=row.to_day,
            dealer=row.dealer_code, dealer_name=row.dealer_name, drafted_at=row.drafted_at, submitted_at=row.submitted_at,
            items=row.items,
        )  # fmt: skip


class FeeItemOut(Given):
    """An item of a schedule."""

    position: int
    item: str
    unit: str
    amount: Amount
    remark: str


class FeeOut(Given):
    """A schedule; approved, it holds from ``from_day`` until before ``to_day`` (null: until another takes its place)."""

    ref: str
    number: str | None
    state: FeeState
    dealer: str
    dealer_name: str
    region: str
    from_day: date
    to_day: date | None
    note: str
    drafted_at: Instant
    drafted_by: str
    submitted_at: Instant | None
    submitted_by: str | None
    decided_at: Instant | None
    decided_by: str | None
    decision_reason: str | None
    items: list[FeeItemOut]

    @classmethod
    def of(cls, found: FeeSchedule, dealer: str, dealer_name: str) -> FeeOut:
        """From the stored schedule and its dealer's code and name."""
        return cls(
            ref=found.number or found.public_id, number=found.number, state=found.state, dealer=dealer, dealer_name=dealer_name,
            region=found.region, from_day=found.from_day, to_day=found.to_day, note=found.note, drafted_at=found.drafted_at,
            drafted_by=found.drafted_by, submitted_at=found.submitted_at, submitted_by=found.submitted_by,
            decided_at=found.decided_at, decided_by=found.decided_by, decision_reason=found.decision_reason,
            items=[
                FeeItemOut(position=one.position, item=one.item, unit=one.unit, amount=one.amount, remark=one.remark)
                for one in found.items
            ],
        )  # fmt: skip
