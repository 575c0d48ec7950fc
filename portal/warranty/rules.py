"""The warranty verdict (R13, R14): pure, values in, value out. Days are the brand's, months are calendar months."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from portal.core.months import add_months
from portal.warranty.models import Basis, Use

MADE_GRACE_MONTHS = 3  # R13: what counts from production counts from production + 3 months
QUALITY = "quality"
COVERED_CAUSES = frozenset({QUALITY})  # R13: by default only the cause 质量 is covered

_FALLBACKS = {
    Basis.INSTALLED: (Basis.INSTALLED, Basis.BOUGHT, Basis.MADE),
    Basis.BOUGHT: (Basis.BOUGHT, Basis.MADE),
    Basis.MADE: (Basis.MADE,),
}


class Reason(StrEnum):
    """Why a verdict is what it is; only ``COVERED`` is in."""

    COVERED = "covered"
    EXPIRED = "expired"
    NOT_YET = "not-yet"
    EXCLUDED_CAUSE = "excluded-cause"
    NEVER_COVERED = "never-covered"
    NO_POLICY = "no-policy"
    NO_LINE = "no-line"
    NO_DATE = "no-date"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a policy for one category; ``part_group`` None is the whole unit, 0 months means never covered."""

    line_no: int
    part_group: str | None
    home_months: int
    commercial_months: int
    basis: Basis

    def months(self, use: Use) -> int:
        """Months of cover in that use."""
        return self.commercial_months if use is Use.COMMERCIAL else self.home_months


@dataclass(frozen=True, slots=True)
class Days:
    """What is known of a product's life; any of them may lie in the future (R15)."""

    made_on: date | None = None
    bought_on: date | None = None
    installed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """In or out of warranty, and all that its sentence needs. Stored as JSON with what used it, never recomputed silently.

    ``part_group`` None is the whole unit. ``counts_from`` is the first day of cover, ``last_day`` the last one: cover
    ends at its end (24:00 in the brand's zone). ``basis`` is the day that was really there to count from.
    """

    covered: bool
    reason: Reason
    day: date
    cause: str
    use: Use
    policy_version: str | None = None
    line_no: int | None = None
    part_group: str | None = None
    months: int | None = None
    basis: Basis | None = None
    counts_from: date | None = None
    last_day: date | None = None

    def to_json(self) -> str:
        """As text to store; days in ISO, keys in order, so that the same verdict is the same text."""
        return json.dumps(asdict(self), default=date.isoformat, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """What :meth:`to_json` wrote."""
        plain: dict[str, Any] = json.loads(text)
        for name in ("day", "counts_from", "last_day"):
            plain[name] = date.fromisoformat(plain[name]) if plain[name] else None
        plain |= {
            "reason": Reason(plain["reason"]),
            "use": Use(plain["use"]),
            "basis": Basis(plain["basis"]) if plain["basis"] else None,
        }
        return cls(**plain)


def line_for(lines: Iterable[Line], part_group: str) -> Line | None:
    """R13: the line for the part's group; where there is none, or the part has no group, the whole-unit line."""
    by_group = {line.part_group: line for line in lines}
    return (by_group.get(part_group) if part_group else None) or by_group.get(None)


def counting(basis: Basis, days: Days) -> tuple[Basis, date] | None:
    """What the months count from and the first day of cover; a day that is missing falls back to the next. None: no day."""
    for candidate in _FALLBACKS[basis]:
        if candidate is Basis.INSTALLED and days.installed_on:
            return candidate, days.installed_on
        if candidate is Basis.BOUGHT and days.bought_on:
            return candidate, days.bought_on
        if candidate is Basis.MADE and days.made_on:
            return candidate, add_months(days.made_on, MADE_GRACE_MONTHS)
    return None


def last_day(counts_from: date, months: int) -> date:
    """R14: the day ``months`` later, or that month's last day where there is none; cover ends at the end of that day.

    12 months from 2025-03-02 last until 2026-03-02, 24:00; 1 month from 2026-01-31 until 2026-02-28, 24:00.
    """
    return add_months(counts_from, months)


def verdict(
    *, policy_version: str | None, lines: Iterable[Line], part_group: str, days: Days, use: Use, cause: str, on: date
) -> Verdict:
    """R13: the answer for (product, part, cause, day). ``lines`` are those of the product's category in the policy in force on ``on``.

    The clock speaks before the cause: a part out of time is out whatever broke it.
    """

    def out(reason: Reason, **known: Any) -> Verdict:
        return Verdict(
            covered=False, reason=reason, day=on, cause=cause, use=use, policy_version=policy_version, **known
        )

    if policy_version is None:
        return out(Reason.NO_POLICY)
    line = line_for(lines, part_group)
    if line is None:
        return out(Reason.NO_LINE)
    months = line.months(use)
    known: dict[str, Any] = {"line_no": line.line_no, "part_group": line.part_group, "months": months}
    if months == 0:
        return out(Reason.NEVER_COVERED, **known)
    counted = counting(line.basis, days)
    if counted is None:
        return out(Reason.NO_DATE, **known)
    basis, first = counted
    known |= {"basis": basis, "counts_from": first, "last_day": last_day(first, months)}
    if on < first:
        return out(Reason.NOT_YET, **known)
    if on > known["last_day"]:
        return out(Reason.EXPIRED, **known)
    if cause not in COVERED_CAUSES:
        return out(Reason.EXCLUDED_CAUSE, **known)
    return Verdict(
        covered=True, reason=Reason.COVERED, day=on, cause=cause, use=use, policy_version=policy_version, **known
    )


# ------------------------------------------------------------------------------------------------ rows that come in by files


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One registered product. Days are the brand's; each may be None, and may lie in the future (R15)."""

    row_no: int
    serial: str
    model: str
    category: str | None
    made_on: date | None
    bought_on: date | None
    installed_on: date | None
    commercial: bool
    dealer_code: str
    customer_name: str
    phone: str
    address: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One line of a warranty policy; ``group`` None is the whole unit 整机. Months: 0 means never covered (R13).

    ``basis`` is where the count begins; what comes after it in installed, bought, made (+ 3 months) stands in when that
    day is missing.
    """

    row_no: int
    category: str
    group: str | None
    home_months: int
    commercial_months: int
    basis: Basis
    remark: str

    @property
    def whole_unit(self) -> bool:
        return self.group is None
