"""A dealer's claim form against the register: which row is which registration, and why the others are none. Pure.

A row goes by its registration number; without one by serial number, part and service day (R33, R40). What it says besides
(pieces, amount, fault, model) is compared and told, never believed: the portal's own figures stand on the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from portal.core.months import first_of
from portal.old_parts.models import OldPartState
from portal.warranty.rules import Verdict


class Outcome(StrEnum):
    """What became of a row. Its sentence, and what to do next, stand in labels.py."""

    LINE = "line"
    TAKEN_OFF = "taken-off"  # never stored: the line of the row was taken off the claim since
    BLOCKED = "blocked"  # registered, and a check of R41 blocks it: the facts carry the checks
    UNREADABLE = "unreadable"  # a cell that is needed cannot be read: the facts carry the problems
    TWICE = "twice"
    NUMBER_UNKNOWN = "number-unknown"
    NUMBER_DIFFERS = "number-differs"
    SERIAL_MISSING = "serial-missing"
    PART_MISSING = "part-missing"
    DAY_MISSING = "day-missing"
    DAY_AHEAD = "day-ahead"
    OTHER_MONTH = "other-month"
    OTHER_DAY = "other-day"
    PRODUCT_UNKNOWN = "product-unknown"
    PART_UNKNOWN = "part-unknown"
    NOT_COVERED = "not-covered"
    TOO_LATE = "too-late"
    NO_OLD_PART = "no-old-part"


@dataclass(frozen=True, slots=True)
class FormRow:
    """One row as it was read. ``seen`` is every cell as typed; ``wrong`` what could not be read, by field (code, facts).

    ``amount`` and ``price`` (per piece) are yuan as the form says them, None where it does not.
    """

    row_no: int
    seen: Mapping[str, str]
    day: date | None = None
    serial: str = ""
    model: str = ""
    part: str = ""
    fault: str = ""
    quantity: int | None = None
    old_part: str = ""
    amount: Decimal | None = None
    price: Decimal | None = None
    wrong: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What was understood, as stored beside what was typed."""
        plain = {name: value for name, value in asdict(self).items() if name not in {"row_no", "seen", "wrong"}}
        kept = {name: str(value) if isinstance(value, date | Decimal) else value for name, value in plain.items()}
        wrong = {
            name: [code, {key: str(fact) for key, fact in facts.items()}] for name, (code, facts) in self.wrong.items()
        }
        return {name: value for name, value in kept.items() if value not in (None, "")} | (
            {"wrong": wrong} if wrong else {}
        )

    @classmethod
    def from_json(cls, row_no: int, seen: Mapping[str, str], read: Mapping[str, Any]) -> FormRow:
        """What :meth:`to_json` kept, to be looked at again."""
        plain = dict(read)
        wrong = {name: (code, facts) for name, (code, facts) in plain.pop("wrong", {}).items()}
        if "day" in plain:
            plain["day"] = date.fromisoformat(plain["day"])
        for name in ("amount", "price"):
            if name in plain:
                plain[name] = Decimal(plain[name])
        return cls(row_no=row_no, seen=seen, wrong=wrong, **plain)


@dataclass(frozen=True, slots=True)
class Form:
    """A dealer's form as it was read. ``dealer`` and ``month`` are what its title rows say, "" and None where they do not."""

    title: str
    dealer: str
    month: date | None
    columns: tuple[tuple[str, str], ...]  # heading, field
    ignored: tuple[str, ...]
    rows: tuple[FormRow, ...]

    def usual_month(self) -> date | None:
        """The month of most of its days, the later one of two alike; None when no day can be read."""
        months = [first_of(row.day) for row in self.rows if row.day is not None]
        return max(sorted(set(months), reverse=True), key=months.count, default=None)


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration of the dealer, as matching needs it. ``amount`` is what was paid for its pieces, yuan."""

    id: int
    number: str
    state: OldPartState
    serial: str
    part: str
    fault: str
    day: date
    quantity: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Register:
    """What the register knows of everything that a form names, keys in capitals.

    ``verdict`` answers R13 for a known product and part on a day, as if quality was the cause. ``late_days`` is R44's term.
    """

    registered: Sequence[Registered]
    products: Mapping[str, str]  # serial → model
    parts: frozenset[str]
    faults: frozenset[str]
    verdict: Callable[[str, str, date], Verdict]
    late_days: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one row; ``old_part`` is the registration that it is, where there is one."""

    row: FormRow
    outcome: Outcome
    facts: Mapping[str, Any] = field(default_factory=dict)
    old_part: Registered | None = None
    remarks: tuple[tuple[str, Mapping[str, Any]], ...] = ()


def match(rows: Iterable[FormRow], register: Register, *, month: date, today: date) -> list[Finding]:
    """A finding for every row, in their order. Each registration serves one row; ``LINE`` still has its checks before it."""
    found: list[Finding] = []
    rows = list(rows)
    by_number = {one.number.upper(): one for one in register.registered}
    # Rows that name their registration come first: no other row may take it for its own.
    named = {row.old_part.upper(): row.row_no for row in reversed(rows) if row.old_part.upper() in by_number}
    holder = {by_number[number].id: row_no for number, row_no in named.items()}  # registration → the row that is it
    for row in rows:
        finding = _look(row, register, by_number, holder, month=month, today=today)
        if finding.outcome is Outcome.LINE and finding.old_part is not None:
            holder[finding.old_part.id] = row.row_no
        found.append(finding)
    return found


def _look(
    row: FormRow, register: Register, by_number: Mapping[str, Registered], holder: Mapping[int, int],
    *, month: date, today: date,
) -> Finding:  # fmt: skip
    if row.old_part or "old_part" in row.wrong:
        if "old_part" in row.wrong:
            return _unreadable(row, register)
        return _by_number(row, register, by_number.get(row.old_part.upper()), holder, month=month)
    if any(name in row.wrong for name in ("serial", "part", "day", "quantity")):
        return _unreadable(row, register)
    for name, outcome in (
        ("serial", Outcome.SERIAL_MISSING),
        ("part", Outcome.PART_MISSING),
        ("day", Outcome.DAY_MISSING),
    ):
        if not getattr(row, name):
            return _left(row, outcome, register)
    return _by_part(row, register, holder, month=month, today=today)


def _by_number(
    row: FormRow, register: Register, one: Registered | None, holder: Mapping[int, int], *, month: date
) -> Finding:
    if one is None:
        return _left(row, Outcome.NUMBER_UNKNOWN, register, number=row.old_part)
    if holder.get(one.id, row.row_no) != row.row_no:
        return _left(row, Outcome.TWICE, register, number=one.number, first=holder[one.id])
    if (row.serial and row.serial.upper() != one.serial.upper()) or (row.part and row.part.upper() != one.part.upper()):
        return _left(row, Outcome.NUMBER_DIFFERS, register, number=one.number, serial=one.serial, part=one.part)
    if first_of(one.day) != month:
        return _left(row, Outcome.OTHER_MONTH, register, day=str(one.day), month=str(first_of(one.day)))
    return Finding(row, Outcome.LINE, old_part=one, remarks=_differences(row, one, register))


def _by_part(row: FormRow, register: Register, holder: Mapping[int, int], *, month: date, today: date) -> Finding:
    day, serial, part = row.day, row.serial.upper(), row.part.upper()
    assert day is not None  # noqa: S101 - asked for before
    if first_of(day) != month:
        return _left(row, Outcome.OTHER_MONTH, register, day=str(day), month=str(first_of(day)))
    if day > today:
        return _left(row, Outcome.DAY_AHEAD, register, day=str(day))
    if serial not in register.products:
        return _left(row, Outcome.PRODUCT_UNKNOWN, register, serial=row.serial)
    if part not in register.parts:
        return _left(row, Outcome.PART_UNKNOWN, register, number=row.part)
    same = [
        one for one in register.registered
        if one.serial.upper() == serial and one.part.upper() == part and one.state is not OldPartState.WITHDRAWN
    ]  # fmt: skip
    that_day = [one for one in same if one.day == day]
    open_ones = [one for one in that_day if one.id not in holder]
    if open_ones:
        one = min(open_ones, key=lambda one: (one.quantity != row.quantity, one.id))
        return Finding(row, Outcome.LINE, old_part=one, remarks=_differences(row, one, register))
    if that_day:
        return _left(row, Outcome.TWICE, register, number=that_day[0].number, first=holder[that_day[0].id])
    if other := [one for one in same if first_of(one.day) == month and one.id not in holder]:
        nearest = min(other, key=lambda one: (abs((one.day - day).days), one.id))
        return _left(row, Outcome.OTHER_DAY, register, number=nearest.number, day=str(day), registered=str(nearest.day))
    verdict = register.verdict(serial, part, day)
    if not verdict.covered:
        return _left(row, Outcome.NOT_COVERED, register, verdict=verdict.to_json())
    last = day + timedelta(days=register.late_days)
    if today > last:
        return _left(row, Outcome.TOO_LATE, register, last_day=str(last), days=register.late_days)
    return _left(row, Outcome.NO_OLD_PART, register, verdict=verdict.to_json(), until=str(last))


def _unreadable(row: FormRow, register: Register) -> Finding:
    return _left(row, Outcome.UNREADABLE, register)


def _left(row: FormRow, outcome: Outcome, register: Register, **facts: Any) -> Finding:
    """A row that is no line; what else is wrong with it is told too."""
    return Finding(row, outcome, facts, remarks=(*_unread(row), *_of_product(row, register)))


def _unread(row: FormRow) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return tuple(
        ("cell", {"field": name, "problem": code, "facts": dict(facts)}) for name, (code, facts) in row.wrong.items()
    )


def _of_product(row: FormRow, register: Register) -> Iterable[tuple[str, Mapping[str, Any]]]:
    known = register.products.get(row.serial.upper())
    if known and row.model and _plain(row.model) != _plain(known):
        yield "model-differs", {"said": row.model, "known": known}
    if row.fault and row.fault.upper() not in register.faults:
        yield "fault-unknown", {"said": row.fault}


def _differences(row: FormRow, one: Registered, register: Register) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """What the form says otherwise than the registration, which is what counts."""
    found: list[tuple[str, Mapping[str, Any]]] = [*_unread(row), *_of_product(row, register)]
    if row.day is not None and row.day != one.day:
        found.append(("day-differs", {"said": str(row.day), "known": str(one.day)}))
    if row.quantity is not None and row.quantity != one.quantity:
        found.append(("quantity-differs", {"said": row.quantity, "known": one.quantity}))
    if row.fault and row.fault.upper() in register.faults and row.fault.upper() != one.fault.upper():
        found.append(("fault-differs", {"said": row.fault, "known": one.fault}))
    if row.amount is not None and row.amount != one.amount:
        found.append(("amount-differs", {"said": str(row.amount), "known": str(one.amount)}))
    elif row.amount is None and row.price is not None and row.price * one.quantity != one.amount:
        found.append(("price-differs", {"said": str(row.price), "pieces": one.quantity, "known": str(one.amount)}))
    return tuple(found)


def _plain(model: str) -> str:
    return "".join(model.split()).upper()


def blocked(one: Finding, checks: Sequence[Mapping[str, Any]]) -> Finding:
    """The row is that registration, and these checks (as stored, R41) keep it off the claim."""
    number = "" if one.old_part is None else one.old_part.number
    return replace(one, outcome=Outcome.BLOCKED, facts={"number": number, "checks": [dict(check) for check in checks]})
