"""Monthly statements: lists for both sides, one statement with its answers, its kept paper and workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock, months
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger import labels as ledger_labels
from portal.ledger import queries as ledger
from portal.ledger.views import document_url
from portal.organizations.models import Dealer
from portal.settlement import actions, labels, printing, queries, rules
from portal.settlement.forms import AnswerForm, DisputeForm, lines_of
from portal.settlement.models import PaperKind, Statement
from portal.settlement.queries.statements import PaidLine
from portal.settlement.rules import Reply
from portal.settlement.views.base import blueprint
from portal.settlement.workflow import STATEMENT
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.pages import SIZE, address, before, key_page, list_filters
from portal.web.responses import XLSX, download, pdf_response, with_hash
from portal.web.timeline import timeline

LINES = 50  # of each of a statement's three lists on one page
_SECONDS = 5  # after which a page that waits for its paper looks again


@dataclass(frozen=True, slots=True)
class Beside:
    """The addresses of the pages beside one of a statement's lists ('' where there is none)."""

    first: str = ""
    earlier: str = ""
    later: str = ""


@blueprint.get("/statements")
@requires(P.STATEMENT_READ)
def statements() -> ResponseReturnValue:
    """Posted statements, the newest first; a dealer's own, headquarters' all; by month and by how they stand."""
    actor = current_actor()
    today = actor.day(clock.now())
    wanted = list_filters("month", "q", "reply")
    reply = Reply(wanted["reply"]) if wanted["reply"] in set(Reply) else None
    try:
        month = months.parse(wanted["month"]) if wanted["month"] else None
    except ValueError:
        month, wanted["month"] = None, ""
    with unit_of_work(actor.scope) as session:
        rows = queries.statement_page(
            session, month=month, text=wanted["q"], reply=reply, today=today, before=before(), limit=SIZE + 1
        )
        counts = queries.reply_counts(session, today)
        return render_template(
            "settlement/statements.html",
            page=key_page(rows),
            wanted=wanted,
            hq=actor.side == "hq",
            tabs=_tabs(wanted, reply, counts),
            stands=lambda row: labels.REPLIES[rules.reply(row.state, row.answer_by, today)],
            reply=reply,
        )


def _tabs(wanted: dict[str, str], reply: Reply | None, counts: dict[Reply, int]) -> list[dict[str, Any]]:
    month, text = wanted["month"] or None, wanted["q"] or None
    everything = url_for("settlement.statements", month=month, q=text)
    return [{"label": _("All"), "url": everything, "current": reply is None}] + [
        {
            "label": labels.REPLIES[one][0],
            "url": url_for("settlement.statements", reply=one.value, month=month, q=text),
            "number": counts.get(one),
            "current": reply is one,
            "hot": one is Reply.DISPUTED and bool(counts.get(one)),
        }
        for one in Reply
    ]


@blueprint.get("/statements/<string:number>")
@requires(P.STATEMENT_READ)
def statement(number: str) -> ResponseReturnValue:
    """One statement: the account between two settlements, what was reimbursed, what was left out and why, and its answers."""
    return _page(number)


def _page(
    number: str, *, dispute: DisputeForm | None = None, answer: AnswerForm | None = None, wrong: str = ""
) -> ResponseReturnValue:
    actor, now = current_actor(), clock.now()
    with unit_of_work(actor.scope) as session:
        found, dealer = queries.statement(session, number)
        credit, debit, entries, entry_pages = _entries(session, found)
        lines, line_pages = _lines(session, found)
        left_out, left_pages = _left_out(found, dealer)
        count, claimed, _approved = queries.share_totals(session, found.dealer_id, found.month)
        page = render_template(
            "settlement/statement.html",
            statement=found,
            dealer=dealer,
            hq=actor.side == "hq",
            previous=queries.statement_before(session, found),
            entries=entries,
            entry_pages=entry_pages,
            credit=credit,
            debit=debit,
            line_count=count,
            line_pages=line_pages,
            shown_lines=len(lines),
            claims=[(claim, list(group)) for claim, group in groupby(lines, key=lambda line: line.claim)],
            claimed=claimed,
            left_out=left_out,
            left_pages=left_pages,
            because=labels.LEFT_OUT,
            goes_to=labels.goes_to,
            purpose=ledger_labels.purpose_label,
            words=ledger_labels.entry_words,
            document_url=document_url,
            papers=queries.papers(session, found),
            faults=[labels.FAULTS[fault] for fault in queries.faults(session, found)],
            events=timeline(session, "statement", found.id),
            disputes=queries.disputes(session, found),
            wrong=wrong,
            **_answering(session, found, dealer, actor, now, dispute, answer),
        )
    return (page, 422) if wrong else page


def _entries(session: Session, found: Statement) -> tuple[Decimal, Decimal, Sequence[Any], Beside]:
    """What all entries of the statement brought and took, those of the page, and the pages beside it (``entry``: its first)."""
    first, last = found.first_seq, found.last_seq
    if first is None or last is None or last < first:
        return ZERO, ZERO, (), Beside()
    held = ledger.prepayment(session, found.dealer_id)
    credit, debit = ledger.moved_between(session, held.id, first, last)
    start = min(max(_number("entry") or first, first), last)
    end = min(start + LINES - 1, last)
    return (
        credit,
        debit,
        ledger.entries_between(session, held.id, start, end),
        Beside(
            first=address(entry=None) if start > first else "",
            earlier=address(entry=max(start - LINES, first)) if start > first else "",
            later=address(entry=end + 1) if end < last else "",
        ),
    )


def _lines(session: Session, found: Statement) -> tuple[Sequence[PaidLine], Beside]:
    after = _number("after")
    rows = queries.lines_paid_page(session, found.dealer_id, found.month, after=after, limit=LINES + 1)
    shown = rows[:LINES]
    return shown, Beside(
        first=address(after=None) if after is not None else "",
        later=address(after=shown[-1].id) if len(rows) > LINES else "",
    )


def _left_out(found: Statement, dealer: Dealer) -> tuple[Sequence[rules.LeftOutLine], Beside]:
    """A posted statement's list never changes, so its pages are counted off."""
    kept = queries.left_out_kept(found, dealer)
    start = _number("left") or 0
    if start >= len(kept):
        start = 0
    return kept[start : start + LINES], Beside(
        first=address(left=None) if start else "",
        earlier=address(left=max(start - LINES, 0) or None) if start else "",
        later=address(left=start + LINES) if start + LINES < len(kept) else "",
    )


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _answering(
    session: Session,
    found: Statement,
    _dealer: Dealer,
    actor: Actor,
    now: datetime,
    dispute: DisputeForm | None,
    answer: AnswerForm | None,
) -> dict[str, Any]:
    """How it stands, whose turn it is, and what this member may say."""
    today = actor.day(now)
    until = found.answer_by or today
    reply = rules.reply(found.state, until, today)
    may = {offer.name: offer.refusal for offer in STATEMENT.offers(found, actor)}
    too_late = (
        sentence(Refused("answer-too-late", until=until, call=queries.whom_to_call(session, actor.scope.brand_id)))
        if reply is Reply.ACCEPTED and actor.side == "dealer"
        else ""
    )
    open_to_answer = reply is Reply.WAITING and may.get("confirm", "none") is None
    return {
        "reply": reply,
        "stands": labels.REPLIES[reply],
        "until": until,
        "days_left": (until - today).days,
        "too_late": too_late,
        "confirm": {
            "name": "confirm",
            "label": str(labels.STEPS["confirm"]),
            "url": url_for("settlement.confirm_statement", number=found.number),
            "tone": "primary",
            "picture": "check",
            "hidden": {"seen": found.ver},
        }
        if open_to_answer
        else None,
        "dispute_form": (dispute or DisputeForm(formdata=None)) if open_to_answer else None,
        "answer_form": (answer or AnswerForm(formdata=None)) if may.get("answer", "none") is None else None,
    }


@blueprint.post("/statements/<string:number>/confirm")
@requires(P.STATEMENT_CONFIRM, side="dealer")
def confirm_statement(number: str) -> ResponseReturnValue:
    """The dealer finds it right."""
    page = url_for("settlement.statement", number=number)
    return perform(
        lambda session, actor, at: actions.confirm(session, actor, number, seen=_seen(), at=at),
        done=_("Confirmed. Thank you; headquarters sees it."),
        to=page,
        back=page,
    )


@blueprint.post("/statements/<string:number>/dispute")
@requires(P.STATEMENT_CONFIRM, side="dealer")
def dispute_statement(number: str) -> ResponseReturnValue:
    """The dealer says what is wrong; what was typed stays when something is missing."""
    form, page = DisputeForm(), url_for("settlement.statement", number=number)

    def act(session: Session, actor: Actor, at: datetime) -> object:
        queries.statement(session, number)  # somebody else's is not there, whatever was typed
        if not form.validate():
            raise Refused("reason-needed", field="reason")
        lines, other = lines_of(form.lines.data or "")
        if other:
            raise Refused("line-not-on-statement", field="lines", claim=other, line="?")
        return actions.dispute(session, actor, number, reason=form.reason.data or "", lines=lines, seen=_seen(), at=at)

    return perform(
        act,
        done=_("Headquarters' finance reads it and answers here."),
        to=page,
        refused=lambda why: _page(number, dispute=form, wrong=sentence(why)),
    )


@blueprint.post("/statements/<string:number>/answer")
@requires(P.STATEMENT_ANSWER, side="hq")
def answer_statement(number: str) -> ResponseReturnValue:
    """Headquarters answers; the dealer is asked again."""
    form, page = AnswerForm(), url_for("settlement.statement", number=number)

    def act(session: Session, actor: Actor, at: datetime) -> object:
        queries.statement(session, number)
        if not form.validate():
            raise Refused("reason-needed", field="answer")
        return actions.answer(session, actor, number, answer=form.answer.data or "", seen=_seen(), at=at)

    return perform(
        act,
        done=_("Answered. The dealer is asked to confirm again."),
        to=page,
        refused=lambda why: _page(number, answer=form, wrong=sentence(why)),
    )


def _seen() -> int | None:
    text = request.form.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@blueprint.get("/statements/<string:number>.pdf")
@requires(P.STATEMENT_READ)
def statement_pdf(number: str) -> ResponseReturnValue:
    """The statement as its paper: the bytes that were kept."""
    return _paper(number, PaperKind.PDF)


@blueprint.get("/statements/<string:number>.xlsx")
@requires(P.STATEMENT_READ)
def statement_xlsx(number: str) -> ResponseReturnValue:
    """The statement as its workbook: the bytes that were kept."""
    return _paper(number, PaperKind.XLSX)


def _paper(number: str, kind: PaperKind) -> ResponseReturnValue:
    kept = printing.fetch(current_actor(), number, kind, at=clock.now())
    if kept is None:
        return _being_made(number)
    pdf = kind is PaperKind.PDF
    answer = pdf_response(kept.content, number) if pdf else download(kept.content, f"{number}.xlsx", XLSX)
    return with_hash(answer, kept.sha256)


def _being_made(number: str) -> ResponseReturnValue:
    """A long statement whose paper a job is making: a page that looks again by itself."""
    response = make_response(render_template("settlement/being_made.html", number=number), 202)
    response.headers["Refresh"] = str(_SECONDS)
    return response
