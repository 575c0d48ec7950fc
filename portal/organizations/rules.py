"""What is known of a dealer by the register 经销商名册, and what a term may be set to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


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


def values(row: DealerRow) -> dict[str, str]:
    """What the register says of a dealer, beside its code."""
    return {"name": row.name, "city": row.city, "contact": row.contact, "phone": row.phone, "address": row.address}


def changes(row: DealerRow, stored: object) -> bool:
    """Whether the register says something else of a known dealer than what is stored."""
    return any(getattr(stored, name) != said for name, said in values(row).items())
