"""The list of old parts by state and review, for a dealer and for headquarters, and labels for several."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Permission as P
from portal.old_parts import actions, labels, printing, queries
from portal.old_parts.views import base
from portal.old_parts.views.base import blueprint
from portal.organizations.queries import CHOSEN_MOST, dealer_options
from portal.web import pdf
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.pages import address, before, key_page
from portal.web.responses import pdf_response

TABS = {
    "dealer": ("awaiting", "registered", "pending", "wanted", "accepted", "refused", "withdrawn", "all"),
    "hq": ("pending", "wanted", "accepted", "refused", "registered", "withdrawn", "all"),
}
HOT = {"dealer": {"registered", "wanted"}, "hq": {"pending"}}
LABELS_MOST = 100


@blueprint.get("")
@requires(P.OLD_PART_READ)
def index() -> ResponseReturnValue:
    """Old parts of one tab, newest first, by key."""
    actor = current_actor()
    asked = {name: base.typed(name) for name in ("tab", "q", "dealer", "late")}
    known = TABS[actor.side]
    tab = chosen_tab(actor.side, asked["tab"])
    today = clock.today(actor.zone)
    with unit_of_work(actor.scope) as session:
        counts: dict[str, int] = dict(queries.counts(session))
        waiting = queries.awaiting_registration(session) if actor.side == "dealer" else []
        counts["awaiting"] = len(waiting)
        filters = queries.Filters(tab=tab, dealer=asked["dealer"].upper(), text=asked["q"], late=asked["late"] == "1")
        found = [] if tab == "awaiting" else queries.listed(session, filters, before_id=before())
        page = key_page(found)
        return render_template(
            "old_parts/index.html",
            side=actor.side,
            tab=tab,
            tabs=[
                {
                    "label": labels.TABS[name],
                    "url": url_for("old_parts.index", tab=name),
                    "number": counts.get(name),
                    "current": name == tab,
                    "hot": name in HOT[actor.side],
                }
                for name in known
            ],
            rows=[base.row(old_part, actor, today) for old_part in page.rows],
            awaiting=[base.awaiting(line) for line in waiting] if tab == "awaiting" else [],
            page=page,
            asked=asked,
            dealers=dealer_options(session, most=CHOSEN_MOST + 1) if actor.side == "hq" else [],
            clear=url_for("old_parts.index", tab=tab),
            late_url=address(late=None if asked["late"] == "1" else "1", before=None),
            may_register=actor.side == "dealer" and actor.may(P.OLD_PART_REGISTER),
            may_review=actor.side == "hq" and actor.may(P.OLD_PART_REVIEW) and tab in {"pending", "wanted"},
        )


def chosen_tab(side: str, asked: str) -> str:
    """The tab of the address, else the one where this side has to do something."""
    return asked if asked in TABS[side] else ("pending" if side == "hq" else "registered")


@blueprint.post("/accept")
@requires(P.OLD_PART_REVIEW)
def accept_many() -> ResponseReturnValue:
    """Accept the chosen ones at once, all or none."""
    chosen = request.form.getlist("chosen")[:200]
    back = url_for("old_parts.index", tab="pending")

    def refused(error: Refused) -> ResponseReturnValue:
        why = error.facts.get("why")
        flash(" ".join([sentence(error), *([sentence(Refused(str(why)))] if why else [])]), "bad")
        return redirect(back, 303)

    return perform(
        lambda session, actor, at: actions.accept_many(session, actor, chosen, at=at),
        done=lambda found: ngettext(
            "%(num)d old part found reimbursable.", "%(num)d old parts found reimbursable.", len(found)
        ),
        to=back,
        refused=refused,
    )


@blueprint.get("/labels.pdf")
@requires(P.OLD_PART_READ)
def labels_pdf() -> ResponseReturnValue:
    """Several labels for a roll: ``?numbers=OP2611-0007,OP2611-0008`` or the parameter several times."""
    asked = ",".join(request.args.getlist("numbers")).split(",")
    numbers = [number.strip() for number in asked if number.strip()]
    if not numbers:
        flash(_("Choose the old parts whose labels are to be printed."), "warn")
        return redirect(url_for("old_parts.index"), 303)
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        found = queries.several(session, numbers[:LABELS_MOST])
        if not found:
            raise NotFound
        paper = printing.paper(session, actor, found)
    return pdf_response(pdf.render(paper.template, paper), "labels")
