"""Customers' products and the policies that cover them (R13)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Computed, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalog.models import ProductModel
from portal.core.db import DealerOwned, Number, Owned, one, states, to


class Use(StrEnum):
    """How the product is used."""

    HOME = "home"
    COMMERCIAL = "commercial"


class Product(DealerOwned):
    """A registered product: serial number, model, customer, days, and the dealer that serves it."""

    __tablename__ = "products"
    serial: Mapped[Number]
    model_id: Mapped[int]
    made_on: Mapped[date | None]
    bought_on: Mapped[date | None]
    installed_on: Mapped[date | None]
    use: Mapped[Use] = mapped_column(states(Use))
    customer_name: Mapped[str]
    customer_phone: Mapped[str]
    customer_address: Mapped[str]
    phone_end: Mapped[str | None] = mapped_column(Computed("right(customer_phone, 4)", persisted=True), deferred=True)
    model: Mapped[ProductModel] = one("Product", "ProductModel", "model_id")

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "serial"),
            to("product_models", "model_id"),
            Index(None, "brand_id", "customer_name"),
            Index(None, "brand_id", "customer_phone"),
            Index(None, "brand_id", "phone_end", "id"),
            Index(None, "brand_id", "model_id", "id"),
        )


class Basis(StrEnum):
    """What the months count from; each falls back to the next where the product does not know the day."""

    INSTALLED = "installed"
    BOUGHT = "bought"
    MADE = "made"  # the day made + 3 months


class WarrantyPolicy(Owned):
    """A version of the policy; exactly one is in force on any day. A withdrawn future version keeps its rows."""

    __tablename__ = "warranty_policies"
    version: Mapped[str]
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
                name="ex_warranty_policies_one_in_force",
            ),
        )


class PolicyLine(Owned):
    """One line: a category and a part group, or the whole unit (``part_group`` None). 0 months means never covered."""

    __tablename__ = "policy_lines"
    policy_id: Mapped[int]
    line_no: Mapped[int]
    category_id: Mapped[int]
    part_group: Mapped[str | None]
    home_months: Mapped[int]
    commercial_months: Mapped[int]
    basis: Mapped[Basis] = mapped_column(states(Basis))

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            to("warranty_policies", "policy_id"),
            to("categories", "category_id"),
            UniqueConstraint("brand_id", "policy_id", "category_id", "part_group", postgresql_nulls_not_distinct=True),
            CheckConstraint(
                "home_months BETWEEN 0 AND 600 AND commercial_months BETWEEN 0 AND 600", name="months_sane"
            ),
        )
