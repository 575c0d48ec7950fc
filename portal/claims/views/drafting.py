"""The dealer's pages: a new claim, its page with the checks that speak, submitting, answering; and its paper for both sides."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.claims import actions, printing, queries
from portal.claims.forms import AnswerForm, DraftForm, LinesForm
from portal.claims.labels import CODES, STATES
from portal.claims.models import Claim, ClaimState, LineState
from portal.claims.views import blueprint, shown, spread
from portal.claims.views.choosing import candidates_of
from portal.claims.workflow import CLAIM
from portal.core import months
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.web import pdf, qr
from portal.web.acts import at, perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.formats import money
from portal.web.formats import month as month_said
from portal.web.pages import address
from portal.web.responses import pdf_response
from portal.web.timeline import timeline


@blueprint.get("/new")
@requires(P.CLAIM_DRAFT, side="dealer")
def new() -> ResponseReturnValue:
    """Choose the month; the old parts of it that are on no claim yet, each with what its checks say."""
    return _new_page(DraftForm(formdata=None))


@blueprint.post("/new")
@requires(P.CLAIM_DRAFT, side="dealer")
def create() -> ResponseReturnValue:
    """Draft the claim with the chosen old parts on it; a refusal shows the page again with what was chosen and typed."""
    form = DraftForm()
    if not form.validate_on_submit():
        return _new_page(form), 422

    def act(session: Session, actor: Actor, instant: Any) -> Claim:
        month: Any = form.month.data  # its validator asks for one
        claim = actions.draft(session, actor, month=month, note=form.note.data or "", at=instant)
        return actions.add_lines(session, actor, claim.public_id, old_parts=form.chosen.data or [], at=instant)

    def refused(error: Refused) -> ResponseReturnValue:
        form.refuse({"old_parts": "chosen"}.get(error.field or "", error.field), sentence(error))
        return _new_page(form), 422

    return perform(act, done=_("Draft saved. Look at the checks, then submit it."), to=_address, refused=refused)


def _new_page(form: DraftForm) -> str:
    actor = current_actor()
    today = actor.day(at())
    with unit_of_work(actor.scope) as session:
        dealer_id = actor.scope.dealer_id or 0
        ready = queries.claimable_months(session, dealer_id)
        month = form.month.data or _asked_month() or _usual_month(ready, today)
        candidates = candidates_of(session, actor, dealer_id, month, today, chosen=form.chosen.data)
        return render_template(
            "claims/new.html",
            form=form,
            month=month,
            this_month=f"{today:%Y-%m}",
            ready=bool(ready),
            seg_months=[
                (
                    f"{month_said(first)} · {count} · {money(amount)}",
                    url_for("claims.new", month=f"{first:%Y-%m}"),
                    first == months.first_of(month),
                )
                for first, count, amount in ready[:6]
            ],
            candidates=candidates,
            action=_stay(url_for("claims.create"), "more"),
        )


def _asked_month() -> date | None:
    try:
        return months.parse(request.args.get("month", ""))
    except ValueError:
        return None


def _usual_month(ready: list[Any], today: date) -> date:
    """The last whole month while it has something to claim, else the newest that has, else this one."""
    waiting = [row[0] for row in ready]
    last = months.add_months(months.first_of(today), -1)
    return last if last in waiting else waiting[0] if waiting else months.first_of(today)


def _stay(address: str, *names: str) -> str:
    """The address of an act on a page of a long claim: it leads back to that page."""
    kept = {name: request.args[name] for name in names if request.args.get(name)}
    return f"{address}?{urlencode(kept)}" if kept else address


@blueprint.get("/<string:ref>")
@requires(P.CLAIM_READ)
def detail(ref: str) -> ResponseReturnValue:
    """A claim with its lines, checks, sums, what can be done now, and what happened."""
    return _detail_page(ref)


def _detail_page(ref: str, *, answered: tuple[int, AnswerForm] | None = None) -> ResponseReturnValue:
    actor = current_actor()
    today = actor.day(at())
    with unit_of_work(actor.scope) as session:
        claim = actor.sees(queries.claim(session, ref))
        if claim.number and ref != claim.number:
            return redirect(url_for("claims.detail", ref=claim.number), 301)
        whole = spread.Spread(session, actor, claim, today=today)
        view = view if (view := request.args.get("show", "")) in spread.VIEWS and whole.long else ""
        here = answered[0] if answered else whole_number("line")
        leaf = whole.page(view, after=whole_number("after") or 0, around=here)
        sums = whole.sums()
        mine = actor.side == "dealer"
        drafting = mine and claim.state is ClaimState.DRAFT and actor.may(P.CLAIM_DRAFT)
        more = candidates_of(session, actor, claim.dealer_id, claim.month, today, chosen=[]) if drafting else None
        return render_template(
            "claims/detail.html",
            claim=claim,
            ref=claim.number or claim.public_id,
            state=STATES[claim.state],
            mine=mine,
            turn=_my_turn(actor, claim, whole.heads),
            dealer=None if mine else queries.dealer_of(session, claim),
            lines=leaf.lines,
            number=len(whole.heads),
            tabs=_tabs(whole, view),
            shown_number=leaf.number,
            earlier="" if leaf.earlier is None else address(after=leaf.earlier or None, line=None),
            later="" if leaf.later is None else address(after=leaf.later, line=None),
            stay=lambda url: _stay(url, "after", "show", "more"),
            sums=sums,
            road=shown.road(claim, whole.heads, queries.paid_months(session, claim.dealer_id)),
            drafting=drafting,
            answering=mine and actor.may(P.CLAIM_SUBMIT),
            answered=answered,
            wanted={line.row.position for line in leaf.lines if line.row.state is LineState.WANTED},
            may_review=actor.may(P.CLAIM_REVIEW) and claim.state in {ClaimState.SUBMITTED, ClaimState.IN_REVIEW},
            more=more,
            taken=shown.taken(session, claim) if mine else None,
            row_page=_row_page,
            codes=CODES,
            sum_rows=_sum_rows(sums, drafting=drafting),
            sum_total=(_("Will pass"), sums.passing)
            if drafting
            else (_("Approved amount"), sums.approved if sums.decided_lines else None),
            waits=_waits(claim, mine=mine),
            steps=_steps(actor, claim, sums, drafting=drafting, blocked_here=whole.blocked_here()),
            pdf=url_for("claims.paper", number=claim.number) if claim.number else "",
            events=timeline(session, "claim", claim.id),
        )


def _row_page(rows: list[shown.FormLine], name: str) -> dict[str, Any]:
    """The page of a form's rows that the address asks for under ``name`` (which row comes first), and where its neighbours are."""
    start = whole_number(name) or 0
    start = start if start < len(rows) else 0
    here = rows[start : start + spread.PAGE]
    return {
        "rows": here,
        "earlier": address(**{name: max(start - spread.PAGE, 0) or None}) if start else "",
        "later": address(**{name: start + spread.PAGE}) if start + spread.PAGE < len(rows) else "",
    }


def whole_number(name: str) -> int | None:
    """A line's place out of the address; anything else is none."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _tabs(whole: spread.Spread, view: str) -> list[dict[str, Any]]:
    """The lines of a long claim by what their checks say and how they stand; none where all stand alike."""
    words = {
        "": _("All"), "warn": _("Warnings"), "block": _("Blocked"), "wanted": _("More is wanted"), "decided": _("Decided"),
    }  # fmt: skip
    shown_views = {one: count for one, count in whole.tallies().items() if not one or count or one == view}
    if not whole.long or len(shown_views) == 1:
        return []
    return [
        {"label": words[one], "url": address(show=one, after=None, line=None), "number": count, "current": one == view,
         "hot": one == "wanted"}
        for one, count in shown_views.items()
    ]  # fmt: skip


def _sum_rows(sums: shown.Sums, *, drafting: bool) -> list[tuple[Any, ...]]:
    """Claimed, and what comes off it: what is blocked before submitting, what is cut or open afterwards."""
    rows: list[tuple[Any, ...]] = [(_("Claimed amount"), sums.claimed)]
    if drafting and sums.blocked_lines:
        rows.append(
            (ngettext("%(num)d line blocked", "%(num)d lines blocked", sums.blocked_lines), sums.blocked, "bad")
        )
    if not drafting and sums.decided_lines:
        rows.append((_("Not approved"), sums.cut))
    if not drafting and sums.open_lines:
        rows.append((ngettext("%(num)d line open", "%(num)d lines open", sums.open_lines), sums.open))
    return rows


def _waits(claim: Claim, *, mine: bool) -> str:
    """Whose turn it is, where the reader has no button."""
    if claim.state in {ClaimState.SUBMITTED, ClaimState.IN_REVIEW}:
        return _("Headquarters reviews it line by line.") if mine else _("It waits for the reviewers.")
    return ""


def _my_turn(actor: Actor, claim: Claim, heads: list[queries.LineHead]) -> bool:
    if actor.side == "hq":
        return any(line.state is LineState.SUBMITTED for line in heads)
    return claim.state is ClaimState.DRAFT or any(line.state is LineState.WANTED for line in heads)


def _steps(actor: Actor, claim: Claim, sums: shown.Sums, *, drafting: bool, blocked_here: bool) -> list[dict[str, Any]]:
    """The dealer's buttons: submitting says why not when it cannot. Of a long claim only this page is known as it stands now."""
    if not drafting:
        return []
    ref, reason, note = claim.number or claim.public_id, "", ""
    if why := CLAIM.refusal("submit", claim, actor):
        reason = sentence(Refused(why, step="submit", state=claim.state.value))
    elif not sums.open_lines:
        reason = sentence(Refused("claim-without-lines"))
    elif blocked_here:
        reason = _(
            "Blocked lines: %(count)s, %(amount)s. Remove them or settle what they say.",
            count=sums.blocked_lines,
            amount=money(sums.blocked),
        )
    elif sums.blocked_lines:
        note = ngettext(
            "%(num)d line on another page was blocked when it was saved; submitting looks at all of them again.",
            "%(num)d lines on other pages were blocked when they were saved; submitting looks at all of them again.",
            sums.blocked_lines,
        )
    steps: list[dict[str, Any]] = [
        {
            "name": "submit", "label": _("Submit the claim"), "url": url_for("claims.submit", ref=ref), "tone": "primary",
            "picture": "check", "allowed": not reason, "reason": reason, "note": note,
        }
    ]  # fmt: skip
    if sums.blocked_lines:
        steps.append(
            {
                "name": "remove-blocked", "label": _("Remove the blocked lines"), "url": url_for("claims.remove_blocked", ref=ref),
                "picture": "trash", "note": _("Their old parts can go on another claim later."),
            }
        )  # fmt: skip
    steps.append(_discarding(ref, claim, sums))
    return steps


def _discarding(ref: str, claim: Claim, sums: shown.Sums) -> dict[str, Any]:
    """The button that throws a draft away, and what it asks first."""
    return {
        "name": "discard", "label": _("Throw the draft away"), "url": url_for("claims.discard", ref=ref), "picture": "trash", "tone": "bad",
        "confirm": ngettext(
            "Throw this draft for %(month)s away? It has %(num)d line; its old part can go on another claim.",
            "Throw this draft for %(month)s away? It has %(num)d lines; their old parts can go on another claim.",
            sums.open_lines, month=month_said(claim.month),
        ) if sums.open_lines else _("Throw this empty draft for %(month)s away?", month=month_said(claim.month)),
    }  # fmt: skip


@blueprint.post("/<string:ref>/discard")
@requires(P.CLAIM_DRAFT, side="dealer")
def discard(ref: str) -> ResponseReturnValue:
    """Throw a draft away."""
    return perform(
        lambda session, actor, instant: actions.discard(session, actor, ref, at=instant),
        done=lambda claim: _("The draft for %(month)s is gone; its old parts are free.", month=month_said(claim.month)),
        to=url_for("claims.index"),
        back=url_for("claims.detail", ref=ref),
    )


@blueprint.post("/<string:ref>/lines")
@requires(P.CLAIM_DRAFT, side="dealer")
def add_lines(ref: str) -> ResponseReturnValue:
    """Put more old parts on the draft."""
    form = LinesForm()
    return perform(
        lambda session, actor, instant: actions.add_lines(
            session, actor, ref, old_parts=form.chosen.data or [], at=instant
        ),
        done=_("The old parts are on the claim."),
        to=_address,
        back=_stay(url_for("claims.detail", ref=ref), "after", "show", "more"),
    )


@blueprint.post("/<string:ref>/lines/<int:position>/remove")
@requires(P.CLAIM_DRAFT, side="dealer")
def remove_line(ref: str, position: int) -> ResponseReturnValue:
    """Take one line off the draft."""
    return perform(
        lambda session, actor, instant: actions.remove_line(session, actor, ref, position=position, at=instant),
        done=_("The line is off the claim; its old part can go on another one."),
        to=_address,
        back=_stay(url_for("claims.detail", ref=ref), "after", "show", "more"),
    )


@blueprint.post("/<string:ref>/remove-blocked")
@requires(P.CLAIM_DRAFT, side="dealer")
def remove_blocked(ref: str) -> ResponseReturnValue:
    """Take all blocked lines off the draft."""
    return perform(
        lambda session, actor, instant: actions.remove_blocked(session, actor, ref, at=instant),
        done=_("The blocked lines are off the claim."),
        to=_address,
        back=_stay(url_for("claims.detail", ref=ref), "after", "show", "more"),
    )


@blueprint.post("/<string:ref>/submit")
@requires(P.CLAIM_SUBMIT, side="dealer")
def submit(ref: str) -> ResponseReturnValue:
    """Hand it to headquarters."""
    return perform(
        lambda session, actor, instant: actions.submit(session, actor, ref, at=instant),
        done=lambda claim: _("Submitted as %(number)s.", number=claim.number),
        to=_address,
        back=_stay(url_for("claims.detail", ref=ref), "after", "show", "more"),
    )


@blueprint.post("/<string:ref>/lines/<int:position>/answer")
@requires(P.CLAIM_SUBMIT, side="dealer")
def answer(ref: str, position: int) -> ResponseReturnValue:
    """Answer what headquarters wanted to know of a line."""
    form = AnswerForm()

    def again() -> ResponseReturnValue:
        page = _detail_page(ref, answered=(position, form))
        return (page, 422) if isinstance(page, str) else page

    def refused(error: Refused) -> ResponseReturnValue:
        form.refuse(error.field, sentence(error))
        return again()

    if not form.validate_on_submit():
        return again()
    return perform(
        lambda session, actor, instant: actions.answer(
            session, actor, ref, position=position, answer=form.answer.data, at=instant
        ),
        done=_("Answered; the line waits for headquarters again."),
        to=_address,
        refused=refused,
    )


@blueprint.get("/<string:number>.pdf")
@requires(P.CLAIM_READ)
def paper(number: str) -> ResponseReturnValue:
    """保修期内配件费用报销单 as PDF."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        claim = queries.claim(session, number)
        if claim.number != number:
            raise NotFound  # a draft has no paper yet
        sheet = printing.claim_paper(session, actor, claim, url=qr.address(actor, number), at=at())
    return pdf_response(pdf.render(sheet.template, sheet), number)


def _address(claim: Claim) -> str:
    return _stay(url_for("claims.detail", ref=claim.number or claim.public_id), "after", "show", "more")
