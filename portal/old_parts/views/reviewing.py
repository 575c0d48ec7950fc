"""Headquarters' review of one reported old part, with its photos large; after a decision the next one comes (R35)."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Permission as P
from portal.old_parts import actions, labels, queries
from portal.old_parts.models import OldPartState, Review
from portal.old_parts.views import base
from portal.old_parts.views.base import blueprint
from portal.old_parts.views.document import mismatch
from portal.old_parts.workflow import REVIEW, STEP_OF
from portal.warranty import labels as warranty
from portal.warranty.rules import Verdict
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.timeline import timeline

DECISIONS = (
    (Review.ACCEPTED, "check", "a"),
    (Review.WANTED, "message-question", "f"),
    (Review.REFUSED, "x", "d"),
)


@blueprint.get("/<string:number>/review")
@requires(P.OLD_PART_REVIEW, side="hq")
def review(number: str) -> ResponseReturnValue:
    """Photos, cause, verdict; three decisions."""
    return _page(number)


@blueprint.post("/<string:number>/review")
@requires(P.OLD_PART_REVIEW, side="hq")
def decide(number: str) -> ResponseReturnValue:
    """Take one of the three decisions, then go on with the next that waits; a refusal keeps the reason typed."""
    try:
        decision = Review(request.form.get("decision", ""))
    except ValueError:
        raise NotFound from None
    if decision not in STEP_OF:
        raise NotFound

    def refused(error: Refused) -> ResponseReturnValue:
        return _page(number, typed=base.reason(), wrong=sentence(error)), 422

    return perform(
        lambda session, actor, at: (
            actions.review(session, actor, number, decision=decision, reason=base.reason(), seen=base.seen(), at=at),
            queries.next_to_review(session),
        ),
        done=lambda result: _(
            "%(number)s: %(decision)s.", number=result[0].number, decision=labels.REVIEWS[decision][0]
        ),
        to=lambda result: (
            url_for("old_parts.review", number=result[1]) if result[1] else url_for("old_parts.index", tab="pending")
        ),
        refused=refused,
    )


def _page(number: str, *, typed: str = "", wrong: str = "") -> str:
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        old_part = queries.old_part(session, number)
        if old_part.state == OldPartState.WITHDRAWN:
            raise NotFound
        case = queries.reviewing(session, actor, old_part)
        verdict = Verdict.from_json(old_part.verdict)
        label, tone = labels.standing(old_part.state, old_part.review)
        following = queries.next_to_review(session, after_id=old_part.id)
        tiles = base.tiles(queries.photos(session, old_part))
        decisions = []
        for decision, picture, key in DECISIONS:
            refusal = REVIEW.refusal(STEP_OF[decision], case, actor)
            why = "" if refusal in {None, "wrong-state"} else sentence(Refused(str(refusal)))
            decisions.append(
                {
                    "value": decision.value, "label": labels.STEPS[STEP_OF[decision]], "picture": picture, "key": key,
                    "allowed": refusal is None, "why": why, "now": old_part.review == decision,
                }
            )  # fmt: skip
        return render_template(
            "old_parts/review.html",
            old_part=old_part,
            label=label,
            tone=tone,
            turn=labels.mine(old_part.state, old_part.review, actor.side),
            due=base.due(old_part, clock.today(actor.zone)),
            facts=base.facts(old_part),
            covered=verdict.covered,
            verdict=warranty.verdict_sentence(verdict),
            mismatch=mismatch(old_part),
            tiles=tiles,
            missing=[str(tile["label"]) for tile in tiles if not tile["url"]],
            decisions=decisions,
            blocked=next((each["why"] for each in decisions if each["why"]), ""),
            waiting=queries.counts(session)["pending"],
            following=""
            if following is None or following == old_part.number
            else url_for("old_parts.review", number=following),
            typed=typed,
            wrong=wrong,
            events=timeline(session, "old-part", old_part.id),
        )
