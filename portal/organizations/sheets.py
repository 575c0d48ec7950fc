"""经销商名册: a brand's register of dealers, with credit limits and opening balances."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portal.core.tables import Sheet


@dataclass(frozen=True, slots=True)
class DealerRow:
    """One dealer. ``credit_limit`` is yuan (0 when blank); ``opening_balance`` 期初 yuan, None when the sheet says nothing."""

    row_no: int
    code: str
    name: str
    city: str
    contact: str
    phone: str
    address: str
    credit_limit: Decimal
    opening_balance: Decimal | None


DealerSheet = Sheet[DealerRow]


def read_dealers(data: bytes, filename: str) -> DealerSheet:
    raise NotImplementedError
