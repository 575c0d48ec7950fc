"""Headquarters' pages of the ledger: top-ups, journals, the proof, credit limits.

The account itself and the months stand in ``portal/settlement/views``: they show what the ledger does not know
(orders agreed, reimbursements expected, statements).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger import actions, labels, queries, sheets
from portal.ledger.forms import LimitForm, ReasonForm, TopUpForm
from portal.ledger.models import TopUpState
from portal.ledger.prove import prove as prove_books
from portal.ledger.rules import TOPUP
from portal.web.acts import perform
from portal.web.assets import url_or_none
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.exports import answer, by_key
from portal.web.pages import SIZE, before, key_page, list_filters
from portal.web.timeline import timeline

blueprint = Blueprint("ledger", __name__)


def document_url(number: str) -> str:
    """The page of the document behind an entry, by its number; "" where there is none to open."""
    if number.startswith("PO"):
        return url_or_none("orders.detail", ref=number) or ""
    if number.startswith("TU"):
        return url_for("ledger.topup", number=number)
    if number.startswith("ST") and "-" in number:
        return url_or_none("settlement.statement", number=number) or ""
    return ""


def source_url(source: str) -> str:
    """The page of a journal's source ("order:PO2611-0001") for headquarters; "" where there is none."""
    kind, _colon, number = source.partition(":")
    if kind == "settlement":
        return url_or_none("settlement.detail", month=f"20{number[2:4]}-{number[4:6]}") or ""
    if kind == "dealer":
        return url_or_none("settlement.dealer_account", code=number) or ""
    return document_url(number)


@blueprint.get("/topups")
@requires(P.ACCOUNT_READ, side="hq")
def topups() -> ResponseReturnValue:
    """Money paid in, newest first, with the form that enters it."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        return _topups(session, actor, TopUpForm(formdata=None))


@blueprint.post("/topups")
@requires(P.TOPUP_ENTER, side="hq")
def enter_topup() -> ResponseReturnValue:
    """Enter a top-up; what was typed stays when it is refused."""
    actor, form = current_actor(), TopUpForm()
    with unit_of_work(actor.scope) as session:
        form.dealer.choices = _dealers(session)
        if not form.validate_on_submit():
            return _topups(session, actor, form), 422

    def again(error: Refused) -> ResponseReturnValue:
        form.refuse(error.field, sentence(error))
        with unit_of_work(actor.scope) as session:
            return _topups(session, actor, form), 422

    typed = form.data
    return perform(
        lambda session, actor, at: actions.enter_topup(
            session, actor, dealer_code=typed["dealer"], amount=typed["amount"], received_on=typed["received_on"],
            bank_reference=typed["bank_reference"], note=typed["note"] or "", at=at,
        ),
        done=lambda topup: _("%(number)s is posted to the dealer's account.", number=topup.number),
        to=url_for("ledger.topups"),
        refused=again,
    )  # fmt: skip


@blueprint.get("/topups.xlsx")
@requires(P.ACCOUNT_READ, side="hq")
def topups_sheet() -> ResponseReturnValue:
    """Money paid in, as Excel; the same filter as the page."""
    wanted = list_filters("dealer")

    def read(session: Session) -> Iterator[Any]:
        chosen = _chosen(session, wanted["dealer"])
        return by_key(lambda before, limit: queries.topups(session, before_id=before, dealer_id=chosen, limit=limit))

    return answer(sheets.TOPUPS, read, filters=[(_("Dealer"), wanted["dealer"])], back="ledger.topups")


@blueprint.get("/journals.xlsx")
@requires(P.ACCOUNT_READ, side="hq")
def journals_sheet() -> ResponseReturnValue:
    """The journals as Excel."""
    text = list_filters("q")["q"]
    return answer(
        sheets.JOURNALS,
        lambda session: by_key(
            lambda before, limit: queries.journals(session, before_id=before, text=text, limit=limit)
        ),
        filters=[(_("Text"), text)],
        back="ledger.journals",
    )


@blueprint.get("/topups/<string:number>")
@requires(P.ACCOUNT_READ)
def topup(number: str) -> ResponseReturnValue:
    """One top-up; a dealer opens its own."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        found = queries.topup(session, number)
        return render_template(
            "ledger/topup.html",
            topup=found,
            dealer=queries.dealer_of(session, found),
            hq=actor.side == "hq",
            state=labels.STATES[found.state],
            steps=[_reverse_step(found)] if actor.may(P.TOPUP_ENTER) else [],
            journal=queries.journal_of(session, f"topup:{number}", TOPUP) if actor.side == "hq" else None,
            events=timeline(session, "topup", found.id),
        )


@blueprint.post("/topups/<string:number>/reverse")
@requires(P.TOPUP_ENTER, side="hq")
def reverse_topup(number: str) -> ResponseReturnValue:
    """Take a mistaken top-up back, with a reason."""
    form = ReasonForm()
    return perform(
        lambda session, actor, at: actions.reverse_topup(
            session, actor, number, reason=form.reason.data if form.validate() else "", at=at
        ),
        done=_("%(number)s is reversed.", number=number),
        to=url_for("ledger.topups"),
        back=url_for("ledger.topups"),
    )


def _topups(session: Session, actor: Actor, form: TopUpForm) -> str:
    form.dealer.choices = _dealers(session)
    if form.received_on.data is None and not form.received_on.raw_data:
        form.received_on.data = clock.today(actor.zone)
    wanted = list_filters("dealer")
    chosen = _chosen(session, wanted["dealer"])
    rows = queries.topups(session, before_id=before(), dealer_id=chosen, limit=SIZE + 1)
    return render_template(
        "ledger/topups.html",
        page=key_page(rows),
        form=form,
        dealers=form.dealer.choices,
        wanted=wanted,
        may_enter=actor.may(P.TOPUP_ENTER),
        states=labels.STATES,
        step=_reverse_step,
    )


def _chosen(session: Session, code: str) -> int | None:
    """The dealer whose top-ups the list shows; None for all."""
    return next((row.dealer_id for row in queries.accounts(session) if row.code == code), None) if code else None


def _reverse_step(row: Any) -> dict[str, Any]:
    return {
        "name": f"reverse-{row.number}",
        "label": str(labels.STEPS["reverse_topup"]),
        "url": url_for("ledger.reverse_topup", number=row.number),
        "allowed": row.state == TopUpState.POSTED,
        "reason": str(labels.REFUSALS["already-reversed"]),
        "tone": "bad",
        "asks": _("Why is it taken back?"),
    }


def _dealers(session: Session) -> list[tuple[str, str]]:
    return [(row.code, f"{row.code} {row.name}") for row in queries.accounts(session)]


@blueprint.post("/accounts/<string:code>/limit")
@requires(P.CREDIT_LIMIT_SET, side="hq")
def set_limit(code: str) -> ResponseReturnValue:
    """Set a dealer's credit limit."""
    form = LimitForm()
    back = url_for("settlement.dealer_account", code=code)

    def act(session: Session, actor: Actor, at: Any) -> Any:
        if not form.validate():
            raise Refused("limit-unclear", field="limit")
        return actions.set_credit_limit(session, actor, code, limit=form.data["limit"], at=at)

    return perform(act, done=_("The credit limit is set."), to=back, back=back)


@blueprint.get("/journals")
@requires(P.ACCOUNT_READ, side="hq")
def journals() -> ResponseReturnValue:
    """Every journal of the brand, newest first."""
    wanted = list_filters("q")
    with unit_of_work(current_actor().scope) as session:
        rows = queries.journals(session, before_id=before(), text=wanted["q"], limit=SIZE + 1)
        return render_template(
            "ledger/journals.html", page=key_page(rows), wanted=wanted, purpose=labels.purpose_label, source_url=source_url,
            head=queries.chain_head(session), may_prove=current_actor().may(P.LEDGER_PROVE),
        )  # fmt: skip


@blueprint.get("/journals/<string:number>")
@requires(P.ACCOUNT_READ, side="hq")
def journal(number: str) -> ResponseReturnValue:
    """One journal with its postings, its place in the chain, and what reverses it or what it reverses."""
    with unit_of_work(current_actor().scope) as session:
        found = queries.journal(session, number)
        postings = queries.postings(session, found.id)
        return render_template(
            "ledger/journal.html",
            journal=found,
            postings=postings,
            debit=sum((row.debit for row in postings if row.debit is not None), start=ZERO),
            credit=sum((row.credit for row in postings if row.credit is not None), start=ZERO),
            hash=queries.chain_hash(session, found.id),
            reverses=queries.journal_by_id(session, found.reverses) if found.reverses else None,
            reversed_by=queries.reversal_of(session, found.id),
            purpose=labels.purpose_label,
            account=labels.account_label,
            document_url=document_url,
            source_url=source_url,
        )


@blueprint.get("/prove")
@requires(P.LEDGER_PROVE, side="hq")
def prove() -> ResponseReturnValue:
    """R62: everything recomputed from the postings and the documents; what disagrees, or that nothing does."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        findings = prove_books(session.connection(), actor.scope.brand_id)
        accounts = queries.brand_accounts(session)
        held = queries.prepayments_total(session)
        return render_template(
            "ledger/prove.html", findings=findings, lines=[("block", labels.proof_label(one.proof), one.what) for one in findings], accounts=accounts, held=held,
            account=labels.account_label, head=queries.chain_head(session), now=clock.now(),
        )  # fmt: skip
