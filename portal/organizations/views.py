"""The register of dealers, and the terms that a brand sets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.terms import Term, all_terms
from portal.organizations import actions, labels, queries, sheets
from portal.organizations.forms import TermForm
from portal.web import pages
from portal.web.acts import perform
from portal.web.assets import url_or_none
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.exports import BATCH, answer
from portal.web.timeline import timeline

blueprint = Blueprint("organizations", __name__)

# A dealer's account (balance, credit_limit in yuan, entries) by the dealer's id. The ledger stands above this package,
# so whoever may know it gives it here (portal/catalog/views); without it the pages show no money.
Accounts = Callable[[Session, Collection[int]], Mapping[int, Any]]
_accounts: list[Accounts] = []


def accounts_from(source: Accounts) -> None:
    """Where the dealers' balances come from."""
    _accounts[:] = [source]


# What else the page of a dealer says of it, from packages above this one: a list of (label, words).
Facts = Callable[[Session, Actor, int], list[tuple[str, str]]]
_facts: list[Facts] = []


def facts_from(source: Facts) -> None:
    """One more source of what the page of a dealer says."""
    if source not in _facts:
        _facts.append(source)


def _balances(session: Session, ids: Collection[int]) -> Mapping[int, Any]:
    return _accounts[0](session, ids) if _accounts and ids else {}


@blueprint.get("/dealers")
@requires(P.DEALER_READ, side="hq")
def dealers() -> ResponseReturnValue:
    """Every dealer by code, with what its account holds."""
    actor = current_actor()
    said = pages.list_filters("q")
    after = request.args.get("after", "")[:60]
    with unit_of_work(actor.scope) as session:
        rows = queries.dealers_page(session, text=said["q"], after=after, limit=pages.SIZE + 1)
        shown = rows[: pages.SIZE]
        return render_template(
            "organizations/dealers.html",
            rows=shown,
            wanted=said,
            accounts=_balances(session, [row.id for row in shown]),
            first=pages.address(after=None) if after else "",
            older=pages.address(after=shown[-1].code) if len(rows) > pages.SIZE else "",
            may_load=actor.may(P.CATALOG_LOAD),
            may_account=actor.may(P.ACCOUNT_READ),
            account_url=_account_url,
            load_url=url_or_none("catalog.imports", kind="dealers"),
        )


def _account_url(code: str) -> str:
    return url_or_none("settlement.dealer_account", code=code) or ""


@blueprint.get("/dealers.xlsx")
@requires(P.DEALER_READ, side="hq")
def dealers_sheet() -> ResponseReturnValue:
    """The register as Excel; balances only for who may see accounts."""
    text, may_account = pages.list_filters("q")["q"], current_actor().may(P.ACCOUNT_READ)

    def read(session: Session) -> Iterator[dict[str, Any]]:
        last = ""
        while rows := queries.dealers_page(session, text=text, after=last, limit=BATCH):
            accounts = _balances(session, [row.id for row in rows]) if may_account else {}
            yield from ({"dealer": row, "account": accounts.get(row.id)} for row in rows)
            last = rows[-1].code

    return answer(sheets.DEALERS, read, filters=[(_("Text"), text)], back="organizations.dealers")


@blueprint.get("/terms.xlsx")
@requires(P.TERM_READ, side="hq")
def terms_sheet() -> ResponseReturnValue:
    """The terms as Excel."""
    today = clock.today(current_actor().zone)

    def read(session: Session) -> list[dict[str, Any]]:
        now, ahead = queries.terms_on(session, today), queries.terms_ahead(session, today)
        return [_term_row(term, now.get(term.name), ahead.get(term.name)) for term in all_terms()]

    return answer(sheets.TERMS, read, back="organizations.terms")


def _term_row(term: Term, now: Any, ahead: Any) -> dict[str, Any]:
    return {
        "title": labels.term_title(term),
        "words": labels.term_words(term),
        "said": labels.said(term, term.default if now is None else now.value),
        "default": labels.said(term, term.default),
        "since": now and now.from_day,
        "set_by": now and now.set_by,
        "next": ahead and labels.said(term, ahead.value),
        "next_from": ahead and ahead.from_day,
    }


@blueprint.get("/dealers/<string:code>")
@requires(P.DEALER_READ, side="hq")
def dealer(code: str) -> ResponseReturnValue:
    """One dealer: who it is, what its account holds, where to look further."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        found = queries.dealer(session, code)
        links = [
            (_("Parts orders"), url_or_none("orders.index", dealer=code), P.ORDER_READ),
            (_("Old parts"), url_or_none("old_parts.index", dealer=code), P.OLD_PART_READ),
            (_("Claims"), url_or_none("claims.index", dealer=code), P.CLAIM_READ),
            (_("Account"), _account_url(code), P.ACCOUNT_READ),
            (_("Service fees"), url_or_none("fees.index", dealer=code), P.FEE_READ),
        ]
        return render_template(
            "organizations/dealer.html",
            dealer=found,
            account=_balances(session, [found.id]).get(found.id),
            facts=[fact for source in _facts for fact in source(session, actor, found.id)],
            links=[(label, url) for label, url, needs in links if url and actor.may(needs)],
            events=timeline(session, "account", found.id),
        )


@blueprint.get("/terms")
@requires(P.TERM_READ, side="hq")
def terms() -> ResponseReturnValue:
    """Every registered term: what is in force, its default, its limits, and what comes next."""
    actor = current_actor()
    today = clock.today(actor.zone)
    with unit_of_work(actor.scope) as session:
        now, ahead = queries.terms_on(session, today), queries.terms_ahead(session, today)
        rows = [
            {
                "term": term, "title": labels.term_title(term), "words": labels.term_words(term), "set": now.get(term.name),
                "next": ahead.get(term.name), "value": now[term.name].value if term.name in now else term.default,
            }
            for term in all_terms()
        ]  # fmt: skip
        return render_template("organizations/terms.html", rows=rows, said=labels.said, may_set=actor.may(P.TERM_SET))


@blueprint.get("/terms/<string:name>")
@requires(P.TERM_READ, side="hq")
def term(name: str) -> ResponseReturnValue:
    """One term with its history and the form that sets another value."""
    actor, found = current_actor(), queries.term(name)
    with unit_of_work(actor.scope) as session:
        return _term(session, actor, found, TermForm(formdata=None))


@blueprint.post("/terms/<string:name>")
@requires(P.TERM_SET, side="hq")
def set_term(name: str) -> ResponseReturnValue:
    """Another value from a day on; a refusal keeps what was typed."""
    found, form = queries.term(name), TermForm()
    here = url_for("organizations.term", name=name)

    def again(error: Refused | None = None) -> ResponseReturnValue:
        if error is not None:
            form.refuse(error.field, sentence(error))
        actor = current_actor()
        with unit_of_work(actor.scope) as session:
            return _term(session, actor, found, form), 422

    if not form.validate_on_submit():
        return again()
    typed = form.data
    return perform(
        lambda session, actor, at: actions.set_term(
            session, actor, name, new=typed["value"], from_day=typed["from_day"], at=at
        ),
        done=lambda value: _("It is %(said)s from %(day)s.", said=labels.said(found, value.value), day=value.from_day),
        to=here,
        refused=again,
    )


def _term(session: Session, actor: Actor, found: Term, form: TermForm) -> str:
    today = clock.today(actor.zone)
    if form.from_day.data is None and not form.from_day.raw_data:
        form.from_day.data = today
    history = queries.term_history(session, found.name)
    now = next((value for value in history if value.from_day <= today), None)
    return render_template(
        "organizations/term.html",
        term=found,
        title=labels.term_title(found),
        words=labels.term_words(found),
        history=history,
        now=now,
        value=found.default if now is None else now.value,
        said=labels.said,
        today=today,
        form=form,
        may_set=actor.may(P.TERM_SET),
    )
