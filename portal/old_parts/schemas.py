"""Registered old parts and their photos as JSON."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from portal.files.queries import Shown
from portal.old_parts.models import Cause, OldPart, OldPartState, Review
from portal.old_parts.queries import Listed, OnClaim
from portal.old_parts.rules import QUANTITY_LIMIT
from portal.warranty.schemas import VerdictOut
from portal.web.api import Amount, Asked, Day, Given, Instant, Line, ListQuery, Month, Ref, Words


class OldPartQuery(ListQuery):
    """Which old parts: by where they stand, of a dealer (headquarters), reported late, or that say a text."""

    state: Literal["all", "registered", "pending", "wanted", "accepted", "refused", "withdrawn"] = "all"
    dealer: Line = ""
    q: Line = ""
    late: bool = False


class OldPartIn(Asked):
    """A replaced part of a registered product (R36)."""

    serial: Ref
    part: Ref
    fault: Ref
    cause: Literal["quality", "installation", "use", "man-made", "transport"]
    quantity: int = Field(default=1, ge=1, le=QUANTITY_LIMIT)
    replaced_on: Day
    note: Words = ""


class SlotIn(Asked):
    """What the photo shows; without it the first that is missing."""

    slot: Literal["nameplate", "fault", "old-part", "after", "more"] | None = None


class WithdrawIn(Asked):
    """Why a registration is withdrawn."""

    reason: Words


class ReviewIn(Asked):
    """Headquarters' answer; `wanted` and `refused` need a reason (R35)."""

    decision: Literal["accepted", "wanted", "refused"]
    reason: Words = ""


class OldPartAnswerIn(Asked):
    """What the dealer answers to what was wanted."""

    note: Words


class OldPartRow(Given):
    """An old part in a list; ``out_price`` is one piece's outside warranty."""

    number: str
    state: OldPartState
    review: Review
    dealer: str
    dealer_name: str
    part: str
    part_name: str
    serial: str
    model: str
    fault: str
    cause: str
    quantity: int
    amount: Amount
    out_price: Amount | None
    replaced_on: date
    report_by: date
    reported_at: Instant | None
    reported_late: bool
    must_return: bool
    photos: int
    claimed: bool

    @classmethod
    def of(cls, row: Listed) -> OldPartRow:
        """From the list's row."""
        return cls(
            number=row.number, state=row.state, review=row.review, dealer=row.dealer_code, dealer_name=row.dealer_name,
            part=row.part_number, part_name=row.part_name, serial=row.serial, model=row.model, fault=row.fault_code, cause=row.cause,
            quantity=row.quantity, amount=row.amount, out_price=row.out_price, replaced_on=row.replaced_on, report_by=row.report_by,
            reported_at=row.reported_at, reported_late=row.reported_late, must_return=row.must_return, photos=row.photo_count,
            claimed=row.claim_line is not None,
        )  # fmt: skip


class PhotoOut(Given):
    """A photo: its public id and what it shows; its bytes are at /photos/{photo}."""

    photo: str
    slot: str

    @classmethod
    def of(cls, photo: Shown) -> PhotoOut:
        """From the list's row."""
        return cls(photo=photo.public_id, slot=photo.slot)


class PiecesOut(Given):
    """Pieces that were taken from one order's line, what was paid for one, and how many went back (R36, R43)."""

    order: str
    pieces: int
    returned: int
    price: Amount


class ClaimPlaceOut(Given):
    """The claim line that rests on it (R33); ``claim`` is null while headquarters does not see the draft."""

    claim: str | None
    position: int
    state: str
    pays_in: Month | None


class OldPartOut(Given):
    """A registered old part."""

    number: str
    state: OldPartState
    review: Review
    review_reason: str | None
    reviewed_at: Instant | None
    reviewed_by: str | None
    answer: str | None
    dealer: str
    dealer_name: str
    part: str
    part_name: str
    serial: str
    model: str
    fault: str
    cause: Cause
    quantity: int
    amount: Amount
    replaced_on: date
    report_by: date
    reported_at: Instant | None
    reported_by: str | None
    reported_late: bool
    must_return: bool
    note: str
    registered_at: Instant
    registered_by: str
    verdict: VerdictOut
    pieces: list[PiecesOut]
    photos: list[PhotoOut]
    claim: ClaimPlaceOut | None

    @classmethod
    def of(cls, found: OldPart, photos: list[Shown], claim: OnClaim | None, *, hq: bool) -> OldPartOut:
        """From the stored part, its photos, and the claim line that rests on it."""
        return cls(
            number=found.number, state=found.state, review=found.review, review_reason=found.review_reason,
            reviewed_at=found.reviewed_at, reviewed_by=found.reviewed_by, answer=found.answer, dealer=found.dealer.code,
            dealer_name=found.dealer.name, part=found.part.number, part_name=found.part.name, serial=found.product.serial,
            model=found.product.model.name, fault=found.fault.code, cause=found.cause, quantity=found.quantity, amount=found.amount,
            replaced_on=found.replaced_on, report_by=found.report_by, reported_at=found.reported_at, reported_by=found.reported_by,
            reported_late=found.reported_late, must_return=found.must_return, note=found.note, registered_at=found.registered_at,
            registered_by=found.registered_by, verdict=VerdictOut.stored(found.verdict),
            pieces=[
                PiecesOut(order=one.layer.order_number, pieces=one.pieces, returned=one.returned, price=one.price)
                for one in found.allocations
            ],
            photos=[PhotoOut.of(photo) for photo in photos],
            claim=None if claim is None else ClaimPlaceOut(
                claim=claim.number if hq else claim.ref, position=claim.position, state=str(claim.state), pays_in=claim.pays_in
            ),
        )  # fmt: skip
