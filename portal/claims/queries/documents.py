"""One claim: the pieces behind a line, what may go on it, when a line is paid. Its lines as rows: ``lines``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, cast, func, literal, or_, select, text, tuple_
from sqlalchemy.orm import Session

from portal.catalog.models import Part, ProductModel
from portal.claims import rules
from portal.claims.checks import Check, level
from portal.claims.models import Claim, ClaimLine
from portal.claims.queries.known import PHOTOS_OF
from portal.claims.terms import SETTLEMENT_DAY, WORKING_DAY
from portal.claims.workflow import Case
from portal.core import terms
from portal.core.errors import NotFound
from portal.core.months import add_months, first_of
from portal.core.permissions import Actor
from portal.files.models import Photo
from portal.identity.queries import serves
from portal.old_parts.models import Allocation, OldPart, OldPartState
from portal.old_parts.rules import Taken
from portal.orders.models import Layer
from portal.organizations.models import Brand, Dealer
from portal.warranty.models import Product

_PAID = text("SELECT month FROM statements WHERE dealer_id = :dealer AND posted_at IS NOT NULL")
_MOVED = text(
    "SELECT e.line_id, e.reason FROM settlement_exclusions e JOIN claim_lines l ON l.brand_id = e.brand_id AND l.id = e.line_id"
    " WHERE l.claim_id = :claim AND e.to_month <= l.pays_in ORDER BY e.from_month"
)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of one layer behind a line: where they were bought, how many were taken and have gone back."""

    layer_id: int
    order_number: str
    bought_at: datetime
    received_on: date | None
    left: int  # received and unused pieces of the layer
    taken: int
    returned: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registration that may go on a form. Amount in yuan."""

    id: int
    number: str
    state: OldPartState
    replaced_on: date
    quantity: int
    amount: Decimal
    part_number: str
    part_name: str
    serial: str
    model: str


def claim(session: Session, ref: str) -> Claim:
    """By number, or by public id (a draft has no number; its address still leads here once it has one). NotFound."""
    found = session.scalar(_by_ref(ref))
    if found is None:
        raise NotFound
    return found


def claim_for_update(session: Session, ref: str) -> Claim:
    """The same, locked and fresh: whoever changes a claim or its lines locks the claim first."""
    found = session.scalar(_by_ref(ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def _by_ref(ref: str) -> Any:
    return select(Claim).where(or_(Claim.number == ref, Claim.public_id == ref))


def lines_for_update(session: Session, claim: Claim) -> list[ClaimLine]:
    """All lines of a locked claim, fresh, by position."""
    return list(
        session.scalars(
            select(ClaimLine)
            .where(ClaimLine.claim_id == claim.id)
            .order_by(ClaimLine.position)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def old_parts_for_update(session: Session, dealer_id: int, numbers: Collection[str]) -> list[OldPart]:
    """The dealer's registrations of those numbers, locked in order, so that none gets on two lines (R33)."""
    return _locked(session, OldPart.dealer_id == dealer_id, OldPart.number.in_(numbers))


def old_parts_of_lines(session: Session, lines: Iterable[ClaimLine]) -> dict[int, OldPart]:
    """The registrations behind lines by id, locked: nobody reviews them anew while their lines are decided (R35)."""
    return {one.id: one for one in _locked(session, OldPart.id.in_([line.old_part_id for line in lines]))}


def _locked(session: Session, *where: Any) -> list[OldPart]:
    chosen = select(OldPart).where(*where).order_by(OldPart.id).with_for_update(of=OldPart)
    return list(session.scalars(chosen.execution_options(populate_existing=True)))


def holders(session: Session, old_parts: Collection[int]) -> dict[int, str]:
    """Which of these registrations stand on a line already: id → the claim's number, "" for a draft (R33)."""
    rows = session.execute(
        select(ClaimLine.old_part_id, Claim.number)
        .join(Claim, and_(Claim.brand_id == ClaimLine.brand_id, Claim.id == ClaimLine.claim_id))
        .where(ClaimLine.old_part_id.in_(old_parts))
    )
    return {one: number or "" for one, number in rows}


def claimable(
    session: Session, dealer_id: int, month: date, *, after: tuple[date, int] | None = None, limit: int
) -> list[Candidate]:
    """Registrations of that service month on no line yet (reported or not: the checks speak), oldest service day first.

    At most ``limit``, after the (service day, id) of the last one of the page before.
    """
    found = (
        select(
            OldPart.id,
            OldPart.number,
            OldPart.state,
            OldPart.replaced_on,
            OldPart.quantity,
            OldPart.amount,
            Part.number,
            Part.name,
            Product.serial,
            ProductModel.name,
        )
        .join(Part, and_(Part.brand_id == OldPart.brand_id, Part.id == OldPart.part_id))
        .join(Product, and_(Product.brand_id == OldPart.brand_id, Product.id == OldPart.product_id))
        .join(ProductModel, and_(ProductModel.brand_id == Product.brand_id, ProductModel.id == Product.model_id))
        .where(*_claimable(dealer_id, month))
        .order_by(OldPart.replaced_on, OldPart.id)
        .limit(limit)
    )
    if after is not None:
        found = found.where(tuple_(OldPart.replaced_on, OldPart.id) > tuple_(literal(after[0]), literal(after[1])))
    rows: Any = session.execute(found)
    return [Candidate(*row) for row in rows]


def claimable_count(session: Session, dealer_id: int, month: date) -> int:
    """How many registrations of that service month are on no line yet."""
    return session.scalar(select(func.count()).select_from(OldPart).where(*_claimable(dealer_id, month))) or 0


def _claimable(dealer_id: int, month: date) -> tuple[ColumnElement[bool], ...]:
    taken = (
        select(ClaimLine.id).where(ClaimLine.brand_id == OldPart.brand_id, ClaimLine.old_part_id == OldPart.id).exists()
    )
    return (
        OldPart.dealer_id == dealer_id,
        OldPart.state != OldPartState.WITHDRAWN,
        OldPart.replaced_on >= first_of(month),
        OldPart.replaced_on < add_months(first_of(month), 1),
        ~taken,
    )


def claimable_months(session: Session, dealer_id: int) -> list[tuple[date, int, Decimal]]:
    """Service months with registrations on no line yet: the month's first day, how many, yuan; the newest first."""
    taken = (
        select(ClaimLine.id).where(ClaimLine.brand_id == OldPart.brand_id, ClaimLine.old_part_id == OldPart.id).exists()
    )
    month = cast(func.date_trunc("month", OldPart.replaced_on), Date)
    rows = session.execute(
        select(month, func.count(), func.sum(OldPart.amount))
        .where(OldPart.dealer_id == dealer_id, OldPart.state != OldPartState.WITHDRAWN, ~taken)
        .group_by(month)
        .order_by(month.desc())
    )
    return [(first, count, amount) for first, count, amount in rows]


def pieces(session: Session, old_part_id: int) -> list[Pieces]:
    """The layers behind a registration, oldest bought first (R36)."""
    rows = session.execute(
        select(
            Layer.id,
            Layer.order_number,
            Layer.bought_at,
            Layer.first_received_on,
            Layer.received - Layer.used,
            Allocation.pieces,
            Allocation.returned,
            Allocation.price,
        )
        .join(Layer, and_(Layer.brand_id == Allocation.brand_id, Layer.id == Allocation.layer_id))
        .where(Allocation.old_part_id == old_part_id)
        .order_by(Layer.bought_at, Layer.id)
    )
    return [Pieces(*row) for row in rows]


def taken(session: Session, old_part_ids: Collection[int]) -> dict[int, list[Taken]]:
    """All pieces that each registration took when it was made, returned ones included: what a line claims (R40)."""
    found: dict[int, list[Taken]] = {one: [] for one in old_part_ids}
    rows: Any = session.execute(
        select(Allocation.old_part_id, Allocation.layer_id, Allocation.pieces, Allocation.price, Allocation.returned)
        .where(Allocation.old_part_id.in_(old_part_ids))
        .order_by(Allocation.layer_id)
    )
    for one, *piece in rows:
        found[one].append(Taken(*piece))
    return found


def paid_months(session: Session, dealer_id: int) -> frozenset[date]:
    """The months whose settlement is posted for a dealer: a line of such a ``pays_in`` is reimbursed (domain.md section 5).

    Settlement stands above this package, so its table is named, not imported; a dealer sees posted statements only.
    """
    return frozenset(session.scalars(_PAID, {"dealer": dealer_id}))


def moved_on(session: Session, claim_id: int) -> dict[int, str]:
    """Lines that a person moved on to a later settlement, with the newest reason, by the line's id (R50; tables named as above)."""
    return {row.line_id: row.reason for row in session.execute(_MOVED, {"claim": claim_id})}


def dealer_of(session: Session, claim: Claim) -> Dealer:
    """The claim's dealer."""
    return session.execute(select(Dealer).where(Dealer.id == claim.dealer_id)).scalar_one()


def brand_of(session: Session, claim: Claim) -> Brand:
    """The claim's brand, for the head of its paper."""
    return session.execute(select(Brand).where(Brand.id == claim.brand_id)).scalar_one()


def photo_count(session: Session, claim: Claim) -> int:
    """How many photos hang on the registrations of a claim's lines."""
    counted = (
        select(func.count())
        .select_from(Photo)
        .join(ClaimLine, and_(ClaimLine.brand_id == Photo.brand_id, ClaimLine.old_part_id == Photo.subject_id))
        .where(ClaimLine.claim_id == claim.id, Photo.subject_kind == PHOTOS_OF)
    )
    return session.scalar(counted) or 0


def settlement_days(session: Session) -> Callable[[date], date]:
    """S(M) for any month (R50): by the terms in force on the first day of the month after it."""

    @cache
    def day(month: date) -> date:
        on = add_months(first_of(month), 1)
        day_of_month, working = terms.values(session, SETTLEMENT_DAY, WORKING_DAY, on=on)
        return rules.settlement_day(month, day_of_month, working=bool(working))

    return day


def settles_on(session: Session, month: date) -> date:
    """R50: S(M), the day on which ``month`` is reimbursed in the session's brand."""
    return settlement_days(session)(month)


def payer(session: Session, approved_on: date) -> Callable[[date], date]:
    """R50: from a service day to its ``pays_in``, for approvals on the day ``approved_on`` of the brand's zone."""
    day = settlement_days(session)
    return cache(lambda service_day: rules.first_month(service_day, approved_on, day))


def cases(
    session: Session, actor: Actor, claim: Claim, lines: Iterable[ClaimLine], checked: Mapping[int, Iterable[Check]],
    old_parts: Mapping[int, OldPart], *, today: date,
) -> dict[int, Case]:  # fmt: skip
    """The lines, by position, with what their workflow's guards ask. ``checked`` as by ``check_lines``, ``old_parts`` by id."""
    own = serves(session, actor.login_id, claim.dealer_id)
    settles = settlement_days(session)
    return {
        line.position: Case(
            line=line,
            claim=claim,
            own_dealer=own,
            begun=line.pays_in is not None and today >= settles(line.pays_in),
            blocked=level(checked[line.position]) == "block",
            review=old_parts[line.old_part_id].review,
        )
        for line in lines
    }
