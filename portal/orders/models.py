"""Orders, the frozen quotes both sides confirm, shipments, and layers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalog.models import Part
from portal.core.db import DealerOwned, Number, many, one, states, to, within
from portal.organizations.models import Dealer
from portal.warranty.models import Product


class OrderState(StrEnum):
    """domain.md section 3."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    QUOTED = "quoted"
    AGREED = "agreed"
    DEBITED = "debited"
    PART_SHIPPED = "part-shipped"
    SHIPPED = "shipped"
    RECEIVED = "received"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Purpose(StrEnum):
    """What a line is for: the dealer's shelf, a named product in warranty, an out-of-warranty job."""

    STOCK = "stock"
    WARRANTY = "warranty"
    PAID = "paid"


class Order(DealerOwned):
    """A parts order. ``total`` is the newest quote's total (yuan), None before the first; ``quote_no`` its version."""

    __tablename__ = "orders"
    public_id: Mapped[str] = mapped_column(server_default=text("gen_random_uuid()::text"))
    number: Mapped[Number | None]
    state: Mapped[OrderState] = mapped_column(states(OrderState))
    ver: Mapped[int] = mapped_column()
    note: Mapped[str]
    ship_to: Mapped[str]
    quote_no: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[Decimal | None]
    ship_on: Mapped[date | None]
    lapses_on: Mapped[date | None]  # the last day on which the quote can be agreed to (R22)
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[str]
    submitted_at: Mapped[datetime | None]
    agreed_at: Mapped[datetime | None]
    agreed_by: Mapped[str | None]
    debited_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    reason: Mapped[str | None]  # the newest send-back, dispute, rejection or cancellation in words
    dealer: Mapped[Dealer] = one("Order", "Dealer", "dealer_id", viewonly=True)
    lines: Mapped[list[OrderLine]] = many(
        "OrderLine", "Order", "order_id", order_by="OrderLine.position", cascade="all, delete-orphan"
    )
    quotes: Mapped[list[Quote]] = many("Quote", "Order", "order_id", order_by="Quote.quote_no")
    shipments: Mapped[list[Shipment]] = many("Shipment", "Order", "order_id", order_by="Shipment.id")
    __mapper_args__ = {"version_id_col": ver}

    @property
    def source(self) -> str:
        """The order's name in the ledger."""
        return f"order:{self.number}"

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "public_id"),
            UniqueConstraint("brand_id", "number"),
            CheckConstraint("state IN ('draft', 'cancelled') OR number IS NOT NULL", name="number_once_submitted"),
            CheckConstraint(
                "state NOT IN ('quoted', 'agreed', 'debited', 'part-shipped', 'shipped', 'received')"
                " OR (quote_no > 0 AND total IS NOT NULL AND ship_on IS NOT NULL)",
                name="quoted_has_figures",
            ),
            CheckConstraint(
                "state NOT IN ('debited', 'part-shipped', 'shipped', 'received') OR debited_at IS NOT NULL",
                name="debited_has_instant",
            ),
            Index(None, "brand_id", "id"),
            Index(None, "brand_id", "state", "id"),
            Index(None, "brand_id", "dealer_id", "state", "id"),
            Index("ix_orders_agreed_queue", "brand_id", "agreed_at", "id", postgresql_where=text("state = 'agreed'")),
        )


class OrderLine(DealerOwned):
    """What the dealer asks for. A ``warranty`` line names the product, the fault and the stored verdict (R13)."""

    __tablename__ = "order_lines"
    order_id: Mapped[int]
    position: Mapped[int]
    part_id: Mapped[int]
    quantity: Mapped[int]
    purpose: Mapped[Purpose] = mapped_column(states(Purpose))
    product_id: Mapped[int | None]
    verdict: Mapped[str | None]  # the verdict as JSON text, see warranty.rules.Verdict
    note: Mapped[str]
    part: Mapped[Part] = one("OrderLine", "Part", "part_id", viewonly=True)
    product: Mapped[Product | None] = one("OrderLine", "Product", "product_id", viewonly=True)

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("orders", "order_id"),
            to("parts", "part_id"),
            within("products", "product_id"),
            UniqueConstraint("brand_id", "order_id", "position"),
            CheckConstraint("quantity BETWEEN 1 AND 9999", name="quantity_sane"),
            CheckConstraint("purpose <> 'warranty' OR product_id IS NOT NULL", name="warranty_names_product"),
        )


class Quote(DealerOwned):
    """A numbered, frozen version of contents, fees and ship date (R21). Only the agreement is added later."""

    __tablename__ = "quotes"
    order_id: Mapped[int]
    quote_no: Mapped[int]
    freight: Mapped[Decimal]
    goods: Mapped[Decimal]
    total: Mapped[Decimal]
    ship_on: Mapped[date]
    lapses_on: Mapped[date]
    note: Mapped[str]
    price_version: Mapped[str]
    fingerprint: Mapped[str]  # SHA-256 over the frozen contents, first 16 hex digits
    quoted_at: Mapped[datetime]
    quoted_by: Mapped[str]
    agreed_at: Mapped[datetime | None]
    agreed_by: Mapped[str | None]
    lines: Mapped[list[QuoteLine]] = many("QuoteLine", "Quote", "quote_id", order_by="QuoteLine.position")

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("orders", "order_id"),
            UniqueConstraint("brand_id", "order_id", "quote_no"),
            CheckConstraint("freight >= 0 AND goods >= 0 AND total = goods + freight", name="adds_up"),
        )


class QuoteLine(DealerOwned):
    """A confirmed line: quantity (0: not delivered) and price; ``list_price`` is the list's, ``reason`` why they differ."""

    __tablename__ = "quote_lines"
    quote_id: Mapped[int]
    line_id: Mapped[int]  # no foreign key: a version stays when its order is sent back and loses the line
    position: Mapped[int]
    part_id: Mapped[int]
    asked: Mapped[int]
    quantity: Mapped[int]
    list_price: Mapped[Decimal]
    price: Mapped[Decimal]
    reason: Mapped[str]
    part: Mapped[Part] = one("QuoteLine", "Part", "part_id", viewonly=True)

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("quotes", "quote_id"),
            to("parts", "part_id"),
            CheckConstraint("quantity >= 0 AND price >= 0 AND price <= list_price", name="never_raised"),
            CheckConstraint("price = list_price OR reason <> ''", name="lowered_with_reason"),
            Index(None, "brand_id", "quote_id"),
        )


class ShipmentState(StrEnum):
    """In transit 在途, received 已收货."""

    IN_TRANSIT = "in-transit"
    RECEIVED = "received"


class Shipment(DealerOwned):
    """One parcel of an order."""

    __tablename__ = "shipments"
    order_id: Mapped[int]
    number: Mapped[Number]
    state: Mapped[ShipmentState] = mapped_column(states(ShipmentState))
    ver: Mapped[int] = mapped_column()
    carrier: Mapped[str]
    tracking: Mapped[str]
    shipped_at: Mapped[datetime]
    shipped_by: Mapped[str]
    received_at: Mapped[datetime | None]
    received_by: Mapped[str | None]
    note: Mapped[str]
    lines: Mapped[list[ShipmentLine]] = many("ShipmentLine", "Shipment", "shipment_id", order_by="ShipmentLine.id")
    order: Mapped[Order] = one("Shipment", "Order", "order_id", viewonly=True)
    __mapper_args__ = {"version_id_col": ver}

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("orders", "order_id"),
            UniqueConstraint("brand_id", "number"),
            CheckConstraint("(state = 'received') = (received_at IS NOT NULL)", name="received_has_instant"),
            Index(None, "brand_id", "order_id"),
            Index(None, "brand_id", "dealer_id", "state", "id"),
        )


class ShipmentLine(DealerOwned):
    """Pieces of one order line in one parcel; counted = short of nothing: counted + short = quantity, damaged ≤ counted."""

    __tablename__ = "shipment_lines"
    shipment_id: Mapped[int]
    line_id: Mapped[int]
    part_id: Mapped[int]
    quantity: Mapped[int]
    counted: Mapped[int | None]
    damaged: Mapped[int | None]
    part: Mapped[Part] = one("ShipmentLine", "Part", "part_id", viewonly=True)

    @property
    def short(self) -> int | None:
        """Pieces that did not arrive."""
        return None if self.counted is None else self.quantity - self.counted

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("shipments", "shipment_id"),
            within("order_lines", "line_id"),
            to("parts", "part_id"),
            UniqueConstraint("brand_id", "shipment_id", "line_id"),
            CheckConstraint("quantity > 0", name="quantity_positive"),
            CheckConstraint(
                "counted IS NULL OR (counted BETWEEN 0 AND quantity AND damaged BETWEEN 0 AND counted)",
                name="count_sane",
            ),
            Index(None, "brand_id", "line_id"),
        )


class Layer(DealerOwned):
    """A debited order line as the dealer's own parts (R26): bought, received (counted − damaged), used, unit price without freight."""

    __tablename__ = "layers"
    part_id: Mapped[int]
    line_id: Mapped[int]
    order_number: Mapped[str]
    bought: Mapped[int]
    received: Mapped[int]
    used: Mapped[int]
    price: Mapped[Decimal]
    bought_at: Mapped[datetime]
    first_received_on: Mapped[date | None]
    part: Mapped[Part] = one("Layer", "Part", "part_id", viewonly=True)

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            to("parts", "part_id"),
            within("order_lines", "line_id"),
            UniqueConstraint("brand_id", "line_id"),
            CheckConstraint("0 <= used AND used <= received AND received <= bought", name="only_what_was_received"),
            CheckConstraint("(received > 0) <= (first_received_on IS NOT NULL)", name="received_has_day"),
            Index(None, "brand_id", "dealer_id", "part_id", "id"),
        )
