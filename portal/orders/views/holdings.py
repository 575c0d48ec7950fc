"""What a dealer owns: its layers by part (R26)."""

from __future__ import annotations

from decimal import Decimal

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.catalog import queries as catalog
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.orders import queries
from portal.orders.views import blueprint
from portal.web import pages
from portal.web.auth import current_actor, requires


@blueprint.get("/holdings")
@requires(P.ORDER_READ, side="dealer")
def holdings() -> ResponseReturnValue:
    """The dealer's parts by number: bought, received, used, what can be used now and what it cost."""
    actor = current_actor()
    text = pages.list_filters("q")["q"]
    after = request.args.get("after", "").strip()[:60]
    with unit_of_work(actor.scope) as session:
        found = queries.held_parts(session, own_dealer(actor), text=text, after=after, limit=pages.SIZE + 1)
        rows = found[: pages.SIZE]
        older = pages.address(after=rows[-1].number) if len(found) > pages.SIZE else ""
        return render_template(
            "orders/holdings.html", rows=rows, text=text, older=older, first=pages.address(after=None) if after else "",
            worth=sum((row.worth for row in rows), Decimal("0.00")), clear=pages.address(q=None, after=None),
            may_draft=actor.may(P.ORDER_DRAFT),
        )  # fmt: skip


@blueprint.get("/holdings/<number>")
@requires(P.ORDER_READ, side="dealer")
def holding(number: str) -> ResponseReturnValue:
    """One part's layers, oldest first: the oldest received pieces are used first (R36)."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        part = catalog.part(session, number)
        layers = queries.layers(session, own_dealer(actor), part.id)
        if not layers:
            raise NotFound
        return render_template("orders/holding.html", part=part, layers=layers, may_draft=actor.may(P.ORDER_DRAFT))


def own_dealer(actor: Actor) -> int:
    """The dealer whose parts these are; headquarters holds none here."""
    if actor.scope.dealer_id is None:
        raise NotFound
    return actor.scope.dealer_id
