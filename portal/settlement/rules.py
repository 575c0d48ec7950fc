"""How a settlement is reckoned: numbers, days, and what a preview says (R50-R53). Pure: values in, value out.

A month is its first day. Amounts are yuan. Which month pays a line is ``portal.claims.rules.pays_in``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.core.money import ZERO
from portal.core.months import add_months

RUNS_AT = time(2, 0)  # R50: the clock time of the settlement day at which it is prepared


class Reply(StrEnum):
    """How a posted statement stands with its dealer (R53). Accepted: the time to answer passed, and nothing was said."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    ACCEPTED = "accepted"


class Fault(StrEnum):
    """What of a statement does not agree with the ledger (BA6)."""

    OPENING = "opening"
    ENTRIES = "entries"
    CLOSING = "closing"
    REIMBURSED = "reimbursed"
    LINES = "lines"
    PAPER = "paper"


class LeftOutBecause(StrEnum):
    """Why a line is not in a month's settlement (R51)."""

    NOT_DECIDED = "not-decided"
    OLD_PART_NOT_REVIEWED = "old-part-not-reviewed"
    OLD_PART_NOT_ACCEPTED = "old-part-not-accepted"
    WANTED = "wanted"
    APPROVED_LATE = "approved-late"
    EXCLUDED = "excluded"
    LATER_SERVICE_DAY = "later-service-day"


@dataclass(frozen=True, slots=True)
class Share:
    """What one dealer gets: lines and yuan."""

    dealer_id: int
    dealer_code: str
    dealer_name: str
    lines: int
    amount: Decimal
    statement: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOutGroup:
    """All lines left out for one reason: how many, yuan (approved, or claimed while undecided), how many dealers."""

    because: LeftOutBecause
    lines: int
    amount: Decimal
    dealers: int


@dataclass(frozen=True, slots=True)
class LeftOutLine:
    """One line left out. ``goes_to`` is the month that pays it, None while nobody can know."""

    because: LeftOutBecause
    line_id: int
    claim: str
    position: int
    dealer_code: str
    dealer_name: str
    service_day: date
    part_number: str
    part_name: str
    old_part: str
    amount: Decimal
    reason: str
    goes_to: date | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a month's settlement pays, or would pay, and everything left out with the reason (R51)."""

    month: date
    settles_on: date
    lines: int
    dealers: int
    amount: Decimal
    left_out: tuple[LeftOutGroup, ...]

    @property
    def left_out_lines(self) -> int:
        """Lines left out, for whatever reason."""
        return sum(group.lines for group in self.left_out)

    @property
    def left_out_amount(self) -> Decimal:
        """Yuan left out."""
        return total(group.amount for group in self.left_out)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Yuan, added up."""
    return sum(amounts, ZERO)


def settlement_number(month: date) -> str:
    """ST2610 for the settlement of October 2026 (domain.md section 12)."""
    return f"ST{month:%y%m}"


def statement_number(month: date, dealer_code: str) -> str:
    """ST2610-D001: a dealer's statement of that month."""
    return f"{settlement_number(month)}-{dealer_code}"


def source(month: date) -> str:
    """What the ledger stores as the source of the settlement's one journal (R63)."""
    return f"settlement:{settlement_number(month)}"


def runs_at(settles_on: date, zone: ZoneInfo) -> datetime:
    """R50: the instant at which a settlement is prepared by itself, 02:00 of its day in the brand's zone."""
    return datetime.combine(settles_on, RUNS_AT, tzinfo=zone)


def months_come(first: date, now: datetime, zone: ZoneInfo, settles_on: Callable[[date], date]) -> list[date]:
    """R50: the months from ``first`` on whose settlement day has come, and 02:00 of it in ``zone``, in their order."""
    come, month = [], first
    while runs_at(settles_on(month), zone) <= now:
        come.append(month)
        month = add_months(month, 1)
    return come


def has_begun(settles_on: date, today: date) -> bool:
    """R51: preparing is refused before the settlement day begins in the brand's zone."""
    return today >= settles_on


def confirm_by(given_on: date, days: int) -> date:
    """R53: the last day to confirm or dispute a statement that its dealer gets on ``given_on``."""
    return given_on + timedelta(days=days)


def confirm_again_by(answered_on: date, confirm_by: date, days: int) -> date:
    """R53: after headquarters answered a dispute the dealer has as many days again, and never fewer than the paper says."""
    return max(confirm_by, answered_on + timedelta(days=days))


def reply(state: str, answer_by: date, today: date) -> Reply:
    """R53: how a statement stands on the business day ``today``; the last day counts to its end."""
    if state != "open":
        return Reply(state)
    return Reply.WAITING if today <= answer_by else Reply.ACCEPTED


def month_after(month: date) -> date:
    """Where a line goes that was left out by hand (R50)."""
    return add_months(month, 1)


def is_over(month: date, today: date) -> bool:
    """Whether ``month`` lies wholly before the business day ``today``."""
    return today >= month_after(month)
