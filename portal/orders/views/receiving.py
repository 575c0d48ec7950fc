"""Parcels on their way and the dealer's counting (R26)."""

from __future__ import annotations

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
from portal.orders.forms import ReceiveForm, TypedCount, typed_counts
from portal.orders.models import Shipment, ShipmentState
from portal.orders.views import blueprint
from portal.web import pages, qr
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.timeline import timeline


@blueprint.get("/receiving")
@requires(P.ORDER_RECEIVE, side="dealer")
def receiving() -> ResponseReturnValue:
    """The dealer's parcels: on their way (to be received), or received."""
    said = pages.list_filters("tab")
    state = ShipmentState.RECEIVED if said["tab"] == "received" else ShipmentState.IN_TRANSIT
    with unit_of_work(current_actor().scope) as session:
        page = pages.key_page(queries.incoming(session, state=state, before_id=pages.before(), limit=pages.SIZE + 1))
        tabs = [
            {
                "label": words,
                "url": pages.address(before=None, tab="received" if one is ShipmentState.RECEIVED else None),
                "current": one is state,
            }
            for one, (words, _tone) in labels.SHIPMENT_STATES.items()
        ]
        return render_template("orders/receiving.html", page=page, tabs=tabs, state=state, labels=labels)


@blueprint.get("/shipments/<number>")
@requires(P.ORDER_READ)
def shipment(number: str) -> ResponseReturnValue:
    """One parcel: what was sent, what arrived."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        parcel = queries.shipment(session, number)
        may = workflow.SHIPMENT.refusal("receive", parcel, actor) is None
        return render_template(
            "orders/shipment.html", parcel=parcel, labels=labels, may_receive=may, events=timeline(session, "shipment", parcel.id),
            picture=qr.svg(qr.address(actor, parcel.number)),
        )  # fmt: skip


@blueprint.get("/shipments/<number>/receive")
@requires(P.ORDER_RECEIVE, side="dealer")
def receive(number: str) -> ResponseReturnValue:
    """Count the parcel; everything is filled in as if it arrived whole."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        parcel = queries.shipment(session, number)
        if workflow.SHIPMENT.refusal("receive", parcel, actor):
            return redirect(url_for("orders.shipment", number=number), 303)
        counts = [
            TypedCount(position, {"counted": str(line.quantity), "damaged": "0"}, {}, {}) for position, line in _lines(parcel)
        ]  # fmt: skip
        return _page(parcel, ReceiveForm(formdata=None), counts)


@blueprint.post("/shipments/<number>/receive")
@requires(P.ORDER_RECEIVE, side="dealer")
def take_in(number: str) -> ResponseReturnValue:
    """Receive as counted."""
    actor, form = current_actor(), ReceiveForm()
    with unit_of_work(actor.scope) as session:
        positions = [position for position, _line in _lines(queries.shipment(session, number))]
    counts = typed_counts(request.form, positions, "counted", "damaged")
    if not form.validate() or any(count.errors for count in counts):
        return _again(number, form, counts)

    def act(session: Session, actor: Actor, now: Any) -> Shipment:
        seen = {count.position: (count.numbers["counted"], count.numbers["damaged"]) for count in counts}
        return actions.receive(session, actor, number, counts=seen, note=form.note.data or "", at=now)

    def refused(why: Refused) -> ResponseReturnValue:
        typed = next((count for count in counts if count.position == why.facts.get("position")), None)
        if typed is not None:
            typed.errors[why.field or "counted"] = sentence(why)
        else:
            form.refuse("note" if why.field == "note" else None, sentence(why))
        return _again(number, form, counts)

    def said(parcel: Shipment) -> str:
        short = sum(line.short or 0 for line in parcel.lines)
        damaged = sum(line.damaged or 0 for line in parcel.lines)
        if short or damaged:
            return _(
                "Received; %(short)s short and %(damaged)s damaged pieces are not yours to use yet.",
                short=short,
                damaged=damaged,
            )
        return _("Received whole. The parts are yours to use.")

    return perform(act, done=said, to=url_for("orders.shipment", number=number), refused=refused)


def _lines(parcel: Shipment) -> list[tuple[int, Any]]:
    """The parcel's lines by their position on the order."""
    positions = {line.id: line.position for line in parcel.order.lines}
    return sorted(((positions[line.line_id], line) for line in parcel.lines), key=lambda pair: pair[0])


def _again(number: str, form: ReceiveForm, counts: list[TypedCount]) -> ResponseReturnValue:
    with unit_of_work(current_actor().scope) as session:
        return _page(queries.shipment(session, number), form, counts), 422


def _page(parcel: Shipment, form: ReceiveForm, counts: list[TypedCount]) -> str:
    return render_template(
        "orders/receive.html", parcel=parcel, form=form, lines=_lines(parcel),
        counts={count.position: count for count in counts}, labels=labels,
    )  # fmt: skip
