"""The blueprint, and how old parts are shown: values for the templates, no query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from portal.core.permissions import Actor
from portal.files.queries import Shown
from portal.old_parts import labels, rules
from portal.old_parts.models import OldPart, OldPartState, Review
from portal.old_parts.queries import Listed, OnClaim
from portal.orders.queries import Awaiting
from portal.warranty import labels as warranty
from portal.warranty.rules import Verdict
from portal.web.formats import day, moment, money
from portal.web.forms import storable

blueprint = Blueprint("old_parts", __name__, url_prefix="/old-parts")


def seen() -> int | None:
    """The version of the document that the pressed button's page showed."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def reason() -> str:
    """The reason given with a button, without what cannot be stored or printed."""
    return storable(request.form.get("reason", ""))


def typed(name: str) -> str:
    """What the address says of ``name``: trimmed, without control characters, at most 80 characters."""
    return "".join(character for character in request.args.get(name, "") if character.isprintable()).strip()[:80]


def row(old_part: Listed, actor: Actor, today: date) -> dict[str, Any]:
    """A row of the list."""
    label, tone = labels.standing(old_part.state, old_part.review)
    verdict = Verdict.from_json(old_part.verdict)
    return {
        "number": old_part.number,
        "url": url_for("old_parts.detail", number=old_part.number),
        "label": label,
        "tone": tone,
        "turn": labels.mine(old_part.state, old_part.review, actor.side),
        "part": old_part.part_name,
        "part_number": old_part.part_number,
        "quantity": old_part.quantity,
        "serial": old_part.serial,
        "model": old_part.model,
        "dealer": old_part.dealer_name,
        "dealer_code": old_part.dealer_code,
        "fault": f"{old_part.fault_code} {old_part.fault_name}",
        "cause": warranty.CAUSES[old_part.cause],
        "covered": verdict.covered,
        "verdict": warranty.verdict_word(verdict),
        "replaced_on": old_part.replaced_on,
        "amount": old_part.amount,
        "late": old_part.reported_late,
        "must_return": old_part.must_return,
        "reported_at": old_part.reported_at,
        "photos": old_part.photo_count,
        "thumb": url_for("files.photo", public_id=old_part.photo, size=rules.THUMB) if old_part.photo else "",
        "said": old_part.review_reason or "",
        "answer": old_part.answer or "",
        "due": due(old_part, today),
        "out_price": out_price_said(old_part.out_price, old_part.quantity),
        "claimed": old_part.claim_line is not None,
    }


def due(old_part: Listed | OldPart, today: date) -> dict[str, str] | None:
    """R30: the countdown of a registered part, or the mark of one that was reported late; None when no clock runs."""
    if old_part.state == OldPartState.REGISTERED:
        tone = rules.urgency(today, old_part.report_by)
        return {"text": labels.countdown(today, old_part.report_by), "tone": tone}
    if old_part.state == OldPartState.REPORTED and old_part.reported_late:
        return {"text": _("Reported late"), "tone": "red"}
    return None


def out_price_said(price: Decimal | None, quantity: int) -> str:
    """What the pieces would cost outside warranty, as information beside the deadline; '' without a price."""
    return "" if price is None else _("out-of-warranty price %(price)s", price=money(price * quantity))


def awaiting(line: Awaiting) -> dict[str, Any]:
    """A received warranty line whose old part is not registered yet (R36)."""
    return {
        "part": line.part_name,
        "part_number": line.part_number,
        "pieces": line.pieces,
        "serial": line.serial,
        "order": line.order_number,
        "order_url": url_for("orders.detail", ref=line.order_number),
        "dealer": line.dealer_name,
        "dealer_code": line.dealer_code,
        "received_on": line.received_on,
        "url": url_for("old_parts.new", serial=line.serial, part_number=line.part_number, quantity=line.pieces),
    }


def tiles(photos: Sequence[Shown]) -> list[dict[str, Any]]:
    """The four photos in their order, those missing as empty places, then what else was sent."""
    missing = [slot for slot in rules.SLOTS if slot not in {photo.slot for photo in photos}]
    taken = [
        {
            "label": labels.SLOTS.get(photo.slot, labels.SLOTS["more"])[0],
            "url": url_for("files.photo", public_id=photo.public_id),
            "thumb": url_for("files.photo", public_id=photo.public_id, size=rules.THUMB),
            "slot": photo.slot,
        }
        for photo in photos
    ]
    empty = [{"label": labels.SLOTS[slot][0], "url": "", "thumb": "", "slot": slot} for slot in missing]
    place = {slot: index for index, slot in enumerate(rules.SLOTS)}
    return sorted([*taken, *empty], key=lambda tile: place.get(str(tile["slot"]), len(place)))


def slots(photos: Sequence[Shown], number: str, *, more: bool) -> list[dict[str, Any]]:
    """The places of the recipe; the newest photo of each is shown. ``more``: a place for whatever else is asked for."""
    newest = {photo.slot: photo for photo in photos}
    return [
        {
            "kind": slot,
            "label": labels.SLOTS[slot][0],
            "hint": labels.slot_hint(slot, number),
            "photo": url_for("files.photo", public_id=newest[slot].public_id, size=rules.THUMB)
            if slot in newest
            else "",
        }
        for slot in (*rules.SLOTS, *(("more",) if more else ()))
    ]


def road(old_part: OldPart, claim: OnClaim | None) -> list[tuple[object, str, str]]:
    """Registered → reported → reviewed → on a claim."""
    states, reviews = labels.STATES, labels.REVIEWS
    registered = (states[OldPartState.REGISTERED][0], moment(old_part.registered_at), "past")
    if old_part.state == OldPartState.WITHDRAWN:
        return [registered, (states[OldPartState.WITHDRAWN][0], "", "now")]
    if old_part.state == OldPartState.REGISTERED:
        until = _("until %(day)s 24:00", day=f"{old_part.report_by:%m-%d}")
        return [
            (registered[0], registered[1], "now"),
            (states[OldPartState.REPORTED][0], until, "future"),
            (_("Reviewed"), "", "future"),
            (_("On a claim form"), "", "future"),
        ]
    decided = old_part.review in {Review.ACCEPTED, Review.REFUSED}
    reported = (states[OldPartState.REPORTED][0], moment(old_part.reported_at), "past")
    reviewed = (
        reviews[old_part.review][0],
        moment(old_part.reviewed_at) if decided else "",
        "past" if decided and claim else "now",
    )
    claimed = (
        _("On a claim form"),
        "" if claim is None else claim.number or _("Draft claim"),
        "future" if claim is None else "now",
    )
    return [registered, reported, reviewed, claimed if claim is None or decided else (claimed[0], claimed[1], "past")]


def facts(old_part: OldPart) -> list[tuple[object, object]]:
    """What was registered."""
    return [
        (_("Part"), f"{old_part.part.name} {old_part.part.spec} {old_part.part.number}".replace("  ", " ")),
        (_("Quantity"), old_part.quantity),
        (_("Replaced on"), day(old_part.replaced_on)),
        (_("Product"), old_part.product.model.name),
        (_("Serial number"), old_part.product.serial),
        (_("Fault"), f"{old_part.fault.code} {old_part.fault.name}"),
        (_("Cause"), warranty.CAUSES[old_part.cause.value]),
        (_("Old part"), labels.return_rule(old_part.must_return)),
    ]
