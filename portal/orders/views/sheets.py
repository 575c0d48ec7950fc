"""The lists of this package as Excel: each as its page is filtered, all rows."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core.permissions import Permission as P
from portal.orders import labels, queries, sheets
from portal.orders.models import ShipmentState
from portal.orders.views import blueprint
from portal.orders.views.holdings import own_dealer
from portal.orders.views.lists import asked
from portal.web import pages
from portal.web.acts import at
from portal.web.auth import current_actor, requires
from portal.web.exports import MOST_ROWS, answer, by_key


@blueprint.get("/list.xlsx")
@requires(P.ORDER_READ)
def sheet() -> ResponseReturnValue:
    """The list of orders."""
    actor = current_actor()
    said, filters = asked(actor)
    today = actor.day(at())
    return answer(
        sheets.ORDERS,
        lambda session: by_key(
            lambda before, limit: queries.listed(
                session, filters, zone=actor.zone, on=today, before_id=before, limit=limit
            )
        ),
        filters=[
            (_("State"), labels.TABS[filters.tab] if filters.tab != "all" else ""),
            (_("Dealer"), filters.dealer),
            (_("Text"), filters.text),
            (_("Submitted in"), said["month"] if filters.month else ""),
        ],
        back="orders.index",
    )


@blueprint.get("/debits.xlsx")
@requires(P.ORDER_DEBIT, side="hq")
def debits_sheet() -> ResponseReturnValue:
    """Finance's queue."""
    return answer(
        sheets.DEBITS, lambda session: queries.debit_queue(session, limit=MOST_ROWS + 1), back="orders.debits"
    )


@blueprint.get("/shipping.xlsx")
@requires(P.ORDER_SHIP, side="hq")
def shipping_sheet() -> ResponseReturnValue:
    """The warehouse's queue."""
    return answer(
        sheets.SHIPPING, lambda session: queries.shipping_queue(session, limit=MOST_ROWS + 1), back="orders.shipping"
    )


@blueprint.get("/receiving.xlsx")
@requires(P.ORDER_RECEIVE, side="dealer")
def receiving_sheet() -> ResponseReturnValue:
    """The dealer's parcels: on their way, or received."""
    received = pages.list_filters("tab")["tab"] == "received"
    state = ShipmentState.RECEIVED if received else ShipmentState.IN_TRANSIT
    return answer(
        sheets.SHIPMENTS,
        lambda session: by_key(
            lambda before, limit: queries.incoming(session, state=state, before_id=before, limit=limit)
        ),
        filters=[(_("State"), labels.SHIPMENT_STATES[state][0])],
        back="orders.receiving",
    )


@blueprint.get("/holdings.xlsx")
@requires(P.ORDER_READ, side="dealer")
def holdings_sheet() -> ResponseReturnValue:
    """The dealer's own parts."""
    dealer_id, text = own_dealer(current_actor()), pages.list_filters("q")["q"]
    return answer(
        sheets.HOLDINGS,
        lambda session: by_key(
            lambda after, limit: queries.held_parts(session, dealer_id, text=text, after=after or "", limit=limit),
            key="number",
        ),
        filters=[(_("Text"), text)],
        back="orders.holdings",
    )
