"""One old part: where it stands, its verdict, its pieces, its photos, what happened, and the steps that may be taken."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.workflow import Offer
from portal.old_parts import labels, printing, queries, rules
from portal.old_parts.models import OldPart, OldPartState, Review
from portal.old_parts.views import base
from portal.old_parts.views.base import blueprint
from portal.old_parts.workflow import OLD_PART, REVIEW
from portal.warranty import labels as warranty
from portal.warranty.rules import Verdict
from portal.web import pdf, qr
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.formats import moment, money
from portal.web.responses import pdf_response
from portal.web.timeline import timeline


@blueprint.get("/<string:number>")
@requires(P.OLD_PART_READ)
def detail(number: str) -> ResponseReturnValue:
    """The document's page, for its dealer and for headquarters."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        old_part = queries.old_part(session, number)
        claim = queries.on_claim(session, old_part)
        verdict = Verdict.from_json(old_part.verdict)
        label, tone = labels.standing(old_part.state, old_part.review)
        today = clock.today(actor.zone)
        return render_template(
            "old_parts/detail.html",
            side=actor.side,
            old_part=old_part,
            label=label,
            tone=tone,
            turn=labels.mine(old_part.state, old_part.review, actor.side),
            due=base.due(old_part, today),
            road=base.road(old_part, claim),
            facts=base.facts(old_part),
            covered=verdict.covered,
            verdict=warranty.verdict_sentence(verdict),
            mismatch=mismatch(old_part),
            tiles=base.tiles(queries.photos(session, old_part)),
            pieces=[_piece(part, actor) for part in old_part.allocations],
            out_price=base.out_price_said(queries.out_price(session, old_part), old_part.quantity),
            claim=claim,
            claim_url=url_for("claims.detail", ref=claim.ref)
            if claim and (claim.number or actor.side == "dealer")
            else "",
            next_words=_next(old_part, actor),
            steps=_steps(session, old_part, actor),
            events=timeline(session, "old-part", old_part.id),
            qr=qr.svg(qr.address(actor, old_part.number)),
            label_url=url_for("old_parts.label_pdf", number=old_part.number),
            moment=moment,
        )


@blueprint.get("/<string:number>.pdf")
@requires(P.OLD_PART_READ)
def label_pdf(number: str) -> ResponseReturnValue:
    """The label to stick on it (R30)."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        paper = printing.paper(session, actor, [queries.old_part(session, number)])
    return pdf_response(pdf.render(paper.template, paper), number.upper())


def mismatch(old_part: OldPart) -> bool:
    """R15: the fault code is of another category than the product (a warning, no refusal)."""
    of_fault, of_product = old_part.fault.category_id, old_part.product.model.category_id
    return of_fault is not None and of_product is not None and of_fault != of_product


def _open(old_part: OldPart) -> bool:
    """Whether photos may still be taken."""
    if old_part.state == OldPartState.REGISTERED:
        return True
    return old_part.state == OldPartState.REPORTED and old_part.review == Review.WANTED


def _piece(part: Any, actor: Actor) -> dict[str, Any]:
    """One allocation: which order the pieces were bought with, and for how much (R36)."""
    return {
        "order": part.layer.order_number,
        "url": url_for("orders.detail", ref=part.layer.order_number) if actor.may(P.ORDER_READ) else "",
        "received_on": part.layer.first_received_on,
        "pieces": part.pieces,
        "returned": part.returned,
        "price": part.price,
        "amount": (part.pieces - part.returned) * part.price,
    }


def _next(old_part: OldPart, actor: Actor) -> str:
    """What is to be done now and by whom, in a sentence."""
    mine = actor.side == "dealer"
    if old_part.state == OldPartState.WITHDRAWN:
        return _("The registration was withdrawn; its number is not used again.")
    if old_part.state == OldPartState.REGISTERED:
        return _("Take the photos and report it.") if mine else _("The dealer takes the photos and reports it.")
    match old_part.review:
        case Review.PENDING:
            return _("Headquarters reviews photos and cause.") if mine else _("Look at photos and cause, then decide.")
        case Review.WANTED:
            return _("Headquarters asks: %(reason)s", reason=old_part.review_reason)
        case Review.ACCEPTED:
            return _("Reimbursable: %(amount)s can stand on a claim.", amount=money(old_part.amount))
        case Review.REFUSED:
            return _("Not reimbursable: %(reason)s", reason=old_part.review_reason)


_LOOKS = {"report": "primary", "answer": "primary", "review": "primary"}
_PICTURES = {"report": "send", "answer": "message", "withdraw": "arrow-back-up", "review": "eye"}


def _steps(session: Session, old_part: OldPart, actor: Actor) -> list[dict[str, Any]]:
    """The buttons, in the order of the work; a refused one says why."""
    offers = OLD_PART.offers(old_part, actor)
    review = (
        REVIEW.offers(queries.reviewing(session, actor, old_part), actor)
        if old_part.state == OldPartState.REPORTED
        else []
    )
    steps = [_step(offer, old_part) for offer in [*review, *offers] if offer.name in {"report", "withdraw", "answer"}]
    judging = [offer for offer in review if offer.name in {"accept", "want", "refuse"}]
    if actor.side == "dealer" and actor.may(P.OLD_PART_REGISTER) and _open(old_part):
        steps.insert(0, _photos_step(old_part, first=old_part.photo_count < len(rules.SLOTS)))
        if old_part.photo_count < len(rules.SLOTS):
            steps[1]["tone"] = ""  # one primary button a page
    if judging:
        refusal = judging[0].refusal if all(offer.refusal for offer in judging) else None
        steps.insert(0, _step(Offer("review", refusal), old_part))
    return steps


def _photos_step(old_part: OldPart, *, first: bool) -> dict[str, Any]:
    """The way to the photos, which come before the report."""
    return {
        "name": "photos", "label": _("Take photos"), "url": url_for("old_parts.photos", number=old_part.number),
        "tone": "primary" if first else "", "picture": "camera", "go": True,
    }  # fmt: skip


def _step(offer: Offer, old_part: OldPart) -> dict[str, Any]:
    asks = {"withdraw": labels.ASKS["withdraw"], "answer": _("Your answer")}
    if offer.name == "review":
        label: object = _("Review it") if old_part.review in {Review.PENDING, Review.WANTED} else _("Change the review")
    else:
        label = labels.STEPS[offer.name]
    return {
        "name": offer.name,
        "label": label,
        "url": url_for(f"old_parts.{offer.name}", number=old_part.number),
        "allowed": offer.refusal is None,
        "reason": "" if offer.refusal is None else sentence(Refused(offer.refusal)),
        "tone": _LOOKS.get(offer.name, ""),
        "picture": _PICTURES[offer.name],
        "asks": asks.get(offer.name, ""),
        "go": offer.name == "review",
        "hidden": {"version": old_part.ver},
    }
