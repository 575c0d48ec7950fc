"""月结对账单."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from portal.web.papers.common import ZERO, BrandHead, Carried, DealerHead, PrintInfo, carry


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementEntry:
    """One posting to the dealer's account, in ledger order. Exactly one of `credit` (增加) and `debit` (减少) counts."""

    day: date
    kind: str
    source: str
    text: str = ""
    credit: Decimal = ZERO
    debit: Decimal = ZERO


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """The postings of one kind, added up."""

    kind: str
    count: int
    credit: Decimal
    debit: Decimal
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReimbursedLine:
    """One claim line that this settlement pays."""

    service_day: date
    model: str
    serial: str
    part_number: str
    part_name: str
    quantity: int
    claimed: Decimal
    approved: Decimal
    old_part: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReimbursedClaim:
    """A claim's lines that this settlement pays; `late` when its month lies before the one reimbursed (R44)."""

    number: str
    month: date
    lines: tuple[ReimbursedLine, ...]
    late: bool = False

    @property
    def claimed(self) -> Decimal:
        """Yuan claimed on these lines."""
        return sum((line.claimed for line in self.lines), ZERO)

    @property
    def approved(self) -> Decimal:
        """Yuan reimbursed for these lines."""
        return sum((line.approved for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True)
class ReimbursedGroup:
    """A claim and its rows with the sums carried over all claims."""

    claim: ReimbursedClaim
    rows: tuple[Carried[ReimbursedLine], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A line not in this settlement: why, and where it goes (R50, R51)."""

    claim: str
    line: int
    service_day: date
    part: str
    amount: Decimal
    reason: str
    goes_to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What stands beside the balance (R67), yuan, as of `at`: reserved, the limit, and balance − reserved."""

    reserved: Decimal
    credit_limit: Decimal
    available: Decimal
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementPaper:
    """月结对账单, A4 (R53). `month` is any day of the month reimbursed; entries run from `opens_on` to `closes_on`.

    `movement_notes` adds a remark to a kind's sum; `chain_head` is the ledger's head hash, hex (R66);
    `previous` is the number of the statement before, "" for a dealer's first.
    """

    template: ClassVar[str] = "statement"
    brand: BrandHead
    print: PrintInfo
    dealer: DealerHead
    month: date
    opens_on: date
    closes_on: date
    opening: Decimal
    entries: tuple[StatementEntry, ...]
    reimbursed: tuple[ReimbursedClaim, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    confirm_by: date | None = None
    previous: str = ""
    standing: Standing | None = None
    chain_head: str = ""
    movement_notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def credit(self) -> Decimal:
        """Yuan: all increases."""
        return sum((entry.credit for entry in self.entries), ZERO)

    @property
    def debit(self) -> Decimal:
        """Yuan: all decreases."""
        return sum((entry.debit for entry in self.entries), ZERO)

    @property
    def closing(self) -> Decimal:
        """Yuan: opening + increases − decreases; below zero the dealer owes."""
        return self.opening + self.credit - self.debit

    @property
    def movements(self) -> tuple[Movement, ...]:
        """The entries by kind, in the order the kinds first come."""
        kinds = dict.fromkeys(entry.kind for entry in self.entries)
        found = ((kind, [entry for entry in self.entries if entry.kind == kind]) for kind in kinds)
        return tuple(
            Movement(
                kind=kind,
                count=len(entries),
                credit=sum((entry.credit for entry in entries), ZERO),
                debit=sum((entry.debit for entry in entries), ZERO),
                note=self.movement_notes.get(kind, ""),
            )
            for kind, entries in found
        )

    @property
    def rows(self) -> tuple[Carried[StatementEntry], ...]:
        """The entries with their sums carried: increases, decreases, balance."""
        return carry(
            self.entries,
            lambda entry: entry.credit,
            lambda entry: entry.debit,
            lambda entry: entry.credit - entry.debit,
            start=(ZERO, ZERO, self.opening),
        )

    @property
    def groups(self) -> tuple[ReimbursedGroup, ...]:
        """The reimbursed lines by claim, numbered and carried through: claimed, approved."""
        rows = carry(
            (line for claim in self.reimbursed for line in claim.lines),
            lambda line: line.claimed,
            lambda line: line.approved,
        )
        groups, done = [], 0
        for claim in self.reimbursed:
            groups.append(ReimbursedGroup(claim, rows[done : done + len(claim.lines)]))
            done += len(claim.lines)
        return tuple(groups)

    @property
    def claimed(self) -> Decimal:
        """Yuan claimed on all lines reimbursed."""
        return sum((claim.claimed for claim in self.reimbursed), ZERO)

    @property
    def approved(self) -> Decimal:
        """Yuan reimbursed."""
        return sum((claim.approved for claim in self.reimbursed), ZERO)

    @property
    def left_out_total(self) -> Decimal:
        """Yuan left out."""
        return sum((line.amount for line in self.left_out), ZERO)
