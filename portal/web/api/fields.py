"""What goes in and out: texts without control characters, money as strings of yuan, ISO days, RFC 3339 instants."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from flask import g, has_request_context
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from portal.core import months
from portal.web.forms import clean

Row = TypeVar("Row")
SIZE_MOST = 200
_AMOUNT = re.compile(r"-?\d{1,11}(\.\d{1,2})?")


class Asked(BaseModel):
    """What a caller sends: exactly these fields, of exactly these types (AZ2, IE5)."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=2000)


class Given(BaseModel):
    """What the portal answers: exactly these fields (AZ3)."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Asked):
    """An act that needs no words."""


def _amount_in(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not value.isascii() or not _AMOUNT.fullmatch(value):
        raise ValueError("amount")
    return Decimal(value).quantize(Decimal("0.01"))


def _instant(value: datetime) -> str:
    zone = g.get("zone") if has_request_context() else None
    return value.astimezone(zone or UTC).isoformat()


def _day(value: date) -> date:
    if not 1990 <= value.year <= 2199:  # as days are typed on pages
        raise ValueError("day")
    return value


def _month(value: Any) -> Any:
    if isinstance(value, date):
        return value
    try:
        return months.parse(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("month") from None


def _named(month: date) -> str:
    return f"{month:%Y-%m}"


def _said(value: Decimal) -> str:
    return f"{value:.2f}"


Amount = Annotated[
    Decimal,
    PlainSerializer(_said, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$", "example": "12.50", "description": "yuan"}),
]
AmountIn = Annotated[
    Decimal,
    BeforeValidator(_amount_in),
    WithJsonSchema(
        {"type": "string", "pattern": r"^-?[0-9]{1,11}(\.[0-9]{1,2})?$", "example": "12.50", "description": "yuan"}
    ),
]
Instant = Annotated[
    datetime,
    PlainSerializer(_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-11-03T10:00:00+08:00"}),
]
Day = Annotated[
    date,
    AfterValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "example": "2026-11-03"}),
]
Month = Annotated[
    date,
    BeforeValidator(_month),
    AfterValidator(_day),
    PlainSerializer(_named, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "example": "2026-10"}),
]
Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(clean)]
Words = Annotated[str, StringConstraints(max_length=2000), AfterValidator(clean)]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(clean)]


class ListQuery(Asked):
    """A page of a list: ``limit`` rows after ``cursor``, which is what the page before called ``next``."""

    limit: int = Field(default=50, ge=1, le=SIZE_MOST)
    cursor: str | None = Field(default=None, max_length=400)


class Page(Given, Generic[Row]):
    """A page of a list; ``next`` is the cursor of the page after it, null on the last."""

    items: list[Row]
    next: str | None
