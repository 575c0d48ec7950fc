"""Claims as JSON: lines with their checks in words, amounts, decisions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from portal.claims.models import Claim, ClaimState, LineState
from portal.claims.queries import LineRow, ListRow
from portal.core.money import ZERO
from portal.old_parts.models import Review
from portal.web.api import Amount, AmountIn, Asked, Given, Instant, Line, ListQuery, Month, Ref, Words

LINES_MOST = 500
Positions = Annotated[
    list[Annotated[int, Field(ge=1, le=9999)]],
    Field(min_length=1, max_length=LINES_MOST, json_schema_extra={"example": [1, 2]}),
]


class ClaimQuery(ListQuery):
    """Which claims: of a state, or with a line that waits for the dealer (`wanted`); of a month; of a dealer (headquarters)."""

    state: Literal["all", "draft", "submitted", "in-review", "decided", "wanted"] = "all"
    dealer: Line = ""
    month: Month | None = None
    q: Line = ""


class ClaimIn(Asked):
    """The form of a service month, with the registrations that go on it."""

    month: Month
    old_parts: list[Ref] = Field(default_factory=list, max_length=LINES_MOST)
    note: Words = ""


class LinesIn(Asked):
    """Registrations by number."""

    old_parts: list[Ref] = Field(min_length=1, max_length=LINES_MOST)


class LineAnswerIn(Asked):
    """What the dealer answers to what was wanted of a line."""

    answer: Words


class ApproveIn(Asked):
    """Which lines; ``seen`` is their `stamp` where they were decided before."""

    positions: Positions
    seen: Line = ""


class WantIn(Asked):
    """Which lines, and what is wanted."""

    positions: Positions
    reason: Words
    seen: Line = ""


class RefuseIn(Asked):
    """Which lines, the decision code, and the sentence."""

    positions: Positions
    code: Ref
    reason: Words
    seen: Line = ""


class ReduceIn(Asked):
    """Which lines, and either fewer pieces or a smaller amount of each (R43)."""

    positions: Positions
    quantity: int | None = Field(default=None, ge=1, le=9999)
    amount: AmountIn | None = None
    code: Ref = "PWA"
    reason: Words
    seen: Line = ""


class ClaimRow(Given):
    """A claim in a list; ``approved`` is null while nothing is decided."""

    ref: str
    number: str | None
    state: ClaimState
    month: Month
    dealer: str
    dealer_name: str
    lines: int
    open_lines: int
    wanted: int
    claimed: Amount
    approved: Amount | None
    submitted_at: Instant | None
    updated_at: Instant

    @classmethod
    def of(cls, row: ListRow) -> ClaimRow:
        """From the list's row."""
        return cls(
            ref=row.ref, number=row.number, state=row.state, month=row.month, dealer=row.dealer_code, dealer_name=row.dealer_name,
            lines=row.lines, open_lines=row.open_lines, wanted=row.wanted, claimed=row.claimed, approved=row.approved,
            submitted_at=row.submitted_at, updated_at=row.updated_at,
        )  # fmt: skip


class CheckOut(Given):
    """A check in words (R41): pass, warn or block."""

    level: Literal["pass", "warn", "block"]
    sentence: str
    why: str


class ClaimLineOut(Given):
    """A line; open ones carry today's checks, decided ones those of their decision. ``stamp`` is what a reviewer saw."""

    position: int
    state: LineState
    old_part: str
    review: Review
    part: str
    part_name: str
    model: str
    serial: str
    fault: str
    cause: str
    service_day: date
    quantity: int
    claimed: Amount
    approved_quantity: int | None
    approved: Amount | None
    decision_code: str | None
    decision_reason: str | None
    decided_at: Instant | None
    decided_by: str | None
    answer: str | None
    pays_in: Month | None
    paid: bool
    stamp: str
    checks: list[CheckOut]

    @classmethod
    def of(cls, row: LineRow, checks: list[tuple[str, str, str]], *, paid: bool) -> ClaimLineOut:
        """From the line's row and its checks in words."""
        said = [
            CheckOut.model_validate({"level": level, "sentence": words, "why": why}) for level, words, why in checks
        ]
        return cls(
            position=row.position, state=row.state, old_part=row.old_part, review=row.review, part=row.part_number,
            part_name=row.part_name, model=row.model, serial=row.serial, fault=row.fault_code, cause=str(row.cause),
            service_day=row.service_day, quantity=row.quantity, claimed=row.claimed, approved_quantity=row.approved_quantity,
            approved=row.approved, decision_code=row.decision_code, decision_reason=row.decision_reason, decided_at=row.decided_at,
            decided_by=row.decided_by, answer=row.answer, pays_in=row.pays_in, paid=paid, stamp=row.stamp, checks=said,
        )  # fmt: skip


class ClaimOut(Given):
    """A claim with its lines."""

    ref: str
    number: str | None
    state: ClaimState
    month: Month
    dealer: str
    dealer_name: str
    note: str
    drafted_at: Instant
    drafted_by: str
    submitted_at: Instant | None
    submitted_by: str | None
    decided_at: Instant | None
    claimed: Amount
    approved: Amount
    lines: list[ClaimLineOut]

    @classmethod
    def of(cls, claim: Claim, dealer: tuple[str, str], lines: list[ClaimLineOut]) -> ClaimOut:
        """From the stored claim, its dealer's code and name, and its lines."""
        return cls(
            ref=claim.number or claim.public_id, number=claim.number, state=claim.state, month=claim.month, dealer=dealer[0],
            dealer_name=dealer[1], note=claim.note, drafted_at=claim.drafted_at, drafted_by=claim.drafted_by,
            submitted_at=claim.submitted_at, submitted_by=claim.submitted_by, decided_at=claim.decided_at,
            claimed=sum((line.claimed for line in lines), ZERO), approved=sum((line.approved or ZERO for line in lines), ZERO),
            lines=lines,
        )  # fmt: skip
