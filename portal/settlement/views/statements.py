"""Monthly statements: lists for both sides, one statement, its paper."""

from __future__ import annotations

from itertools import groupby

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from portal.core import clock, months
from portal.core.db import unit_of_work
from portal.core.permissions import Permission as P
from portal.ledger import labels as ledger_labels
from portal.ledger.views import document_url
from portal.settlement import labels, printing, queries, rules
from portal.settlement.views.base import blueprint
from portal.web import pdf
from portal.web.auth import current_actor, requires
from portal.web.pages import SIZE, before, key_page, list_filters
from portal.web.responses import pdf_response


@blueprint.get("/statements")
@requires(P.STATEMENT_READ)
def statements() -> ResponseReturnValue:
    """Posted statements, the newest first; a dealer's own, headquarters' all."""
    actor = current_actor()
    wanted = list_filters("month", "q")
    try:
        month = months.parse(wanted["month"]) if wanted["month"] else None
    except ValueError:
        month, wanted["month"] = None, ""
    with unit_of_work(actor.scope) as session:
        rows = queries.statement_page(session, month=month, text=wanted["q"], before=before(), limit=SIZE + 1)
        return render_template("settlement/statements.html", page=key_page(rows), wanted=wanted, hq=actor.side == "hq")


@blueprint.get("/statements/<string:number>")
@requires(P.STATEMENT_READ)
def statement(number: str) -> ResponseReturnValue:
    """One statement: the account between two settlements, what was reimbursed, what was left out and why."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        found, dealer = queries.statement(session, number)
        lines = queries.lines_paid(session, found.dealer_id, found.month)
        entries = printing.entries_of(session, found)
        return render_template(
            "settlement/statement.html",
            statement=found,
            dealer=dealer,
            hq=actor.side == "hq",
            previous=queries.statement_before(session, found),
            entries=entries,
            credit=rules.total(row.credit for row in entries if row.credit is not None),
            debit=rules.total(row.debit for row in entries if row.debit is not None),
            claims=[(claim, list(group)) for claim, group in groupby(lines, key=lambda line: line.claim)],
            claimed=rules.total(line.claimed for line in lines),
            left_out=queries.left_out_kept(found, dealer),
            because=labels.LEFT_OUT,
            goes_to=labels.goes_to,
            purpose=ledger_labels.purpose_label,
            words=ledger_labels.entry_words,
            document_url=document_url,
        )


@blueprint.get("/statements/<string:number>.pdf")
@requires(P.STATEMENT_READ)
def statement_pdf(number: str) -> Response:
    """The statement as its paper."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        found, dealer = queries.statement(session, number)
        paper = printing.paper(session, actor, found, dealer, at=clock.now())
    return pdf_response(pdf.render(paper.template, paper), number)
