"""产品档案, 保修政策, 故障代码: registered products, warranty policies and fault codes, as brands keep them (R13, R15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portal.core.tables import Sheet

INSTALLED, BOUGHT, MADE = "installed", "bought", "made+3"


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
    dealer_code: str | None
    customer_name: str
    phone: str
    address: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One line of a warranty policy; ``group`` None is the whole unit 整机. Months: 0 means never covered (R13).

    ``basis`` is where the count begins; what comes after it in installed, bought, made+3 stands in when that day is missing.
    """

    row_no: int
    category: str
    group: str | None
    home_months: int
    commercial_months: int
    basis: str
    remark: str

    @property
    def whole_unit(self) -> bool:
        return self.group is None


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault code; ``category`` None: allowed for parts of every category (R15)."""

    row_no: int
    code: str
    name: str
    category: str | None


ProductSheet = Sheet[ProductRow]
PolicySheet = Sheet[PolicyRow]
FaultSheet = Sheet[FaultRow]


def read_products(data: bytes, filename: str) -> ProductSheet:
    raise NotImplementedError


def read_policy(data: bytes, filename: str, *, first_day: date | None = None) -> PolicySheet:
    raise NotImplementedError


def read_faults(data: bytes, filename: str) -> FaultSheet:
    raise NotImplementedError
