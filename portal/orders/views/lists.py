"""The list of orders: tabs by state, filters in the address, newest first."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core import months
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.orders import labels, queries
from portal.orders.models import OrderState
from portal.orders.views import blueprint
from portal.organizations.queries import CHOSEN_MOST, dealer_options
from portal.web import formats, pages
from portal.web.acts import at
from portal.web.auth import current_actor, requires

HQ_TABS = ("all", "submitted", "quoted", "agreed", "debited", "part-shipped", "shipped", "received", "ended")
DEALER_TABS = ("all", "draft", *HQ_TABS[1:])


@blueprint.get("")
@requires(P.ORDER_READ)
def index() -> ResponseReturnValue:
    """Orders of the brand (HQ) or of the dealer; at most 5 statements."""
    actor = current_actor()
    hq = actor.side == "hq"
    said, filters = asked(actor)
    tab, month = filters.tab, filters.month
    with unit_of_work(actor.scope) as session:
        today = actor.day(at())
        rows = queries.listed(
            session, filters, zone=actor.zone, on=today, before_id=pages.before(), limit=pages.SIZE + 1
        )
        counts = queries.counts(session)
        dealers = dealer_options(session, most=CHOSEN_MOST + 1) if hq else []
        page = pages.key_page(rows)
        names = dict(dealers)
        chips = [
            (words, pages.address(before=None, **{name: None}))
            for name, words in (
                ("q", _("Contains “%(text)s”", text=said["q"])),
                ("dealer", names.get(said["dealer"], said["dealer"])),
                ("month", formats.month(month)),
            )
            if said[name] and (name != "month" or month)
        ]
        clear = pages.address(before=None, q=None, dealer=None, month=None)
        mine = turns(actor)
        tabs = [
            {
                "label": labels.TABS[name],
                "url": pages.address(before=None, tab=None if name == "all" else name),
                "number": counts.of(name),
                "current": name == tab,
                "hot": any(state in mine for state in queries.TABS[name]) and name != "all",
            }
            for name in (HQ_TABS if hq else DEALER_TABS)
        ]
        return render_template(
            "orders/index.html", page=page, tabs=tabs, tab=tab, said=said, dealers=dealers, chips=chips, clear=clear, hq=hq,
            month=f"{month:%Y-%m}" if month else "", turns=mine, today=today, many_dealers=len(dealers) > CHOSEN_MOST,
            states={state: (str(words), tone) for state, (words, tone) in labels.STATES.items()},  # looked up once, not once a row
            purposes={purpose: str(words) for purpose, words in labels.PURPOSES.items()},
            sum_shown=sum((row.amount for row in page.rows if row.amount is not None), Decimal("0.00")),
            may_draft=actor.may(P.ORDER_DRAFT) and not hq,
        )  # fmt: skip


def asked(actor: Actor) -> tuple[dict[str, str], queries.Filters]:
    """What the address of the list asks for, as it was typed and as it is used; HQ never sees drafts."""
    hq = actor.side == "hq"
    said = pages.list_filters("tab", "dealer", "q", "month")
    tab = said["tab"] if said["tab"] in (HQ_TABS if hq else DEALER_TABS) else "all"
    dealer, month = said["dealer"].upper() if hq else "", _month(said["month"])
    return said, queries.Filters(tab=tab, dealer=dealer, text=said["q"], month=month, drafts=not hq)


def turns(actor: Actor) -> set[OrderState]:
    """The states in which this member has something to do."""
    return {state for state, needs in labels.NEXT.items() if actor.may(needs)}


def _month(text: str) -> date | None:
    try:
        return months.parse(text) if text else None
    except ValueError:
        return None
