"""Lists, counts and queues of old parts: columns by name, key pagination, no object graphs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select, true
from sqlalchemy.orm import Session

from portal.catalog.models import FaultCode, Part, Price, PriceList, ProductModel
from portal.files.models import Photo
from portal.old_parts.models import OldPart, OldPartState, Review
from portal.organizations.models import Dealer
from portal.warranty.models import Product

COUNTED_MOST = 1000  # shown as 999+

# The tabs: a state, and for reported ones the review. Those in COUNTED carry a count.
TABS: dict[str, tuple[OldPartState | None, Review | None]] = {
    "registered": (OldPartState.REGISTERED, None),
    "pending": (OldPartState.REPORTED, Review.PENDING),
    "wanted": (OldPartState.REPORTED, Review.WANTED),
    "accepted": (OldPartState.REPORTED, Review.ACCEPTED),
    "refused": (OldPartState.REPORTED, Review.REFUSED),
    "withdrawn": (OldPartState.WITHDRAWN, None),
    "all": (None, None),
}
COUNTED = ("registered", "pending", "wanted")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of the list says."""

    tab: str = "registered"
    dealer: str = ""
    text: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the list. ``amount`` and ``out_price`` (per piece, of the list in force on the day of replacement) in yuan."""

    id: int
    number: str
    state: OldPartState
    review: Review
    dealer_id: int
    dealer_code: str
    dealer_name: str
    part_number: str
    part_name: str
    serial: str
    model: str
    fault_code: str
    fault_name: str
    cause: str
    quantity: int
    amount: Decimal
    replaced_on: date
    report_by: date
    reported_at: datetime | None
    reported_late: bool
    must_return: bool
    review_reason: str | None
    answer: str | None
    verdict: str
    photo_count: int
    claim_line: str | None
    out_price: Decimal | None
    photo: str | None


def counts(session: Session) -> dict[str, int]:
    """How many stand in each open tab, in one statement; each stops at 1,000."""
    counted = [
        select(func.count())
        .select_from(select(OldPart.id).where(*_of_tab(tab)).limit(COUNTED_MOST).subquery())
        .scalar_subquery()
        .label(tab)
        for tab in COUNTED
    ]
    return dict(zip(COUNTED, session.execute(select(*counted)).one(), strict=True))


def listed(
    session: Session, filters: Filters, *, before_id: int | None = None, after_id: int | None = None, limit: int = 51
) -> list[Listed]:
    """Old parts, newest first, older than ``before_id`` or newer than ``after_id``; one statement."""
    out_price = (
        select(Price.out_price)
        .join(PriceList, same(PriceList, Price.list_id))
        .where(
            Price.brand_id == OldPart.brand_id,
            Price.part_id == OldPart.part_id,
            PriceList.withdrawn_at.is_(None),
            PriceList.from_day <= OldPart.replaced_on,
            or_(PriceList.to_day.is_(None), PriceList.to_day > OldPart.replaced_on),
        )
        .correlate(OldPart)
        .scalar_subquery()
    )
    first_photo = (
        select(Photo.public_id)
        .where(Photo.brand_id == OldPart.brand_id, Photo.subject_kind == "old-part", Photo.subject_id == OldPart.id)
        .order_by(case((Photo.slot == "old-part", 0), else_=1), Photo.id)
        .limit(1)
        .correlate(OldPart)
        .scalar_subquery()
    )
    wanted = _filtered(
        select(
            OldPart.id, OldPart.number, OldPart.state, OldPart.review, OldPart.dealer_id, Dealer.code, Dealer.name,
            Part.number, Part.name, Product.serial, ProductModel.name, FaultCode.code, FaultCode.name, OldPart.cause,
            OldPart.quantity, OldPart.amount, OldPart.replaced_on, OldPart.report_by, OldPart.reported_at,
            OldPart.reported_late, OldPart.must_return, OldPart.review_reason, OldPart.answer, OldPart.verdict,
            OldPart.photo_count, OldPart.claim_line, out_price, first_photo,
        )
        .join(Dealer, same(Dealer, OldPart.dealer_id))
        .join(Part, same(Part, OldPart.part_id))
        .join(Product, same(Product, OldPart.product_id))
        .join(ProductModel, (ProductModel.brand_id == Product.brand_id) & (ProductModel.id == Product.model_id))
        .join(FaultCode, same(FaultCode, OldPart.fault_id)),
        filters,
    )  # fmt: skip
    if after_id is not None:
        wanted = wanted.where(OldPart.id > after_id).order_by(OldPart.id)
    else:
        wanted = wanted.where(true() if before_id is None else OldPart.id < before_id).order_by(OldPart.id.desc())
    rows = [Listed(*row) for row in session.execute(wanted.limit(limit))]
    return rows if after_id is None else rows[::-1]


def next_to_review(session: Session, *, after_id: int = 0) -> str | None:
    """The number of the oldest reported part that waits for a review, after that id."""
    return session.scalar(
        select(OldPart.number).where(*_of_tab("pending"), OldPart.id > after_id).order_by(OldPart.id).limit(1)
    )


def _of_tab(tab: str) -> list[ColumnElement[bool]]:
    state, review = TABS.get(tab, (None, None))
    clauses: list[ColumnElement[bool]] = []
    if state is not None:
        clauses.append(OldPart.state == state)
    if review is not None:
        clauses.append(OldPart.review == review)
    return clauses


def _filtered(wanted: Select[*tuple[Any, ...]], filters: Filters) -> Select[*tuple[Any, ...]]:
    wanted = wanted.where(*_of_tab(filters.tab))
    if filters.dealer:
        wanted = wanted.where(Dealer.code == filters.dealer)
    if filters.late:
        wanted = wanted.where(OldPart.reported_late)
    if typed := filters.text.strip():
        wanted = wanted.where(
            OldPart.number.contains(typed.upper(), autoescape=True)
            | (Part.number == typed.upper())
            | Part.name.contains(typed, autoescape=True)
            | (Product.serial == typed)
            | Dealer.name.contains(typed, autoescape=True)
        )
    return wanted


def same(
    table: type[Part | Product | Dealer | FaultCode | PriceList], column: ColumnElement[int] | object
) -> ColumnElement[bool]:
    """The row of that table that a column of an old part (or price) names, inside its brand."""
    owner = Price if table is PriceList else OldPart
    return (table.brand_id == owner.brand_id) & (table.id == column)
