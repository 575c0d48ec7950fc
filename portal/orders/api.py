"""Orders and shipments for other programs: the same actions as the pages (R20–R26)."""

from __future__ import annotations

from portal.core.permissions import Permission as P
from portal.orders import actions, printing, queries
from portal.orders.models import Order, Shipment, ShipmentState
from portal.orders.schemas import (
    AgreeIn,
    OrderIn,
    OrderOut,
    OrderQuery,
    OrderRow,
    QuoteIn,
    ReasonIn,
    ReceiveIn,
    ShipIn,
    ShipmentOut,
    ShipmentQuery,
    ShipmentRow,
)
from portal.web import pdf, qr
from portal.web.api import Answer, Api, Call, File, Page

api = Api("orders", tag="orders", words="Parts orders, from the application to the receipt, and their shipments.")


def _locked(call: Call, ref: str) -> Order:
    return queries.order_for_update(call.session, ref)


# ---------------------------------------------------------------- reading


@api.reads("/orders", P.ORDER_READ, gives=Page[OrderRow])
def listed(call: Call, query: OrderQuery) -> Page[OrderRow]:
    """Orders of the brand (headquarters) or of the dealer, newest first.

    Headquarters does not see what a dealer has not sent.
    """
    hq = call.actor.side == "hq"
    wanted = queries.Filters(
        tab=query.state, dealer=query.dealer if hq else "", text=query.q, month=query.month, drafts=not hq
    )
    rows = queries.listed(
        call.session, wanted, zone=call.actor.zone, on=call.actor.day(call.at), before_id=call.after_id(query),
        limit=query.limit + 1,
    )  # fmt: skip
    return call.page(query, rows, OrderRow.of)


@api.reads("/orders/<ref>", P.ORDER_READ, gives=OrderOut)
def one(call: Call, ref: str) -> Answer:
    """One order with its lines and every version of its quote."""
    return _shown(call, ref)


@api.reads("/orders/<ref>/paper", P.ORDER_READ, gives=bytes, kind="application/pdf")
def paper(call: Call, ref: str) -> File:
    """The order as 售后服务配件申请单, with its newest version."""
    order = call.actor.sees(queries.order(call.session, ref))
    url = qr.address(call.actor, order.number)
    made = printing.paper(call.session, order, call.actor, at=call.at, url=url)
    return File(f"{order.number or 'PO-draft'}.pdf", lambda: pdf.render(made.template, made))


@api.reads("/shipments", P.ORDER_READ, gives=Page[ShipmentRow])
def shipments(call: Call, query: ShipmentQuery) -> Page[ShipmentRow]:
    """Parcels on their way, or received; newest first."""
    rows = queries.incoming(
        call.session, state=ShipmentState(query.state), before_id=call.after_id(query), limit=query.limit + 1
    )
    return call.page(query, rows, ShipmentRow.of)


@api.reads("/shipments/<number>", P.ORDER_READ, gives=ShipmentOut)
def shipment(call: Call, number: str) -> Answer:
    """One parcel: what was sent, what arrived."""
    return _parcel(call, number)


# ---------------------------------------------------------------- the dealer asks


@api.acts("/orders", P.ORDER_DRAFT, side="dealer", gives=OrderOut, makes=True)
def draft(call: Call, body: OrderIn) -> Answer:
    """Start a draft; it has no number yet and is named by its public id."""
    wishes = [line.wish() for line in body.lines]
    made = actions.draft(call.session, call.actor, lines=wishes, note=body.note, ship_to=body.ship_to, at=call.at)
    return _shown(call, made.public_id)


@api.acts("/orders/<ref>/amend", P.ORDER_DRAFT, side="dealer", gives=OrderOut, changes=_locked)
def amend(call: Call, ref: str, body: OrderIn) -> Answer:
    """Write a draft anew, whole."""
    wishes = [line.wish() for line in body.lines]
    actions.amend(call.session, call.actor, ref, lines=wishes, note=body.note, ship_to=body.ship_to, at=call.at)
    return _shown(call, ref)


@api.acts("/orders/<ref>/submit", P.ORDER_SUBMIT, side="dealer", gives=OrderOut, changes=_locked)
def submit(call: Call, ref: str) -> Answer:
    """Send a draft to headquarters; the first time it gets its number."""
    order = actions.submit(call.session, call.actor, ref, at=call.at)
    return _shown(call, order.number or ref)


@api.acts("/orders/<ref>/agree", P.ORDER_AGREE, side="dealer", gives=OrderOut, changes=_locked)
def agree(call: Call, ref: str, body: AgreeIn) -> Answer:
    """Confirm the version that the dealer saw (R21); without funds it is allowed, and the debit waits (R23)."""
    actions.agree(call.session, call.actor, ref, quote_no=body.quote_no, at=call.at)
    return _shown(call, ref)


@api.acts("/orders/<ref>/dispute", P.ORDER_SUBMIT, side="dealer", gives=OrderOut, changes=_locked)
def dispute(call: Call, ref: str, body: ReasonIn) -> Answer:
    """Not agreed, or lapsed: headquarters makes a new version (R22)."""
    actions.dispute(call.session, call.actor, ref, reason=body.reason, at=call.at)
    return _shown(call, ref)


@api.acts("/orders/<ref>/cancel", P.ORDER_CANCEL, gives=OrderOut, changes=_locked)
def cancel(call: Call, ref: str, body: ReasonIn) -> Answer:
    """End the order before anything is shipped; after the debit the amount goes back whole (R24)."""
    actions.cancel(call.session, call.actor, ref, reason=body.reason, at=call.at)
    return _shown(call, ref)


# ---------------------------------------------------------------- headquarters decides


@api.acts("/orders/<ref>/quote", P.ORDER_QUOTE, side="hq", gives=OrderOut, changes=_locked)
def quote(call: Call, ref: str, body: QuoteIn) -> Answer:
    """Confirm contents, fees and ship date as a new frozen version (R21)."""
    actions.quote(
        call.session, call.actor, ref, lines=[line.wish() for line in body.lines], freight=body.freight, ship_on=body.ship_on,
        note=body.note, at=call.at,
    )  # fmt: skip
    return _shown(call, ref)


@api.acts("/orders/<ref>/send-back", P.ORDER_QUOTE, side="hq", gives=OrderOut, changes=_locked)
def send_back(call: Call, ref: str, body: ReasonIn) -> Answer:
    """Ask the dealer to change the application."""
    actions.send_back(call.session, call.actor, ref, reason=body.reason, at=call.at)
    return _shown(call, ref)


@api.acts("/orders/<ref>/reject", P.ORDER_REJECT, side="hq", gives=OrderOut, changes=_locked)
def reject(call: Call, ref: str, body: ReasonIn) -> Answer:
    """Deliver nothing; the order ends."""
    actions.reject(call.session, call.actor, ref, reason=body.reason, at=call.at)
    return _shown(call, ref)


@api.acts("/orders/<ref>/debit", P.ORDER_DEBIT, side="hq", gives=OrderOut, changes=_locked)
def debit(call: Call, ref: str) -> Answer:
    """Take the agreed amount from the dealer's account (R23); "short-of-funds" changes nothing."""
    actions.debit(call.session, call.actor, ref, at=call.at)
    return _shown(call, ref)


@api.acts("/orders/<ref>/ship", P.ORDER_SHIP, side="hq", gives=ShipmentOut, makes=True, changes=_locked)
def ship(call: Call, ref: str, body: ShipIn) -> Answer:
    """Ship a part of what is left, or all of it; only debited orders have anything to ship (R20)."""
    words = {"carrier": body.carrier, "tracking": body.tracking, "note": body.note, "at": call.at}
    if body.lines is None:
        parcel = actions.ship_rest(call.session, call.actor, ref, **words)  # type: ignore[arg-type]
    else:
        pieces = {line.position: line.quantity for line in body.lines}
        parcel = actions.ship(call.session, call.actor, ref, pieces=pieces, **words)  # type: ignore[arg-type]
    return _parcel(call, parcel.number)


def _locked_parcel(call: Call, number: str) -> Shipment:
    _order, parcel = queries.shipment_for_update(call.session, number)
    return parcel


@api.acts("/shipments/<number>/receive", P.ORDER_RECEIVE, side="dealer", gives=ShipmentOut, changes=_locked_parcel)
def receive(call: Call, number: str, body: ReceiveIn) -> Answer:
    """Count a parcel; counted less damaged becomes the dealer's to use (R26)."""
    counts = {line.position: (line.counted, line.damaged) for line in body.lines}
    actions.receive(call.session, call.actor, number, counts=counts, note=body.note, at=call.at)
    return _parcel(call, number)


# ---------------------------------------------------------------- what all of them answer


def _shown(call: Call, ref: str) -> Answer:
    call.afresh()
    order = call.actor.sees(queries.order(call.session, ref))
    body = OrderOut.of(order)
    return Answer(body, ver=order.ver, at=f"/orders/{body.ref}")


def _parcel(call: Call, number: str) -> Answer:
    call.afresh()
    parcel = queries.shipment(call.session, number)
    return Answer(ShipmentOut.of(parcel), ver=parcel.ver, at=f"/shipments/{parcel.number}")
