"""What comes in by files, and how it is weighed: rows, what a load does, where a version stands, what two lists differ in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

from pypinyin import Style, lazy_pinyin

from portal.core.tables import Problem, Sheet

RowT = TypeVar("RowT")
_VERSION_SIGNS = re.compile(r"[^A-Za-z0-9._-]+")

# ------------------------------------------------------------------------------------------------ rows


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One part of a price list. Prices are yuan with VAT, to the fen.

    ``category`` 品类 is the section the row stands in (【智能马桶】) or its own column, None where the sheet has neither;
    ``group`` 配件类别 decides the warranty line (R13), None: the whole unit's. ``models`` is empty when it fits all or
    nobody says. ``must_return`` 旧件回收 is True only where the sheet says 是, Y or √ (R34).
    """

    row_no: int
    number: str
    name: str
    spec: str
    group: str | None
    models: tuple[str, ...]
    unit: str
    dealer_price: Decimal
    out_price: Decimal
    must_return: bool
    remark: str
    category: str | None


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault code; ``category`` None: allowed for parts of every category (R15)."""

    row_no: int
    code: str
    name: str
    category: str | None


def pinyin(name: str) -> tuple[str, str]:
    """A part's name as people type it: ('tcfx', 'taocifaxin') for 陶瓷阀芯; letters and digits only, small."""
    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
    return _letters(initials), _letters("".join(lazy_pinyin(name)))


def _letters(said: str) -> str:
    return "".join(sign for sign in said.lower() if sign.isascii() and sign.isalnum())


def fingerprint(data: bytes) -> str:
    """The sha256 of a file's bytes: the same file is recognised whatever it is called."""
    return hashlib.sha256(data).hexdigest()


# ------------------------------------------------------------------------------------------------ what a load does


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, or would do: counts of rows; ``version`` and ``first_day`` where the kind is dated.

    ``more`` has the kind's own counts (new models, prices that rise); ``nothing`` says that all of it stood already.
    """

    kind: str
    rows: int
    new: int = 0
    changed: int = 0
    same: int = 0
    version: str | None = None
    first_day: date | None = None
    nothing: bool = False
    more: Mapping[str, int | str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Plain values, for the audit trail, the record of the upload and ``--json``."""
        plain = asdict(self)
        plain["first_day"] = None if self.first_day is None else self.first_day.isoformat()
        return {**plain, "more": dict(self.more)}


@dataclass(frozen=True, slots=True)
class Examined(Generic[RowT]):
    """A sheet after the register was asked too: more problems may have come; ``effect`` is what loading would do."""

    sheet: Sheet[RowT]
    effect: Loaded


def with_problems(sheet: Sheet[RowT], problems: Sequence[Problem], warnings: Sequence[Problem] = ()) -> Sheet[RowT]:
    """The sheet with what the register knows against it, in the order of its rows."""
    return replace(
        sheet,
        problems=_by_row((*sheet.problems, *problems)),
        warnings=_by_row((*sheet.warnings, *warnings)),
    )


def _by_row(found: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(found, key=lambda problem: problem.row_no or 0))


def heading(sheet: Sheet[Any], name: str) -> str | None:
    """How the sheet itself heads the column of that field."""
    return next((column.heading for column in sheet.columns if column.field == name), None)


# ------------------------------------------------------------------------------------------------ versions


@dataclass(frozen=True, slots=True)
class Span:
    """A version that stands: in force from ``from_day`` until before ``to_day`` (None: until another comes)."""

    key: int
    version: str
    from_day: date
    to_day: date | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new version fits: it ends before ``to_day``, ends the version ``ends``, stands instead of ``replaces``."""

    to_day: date | None
    ends: Span | None = None
    replaces: Span | None = None


def place(first_day: date, *, today: date, spans: Sequence[Span]) -> Place | Span:
    """R10: where a version from ``first_day`` fits among those that stand, or the begun one that is in its way.

    A version in force is never edited: a day that has begun and belongs to one cannot be given to another. A future
    version with the same first day is replaced; the one in force on ``first_day`` ends there.
    """
    covering = next((s for s in spans if s.from_day <= first_day and (s.to_day is None or s.to_day > first_day)), None)
    if covering is None:
        return Place(min((s.from_day for s in spans if s.from_day > first_day), default=None))
    if first_day <= today:
        return covering
    if covering.from_day == first_day:
        return Place(covering.to_day, replaces=covering)
    return Place(covering.to_day, ends=covering)


def version_name(said: str | None, first_day: date, taken: Sequence[str]) -> str:
    """The version's name: the file's own, else its first day; '-2' and so on behind one that was used before."""
    plain = _VERSION_SIGNS.sub("-", said or f"{first_day:%Y%m%d}").strip("-")[:40] or f"{first_day:%Y%m%d}"
    known, number = set(taken), 2
    if plain not in known:
        return plain
    while f"{plain}-{number}" in known:
        number += 1
    return f"{plain}-{number}"


# ------------------------------------------------------------------------------------------------ two lists


@dataclass(frozen=True, slots=True)
class Change:
    """One part on two lists; yuan, None where that list does not name it. ``move`` is rises, falls, new, gone or same."""

    number: str
    name: str
    move: str
    dealer_before: Decimal | None
    dealer_after: Decimal | None
    out_before: Decimal | None
    out_after: Decimal | None

    @property
    def percent(self) -> Decimal | None:
        """By how much the dealer price moves, per cent to one place."""
        if self.dealer_before is None or self.dealer_after is None or not self.dealer_before:
            return None
        return ((self.dealer_after / self.dealer_before - 1) * 100).quantize(Decimal("0.1"))


Prices = Mapping[str, tuple[str, Decimal, Decimal]]
MOVES = ("rises", "falls", "new", "gone", "same")


def compare(before: Prices, after: Prices) -> list[Change]:
    """R10: what rises, falls, is new, is gone, stays, by part number. The dealer price decides, then the other."""
    changes = []
    for number in sorted({*before, *after}):
        old, new = before.get(number), after.get(number)
        name = new[0] if new else old[0] if old else ""
        changes.append(
            Change(
                number, name, _move(old, new),
                old[1] if old else None, new[1] if new else None, old[2] if old else None, new[2] if new else None,
            )
        )  # fmt: skip
    return changes


def _move(old: tuple[str, Decimal, Decimal] | None, new: tuple[str, Decimal, Decimal] | None) -> str:
    if old is None:
        return "new"
    if new is None:
        return "gone"
    if old[1:] == new[1:]:
        return "same"
    return "rises" if new[1:] > old[1:] else "falls"


def tally(changes: Sequence[Change]) -> dict[str, int]:
    """How many changes of each kind there are."""
    return {move: sum(change.move == move for change in changes) for move in MOVES}
