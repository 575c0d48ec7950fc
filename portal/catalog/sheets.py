"""零部件价格表: a brand's price list, as it comes (R10, R11, R15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal.core.tables import Sheet


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


PriceListSheet = Sheet[PriceRow]


def read_prices(data: bytes, filename: str, *, first_day: date | None = None) -> PriceListSheet:
    raise NotImplementedError
