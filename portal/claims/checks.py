"""R41: the checks of a claim line. Pure: what is known of a line goes in, levels with codes and facts come out.

A check is stored as plain JSON in the line (``to_json``); its sentence stands in labels.py. Left out because no
brand's files say it: how many of a part a model takes (R41 asks for it only where known).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from portal.core import months
from portal.core.money import rounded
from portal.old_parts.models import OldPartState, Review
from portal.warranty.rules import COVERED_CAUSES, Reason, Verdict

Level = Literal["pass", "warn", "block"]
SAMPLE = 5  # R41: under so many lines an average says nothing
AVERAGE_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Check:
    """One answer: ``code`` names it and its sentence; ``facts`` are plain str and int for that sentence."""

    level: Level
    code: str
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As stored in ``claim_lines.checks``."""
        return {"level": self.level, "code": self.code, "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Check:
        """Back from the database."""
        return cls(stored["level"], stored["code"], stored["facts"])


@dataclass(frozen=True, slots=True)
class Limits:
    """The terms in force: days to claim (R44), days within which a repeat warns, times the average (R41)."""

    late_days: int
    repeat_days: int
    factor: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of one registration, and so of its line. Amounts in yuan, days in the brand's zone."""

    number: str
    state: OldPartState
    review: Review
    review_reason: str
    verdict: Verdict
    cause: str
    service_day: date
    registered_on: date
    report_by: date
    reported_on: date | None
    reported_late: bool
    quantity: int
    allocated: int  # pieces still taken from the dealer's layers for it
    amount: Decimal
    photos: int
    photo_seen: bool
    fault: str
    fault_category: str | None
    part_category: str | None
    repeat: tuple[str, date] | None  # the nearest other registration of the same product and part
    average_lines: int
    average_total: Decimal
    elsewhere: str | None  # the other claim that holds it: its number, "" for a draft; None when there is none


@dataclass(frozen=True, slots=True)
class Asked:
    """What the line asks: the form's month, the day the line is judged on, the day it was claimed on.

    ``claimed_on`` is the day of submission once submitted: waiting for the reviewer makes nobody late.
    """

    month: date
    today: date
    claimed_on: date
    quantity: int


def run(known: Known, asked: Asked, limits: Limits) -> tuple[Check, ...]:
    """R41: every check, in the order of the page: what blocks most often comes first."""
    return (
        *_cover(known),
        _registration(known),
        _once(known),
        _allocation(known, asked),
        _day(known, asked),
        _in_time(known, asked, limits),
        _photos(known),
        _reviewed(known),
        *_reported_in_time(known),
        _fault(known),
        _repeat(known, limits),
        *_seen(known),
        _amount(known, limits),
    )


def level(checks: Iterable[Check]) -> Level:
    """The worst of them."""
    levels = {check.level for check in checks}
    return "block" if "block" in levels else "warn" if "warn" in levels else "pass"


def _cover(known: Known) -> Iterable[Check]:
    """R13 by the verdict that was stored at registration: it is never recomputed silently."""
    verdict, cause = known.verdict, {"cause": known.cause}
    stored = {"verdict": verdict.to_json()}
    if verdict.reason is Reason.EXCLUDED_CAUSE:
        yield Check("block", "cause-excluded", {**cause, **stored})
        return
    yield Check("pass", "covered", stored) if verdict.covered else Check("block", "not-covered", stored)
    covers = known.cause in COVERED_CAUSES
    yield Check("pass", "cause-covered", cause) if covers else Check("block", "cause-excluded", cause)


def _registration(known: Known) -> Check:
    """R30, R33."""
    facts: dict[str, Any] = {"number": known.number}
    if known.state is OldPartState.WITHDRAWN:
        return Check("block", "withdrawn", facts)
    if known.state is not OldPartState.REPORTED or known.reported_on is None:
        return Check("block", "not-reported", {**facts, "report_by": str(known.report_by)})
    return Check("pass", "reported", {**facts, "reported_on": str(known.reported_on)})


def _once(known: Known) -> Check:
    """R33: one registration serves one claim line, once, ever."""
    if known.elsewhere is None:
        return Check("pass", "only-here", {"number": known.number})
    if known.elsewhere == "":
        return Check("block", "on-a-draft", {"number": known.number})
    return Check("block", "claimed-elsewhere", {"number": known.number, "claim": known.elsewhere})


def _allocation(known: Known, asked: Asked) -> Check:
    """R36: the pieces must still be taken from the dealer's own layers."""
    if known.allocated < asked.quantity:
        return Check("block", "allocation-missing", {"have": known.allocated, "need": asked.quantity})
    return Check("pass", "allocated", {"pieces": asked.quantity})


def _day(known: Known, asked: Asked) -> Check:
    """R41: all lines of a form lie in its month, none in the future."""
    facts = {"day": str(known.service_day), "month": str(asked.month)}
    if known.service_day > asked.today:
        return Check("block", "day-ahead", facts)
    if months.first_of(known.service_day) != asked.month:
        return Check("block", "outside-month", facts)
    return Check("pass", "in-month", facts)


def _in_time(known: Known, asked: Asked, limits: Limits) -> Check:
    """R44: counted to the end of the last day."""
    last = known.service_day + timedelta(days=limits.late_days)
    facts = {"last_day": str(last), "days": limits.late_days}
    return Check(
        "block" if asked.claimed_on > last else "pass", "too-late" if asked.claimed_on > last else "in-time", facts
    )


def _photos(known: Known) -> Check:
    if known.photos == 0:
        return Check("block", "no-photos", {"number": known.number})
    return Check("pass", "photos", {"photos": known.photos})


def _reviewed(known: Known) -> Check:
    """R35: accepted lets the line be approved, refused blocks it, the rest waits."""
    facts = {"number": known.number}
    if known.review is Review.ACCEPTED:
        return Check("pass", "old-part-accepted", facts)
    if known.review is Review.REFUSED:
        return Check("block", "old-part-refused", {**facts, "reason": known.review_reason})
    if known.review is Review.WANTED:
        return Check("warn", "old-part-wanted", {**facts, "reason": known.review_reason})
    return Check("warn", "old-part-pending", facts)


def _reported_in_time(known: Known) -> Iterable[Check]:
    """R36: a late report is accepted and marked. Silent while nothing is reported: that blocks already."""
    if known.reported_on is None:
        return
    facts = {"reported_on": str(known.reported_on), "report_by": str(known.report_by)}
    yield Check("warn", "reported-late", facts) if known.reported_late else Check("pass", "reported-in-time", facts)


def _fault(known: Known) -> Check:
    """R15: a fault without a category fits all; a part without one cannot contradict."""
    facts = {"fault": known.fault}
    if known.fault_category and known.part_category and known.fault_category != known.part_category:
        return Check(
            "warn",
            "fault-category",
            {**facts, "fault_category": known.fault_category, "part_category": known.part_category},
        )
    return Check("pass", "fault-fits", facts)


def _repeat(known: Known, limits: Limits) -> Check:
    """Nearest before or after: a part that failed again says something about both replacements."""
    if known.repeat is None:
        return Check("pass", "no-repeat", {"days": limits.repeat_days})
    number, day = known.repeat
    return Check("warn", "repeat", {"number": number, "day": str(day), "days": abs((known.service_day - day).days)})


def _seen(known: Known) -> Iterable[Check]:
    if known.photos:
        yield Check("warn", "photo-seen", {}) if known.photo_seen else Check("pass", "photos-new", {})


def _amount(known: Known, limits: Limits) -> Check:
    """Against the dealer's own lines of the part: the dealer must see the same answer, and sees no others (R1)."""
    if known.average_lines < SAMPLE:
        return Check("pass", "sample-small", {"lines": known.average_lines, "sample": SAMPLE})
    average = rounded(known.average_total / known.average_lines)
    facts = {"average": str(average), "lines": known.average_lines, "factor": limits.factor}
    unusual = known.amount * known.average_lines > known.average_total * limits.factor
    return Check("warn", "amount-unusual", facts) if unusual else Check("pass", "amount-usual", facts)
