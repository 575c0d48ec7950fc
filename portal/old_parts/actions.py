"""What happens to old parts: registered, photographed, reported, reviewed, withdrawn (R30, R33, R35, R36)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from portal.catalog import queries as catalog
from portal.catalog.models import FaultCode, Part
from portal.core import audit, numbering, terms
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor, Permission
from portal.files import actions as files
from portal.files.models import Photo
from portal.old_parts import queries, rules
from portal.old_parts.models import Allocation, Cause, OldPart, OldPartState, Review
from portal.old_parts.terms import REPORT_DAYS
from portal.old_parts.workflow import OLD_PART, REVIEW, STEP_OF
from portal.orders.models import Layer
from portal.warranty import queries as warranty

KIND: Final = "old-part"
TEXT_LIMIT: Final = 500  # characters of a note, a reason, an answer
PHOTOS_LIMIT: Final = 12


# ---------------------------------------------------------------- the dealer registers and reports


def register(
    session: Session,
    actor: Actor,
    *,
    serial: str,
    part_number: str,
    fault_code: str,
    cause: Cause | str,
    quantity: int = 1,
    replaced_on: date,
    note: str = "",
    at: datetime,
) -> OldPart:
    """Register a replaced part: it gets its number, its last day to report, the stored verdict, and its pieces (R13, R30, R36).

    The quantity comes from the dealer's oldest layers of the part, which are locked; two registrations of the last piece
    come one after the other, and the second is refused. Out of warranty is no refusal: the verdict says so, and no
    claim line will stand on it (R41). Refuses "permission-missing", "product-unknown", "product-elsewhere",
    "old-part-part-unknown", "old-part-fault-unknown", "old-part-cause-unknown", "old-part-quantity", "replaced-in-future",
    "not-enough-held" (with how many are left), "replaced-before-received", "old-part-text-too-long"; changes nothing then. Never commits.
    """
    dealer_id = actor.scope.dealer_id
    if dealer_id is None or not actor.may(Permission.OLD_PART_REGISTER):
        raise Refused("permission-missing", step="register")
    product = warranty.served_product(session, serial)
    part, fault, why = _part(session, part_number), _fault(session, fault_code), _cause(cause)
    words = _text(note, "note")
    if not 1 <= quantity <= rules.QUANTITY_LIMIT:
        raise Refused("old-part-quantity", field="quantity", most=rules.QUANTITY_LIMIT)
    if replaced_on > actor.day(at):
        raise Refused("replaced-in-future", field="replaced_on", today=actor.day(at))
    layers = {layer.id: layer for layer in queries.layers_for_update(session, dealer_id, part.id)}
    taken = _take(layers, part, quantity, replaced_on)
    old_part = OldPart(
        dealer_id=dealer_id,
        number=numbering.next_number(session, numbering.Kind.OLD_PART, actor.day(at)),
        state=OLD_PART.starts,
        product_id=product.id,
        part_id=part.id,
        fault_id=fault.id,
        cause=why,
        quantity=quantity,
        amount=rules.amount(taken),
        replaced_on=replaced_on,
        report_by=rules.report_by(replaced_on, terms.value(session, REPORT_DAYS, on=replaced_on)),
        must_return=part.must_return,
        verdict=warranty.verdict(session, product, part, why, on=replaced_on).to_json(),
        note=words,
        registered_at=at,
        registered_by=actor.name,
        reported_late=False,
        review=REVIEW.starts,
        allocations=[
            Allocation(dealer_id=dealer_id, layer_id=some.layer_id, pieces=some.pieces, returned=0, price=some.price)
            for some in taken
        ],
    )
    for some in taken:
        layers[some.layer_id].used += some.pieces
    session.add(old_part)
    session.flush()
    audit.record(
        session, actor, "old-part:register", old_part, at=at, after=old_part.state.value,
        part=part.number, serial=product.serial, quantity=quantity, amount=old_part.amount, replaced_on=replaced_on,
    )  # fmt: skip
    return old_part


def add_photo(
    session: Session, actor: Actor, number: str, *, data: bytes, slot: str | None = None, at: datetime
) -> Photo:
    """Hang a photo on a registered old part, or on a reported one whose review wants more (R35).

    ``slot`` is one of nameplate, fault, old-part, after; None takes the first that is missing. Taking one again replaces
    it while nothing was reported; later the earlier one stays, since headquarters has seen it. Locks the old part.
    Refuses "permission-missing", "photos-closed", "too-many-photos", "photo-slot", and what a photo itself is refused for.
    """
    old_part = _open_for_photos(session, actor, number, step="add_photo")
    shown = queries.photos(session, old_part)
    if slot is None:
        filled = {photo.slot for photo in shown}
        slot = next((slot for slot in rules.SLOTS if slot not in filled), "more")
    elif slot not in {*rules.SLOTS, "more"}:
        raise Refused("photo-slot", field="photo")
    replaces = old_part.state == OldPartState.REGISTERED and slot != "more"
    if len([photo for photo in shown if not (replaces and photo.slot == slot)]) >= PHOTOS_LIMIT:
        raise Refused("too-many-photos", field="photo", most=PHOTOS_LIMIT)
    photo = files.store_photo(
        session,
        actor,
        data=data,
        subject_kind=KIND,
        subject_id=old_part.id,
        dealer_id=old_part.dealer_id,
        slot=slot,
        at=at,
    )
    for earlier in shown:
        if replaces and earlier.slot == slot:
            files.drop_photos(session, subject_kind=KIND, subject_id=old_part.id, public_id=earlier.public_id)
    audit.record(session, actor, "old-part:add-photo", old_part, at=at, slot=slot, photo=photo.content_hash)
    session.refresh(old_part, ["photo_count"])
    return photo


def remove_photo(session: Session, actor: Actor, number: str, *, photo: str, at: datetime) -> OldPart:
    """Take a photo (its public id) away while the old part is not reported yet. Locks the old part.

    Refuses "permission-missing", "photos-closed"; NotFound for a photo that hangs on something else.
    """
    old_part = _open_for_photos(session, actor, number, step="remove_photo")
    if old_part.state != OldPartState.REGISTERED:
        raise Refused("photos-closed")
    if not files.drop_photos(session, subject_kind=KIND, subject_id=old_part.id, public_id=photo):
        raise NotFound
    audit.record(session, actor, "old-part:remove-photo", old_part, at=at, photo=photo)
    session.refresh(old_part, ["photo_count"])
    return old_part


def report(session: Session, actor: Actor, number: str, *, seen: int | None = None, at: datetime) -> OldPart:
    """Report it to headquarters, whose review now waits; after its last day it is accepted all the same and marked late (R30, R36).

    Locks the old part. Refuses "permission-missing", "wrong-state", "no-photos", "changed-meanwhile". Never commits.
    """
    old_part = _locked(session, number, seen)
    before, after = OLD_PART.take("report", old_part, actor)
    old_part.reported_at, old_part.reported_by = at, actor.name
    old_part.reported_late = rules.is_late(actor.day(at), old_part.report_by)
    old_part.review = Review.PENDING
    audit.record(
        session, actor, "old-part:report", old_part, at=at, before=before, after=after, late=old_part.reported_late
    )
    session.flush()
    return old_part


def withdraw(
    session: Session, actor: Actor, number: str, *, reason: str, seen: int | None = None, at: datetime
) -> OldPart:
    """Withdraw a registration that no claim line rests on: its pieces go back to their layers (R36). The number is not used again.

    Locks the old part, then its layers. Refuses "permission-missing", "wrong-state", "on-claim", "reason-needed".
    """
    old_part = _locked(session, number, seen)
    why = _reason(reason)
    before, after = OLD_PART.take("withdraw", old_part, actor)
    return_pieces(session, old_part, sum(some.kept for some in queries.taken(old_part)))
    audit.record(session, actor, "old-part:withdraw", old_part, at=at, before=before, after=after, reason=why)
    session.flush()
    return old_part


# ---------------------------------------------------------------- headquarters reviews, the dealer answers (R35)


def review(
    session: Session,
    actor: Actor,
    number: str,
    *,
    decision: Review,
    reason: str = "",
    seen: int | None = None,
    at: datetime,
) -> OldPart:
    """Review a reported old part: accepted 可报销, wanted 补充资料 or refused 不予报销; the last two need a reason (R35).

    May be changed until the claim line that rests on it is decided. Locks the old part. Refuses "permission-missing",
    "wrong-state", "not-reported", "own-dealer" (nobody reviews against a dealer they belong to), "claim-decided",
    "reason-needed", "changed-meanwhile".
    """
    return _review(session, actor, _locked(session, number, seen), decision, reason, at=at)


def accept(session: Session, actor: Actor, number: str, *, seen: int | None = None, at: datetime) -> OldPart:
    """可报销; see :func:`review`."""
    return review(session, actor, number, decision=Review.ACCEPTED, seen=seen, at=at)


def want(session: Session, actor: Actor, number: str, *, reason: str, seen: int | None = None, at: datetime) -> OldPart:
    """补充资料, back to the dealer; see :func:`review`."""
    return review(session, actor, number, decision=Review.WANTED, reason=reason, seen=seen, at=at)


def refuse(
    session: Session, actor: Actor, number: str, *, reason: str, seen: int | None = None, at: datetime
) -> OldPart:
    """不予报销; see :func:`review`."""
    return review(session, actor, number, decision=Review.REFUSED, reason=reason, seen=seen, at=at)


def accept_many(session: Session, actor: Actor, numbers: Sequence[str], *, at: datetime) -> list[OldPart]:
    """Accept several at once, all or none; a refusal names the one it is about. Locks them in order."""
    if not numbers:
        raise Refused("none-chosen")
    found = queries.lock_many(session, numbers)
    for old_part in found:
        try:
            _review(session, actor, old_part, Review.ACCEPTED, "", at=at)
        except Refused as refused:
            raise Refused("one-not-accepted", number=old_part.number, why=refused.code) from refused
    return found


def answer(session: Session, actor: Actor, number: str, *, note: str, seen: int | None = None, at: datetime) -> OldPart:
    """The dealer answers what headquarters wanted; the review waits again. Locks the old part.

    Refuses "permission-missing", "wrong-state", "not-reported", "claim-decided", "answer-missing".
    """
    old_part = _locked(session, number, seen)
    words = _text(note, "note")
    if not words:
        raise Refused("answer-missing", field="note")
    case = queries.reviewing(session, actor, old_part)
    before, after = REVIEW.take("answer", case, actor)
    old_part.answer = words
    audit.record(session, actor, "old-part:answer", old_part, at=at, before=before, after=after, reason=words)
    session.flush()
    return old_part


# ---------------------------------------------------------------- claims give pieces back and take them again (R43)


def lock_pieces(session: Session, old_parts: Iterable[OldPart]) -> None:
    """Lock the layers of several at once before pieces of one after the other move: all acts lock layers by their ids."""
    queries.lock_layers(session, old_parts)


def return_pieces(session: Session, old_part: OldPart, pieces: int) -> None:
    """Give ``pieces`` back to their layers, the newest bought first (R43). Locks the layers; the caller audits.

    Raises ValueError for more than are still taken.
    """
    _move(session, old_part, {layer: -some for layer, some in rules.give_back(queries.taken(old_part), pieces).items()})


def retake_pieces(session: Session, old_part: OldPart, pieces: int) -> None:
    """Take again ``pieces`` that went back, when a decision is changed (R43). Locks the layers; the caller audits.

    Refuses "pieces-used-meanwhile" when another registration took them; ValueError for more than went back.
    """
    _move(session, old_part, rules.take_again(queries.taken(old_part), pieces))


def _move(session: Session, old_part: OldPart, uses: dict[int, int]) -> None:
    """Use so many more (or fewer) pieces of each layer."""
    layers = queries.layers_of(session, old_part)
    for layer_id, more in uses.items():
        layer = layers[layer_id]
        if layer.received - layer.used < more:
            raise Refused("pieces-used-meanwhile", number=old_part.number)
    for allocation in old_part.allocations:
        more = uses.get(allocation.layer_id, 0)
        layers[allocation.layer_id].used += more
        allocation.returned -= more
    session.flush()


# ---------------------------------------------------------------- what the acts share


def _review(
    session: Session, actor: Actor, old_part: OldPart, decision: Review, reason: str, *, at: datetime
) -> OldPart:
    step = STEP_OF.get(decision)
    if step is None:
        raise ValueError(decision)
    why = _text(reason, "reason") if decision is Review.ACCEPTED else _reason(reason)
    case = queries.reviewing(session, actor, old_part)
    before, after = REVIEW.take(step, case, actor)
    old_part.review_reason = why or None
    old_part.reviewed_at, old_part.reviewed_by = at, actor.name
    audit.record(session, actor, f"old-part:{step}", old_part, at=at, before=before, after=after, reason=why)
    session.flush()
    return old_part


def _locked(session: Session, number: str, seen: int | None) -> OldPart:
    old_part = queries.lock(session, number)
    if seen is not None and seen != old_part.ver:
        raise Refused("changed-meanwhile")
    return old_part


def _open_for_photos(session: Session, actor: Actor, number: str, *, step: str) -> OldPart:
    if not actor.may(Permission.OLD_PART_REGISTER):
        raise Refused("permission-missing", step=step)
    old_part = queries.lock(session, number)
    wanted = old_part.state == OldPartState.REPORTED and old_part.review == Review.WANTED
    if old_part.state != OldPartState.REGISTERED and not wanted:
        raise Refused("photos-closed")
    return old_part


def _take(layers: dict[int, Layer], part: Part, quantity: int, replaced_on: date) -> list[rules.Taken]:
    held = queries.as_held(list(layers.values()))
    taken = rules.take_oldest(held, quantity)
    if taken is None:
        raise Refused("not-enough-held", field="quantity", part=part.number, left=rules.held(held), asked=quantity)
    if replaced_on < held[0].first_received_on:
        raise Refused("replaced-before-received", field="replaced_on", received_on=held[0].first_received_on)
    return taken


def _part(session: Session, number: str) -> Part:
    try:
        return catalog.part(session, number.strip())
    except NotFound:
        raise Refused("old-part-part-unknown", field="part_number", part=number.strip()) from None


def _fault(session: Session, code: str) -> FaultCode:
    try:
        return catalog.fault(session, code.strip())
    except NotFound:
        raise Refused("old-part-fault-unknown", field="fault_code", fault=code.strip()) from None


def _cause(cause: Cause | str) -> Cause:
    try:
        return Cause(cause)
    except ValueError:
        raise Refused("old-part-cause-unknown", field="cause") from None


def _reason(reason: str) -> str:
    if not (words := _text(reason, "reason")):
        raise Refused("reason-needed", field="reason")
    return words


def _text(words: str, field: str) -> str:
    if len(plain := words.strip()) > TEXT_LIMIT:
        raise Refused("old-part-text-too-long", field=field, most=TEXT_LIMIT)
    return plain
