"""The settlement of a month: its totals, each dealer's share, what is left out and why, two people, the proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.core import clock, money
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.months import add_months, first_of
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger import queries as ledger
from portal.settlement import actions, labels, queries, rules
from portal.settlement.forms import SendBackForm
from portal.settlement.models import Settlement, SettlementState
from portal.settlement.views.base import blueprint, month_of
from portal.settlement.workflow import SETTLEMENT
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.formats import amount, moment
from portal.web.formats import money as said_money
from portal.web.pages import address, list_filters
from portal.web.timeline import timeline

LIST = 24
DEALERS = 100
LINES = 50
PICTURES = {"prepare": "refresh", "check": "check", "post": "checks", "send_back": "arrow-back-up"}


@blueprint.get("/settlement")
@requires(P.SETTLEMENT_READ, side="hq")
def index() -> ResponseReturnValue:
    """Months with their settlements, the newest first, and above them what comes next."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        before = request.args.get("before", "")
        rows = queries.months_list(session, before=month_of(before) if before else None, limit=LIST + 1)
        return render_template(
            "settlement/index.html",
            rows=rows[:LIST],
            older=url_for("settlement.index", before=f"{rows[LIST - 1].month:%Y-%m}") if len(rows) > LIST else "",
            first=url_for("settlement.index") if before else "",
            coming=[] if before else _coming(session, actor),
            states=labels.STATES,
            mine=_mine(actor),
        )


def _coming(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """The months to settle next: the oldest unposted one up to the running one, with what each pays as of now."""
    today = actor.day(clock.now())
    running = first_of(today)
    month = queries.next_month(session) or running
    found: list[dict[str, Any]] = []
    while month <= running and len(found) < 3:
        settles_on = queries.day_of(session, month)
        lines, dealers, total = queries.due_totals(session, month)
        found.append({"month": month, "settles_on": settles_on, "lines": lines, "dealers": dealers, "amount": total,
                      "begun": rules.has_begun(settles_on, today)})  # fmt: skip
        month = rules.month_after(month)
    prepared = queries.settlements_of(session, [row["month"] for row in found])
    return [row for row in found if row["month"] not in prepared]


def _mine(actor: Actor) -> dict[SettlementState, bool]:
    """In which states it is this member's turn."""
    return {
        SettlementState.PREPARED: actor.may(P.SETTLEMENT_CHECK),
        SettlementState.CHECKED: actor.may(P.SETTLEMENT_POST),
        SettlementState.POSTED: False,
    }


@blueprint.get("/settlement/<string:month>")
@requires(P.SETTLEMENT_READ, side="hq")
def detail(month: str) -> ResponseReturnValue:
    """One month: the preview of any month at any time, or the settlement as prepared, checked or posted."""
    actor, first = current_actor(), month_of(month)
    with unit_of_work(actor.scope) as session:
        return render_template("settlement/detail.html", **_detail(session, actor, first, clock.now()))


def _detail(session: Session, actor: Actor, month: date, now: datetime) -> dict[str, Any]:
    found = queries.settlement(session, month)
    posted = found is not None and found.state == SettlementState.POSTED
    view = queries.preview(session, month, at=found.posted_at if found and found.posted_at else now)
    stale = found is not None and not posted and queries.statements_differ(session, found)
    wanted = list_filters("q", "because", "after", "line")
    shares = _shares(session, month, found, wanted)
    before = queries.settlement(session, add_months(month, -1))
    return {
        "month": month,
        "found": found,
        "posted": posted,
        "stale": stale,
        "view": view,
        "totals": {"lines": found.lines, "dealers": found.dealers, "amount": found.amount} if found else
                  {"lines": view.lines, "dealers": view.dealers, "amount": view.amount},
        "settles_on": found.settles_on if found else view.settles_on,
        "state": labels.STATES[found.state] if found else None,
        "turn": bool(found and _mine(actor)[found.state]),
        "shares": shares[:DEALERS],
        "more_shares": address(after=f"{money.fen(shares[DEALERS - 1].amount)}.{shares[DEALERS - 1].dealer_id}") if len(shares) > DEALERS else "",
        "first_shares": address(after=None) if wanted["after"] else "",
        "wanted": wanted,
        "before": before,
        "left_out_labels": labels.LEFT_OUT,
        "comes_next": labels.comes_next,
        "people": people(found, actor),
        "steps": steps(session, found, actor, month, now, stale=stale),
        "checks": _checks(session, found, view, stale=stale),
        "journal": ledger.journal_of(session, rules.source(month), "settlement") if posted else None,
        "events": timeline(session, "settlement", found.id) if found else [],
    }  # fmt: skip


def _shares(session: Session, month: date, found: Settlement | None, wanted: dict[str, str]) -> list[rules.Share]:
    after = _after(wanted["after"])
    if found is None:
        return queries.due_shares(session, month, limit=DEALERS + 1, after=after, text=wanted["q"])
    return queries.share_page(session, found, limit=DEALERS + 1, after=after, text=wanted["q"])


def _after(text: str) -> tuple[Decimal, int] | None:
    cents, dot, dealer = text.partition(".")
    if not dot or not (cents + dealer).isascii() or not cents.isdecimal() or not dealer.isdecimal() or len(dealer) > 18:
        return None
    amount = money.yuan(int(cents[:14]))
    return (amount, int(dealer)) if amount <= money.LIMIT else None  # more than the column holds: nobody's page


def steps(
    session: Session, found: Settlement | None, actor: Actor, month: date, now: datetime, *, stale: bool
) -> list[dict[str, Any]]:
    """The buttons of a month; a refused one says why (the same question as the action asks)."""
    if found is None:
        return [_first_step(session, actor, month, now)] if actor.may(P.SETTLEMENT_PREPARE) else []
    shown = []
    for offer in SETTLEMENT.offers(found, actor):
        if offer.name in {"exclude", "post_alone"}:
            continue  # the one stands on each line, the other is the clock's
        why = offer.refusal or ("prepare-again" if stale and offer.name in {"check", "post"} else None)
        label = (
            _("Post %(amount)s", amount=said_money(found.amount))
            if offer.name == "post"
            else str(labels.STEPS[offer.name])
        )
        shown.append({
            "name": offer.name,
            "label": label,
            "url": url_for(f"settlement.{offer.name}", month=f"{month:%Y-%m}"),
            "allowed": why is None,
            "reason": sentence(Refused(why, month=f"{month:%Y-%m}")) if why else "",
            "tone": "primary" if offer.name in {"check", "post"} else "",
            "picture": PICTURES[offer.name],
            "asks": _("What has to be looked at again?") if offer.name == "send_back" else "",
            "note": _note(offer.name, found),
            "hidden": {"seen": found.ver},
        })  # fmt: skip
    return shown


def _note(step: str, found: Settlement) -> str:
    if step == "post":
        return ngettext(
            "%(num)d dealer at once, whole or not at all. Once posted it cannot be changed; mistakes are corrected by reversals.",
            "%(num)d dealers at once, all or none. Once posted it cannot be changed; mistakes are corrected by reversals.",
            found.dealers,
        )
    if step == "prepare" and found.checked_at is not None:
        return _("The check is void then, and somebody checks again.")
    return ""


def _first_step(session: Session, actor: Actor, month: date, now: datetime) -> dict[str, Any]:
    why = queries.prepare_refusal(session, month, settles_on=queries.day_of(session, month), today=actor.day(now))
    return {
        "name": "prepare",
        "label": _("Prepare the settlement"),
        "url": url_for("settlement.prepare", month=f"{month:%Y-%m}"),
        "allowed": why is None,
        "reason": sentence(why) if why else "",
        "tone": "primary",
        "picture": "refresh",
    }


def people(found: Settlement | None, actor: Actor) -> list[dict[str, str]]:
    """R2: who prepared, checked and posted, and whose turn it is, in the order of the work."""
    if found is None:
        return []
    events = [
        {
            "who": _("System") if found.prepared_login is None else found.prepared_by,
            "what": _("prepared it"),
            "when": moment(found.prepared_at),
            "tone": "",
        }
    ]
    if found.checked_at:
        events.append(
            {
                "who": found.checked_by or "",
                "what": _("found it right"),
                "when": moment(found.checked_at),
                "tone": "" if found.posted_at else "hot",
            }
        )
    else:
        yours = SETTLEMENT.refusal("check", found, actor) is None
        events.append(
            {
                "who": "",
                "what": _("Finance checks it"),
                "when": _("That is you.") if yours else _("Another person than the one who prepared it."),
                "tone": "next",
            }
        )
    if found.posted_at:
        events.append(
            {"who": found.posted_by or "", "what": _("posted it"), "when": moment(found.posted_at), "tone": "hot"}
        )
    else:
        yours = found.state == SettlementState.CHECKED and SETTLEMENT.refusal("post", found, actor) is None
        events.append(
            {
                "who": "",
                "what": _("The finance manager posts it"),
                "when": _("That is you.") if yours else _("Neither who prepared nor who checked it."),
                "tone": "next",
            }
        )
    return events


def _checks(session: Session, found: Settlement | None, view: rules.Preview, *, stale: bool) -> list[Sequence[str]]:
    """The marks of the proof: what was compared, and the figures."""
    paid = queries.old_parts_paid(session, view.month)
    total = said_money(view.amount)
    marks: list[Sequence[str]] = [
        ("pass", _("Debit equals credit"), _("Warranty expense %(amount)s = dealer prepayments %(amount)s", amount=total)),
        ("pass" if paid == view.lines else "block", _("No registration is paid twice"),
         ngettext("%(num)d registration", "%(num)d registrations", paid)),
    ]  # fmt: skip
    if found is not None:
        difference = _(
            "%(lines)s lines added up, difference ¥%(amount)s",
            lines=view.lines,
            amount=amount(view.amount - found.amount),
        )
        marks.insert(
            1,
            ("block" if stale or view.amount != found.amount else "pass", _("Agrees with the claim lines"), difference),
        )
        if found.posted_at:
            marks.append(_statements_mark(queries.statements_at_fault(session, found.id)))
        if found.chain_hash:
            marks.append(
                ("pass", _("Chained"), _("Last link %(hash)s", hash=f"{found.chain_hash[:8]}…{found.chain_hash[-4:]}"))
            )
    return marks


def _statements_mark(wrong: list[str]) -> Sequence[str]:
    """BA6: a statement that does not agree with the ledger is held back, and stands here in red."""
    if not wrong:
        return ("pass", _("Statements agree with the ledger"), _("opening, entries, closing, reimbursed"))
    shown = _(", ").join(wrong[:5]) + (" …" if len(wrong) > 5 else "")
    return (
        "block",
        ngettext("%(num)d statement is held back", "%(num)d statements are held back", len(wrong)),
        _("%(numbers)s: it does not agree with the ledger and nobody can download it.", numbers=shown),
    )


@blueprint.post("/settlement/<string:month>/prepare")
@requires(P.SETTLEMENT_PREPARE, side="hq")
def prepare(month: str) -> ResponseReturnValue:
    """Prepare a month, or again."""
    return _step(month, actions.prepare, _("The settlement is prepared; another person checks it now."))


@blueprint.post("/settlement/<string:month>/check")
@requires(P.SETTLEMENT_CHECK, side="hq")
def check(month: str) -> ResponseReturnValue:
    """Find a month right."""
    seen = _seen()
    return _step(
        month,
        lambda session, actor, first, *, at: actions.check(session, actor, first, seen=seen, at=at),
        _("Checked. The finance manager can post it."),
    )


@blueprint.post("/settlement/<string:month>/post")
@requires(P.SETTLEMENT_POST, side="hq")
def post(month: str) -> ResponseReturnValue:
    """Post a month."""
    seen = _seen()
    return _step(
        month,
        lambda session, actor, first, *, at: actions.post(session, actor, first, seen=seen, at=at),
        _("Posted. Every dealer's account and statement is up to date."),
    )


@blueprint.post("/settlement/<string:month>/send-back")
@requires(P.SETTLEMENT_POST, side="hq")
def send_back(month: str) -> ResponseReturnValue:
    """Send a checked month back with a reason."""
    form = SendBackForm()
    reason = str(form.reason.data or "") if form.validate() else ""  # the action says what is missing
    return _step(
        month,
        lambda session, actor, first, *, at: actions.send_back(session, actor, first, reason=reason, at=at),
        _("Sent back to finance."),
    )


def _seen() -> int | None:
    """The version that the pressed page showed; a page that says none is asked nothing."""
    text = request.form.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _step(month: str, act: Any, done: str) -> ResponseReturnValue:
    first = month_of(month)
    page = url_for("settlement.detail", month=month)
    return perform(lambda session, actor, at: act(session, actor, first, at=at), done=done, to=page, back=page)
