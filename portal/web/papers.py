"""What the five printed papers say, as plain values: a domain package fills them, `pdf.render` prints them.

Amounts are yuan as `Decimal`, days are `date`, instants are `datetime` already in the brand's zone (they are
printed as they stand). Every word (states, purposes, verdicts, reasons) arrives decided, as the Chinese text
to print. What has no value is left out of the paper, never shown as an empty place: give None or "".
Sums are worked out here, from the lines printed, so that a paper always adds up in itself.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Generic, TypeVar

ZERO = Decimal("0.00")
T = TypeVar("T")


def money(value: Decimal) -> str:
    """Yuan as papers write them: 1,234.50, and −51.25 with a true minus."""
    return f"{value:,.2f}".replace("-", "−")


# ---------- what all papers share ----------


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandHead:
    """The brand at head and foot. `logo` is a mark of templates/pdf/_logo.html (waves, leaf), else its first character."""

    name: str
    english: str = ""
    legal: str = ""
    logo: str = ""
    hotline: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DealerHead:
    """The dealer named on a paper."""

    code: str
    name: str
    contact: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintInfo:
    """Which record this is a print of, who printed it and when.

    `number` is "" for a draft; `url` is what the QR opens (absolute, `…/q/<brand>/<number>`), "" for no QR;
    `verification` may be left "": the paper then carries the code of its own contents (`content_code`).
    """

    state: str
    printed_at: datetime
    printed_by: str
    number: str = ""
    url: str = ""
    verification: str = ""


@dataclass(frozen=True, slots=True)
class Carried(Generic[T]):
    """A row with the sums before it and after it, formatted, for 承前页 and 过次页.

    Place 0 counts the rows, the others are the columns in order.
    """

    item: T
    before: tuple[str, ...]
    after: tuple[str, ...]


def carry(items: Iterable[T], *columns: Callable[[T], Decimal], start: tuple[Decimal, ...] = (), count: int = 0) -> tuple[Carried[T], ...]:
    """Give each row its running sums (yuan). `start` and `count` continue from rows before."""
    sums = list(start or (ZERO,) * len(columns))
    rows = []
    for number, item in enumerate(items, start=count):
        before = (str(number), *map(money, sums))
        sums = [total + column(item) for total, column in zip(sums, columns, strict=True)]
        rows.append(Carried(item, before, (str(number + 1), *map(money, sums))))
    return tuple(rows)


# ---------- 售后服务配件申请单 ----------


@dataclass(frozen=True, kw_only=True, slots=True)
class ShipTo:
    """Where an order goes."""

    address: str
    name: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PartsOrderLine:
    """One part ordered. Before the quote `confirmed` is None and `price` the list's, if already known.

    `list_price` and `reason` only where HQ lowered the price (R21). `model` and `serial` where 保内/保外.
    """

    part_number: str
    part_name: str
    unit: str
    purpose: str
    asked: int
    spec: str = ""
    model: str = ""
    serial: str = ""
    confirmed: int | None = None
    price: Decimal | None = None
    list_price: Decimal | None = None
    reason: str = ""

    @property
    def amount(self) -> Decimal | None:
        """Yuan: price × confirmed quantity, or × asked while none is confirmed."""
        if self.price is None:
            return None
        return self.price * (self.asked if self.confirmed is None else self.confirmed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """Who confirmed which version, when, and the version's fingerprint: hex digest, printed as 9f3c 71a8 04de."""

    version: int
    name: str
    role: str
    at: datetime
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Debit:
    """Who debited which version, when, and the journal's number (R23)."""

    version: int
    name: str
    role: str
    at: datetime
    journal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PartsOrderPaper:
    """售后服务配件申请单, A4 (R20, R21, R23). `version` is None before the first quote."""

    template: ClassVar[str] = "parts-order"
    brand: BrandHead
    print: PrintInfo
    dealer: DealerHead
    ship_to: ShipTo
    lines: tuple[PartsOrderLine, ...]
    ordered_on: date | None = None
    needed_on: date | None = None
    remark: str = ""
    price_list: str = ""
    price_list_from: date | None = None
    version: int | None = None
    freight: Decimal | None = None
    freight_note: str = ""
    ship_on: date | None = None
    lapses_on: date | None = None
    balance_after: Decimal | None = None
    hq_confirmed: Confirmation | None = None
    dealer_confirmed: Confirmation | None = None
    debit: Debit | None = None

    @property
    def goods(self) -> Decimal | None:
        """Yuan: the lines' amounts; None while a line has no price."""
        amounts = [line.amount for line in self.lines]
        known = [value for value in amounts if value is not None]
        return sum(known, ZERO) if len(known) == len(amounts) else None

    @property
    def total(self) -> Decimal | None:
        """Yuan: goods and freight; None while a line has no price."""
        return None if self.goods is None else self.goods + (self.freight or ZERO)

    @property
    def asked(self) -> int:
        """Pieces asked for."""
        return sum(line.asked for line in self.lines)

    @property
    def confirmed(self) -> int | None:
        """Pieces confirmed; None before the quote."""
        if all(line.confirmed is None for line in self.lines):
            return None
        return sum(line.confirmed or 0 for line in self.lines)


# ---------- 保修期内配件费用报销单 ----------


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimPaperLine:
    """One part replaced in warranty; `customer` masked (R90), `approved` None until decided (R43).

    `covered_until` is the last day of cover, `policy` the version and line that said so (R13), short.
    `decision` is the state's word (通过, 核减, 驳回, 补充资料; "" for a line not decided), `decision_code` its code.
    """

    service_day: date
    model: str
    serial: str
    verdict: str
    in_cover: bool
    fault: str
    cause: str
    part_number: str
    part_name: str
    quantity: int
    claimed: Decimal
    customer: str = ""
    phone_tail: str = ""
    covered_until: date | None = None
    policy: str = ""
    fault_code: str = ""
    spec: str = ""
    old_part: str = ""
    old_part_state: str = ""
    approved: Decimal | None = None
    decision: str = ""
    decision_code: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimPaper:
    """保修期内配件费用报销单, A4 across (R40-R44). `month` is any day of the service month."""

    template: ClassVar[str] = "claim"
    brand: BrandHead
    print: PrintInfo
    dealer: DealerHead
    month: date
    lines: tuple[ClaimPaperLine, ...]
    submitted_by: str = ""
    submitted_at: datetime | None = None
    reviewed_by: str = ""
    reviewer_role: str = ""
    decided_at: datetime | None = None
    photos: int | None = None
    pays_in: str = ""

    @property
    def rows(self) -> tuple[Carried[ClaimPaperLine], ...]:
        """The lines with their sums carried: claimed, approved (an undecided line adds nothing to approved)."""
        return carry(self.lines, lambda line: line.claimed, lambda line: line.approved or ZERO)

    @property
    def quantity(self) -> int:
        """Pieces on all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def old_parts(self) -> int:
        """Registrations named by the lines."""
        return len({line.old_part for line in self.lines if line.old_part})

    @property
    def claimed(self) -> Decimal:
        """Yuan claimed."""
        return sum((line.claimed for line in self.lines), ZERO)

    @property
    def approved(self) -> Decimal | None:
        """Yuan approved so far; None while no line is decided."""
        decided = [line.approved for line in self.lines if line.approved is not None]
        return sum(decided, ZERO) if decided else None

    @property
    def tally(self) -> Mapping[str, int]:
        """How many lines got which decision, in the order they first come."""
        return Counter(line.decision for line in self.lines if line.decision)


# ---------- 月结对账单 ----------


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
        rows = carry((line for claim in self.reimbursed for line in claim.lines), lambda line: line.claimed, lambda line: line.approved)
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


# ---------- 服务费收费标准 ----------


@dataclass(frozen=True, kw_only=True, slots=True)
class FeeItem:
    """One fee; items of one `group` stand together, "" for a schedule without groups."""

    name: str
    unit: str
    amount: Decimal
    group: str = ""
    remark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeeSchedulePaper:
    """服务费收费标准, A4 for the wall (R70). In force from `from_day` until the day before `until_day`, if that is known.

    Without `approved_by` it is printed as a draft that may not be charged. `public_url` is the page that a
    customer may open (R74); "" leaves its QR out.
    """

    template: ClassVar[str] = "fee-schedule"
    brand: BrandHead
    print: PrintInfo
    dealer: DealerHead
    region: str
    from_day: date
    items: tuple[FeeItem, ...]
    until_day: date | None = None
    version: int | None = None
    replaces: date | None = None
    approved_by: str = ""
    approved_on: date | None = None
    public_url: str = ""

    @property
    def grouped(self) -> tuple[tuple[str, tuple[FeeItem, ...]], ...]:
        """The items by group, in the order the groups first come."""
        names = dict.fromkeys(item.group for item in self.items)
        return tuple((name, tuple(item for item in self.items if item.group == name)) for name in names)


# ---------- 旧件标签 ----------


@dataclass(frozen=True, kw_only=True, slots=True)
class OldPartLabel:
    """One label of 60 × 40 mm for one registration (R30, R34); it names no customer."""

    brand_name: str
    number: str
    url: str
    part_number: str
    part_name: str
    replaced_on: date
    report_by: date
    dealer_code: str
    dealer_name: str
    rule: str = ""
    spec: str = ""
    serial: str = ""
    model: str = ""
    fault: str = ""
    quantity: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class OldPartLabels:
    """Labels for one roll: one to a page."""

    template: ClassVar[str] = "oldpart-label"
    labels: tuple[OldPartLabel, ...]


Paper = PartsOrderPaper | ClaimPaper | StatementPaper | FeeSchedulePaper | OldPartLabels


# ---------- codes of contents ----------


def _canonical(value: object) -> str:
    """A text that is the same for the same contents; which print it is plays no part."""
    if isinstance(value, PrintInfo):
        return f"{value.number}|{value.state}"
    if is_dataclass(value):
        return "(" + ",".join(f"{f.name}={_canonical(getattr(value, f.name))}" for f in fields(value)) + ")"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_canonical(key)}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, tuple | list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return repr(str(value))


def content_digest(value: object) -> str:
    """SHA-256, hex, of dataclasses, tuples and plain values: for a version's fingerprint and a paper's code."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def content_code(paper: Paper) -> str:
    """Eight characters that two prints share exactly when they say the same; no 0/O, 1/I or U among them."""
    letters = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
    number = int(content_digest(paper)[:16], 16)
    code = ""
    for _ in range(8):
        number, rest = divmod(number, len(letters))
        code += letters[rest]
    return code
