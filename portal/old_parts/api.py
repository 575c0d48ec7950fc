"""Old parts for other programs: registered, photographed, reported, reviewed (R30, R33, R35, R36)."""

from __future__ import annotations

from portal.core.permissions import Permission as P
from portal.old_parts import actions, printing, queries
from portal.old_parts.models import OldPart, Review
from portal.old_parts.schemas import (
    OldPartAnswerIn,
    OldPartIn,
    OldPartOut,
    OldPartQuery,
    OldPartRow,
    ReviewIn,
    SlotIn,
    WithdrawIn,
)
from portal.web import pdf
from portal.web.api import Answer, Api, Call, File, Page

api = Api(
    "old_parts", tag="old parts", words="Parts that were replaced in warranty: their numbers, photos and reviews."
)


def _locked(call: Call, number: str) -> OldPart:
    return queries.lock(call.session, number)


@api.reads("/old-parts", P.OLD_PART_READ, gives=Page[OldPartRow])
def listed(call: Call, query: OldPartQuery) -> Page[OldPartRow]:
    """Old parts, newest first."""
    dealer = query.dealer if call.actor.side == "hq" else ""
    wanted = queries.Filters(tab=query.state, dealer=dealer, text=query.q, late=query.late)
    rows = queries.listed(call.session, wanted, before_id=call.after_id(query), limit=query.limit + 1)
    return call.page(query, rows, OldPartRow.of)


@api.reads("/old-parts/<number>", P.OLD_PART_READ, gives=OldPartOut)
def one(call: Call, number: str) -> Answer:
    """One old part with its verdict, its pieces, its photos and its claim line."""
    return _shown(call, number)


@api.reads("/old-parts/<number>/label", P.OLD_PART_READ, gives=bytes, kind="application/pdf")
def label(call: Call, number: str) -> File:
    """The label to stick on it (R30)."""
    found = queries.old_part(call.session, number)
    made = printing.paper(call.session, call.actor, [found])
    return File(f"{found.number}.pdf", lambda: pdf.render(made.template, made))


@api.acts("/old-parts", P.OLD_PART_REGISTER, side="dealer", gives=OldPartOut, makes=True)
def register(call: Call, body: OldPartIn) -> Answer:
    """Register a replaced part: it gets its number, its last day to report and its pieces (R36)."""
    made = actions.register(
        call.session, call.actor, serial=body.serial, part_number=body.part, fault_code=body.fault, cause=body.cause,
        quantity=body.quantity, replaced_on=body.replaced_on, note=body.note, at=call.at,
    )  # fmt: skip
    return _shown(call, made.number)


@api.acts("/old-parts/<number>/photos", P.OLD_PART_REGISTER, side="dealer", gives=OldPartOut, makes=True, file="photo")
def add_photo(call: Call, number: str, body: SlotIn) -> Answer:
    """Hang a photo on it (JPEG, PNG, WebP or HEIC); the same slot again replaces it until it is reported."""
    actions.add_photo(call.session, call.actor, number, data=call.file, slot=body.slot, at=call.at)
    return _shown(call, number)


@api.acts("/old-parts/<number>/photos/<photo>/remove", P.OLD_PART_REGISTER, side="dealer", gives=OldPartOut)
def remove_photo(call: Call, number: str, photo: str) -> Answer:
    """Take a photo away before it is reported."""
    actions.remove_photo(call.session, call.actor, number, photo=photo, at=call.at)
    return _shown(call, number)


@api.acts("/old-parts/<number>/report", P.OLD_PART_REGISTER, side="dealer", gives=OldPartOut, changes=_locked)
def report(call: Call, number: str) -> Answer:
    """Report it to headquarters, whose review now waits (R30)."""
    actions.report(call.session, call.actor, number, at=call.at)
    return _shown(call, number)


@api.acts("/old-parts/<number>/withdraw", P.OLD_PART_REGISTER, side="dealer", gives=OldPartOut, changes=_locked)
def withdraw(call: Call, number: str, body: WithdrawIn) -> Answer:
    """Withdraw a registration that no claim line rests on; its pieces go back (R36)."""
    actions.withdraw(call.session, call.actor, number, reason=body.reason, at=call.at)
    return _shown(call, number)


@api.acts("/old-parts/<number>/answer", P.OLD_PART_REGISTER, side="dealer", gives=OldPartOut, changes=_locked)
def answer(call: Call, number: str, body: OldPartAnswerIn) -> Answer:
    """Answer what headquarters wanted; the review waits again (R35)."""
    actions.answer(call.session, call.actor, number, note=body.note, at=call.at)
    return _shown(call, number)


@api.acts("/old-parts/<number>/review", P.OLD_PART_REVIEW, side="hq", gives=OldPartOut, changes=_locked)
def review(call: Call, number: str, body: ReviewIn) -> Answer:
    """Accept it, want more, or refuse it (R35)."""
    actions.review(call.session, call.actor, number, decision=Review(body.decision), reason=body.reason, at=call.at)
    return _shown(call, number)


def _shown(call: Call, number: str) -> Answer:
    call.afresh()
    found = queries.old_part(call.session, number)
    photos, claim = queries.photos(call.session, found), queries.on_claim(call.session, found)
    body = OldPartOut.of(found, photos, claim, hq=call.actor.side == "hq")
    return Answer(body, ver=found.ver, at=f"/old-parts/{found.number}")
