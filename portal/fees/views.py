"""The pages of fee schedules (prefix /fees): the list, the form, the document with its review, the paper (R70)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.fees import actions, labels, printing, queries, rules, sheets
from portal.fees.forms import DecisionForm, ScheduleForm, TypedItem, items_of, typed_items
from portal.fees.models import FeeSchedule, FeeState
from portal.fees.workflow import FEE_SCHEDULE
from portal.organizations.queries import CHOSEN_MOST, dealer_options
from portal.web import pdf, qr
from portal.web.acts import at, perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.exports import answer, by_key
from portal.web.formats import day, moment
from portal.web.pages import address, before, key_page, list_filters
from portal.web.responses import pdf_response
from portal.web.timeline import timeline

blueprint = Blueprint("fees", __name__, url_prefix="/fees")


@blueprint.get("")
@requires(P.FEE_READ)
def index() -> ResponseReturnValue:
    """Tabs with counts, filters in the address, 50 rows by key; HQ sees what was ever submitted."""
    actor = current_actor()
    hq, today = actor.side == "hq", actor.day(at())
    tabs, asked, filters = _asked(hq=hq)
    tab = filters.tab
    with unit_of_work(actor.scope) as session:
        counts = queries.counts(session, hq=hq, today=today)
        page = key_page(queries.rows(session, filters, today=today, before_id=before()))
        return render_template(
            "fees/index.html", hq=hq, page=page, today=today, standing=labels.standing, tab=tab, q=asked["q"], dealer=filters.dealer,
            tabs=[
                {
                    "label": labels.TABS[one], "url": address(tab=one, before=None), "number": counts.get(one), "current": one == tab,
                    "hot": one == ("submitted" if hq else "draft"),
                }
                for one in tabs
            ],
            turn={FeeState.SUBMITTED} if hq else {FeeState.DRAFT},
            dealer_options=dealer_options(session, most=CHOSEN_MOST + 1) if hq else [],
            clear=address(q=None, dealer=None, before=None), filtered=bool(asked["q"] or filters.dealer),
            may_draft=actor.may(P.FEE_DRAFT) and not hq,
        )  # fmt: skip


def _asked(*, hq: bool) -> tuple[list[str], dict[str, str], queries.Filters]:
    """The tabs of this side, what the address says, and what is filtered by; HQ sees what was ever submitted."""
    asked = list_filters("tab", "q", "dealer")
    tabs = [tab for tab in labels.TABS if not (hq and tab == "draft")]
    tab = asked["tab"] if asked["tab"] in tabs else ""
    return tabs, asked, queries.Filters(tab=tab, text=asked["q"], dealer=asked["dealer"].upper() if hq else "", hq=hq)


@blueprint.get("/list.xlsx")
@requires(P.FEE_READ)
def sheet() -> ResponseReturnValue:
    """The list as Excel."""
    actor = current_actor()
    today, filters = actor.day(at()), _asked(hq=actor.side == "hq")[2]
    return answer(
        sheets.listing(today),
        lambda session: by_key(
            lambda before, limit: queries.rows(session, filters, today=today, before_id=before, limit=limit)
        ),
        filters=[
            (_("State"), labels.TABS[filters.tab] if filters.tab else ""), (_("Dealer"), filters.dealer), (_("Text"), filters.text),
        ],
        back="fees.index",
    )  # fmt: skip


@blueprint.get("/<string:ref>/items.xlsx")
@requires(P.FEE_READ)
def items_sheet(ref: str) -> ResponseReturnValue:
    """One schedule's items as Excel."""
    actor = current_actor()

    def read(session: Session) -> list[Any]:
        return list(actor.sees(queries.schedule(session, ref)).items)

    return answer(sheets.ITEMS, read, filters=[(_("Number"), ref)], back="fees.detail", schedule=ref)


# ---------------------------------------------------------------- the form


@blueprint.get("/new")
@requires(P.FEE_DRAFT, side="dealer")
def new() -> ResponseReturnValue:
    """An empty form, or a new version begun from another schedule (?from=NUMBER)."""
    actor = current_actor()
    begun = request.args.get("from", "")[:40]
    with unit_of_work(actor.scope) as session:
        base = queries.schedule(session, begun) if begun else None
        form = ScheduleForm(formdata=None, region=base.region if base else "")
        return _form_page(session, actor, form, items_of(queries.wishes(base)), schedule=None, base=base)


@blueprint.post("/new")
@requires(P.FEE_DRAFT, side="dealer")
def create() -> ResponseReturnValue:
    """Save the draft, or save and submit it at once (act=submit)."""
    return _save(None)


@blueprint.get("/<string:ref>/edit")
@requires(P.FEE_DRAFT, side="dealer")
def edit(ref: str) -> ResponseReturnValue:
    """Go on with a draft."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        schedule = queries.schedule(session, ref)
        if schedule.state is not FeeState.DRAFT:
            return redirect(url_for("fees.detail", ref=_ref(schedule)), 303)
        form = ScheduleForm(
            formdata=None,
            region=schedule.region,
            from_day=schedule.from_day,
            note=schedule.note,
            seen=str(schedule.ver),
        )
        return _form_page(session, actor, form, items_of(queries.wishes(schedule)), schedule=schedule)


@blueprint.post("/<string:ref>/edit")
@requires(P.FEE_DRAFT, side="dealer")
def amend(ref: str) -> ResponseReturnValue:
    """Save the draft again, or save and submit it (act=submit)."""
    return _save(ref)


def _save(ref: str | None) -> ResponseReturnValue:
    form, items = ScheduleForm(), typed_items(request.form)
    send = request.form.get("act") == "submit"
    wishes = [wish for item in items if (wish := item.wish())]
    if not form.validate() or any(item.errors for item in items):
        return _again(form, items, ref)

    def act(session: Session, actor: Actor, now: datetime) -> FeeSchedule:
        written: dict[str, Any] = {
            "region": form.region.data, "from_day": form.from_day.data, "items": wishes, "note": form.note.data or "", "at": now,
        }  # fmt: skip
        if ref is None:
            schedule = actions.draft(session, actor, **written)
        else:
            schedule = actions.amend(session, actor, ref, seen=form.seen_ver(), **written)
        return actions.submit(session, actor, _ref(schedule), at=now) if send else schedule

    def refused(why: Refused) -> ResponseReturnValue:
        position = why.facts.get("position")
        if isinstance(position, int) and position <= len(items):
            items[position - 1].errors[why.field or "item"] = sentence(why)
        else:
            form.refuse(why.field, sentence(why))
        return _again(form, items, ref)

    return perform(
        act, done=_said(sent=send), to=lambda schedule: url_for("fees.detail", ref=_ref(schedule)), refused=refused
    )


def _said(*, sent: bool) -> Any:
    if sent:
        return lambda schedule: _("Submitted as %(number)s. Headquarters decides next.", number=schedule.number)
    return _("Draft saved. You can go on with it on any device.")


def _again(form: ScheduleForm, items: list[TypedItem], ref: str | None) -> ResponseReturnValue:
    """The form once more with everything that was typed, and what is wrong with it."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        schedule = queries.schedule(session, ref) if ref else None
        return _form_page(session, actor, form, items, schedule=schedule), 422


def _form_page(
    session: Session,
    actor: Actor,
    form: ScheduleForm,
    items: list[TypedItem],
    *,
    schedule: FeeSchedule | None,
    base: FeeSchedule | None = None,
) -> str:
    return render_template(
        "fees/edit.html", form=form, items=items or [TypedItem(0)], schedule=schedule, ref=_ref(schedule) if schedule else "", base=base,
        regions=queries.regions(session, actor.scope.dealer_id or 0), today=actor.day(at()), may_submit=actor.may(P.FEE_SUBMIT),
        state=labels.STATES[FeeState.DRAFT],
    )  # fmt: skip


# ---------------------------------------------------------------- the document


@blueprint.get("/<string:ref>")
@requires(P.FEE_READ)
def detail(ref: str) -> ResponseReturnValue:
    """One schedule: its road, each item against the last one (R70), the steps, the timeline."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        schedule = actor.sees(queries.schedule(session, ref))
        if schedule.number and ref != schedule.number:
            return redirect(url_for("fees.detail", ref=schedule.number), 301)
        return render_template("fees/detail.html", **_shown(session, actor, schedule))


def _shown(session: Session, actor: Actor, schedule: FeeSchedule) -> dict[str, Any]:
    today = actor.day(at())
    _brand, dealer = queries.heads(session, schedule)
    last = queries.last_before(session, schedule)
    changes = rules.compare(queries.wishes(schedule), queries.wishes(last))
    address_of_qr = qr.address(actor, schedule.number)
    return {
        "schedule": schedule,
        "ref": _ref(schedule),
        "dealer": dealer,
        "hq": actor.side == "hq",
        "state": labels.standing(schedule.state, schedule.from_day, schedule.to_day, today),
        "turn": schedule.state is (FeeState.SUBMITTED if actor.side == "hq" else FeeState.DRAFT),
        "late": schedule.state in {FeeState.DRAFT, FeeState.SUBMITTED} and schedule.from_day < today,
        "last": last,
        "changes": changes,
        "kinds": labels.KINDS,
        "tally": [(labels.KINDS[kind][0], sum(change.kind is kind for change in changes)) for kind in rules.Kind],
        "road": _road(schedule, today),
        "steps": _steps(schedule, actor),
        "waits": labels.WAITS.get(schedule.state, ""),
        "may_draft": actor.side == "dealer" and actor.may(P.FEE_DRAFT) and schedule.state is not FeeState.DRAFT,
        "picture": qr.svg(address_of_qr) if address_of_qr else None,
        "events": timeline(session, "fee", schedule.id),
    }


def _road(schedule: FeeSchedule, today: date) -> list[tuple[Any, str, str]]:
    """Draft, submitted, decided, in force (or over)."""
    S = FeeState  # noqa: N806 - as in the tables of steps
    here = [S.DRAFT, S.SUBMITTED].index(schedule.state) if schedule.state in {S.DRAFT, S.SUBMITTED} else 2
    subs = [
        moment(schedule.drafted_at), moment(schedule.submitted_at) if schedule.submitted_at and here else "",
        moment(schedule.decided_at) if schedule.decided_at and here == 2 else "",
    ]  # fmt: skip
    names = [
        labels.STATES[S.DRAFT][0],
        labels.STATES[S.SUBMITTED][0],
        labels.STATES[S.REFUSED if schedule.state is S.REFUSED else S.APPROVED][0],
    ]
    road: list[tuple[Any, str, str]] = [
        (name, sub, "past" if place < here or here == 2 else "now" if place == here else "future")
        for place, (name, sub) in enumerate(zip(names, subs, strict=True))
    ]
    if schedule.state is S.REFUSED:
        return [*road[:2], (names[2], subs[2], "now")]
    begun = schedule.state is S.APPROVED and schedule.from_day <= today
    ended = schedule.to_day is not None and schedule.to_day <= today
    return [
        *road,
        (
            labels.ENDED[0] if ended else labels.IN_FORCE[0],
            day(schedule.to_day if ended else schedule.from_day),
            "past" if ended else "now" if begun else "future",
        ),
    ]


def _steps(schedule: FeeSchedule, actor: Actor) -> list[dict[str, Any]]:
    """The buttons where people look for them: allowed, or refused with the reason in a sentence."""
    if actor.side == "hq" and schedule.state is FeeState.DRAFT:
        return []
    steps: list[dict[str, Any]] = []
    for offer in FEE_SCHEDULE.offers(schedule, actor):
        tone, picture = labels.LOOKS[offer.name]
        step: dict[str, Any] = {"name": offer.name, "label": labels.STEPS[offer.name], "picture": picture}
        if offer.refusal is not None:
            steps.append({**step, "allowed": False, "reason": sentence(Refused(offer.refusal))})
            continue
        page = "fees.edit" if offer.name == "amend" else f"fees.{offer.name}"
        steps.append(
            {
                **step, "tone": tone, "url": url_for(page, ref=_ref(schedule)), "go": offer.name == "amend",
                "asks": labels.ASKS.get(offer.name, ""), "hidden": {"seen": schedule.ver},
            }
        )  # fmt: skip
    if (
        schedule.state is FeeState.DRAFT
        and actor.side == "dealer"
        and actor.may(P.FEE_DRAFT)
        and not actor.may(P.FEE_SUBMIT)
    ):
        steps.append(
            {
                "name": "submit", "label": labels.STEPS["submit"], "picture": "check", "allowed": False,
                "reason": _("The dealer manager submits fee schedules."),
            }
        )  # fmt: skip
    order = ["submit", "amend", "approve", "send_back", "refuse"]
    return sorted(steps, key=lambda step: order.index(step["name"]))


@blueprint.get("/<string:ref>.pdf")
@requires(P.FEE_READ)
def paper(ref: str) -> Response:
    """服务费收费标准 as PDF."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        schedule = actor.sees(queries.schedule(session, ref))
        sheet = printing.fee_paper(session, actor, schedule, url=qr.address(actor, schedule.number), at=at())
    return pdf_response(pdf.render(sheet.template, sheet), schedule.number or "FS-draft")


# ---------------------------------------------------------------- steps


@blueprint.post("/<string:ref>/submit")
@requires(P.FEE_SUBMIT, side="dealer")
def submit(ref: str) -> ResponseReturnValue:
    """Hand a draft to headquarters as it stands."""
    return perform(
        lambda session, actor, now: actions.submit(session, actor, ref, at=now),
        done=_said(sent=True),
        to=lambda schedule: url_for("fees.detail", ref=_ref(schedule)),
        back=url_for("fees.detail", ref=ref),
    )


@blueprint.post("/<string:ref>/approve")
@requires(P.FEE_APPROVE, side="hq")
def approve(ref: str) -> ResponseReturnValue:
    """It may be charged from its first day; the one in force until then ends the day before."""
    form = DecisionForm()
    here = url_for("fees.detail", ref=ref)
    return perform(
        lambda session, actor, now: actions.approve(session, actor, ref, seen=form.seen_ver(), at=now),
        done=lambda schedule: _("Approved, in force from %(day)s.", day=schedule.from_day),
        to=here, back=here,
    )  # fmt: skip


@blueprint.post("/<string:ref>/send-back")
@requires(P.FEE_APPROVE, side="hq")
def send_back(ref: str) -> ResponseReturnValue:
    """The dealer changes it and submits it again."""
    return _reasoned("send_back", ref, _("Sent back to the dealer."))


@blueprint.post("/<string:ref>/refuse")
@requires(P.FEE_APPROVE, side="hq")
def refuse(ref: str) -> ResponseReturnValue:
    """It may never be charged."""
    return _reasoned("refuse", ref, _("Not approved."))


def _reasoned(step: str, ref: str, done: str) -> ResponseReturnValue:
    form, here = DecisionForm(), url_for("fees.detail", ref=ref)
    if not form.validate_on_submit():
        return redirect(here, 303)
    act = getattr(actions, step)
    return perform(
        lambda session, actor, now: act(session, actor, ref, reason=form.reason.data or "", seen=form.seen_ver(), at=now),
        done=done, to=here, back=here,
    )  # fmt: skip


def _ref(schedule: FeeSchedule) -> str:
    return schedule.number or schedule.public_id
