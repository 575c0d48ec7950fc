"""The list of claims: a dealer's own, or HQ's of all dealers."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.claims import queries
from portal.claims.labels import STATES, TABS
from portal.claims.models import ClaimState
from portal.claims.views import blueprint
from portal.core import months
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.organizations.queries import CHOSEN_MOST, dealer_options
from portal.web.auth import current_actor, requires
from portal.web.pages import address, before, key_page, list_filters


@blueprint.get("")
@requires(P.CLAIM_READ)
def index() -> ResponseReturnValue:
    """Tabs with counts, filters in the address, 50 rows by key. Drafts are the dealer's own: HQ sees none."""
    actor = current_actor()
    hq = actor.side == "hq"
    asked = list_filters("tab", "q", "dealer", "month")
    tabs = [tab for tab in TABS if not (hq and tab == "draft")]
    filters = asked_filters(actor)
    tab, month = filters.tab, filters.month
    with unit_of_work(actor.scope) as session:
        counts = queries.counts(session, drafts=not hq)
        page = key_page(queries.rows(session, filters, before_id=before()))
        return render_template(
            "claims/index.html",
            hq=hq,
            may_draft=actor.may(P.CLAIM_DRAFT),
            tabs=[
                {
                    "label": TABS[one],
                    "url": address(tab=one, before=None),
                    "number": counts.get(one),
                    "current": one == tab,
                    "hot": one == ("submitted" if hq else "wanted"),
                }
                for one in tabs
            ],
            tab=tab,
            page=page,
            states=STATES,
            turn=_turns(hq=hq),
            q=asked["q"],
            dealer=filters.dealer,
            dealer_options=dealer_options(session, most=CHOSEN_MOST + 1) if hq else [],
            may_review=actor.may(P.CLAIM_REVIEW),
            month=f"{month:%Y-%m}" if month else "",
            clear=address(q=None, dealer=None, month=None, before=None),
            filtered=bool(asked["q"] or filters.dealer or month),
        )


def asked_filters(actor: Actor) -> queries.Filters:
    """What the address of the list asks for; HQ never sees drafts."""
    hq, asked = actor.side == "hq", list_filters("tab", "q", "dealer", "month")
    tab = asked["tab"] if asked["tab"] in TABS and not (hq and asked["tab"] == "draft") else ""
    dealer = asked["dealer"].upper() if hq else ""
    return queries.Filters(tab=tab, text=asked["q"], dealer=dealer, month=_month(asked["month"]), drafts=not hq)


def _turns(*, hq: bool) -> set[Any]:
    """The states in which the reader's side has to do something."""
    return {ClaimState.SUBMITTED, ClaimState.IN_REVIEW} if hq else {ClaimState.DRAFT}


def _month(text: str) -> Any:
    try:
        return months.parse(text) if text else None
    except ValueError:
        return None
