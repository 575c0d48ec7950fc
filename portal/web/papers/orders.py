"""售后服务配件申请单."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from portal.web.papers.common import ZERO, BrandHead, DealerHead, PrintInfo


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
