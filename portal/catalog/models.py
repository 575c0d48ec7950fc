"""What a brand sells parts for, the parts, and their dated prices (R10, R11)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Owned, one, to


class Category(Owned):
    """A product category 品类."""

    __tablename__ = "categories"
    name: Mapped[str]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("brand_id", "name"),)


class ProductModel(Owned):
    """A product model 产品型号."""

    __tablename__ = "product_models"
    name: Mapped[str]
    category_id: Mapped[int | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("brand_id", "name"), to("categories", "category_id"))


class Part(Owned):
    """A part 配件. ``part_group`` is 配件类别 (which warranty line applies); ``must_return`` the list's 旧件回收 (R34).

    ``initials`` and ``pinyin`` are searched by prefix (``^@``).
    """

    __tablename__ = "parts"
    number: Mapped[str]
    name: Mapped[str]
    spec: Mapped[str]
    part_group: Mapped[str]
    unit: Mapped[str]
    category_id: Mapped[int | None]
    must_return: Mapped[bool]
    initials: Mapped[str]
    pinyin: Mapped[str]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "number"),
            to("categories", "category_id"),
            Index(None, "brand_id", "initials"),
        )


class PartModel(Owned):
    """Which parts fit which model (bill of parts)."""

    __tablename__ = "part_models"
    part_id: Mapped[int]
    model_id: Mapped[int]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "part_id", "model_id"),
            to("parts", "part_id"),
            to("product_models", "model_id"),
            Index(None, "brand_id", "model_id"),
        )


class PriceList(Owned):
    """A version of the price list, in force from ``from_day`` until before ``to_day`` (None: until the next).

    Exactly one is in force on any day: the exclusion constraint holds that. A withdrawn future version keeps its rows.
    """

    __tablename__ = "price_lists"
    version: Mapped[str]
    title: Mapped[str]
    from_day: Mapped[date]
    to_day: Mapped[date | None]
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint("to_day IS NULL OR to_day > from_day", name="days_in_order"),
            ExcludeConstraint(
                ("brand_id", "="),
                (text("daterange(from_day, to_day)"), "&&"),
                where=text("withdrawn_at IS NULL"),
                using="gist",
                name="ex_price_lists_one_in_force",
            ),
        )


class Price(Owned):
    """A part's two HQ prices on one list, yuan with VAT: the dealer price 成本价 and the out-of-warranty price 保外价."""

    __tablename__ = "prices"
    list_id: Mapped[int]
    part_id: Mapped[int]
    dealer_price: Mapped[Decimal]
    out_price: Mapped[Decimal]
    part: Mapped[Part] = one("Price", "Part", "part_id")

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "list_id", "part_id"),
            to("price_lists", "list_id"),
            to("parts", "part_id"),
            CheckConstraint("dealer_price >= 0 AND out_price >= 0", name="not_negative"),
            Index(None, "brand_id", "part_id"),
        )


class FaultCode(Owned):
    """A fault code 故障代码; without a category it is allowed for all (R15)."""

    __tablename__ = "fault_codes"
    code: Mapped[str]
    name: Mapped[str]
    category_id: Mapped[int | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("brand_id", "code"), to("categories", "category_id"))


class Import(Owned):
    """An uploaded workbook between "what I understood" and "confirm", and the record of it afterwards (R11)."""

    __tablename__ = "imports"
    public_id: Mapped[str]
    kind: Mapped[str]
    filename: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    first_day: Mapped[date | None]
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB)
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str]
    done_at: Mapped[datetime | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("brand_id", "public_id"),)


__all__ = ["Category", "FaultCode", "Import", "Part", "PartModel", "Price", "PriceList", "ProductModel"]
