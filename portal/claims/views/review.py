"""HQ's review: one line open in the middle, or many lines at once (R43)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.claims import actions, queries, rules
from portal.claims.forms import FORMS, ManyForm
from portal.claims.labels import CODES, STATES
from portal.claims.models import Claim, ClaimState, LineState
from portal.claims.rules import Code
from portal.claims.views import blueprint, shown, spread
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.files.queries import photos_of
from portal.identity.queries import serves
from portal.old_parts.labels import SLOTS, return_rule, standing
from portal.warranty.labels import CAUSES, verdict_sentence
from portal.warranty.rules import Verdict
from portal.web.acts import at, perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.forms import PortalForm

VIEWS = ("", "warn", "block", "decided")
LISTED = 100  # lines of the list at the left
KEYS = {"approve": "a", "reduce": "s", "refuse": "d", "want": "f"}
USUAL = (Code.PWA, Code.PNP, Code.IIS, Code.CDR, Code.DC, Code.EW, Code.PNR)  # offered first


@blueprint.get("/<string:number>/review")
@requires(P.CLAIM_REVIEW, side="hq")
def review(number: str) -> ResponseReturnValue:
    """The lines at the left, one open in the middle, the decision at the right; ``?line=13`` names the open one."""
    return _page(number, position=_asked("line"))


@blueprint.post("/<string:number>/lines/<int:position>/<any(approve, reduce, refuse, want):step>")
@requires(P.CLAIM_REVIEW, side="hq")
def decide(number: str, position: int, step: str) -> ResponseReturnValue:
    """One decision on one line, then on to the next open one. What was typed survives a refusal."""
    form = FORMS[step]() if step in FORMS else PortalForm()
    if not form.validate_on_submit():
        return _page(number, position=position, step=step, form=form), 422
    seen = request.form.get("seen", "")

    def act(session: Session, actor: Actor, instant: datetime) -> Claim:
        return _take(session, actor, number, step, [position], form, seen=seen, at=instant)

    def refused(error: Refused) -> ResponseReturnValue:
        form.refuse(error.field, sentence(error))
        return _page(number, position=position, step=step, form=form), 422

    return perform(
        act,
        done=_("Line %(line)s is decided.", line=position),
        to=lambda claim: _onward(claim, position),
        refused=refused,
    )


@blueprint.get("/<string:number>/review/many")
@requires(P.CLAIM_REVIEW, side="hq")
def many(number: str) -> ResponseReturnValue:
    """A table of the open lines to choose from."""
    return _many_page(number, ManyForm(formdata=None))


@blueprint.post("/<string:number>/review/many")
@requires(P.CLAIM_REVIEW, side="hq")
def decide_many(number: str) -> ResponseReturnValue:
    """One decision on all chosen lines, or on none of them."""
    form = ManyForm()
    step = request.form.get("act", "")
    if step not in {"approve", "refuse", "want"}:
        abort(400)
    if not form.validate_on_submit():
        return _many_page(number, form), 422
    chosen = [int(one) for one in form.chosen.data or [] if one.isascii() and one.isdecimal() and len(one) < 10]

    def act(session: Session, actor: Actor, instant: datetime) -> Claim:
        return _take(session, actor, number, step, chosen, form, seen="", at=instant)

    def refused(error: Refused) -> ResponseReturnValue:
        form.refuse({"positions": "chosen"}.get(error.field or "", error.field), sentence(error))
        return _many_page(number, form), 422

    done = ngettext("%(num)d line is decided.", "%(num)d lines are decided.", len(chosen))
    return perform(act, done=done, to=_after_many, refused=refused)


def _after_many(claim: Claim) -> str:
    """On with the page of a long claim from which the lines were chosen, else with its first open line."""
    page = _asked("after")
    if page is None or claim.state is ClaimState.DECIDED:
        return _onward(claim, 0)
    return url_for("claims.many", number=claim.number, after=page)


def _take(
    session: Session,
    actor: Actor,
    number: str,
    step: str,
    positions: Sequence[int],
    form: Any,
    *,
    seen: str,
    at: datetime,
) -> Claim:
    if step == "approve":
        return actions.approve(session, actor, number, positions=positions, seen=seen, at=at)
    reason = form.reason.data or ""
    if step == "want":
        return actions.want(session, actor, number, positions=positions, reason=reason, seen=seen, at=at)
    code = form.code.data or ""
    if step == "refuse":
        return actions.refuse(session, actor, number, positions=positions, code=code, reason=reason, seen=seen, at=at)
    quantity, amount = form.quantity.data, form.amount.data
    if amount is not None:  # an amount that was typed is meant; the quantity stands in its field from the start
        quantity = None
    return actions.reduce(
        session,
        actor,
        number,
        positions=positions,
        quantity=quantity,
        amount=amount,
        code=code,
        reason=reason,
        seen=seen,
        at=at,
    )


def _onward(claim: Claim, position: int) -> str:
    """The next open line after this one, around to the first; the claim's page when none is left."""
    if claim.state is ClaimState.DECIDED:
        return url_for("claims.detail", ref=claim.number)
    return url_for("claims.review", number=claim.number, after=position)


def _asked(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _page(number: str, *, position: int | None, step: str = "", form: Any = None) -> str:
    actor = current_actor()
    today = actor.day(at())
    with unit_of_work(actor.scope) as session:
        claim = _reviewable(session, number)
        whole = spread.Spread(session, actor, claim, today=today)
        line = whole.line(_open_line(whole.heads, position))
        view = request.args.get("show", "") if request.args.get("show", "") in VIEWS else ""
        listed = whole.listed(view)  # before the page is read: what its lines' checks say now may be another tab's
        leaf = whole.page(view, size=LISTED, around=line.row.position)
        own = serves(session, actor.login_id, claim.dealer_id)
        step = step or request.args.get("do", "")
        case = shown.case_of(
            claim, line, own_dealer=own, today=today,
            settles_on=None if line.row.pays_in is None else queries.settles_on(session, line.row.pays_in),
        )  # fmt: skip
        refusals = {one: shown.refusal_said(one, case, actor, line.row.position) for one in KEYS}
        if form is None and step in FORMS:
            form = _fresh(step, line)
        around = _around(whole.heads, line)
        return render_template(
            "claims/review.html",
            claim=claim,
            state=STATES[claim.state],
            dealer=queries.dealer_of(session, claim),
            number=len(whole.heads),
            long=whole.long,
            line=line,
            view=view,
            listed=leaf.lines,
            beside=_beside(listed, leaf),
            tallies=whole.tallies(VIEWS),
            sums=whole.sums(),
            clean=_clean(whole, own=own),
            step=step if step in KEYS else "",
            form=form,
            refusals=refusals,
            keys=KEYS,
            codes=_codes(form),
            preview=_preview(session, line, form) if step == "reduce" else None,
            pieces=queries.pieces(session, line.row.old_part_id),
            photos=_photos(session, line),
            old_part=standing(line.row.old_part_state, line.row.review),
            return_rule=return_rule(line.row.must_return),
            verdict=(verdict := Verdict.from_json(line.row.verdict)),
            verdict_sentence=verdict_sentence(verdict),
            causes=CAUSES,
            before=around[0],
            after=around[1],
            due=_due(session, claim, today),
        )


def _many_page(number: str, form: ManyForm) -> str:
    actor = current_actor()
    today = actor.day(at())
    with unit_of_work(actor.scope) as session:
        claim = _reviewable(session, number)
        whole = spread.Spread(session, actor, claim, today=today)
        leaf = whole.page("open", after=_asked("after") or 0)
        if not leaf.lines and leaf.number:  # the last page, and all of it is decided now
            leaf = whole.page("open")
        return render_template(
            "claims/review_many.html",
            claim=claim,
            state=STATES[claim.state],
            dealer=queries.dealer_of(session, claim),
            lines=leaf.lines,
            number=leaf.number,
            earlier="" if leaf.earlier is None else url_for("claims.many", number=number, after=leaf.earlier or None),
            later="" if leaf.later is None else url_for("claims.many", number=number, after=leaf.later),
            page=(_asked("after") or 0) if leaf.number > spread.PAGE else None,
            sums=whole.sums(),
            form=form,
            chosen=set(form.chosen.data or []),
        )


def _reviewable(session: Session, number: str) -> Claim:
    claim = queries.claim(session, number)
    if claim.number != number:
        raise NotFound
    return claim


def _open_line(heads: list[queries.LineHead], position: int | None) -> int:
    """The asked line; else the first open one after ``?after=``, around to the first; else the first line."""
    if position is not None:
        return position
    after = _asked("after") or 0
    still = [line.position for line in heads if line.state is LineState.SUBMITTED]
    return next((place for place in still if place > after), next(iter(still), heads[0].position))


def _around(heads: list[queries.LineHead], line: shown.Line) -> tuple[int | None, int | None]:
    """The positions before and after the open line."""
    places = [one.position for one in heads]
    here = places.index(line.row.position)
    return places[here - 1] if here else None, places[here + 1] if here + 1 < len(places) else None


def _beside(listed: list[int], leaf: spread.Leaf) -> tuple[int | None, int | None]:
    """The lines that open the pages of the list before and after this one."""
    if not leaf.lines:
        return None, None
    first, last = listed.index(leaf.lines[0].row.position), listed.index(leaf.lines[-1].row.position)
    return listed[max(first - LISTED, 0)] if first else None, listed[last + 1] if last + 1 < len(listed) else None


def _clean(whole: spread.Spread, *, own: bool) -> list[int]:
    """Lines that can be approved at one press: not decided, every check passed now (so the old part is accepted, R35).

    Of a long claim only those that were looked at, which are those of the list beside.
    """
    if own:
        return []
    return sorted(
        position
        for position, line in whole.whole.items()
        if line.row.state is LineState.SUBMITTED and line.level == "pass"
    )


def _fresh(step: str, line: shown.Line) -> Any:
    """The decision's form: what the address carries (a preview) or what is usual, never what an earlier decision said."""
    form = FORMS[step](request.args if "reason" in request.args else None)
    if step == "reduce" and "reason" not in request.args and line.row.quantity > 1:
        form.quantity.data = line.row.approved_quantity or line.row.quantity - 1
    return form


def _codes(form: Any) -> list[tuple[str, Any, bool]]:
    """The codes of the form, the usual ones first: (code, words, chosen)."""
    if form is None or "code" not in form:
        return []
    known = [Code(choice.value) for choice in form.code.choices]
    order = [code for code in USUAL if code in known] + [code for code in known if code not in USUAL]
    chosen = form.code.data or order[0].value
    return [(code.value, CODES[code], code.value == chosen) for code in order]


def _preview(session: Session, line: shown.Line, form: Any) -> dict[str, Any]:
    """What the reduction would leave: yuan, and pieces of each layer (R43)."""
    taken = queries.taken(session, [line.row.old_part_id])[line.row.old_part_id]
    quantity, amount = form.quantity.data, form.amount.data
    whole = sum(one.pieces for one in taken)
    if amount is not None or quantity is None or not 0 < quantity < whole:
        fits = amount is not None and Decimal(0) < amount < line.row.claimed
        return {"approved": amount if fits else None, "kept": {one.layer_id: one.pieces for one in taken}}
    return {"approved": rules.amount_after_cut(taken, quantity), "kept": rules.cut_pieces(taken, quantity)}


def _photos(session: Session, line: shown.Line) -> list[dict[str, Any]]:
    found = photos_of(session, "old-part", [line.row.old_part_id])[line.row.old_part_id]
    order = list(SLOTS)
    return [
        {
            "label": SLOTS.get(photo.slot, SLOTS["more"])[0],
            "url": url_for("files.photo", public_id=photo.public_id),
            "thumb": url_for("files.photo", public_id=photo.public_id, size=240),
        }
        for photo in sorted(found, key=lambda photo: order.index(photo.slot) if photo.slot in order else len(order))
    ]


def _due(session: Session, claim: Claim, today: date) -> dict[str, str] | None:
    """R50: until when to decide so that the month's settlement pays it; None once that day has begun."""
    settles = queries.settles_on(session, claim.month)
    left = (settles - today).days
    if left <= 0:
        return None
    last = date.fromordinal(settles.toordinal() - 1)
    words = (
        _("Decide today before 24:00 for tomorrow's settlement")
        if left == 1
        else _(
            "Decide by %(day)s 24:00 for the settlement of %(settles)s", day=f"{last:%m-%d}", settles=f"{settles:%m-%d}"
        )
    )
    return {"words": words, "tone": "red" if left == 1 else "amber" if left <= 3 else ""}
