"""A registered old part and the pieces of the dealer's layers it took."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, column, func, select, table
from sqlalchemy.orm import Mapped, column_property, mapped_column

from portal.catalog.models import FaultCode, Part
from portal.core.db import DealerOwned, Number, many, one, states, to, within
from portal.files.models import Photo
from portal.orders.models import Layer
from portal.organizations.models import Dealer
from portal.warranty.models import Product


class OldPartState(StrEnum):
    """registered 已登记 → reported 已报备; an unclaimed one may be withdrawn 已撤销."""

    REGISTERED = "registered"
    REPORTED = "reported"
    WITHDRAWN = "withdrawn"


class Review(StrEnum):
    """HQ's review (R35), a field beside the state: 待审核, 可报销, 补充资料, 不予报销."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    WANTED = "wanted"
    REFUSED = "refused"


class Cause(StrEnum):
    """Why the part failed 故障原因: quality 质量, installation 安装, use 使用不当, man-made 人为损坏, transport 运输."""

    QUALITY = "quality"
    INSTALLATION = "installation"
    USE = "use"
    MAN_MADE = "man-made"
    TRANSPORT = "transport"


class OldPart(DealerOwned):
    """One product, one part, one replacement day, with a quantity and one number (R36)."""

    __tablename__ = "old_parts"
    number: Mapped[Number]
    state: Mapped[OldPartState] = mapped_column(states(OldPartState))
    ver: Mapped[int] = mapped_column()
    product_id: Mapped[int]
    part_id: Mapped[int]
    fault_id: Mapped[int]
    cause: Mapped[Cause] = mapped_column(states(Cause))
    quantity: Mapped[int]
    amount: Mapped[Decimal]  # Σ pieces × price paid, yuan
    replaced_on: Mapped[date]
    report_by: Mapped[date]  # the last day to report (R30)
    must_return: Mapped[bool]  # R34, as the price list said when it was registered
    verdict: Mapped[str]  # the stored warranty verdict as JSON text (R13)
    note: Mapped[str]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    reported_at: Mapped[datetime | None]
    reported_by: Mapped[str | None]
    reported_late: Mapped[bool]
    review: Mapped[Review] = mapped_column(states(Review))
    review_reason: Mapped[str | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None]
    answer: Mapped[str | None]  # what the dealer answered to 补充资料
    part: Mapped[Part] = one("OldPart", "Part", "part_id", viewonly=True)
    product: Mapped[Product] = one("OldPart", "Product", "product_id", viewonly=True)
    fault: Mapped[FaultCode] = one("OldPart", "FaultCode", "fault_id", viewonly=True)
    dealer: Mapped[Dealer] = one("OldPart", "Dealer", "dealer_id", viewonly=True)
    allocations: Mapped[list[Allocation]] = many("Allocation", "OldPart", "old_part_id", order_by="Allocation.id")
    if TYPE_CHECKING:  # both are mapped below, where Photo and the claim lines can be named
        claim_line: Any  # the state of the claim line that rests on it, None without one (R33)
        photo_count: Any
    __mapper_args__ = {"version_id_col": ver}

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("brand_id", "number"),
            within("products", "product_id"),
            to("parts", "part_id"),
            to("fault_codes", "fault_id"),
            CheckConstraint("quantity BETWEEN 1 AND 9999", name="quantity_sane"),
            CheckConstraint("state <> 'reported' OR reported_at IS NOT NULL", name="reported_has_instant"),
            CheckConstraint(
                "review NOT IN ('wanted', 'refused') OR coalesce(review_reason, '') <> ''", name="refused_with_reason"
            ),
            Index(None, "brand_id", "state", "review", "id"),
            Index(None, "brand_id", "dealer_id", "state", "id"),
            Index(None, "brand_id", "product_id", "part_id"),
            Index(None, "brand_id", "dealer_id", "part_id", "replaced_on"),
        )


class Allocation(DealerOwned):
    """Pieces taken from one layer at its price; ``returned`` went back when a claim's quantity was cut (R43) or withdrawn."""

    __tablename__ = "allocations"
    old_part_id: Mapped[int]
    layer_id: Mapped[int]
    pieces: Mapped[int]
    returned: Mapped[int]
    price: Mapped[Decimal]
    layer: Mapped[Layer] = one("Allocation", "Layer", "layer_id", viewonly=True)

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            within("old_parts", "old_part_id"),
            within("layers", "layer_id"),
            UniqueConstraint("brand_id", "old_part_id", "layer_id"),
            CheckConstraint("pieces > 0 AND returned BETWEEN 0 AND pieces", name="pieces_sane"),
            Index(None, "brand_id", "layer_id"),
        )


# What the guards of the workflow ask of a row. The claim lines are named by their table, not by their model: packages know
# only those below them, and a flag that claims would have to set could be forgotten; the lines themselves cannot.
_claim_lines = table("claim_lines", column("brand_id"), column("old_part_id"), column("state"))

OldPart.claim_line = column_property(
    select(_claim_lines.c.state)
    .where(_claim_lines.c.brand_id == OldPart.brand_id, _claim_lines.c.old_part_id == OldPart.id)
    .correlate_except(_claim_lines)
    .scalar_subquery()
)
OldPart.photo_count = column_property(
    select(func.count())
    .select_from(Photo)
    .where(Photo.brand_id == OldPart.brand_id, Photo.subject_kind == "old-part", Photo.subject_id == OldPart.id)
    .correlate_except(Photo)
    .scalar_subquery()
)
