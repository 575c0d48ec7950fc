"""The parts warehouse: what to ship by the promised day, and shipping it (R20)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.orders import actions, labels, queries, workflow
from portal.orders.forms import ShipForm, TypedCount, typed_counts
from portal.orders.models import Order
from portal.orders.views import blueprint
from portal.web.acts import at, perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence


@blueprint.get("/shipping")
@requires(P.ORDER_SHIP, side="hq")
def shipping() -> ResponseReturnValue:
    """Debited orders with something left to ship, earliest promise first."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        queue = queries.shipping_queue(session)
        today = actor.day(at())
        late = sum(order.ship_on < today for order in queue)
        return render_template("orders/shipping.html", queue=queue, labels=labels, today=today, late=late)


@blueprint.get("/<ref>/ship")
@requires(P.ORDER_SHIP, side="hq")
def ship(ref: str) -> ResponseReturnValue:
    """A parcel's form: what is left of each line, all of it filled in."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        order = actor.sees(queries.order(session, ref))
        if workflow.ORDER.refusal("ship_rest", order, actor):
            return redirect(url_for("orders.detail", ref=ref), 303)
        left = queries.left_to_ship(session, order)
        filled = [
            TypedCount(position, {"pieces": str(count)}, {"pieces": count}, {}) for position, count in left.items()
        ]
        return _page(order, ShipForm(formdata=None), left, filled)


@blueprint.post("/<ref>/ship")
@requires(P.ORDER_SHIP, side="hq")
def send_parcel(ref: str) -> ResponseReturnValue:
    """Ship what is typed: a part, or the rest."""
    actor, form = current_actor(), ShipForm()
    with unit_of_work(actor.scope) as session:
        left = queries.left_to_ship(session, actor.sees(queries.order(session, ref)))
    counts = typed_counts(request.form, list(left), "pieces")
    if not form.validate() or any(count.errors for count in counts):
        return _again(ref, form, counts)

    def act(session: Session, actor: Actor, now: Any) -> Any:
        pieces = {count.position: count.numbers["pieces"] for count in counts}
        words = {"carrier": form.carrier.data, "tracking": form.tracking.data, "note": form.note.data or ""}
        return actions.ship(session, actor, ref, pieces=pieces, at=now, **words)

    def refused(why: Refused) -> ResponseReturnValue:
        typed = next((count for count in counts if count.position == why.facts.get("position")), None)
        if typed is not None:
            typed.errors["pieces"] = sentence(why)
        else:
            form.refuse(why.field if why.field in {"carrier", "tracking", "note"} else None, sentence(why))
        return _again(ref, form, counts)

    return perform(
        act,
        done=lambda parcel: _("Shipped as %(number)s.", number=parcel.number),
        to=url_for("orders.detail", ref=ref),
        refused=refused,
    )


def _again(ref: str, form: ShipForm, counts: list[TypedCount]) -> ResponseReturnValue:
    with unit_of_work(current_actor().scope) as session:
        order = queries.order(session, ref)
        return _page(order, form, queries.left_to_ship(session, order), counts), 422


def _page(order: Order, form: ShipForm, left: Mapping[int, int], counts: list[TypedCount]) -> str:
    newest = order.quotes[-1]
    return render_template(
        "orders/ship.html", order=order, form=form, left=left, counts={count.position: count for count in counts},
        lines=newest.lines, labels=labels, carriers=_carriers(order),
    )  # fmt: skip


def _carriers(order: Order) -> list[str]:
    """Carriers of this order's earlier parcels, to choose from."""
    return list(dict.fromkeys(parcel.carrier for parcel in order.shipments))
