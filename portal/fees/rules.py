"""How schedules are computed: what is wrong with items, what changed against the last one, who gives way to whom (R70)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

ITEMS_MOST = 200
REGION_MOST = 60
AMOUNT_MOST = Decimal("99999.99")  # yuan for one item: above it somebody mistyped
_LENGTHS = {"item": 80, "unit": 20, "remark": 200}


@dataclass(frozen=True, slots=True)
class FeeWish:
    """One item as the dealer wants it; ``amount`` in yuan, 0.00 for what is done free of charge."""

    item: str
    unit: str
    amount: Decimal
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with the item at ``position`` (from 1), in its field."""

    code: str
    position: int
    field: str


class Kind(StrEnum):
    """How an item stands against the last schedule."""

    NEW = "new"
    SAME = "same"
    UP = "up"
    DOWN = "down"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """One item of the new schedule, or of the last one when it is gone. Amounts in yuan."""

    kind: Kind
    item: str
    unit: str
    amount: Decimal | None
    remark: str
    before: Decimal | None
    remark_before: str

    @property
    def by(self) -> Decimal | None:
        """How much dearer (yuan, below zero: cheaper); None for what cannot be compared."""
        return None if self.amount is None or self.before is None else self.amount - self.before


@dataclass(frozen=True, slots=True)
class Span:
    """The days of an approved schedule: from ``first`` until before ``end`` (None: until another one comes)."""

    id: int
    first: date
    end: date | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a newly approved schedule stands: until before ``end``; ``ends`` is the one that ends at its first day."""

    end: date | None
    ends: int | None


def one_line(text: str) -> str:
    """Trimmed, with single spaces and half-width letters, so that two regions written alike are one."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def tidy(items: Iterable[FeeWish]) -> list[FeeWish]:
    """The items as they are stored."""
    return [FeeWish(one_line(one.item), one_line(one.unit), one.amount, one.remark.strip()) for one in items]


def first_wrong(items: Sequence[FeeWish]) -> Wrong | None:
    """The first item that cannot be stored: something missing, too long, out of bounds, or named twice with the same unit."""
    seen: set[tuple[str, str]] = set()
    for position, one in enumerate(items, start=1):
        for name in ("item", "unit"):
            if not getattr(one, name):
                return Wrong(f"fee-{name}-missing", position, name)
        for name, most in _LENGTHS.items():
            if len(getattr(one, name)) > most:
                return Wrong("fee-text-long", position, name)
        if not 0 <= one.amount <= AMOUNT_MOST:
            return Wrong("fee-amount-bounds", position, "amount")
        if _key(one.item, one.unit) in seen:
            return Wrong("fee-item-twice", position, "item")
        seen.add(_key(one.item, one.unit))
    return None


def compare(items: Iterable[FeeWish], last: Iterable[FeeWish]) -> list[Change]:
    """R70: each item against the last schedule of that dealer and region (same item and unit); what is gone comes at the end."""
    known = {_key(one.item, one.unit): one for one in last}
    changes = []
    for one in items:
        old = known.pop(_key(one.item, one.unit), None)
        changes.append(
            Change(
                _kind(one.amount, old), one.item, one.unit, one.amount, one.remark,
                None if old is None else old.amount, "" if old is None else old.remark,
            )
        )  # fmt: skip
    return changes + [Change(Kind.GONE, one.item, one.unit, None, "", one.amount, one.remark) for one in known.values()]


def place(first: date, approved: Iterable[Span]) -> Place | None:
    """R70: where a schedule in force from ``first`` stands among the approved ones of its dealer and region.

    The one in force on that day ends the day before; one that is approved for later days ends the new one.
    None when another one begins on the very same day: then neither may give way.
    """
    ends, end = None, None
    for span in sorted(approved, key=lambda span: span.first):
        if span.first == first:
            return None
        if span.first < first and (span.end is None or span.end > first):
            ends = span.id
        if span.first > first and end is None:
            end = span.first
    return Place(end, ends)


def in_force(first: date, end: date | None, day: date) -> bool:
    """Whether the half-open days ``[first, end)`` hold ``day``."""
    return first <= day and (end is None or day < end)


def _key(item: str, unit: str) -> tuple[str, str]:
    return one_line(item).casefold(), one_line(unit).casefold()


def _kind(amount: Decimal, old: FeeWish | None) -> Kind:
    if old is None:
        return Kind.NEW
    if amount == old.amount:
        return Kind.SAME
    return Kind.UP if amount > old.amount else Kind.DOWN
