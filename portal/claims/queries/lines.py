"""The lines of a claim: whole, as a page shows them, and as heads, for the sums of a claim of hundreds of lines."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, select
from sqlalchemy.orm import Session

from portal.catalog.models import FaultCode, Part, ProductModel
from portal.claims import rules
from portal.claims.models import ClaimLine, LineState
from portal.old_parts.models import OldPart, OldPartState, Review
from portal.warranty.models import Product

OPEN = frozenset({LineState.DRAFT, LineState.SUBMITTED, LineState.WANTED})


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line with all that its page says. Amounts in yuan; the customer's data is unmasked here, masked at the edge (R90)."""

    id: int
    position: int
    state: LineState
    old_part_id: int
    old_part: str
    old_part_state: OldPartState
    review: Review
    review_reason: str | None
    reviewed_at: datetime | None
    reviewed_by: str | None
    registered_at: datetime
    reported_at: datetime | None
    reported_late: bool
    must_return: bool
    verdict: str
    cause: str
    part_number: str
    part_name: str
    part_spec: str
    unit: str
    model: str
    serial: str
    customer_name: str
    customer_phone: str
    fault_code: str
    fault_name: str
    service_day: date
    quantity: int
    claimed: Decimal
    approved_quantity: int | None
    approved: Decimal | None
    checks: list[dict[str, Any]]
    decision_code: str | None
    decision_reason: str | None
    decided_at: datetime | None
    decided_by: str | None
    answer: str | None
    pays_in: date | None

    @property
    def stamp(self) -> str:
        """What a reviewer sees of the decision; see :func:`portal.claims.rules.stamp`."""
        return rules.stamp(self.state, self.decided_at)


@dataclass(frozen=True, slots=True)
class LineHead:
    """What the sums of a claim need of a line; yuan. ``level`` is that of its checks when they were last stored (R41)."""

    position: int
    state: LineState
    service_day: date
    claimed: Decimal
    approved: Decimal | None
    pays_in: date | None
    level: str

    @property
    def open(self) -> bool:
        """Whether somebody still has to decide it."""
        return self.state in OPEN


def line_heads(session: Session, claim_id: int) -> list[LineHead]:
    """All lines of a claim, by position, in one small statement."""
    says = lambda level: ClaimLine.checks.contains([{"level": level}])  # noqa: E731
    rows: Any = session.execute(
        select(
            ClaimLine.position,
            ClaimLine.state,
            ClaimLine.service_day,
            ClaimLine.claimed,
            ClaimLine.approved,
            ClaimLine.pays_in,
            case((says("block"), "block"), (says("warn"), "warn"), else_="pass"),
        )
        .where(ClaimLine.claim_id == claim_id)
        .order_by(ClaimLine.position)
    )
    return [LineHead(*row) for row in rows]


def line_rows(session: Session, claim_id: int, positions: Collection[int] | None = None) -> list[LineRow]:
    """The lines of a claim for its page and its paper, all or those of ``positions``, by position, in one statement."""
    query = (
        select(
            ClaimLine.id,
            ClaimLine.position,
            ClaimLine.state,
            OldPart.id,
            OldPart.number,
            OldPart.state,
            OldPart.review,
            OldPart.review_reason,
            OldPart.reviewed_at,
            OldPart.reviewed_by,
            OldPart.registered_at,
            OldPart.reported_at,
            OldPart.reported_late,
            OldPart.must_return,
            OldPart.verdict,
            OldPart.cause,
            Part.number,
            Part.name,
            Part.spec,
            Part.unit,
            ProductModel.name,
            Product.serial,
            Product.customer_name,
            Product.customer_phone,
            FaultCode.code,
            FaultCode.name,
            ClaimLine.service_day,
            ClaimLine.quantity,
            ClaimLine.claimed,
            ClaimLine.approved_quantity,
            ClaimLine.approved,
            ClaimLine.checks,
            ClaimLine.decision_code,
            ClaimLine.decision_reason,
            ClaimLine.decided_at,
            ClaimLine.decided_by,
            ClaimLine.answer,
            ClaimLine.pays_in,
        )
        .join(OldPart, and_(OldPart.brand_id == ClaimLine.brand_id, OldPart.id == ClaimLine.old_part_id))
        .join(Part, and_(Part.brand_id == OldPart.brand_id, Part.id == OldPart.part_id))
        .join(Product, and_(Product.brand_id == OldPart.brand_id, Product.id == OldPart.product_id))
        .join(ProductModel, and_(ProductModel.brand_id == Product.brand_id, ProductModel.id == Product.model_id))
        .join(FaultCode, and_(FaultCode.brand_id == OldPart.brand_id, FaultCode.id == OldPart.fault_id))
        .where(ClaimLine.claim_id == claim_id)
        .order_by(ClaimLine.position)
    )
    if positions is not None:
        query = query.where(ClaimLine.position.in_(positions))
    rows: Any = session.execute(query)
    return [LineRow(*row) for row in rows]
