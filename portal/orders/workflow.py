"""When may it happen: the steps of an order and of a shipment (domain.md section 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.workflow import Offer, Step, Workflow
from portal.orders import rules
from portal.orders.models import Order, OrderState, Shipment, ShipmentState

S = OrderState
T = ShipmentState


def cancelled_by_its_side(order: Order, actor: Actor) -> str | None:
    """A dealer cancels until it has agreed; from then on, and until something is shipped, headquarters does."""
    if actor.side == "dealer" and order.state in {S.AGREED, S.DEBITED}:
        return "cancel-by-hq-only"
    if actor.side == "hq" and order.state is S.DRAFT:
        return "cancel-by-dealer-only"
    return None


def nothing_in_transit(order: Order, actor: Actor) -> str | None:
    """An order is received with its last shipment."""
    return "still-in-transit" if any(s.state is T.IN_TRANSIT for s in order.shipments) else None


def by_the_clock(_order: Order, actor: Actor) -> str | None:
    """R22: a quote lapses by itself; nobody makes it."""
    return None if actor.is_system else "system-only"


ORDER = Workflow(
    name="order",
    starts=S.DRAFT,
    ends=frozenset({S.RECEIVED, S.REJECTED, S.CANCELLED}),
    steps=(
        #    name         leaves                                  reaches         needs            guards
        Step("amend", frozenset({S.DRAFT}), S.DRAFT, P.ORDER_DRAFT),
        Step("submit", frozenset({S.DRAFT}), S.SUBMITTED, P.ORDER_SUBMIT),
        Step("quote", frozenset({S.SUBMITTED}), S.QUOTED, P.ORDER_QUOTE),
        Step("send_back", frozenset({S.SUBMITTED}), S.DRAFT, P.ORDER_QUOTE),
        Step("reject", frozenset({S.SUBMITTED}), S.REJECTED, P.ORDER_REJECT),
        Step("agree", frozenset({S.QUOTED}), S.AGREED, P.ORDER_AGREE),
        Step("dispute", frozenset({S.QUOTED}), S.SUBMITTED, P.ORDER_SUBMIT),
        Step("debit", frozenset({S.AGREED}), S.DEBITED, P.ORDER_DEBIT),
        Step("lapse", frozenset({S.QUOTED}), S.SUBMITTED, P.ORDER_QUOTE, (by_the_clock,)),
        Step("ship_part", frozenset({S.DEBITED, S.PART_SHIPPED}), S.PART_SHIPPED, P.ORDER_SHIP),
        Step("ship_rest", frozenset({S.DEBITED, S.PART_SHIPPED}), S.SHIPPED, P.ORDER_SHIP),
        Step("receive", frozenset({S.SHIPPED}), S.RECEIVED, P.ORDER_RECEIVE, (nothing_in_transit,)),
        Step(
            "cancel",
            frozenset({S.DRAFT, S.SUBMITTED, S.QUOTED, S.AGREED, S.DEBITED}),
            S.CANCELLED,
            P.ORDER_CANCEL,
            (cancelled_by_its_side,),
        ),
    ),
)

SHIPMENT = Workflow(
    name="shipment",
    starts=T.IN_TRANSIT,
    ends=frozenset({T.RECEIVED}),
    steps=(Step("receive", frozenset({T.IN_TRANSIT}), T.RECEIVED, P.ORDER_RECEIVE),),
)


def allowed(name: str, document: Order | Shipment, actor: Actor) -> None:
    """Refuse a step that may not be taken, before anything is written; the state is set with the figures it asks for."""
    steps = ORDER if isinstance(document, Order) else SHIPMENT
    if why := steps.refusal(name, document, actor):
        raise Refused(why, step=name, state=str(document.state))


def offers(order: Order, actor: Actor, *, on: date) -> list[Offer]:
    """The order's buttons on the day ``on``: agreeing to a lapsed quote is refused in words (R22)."""
    return [
        replace(offer, refusal="quote-lapsed")
        if offer.name == "agree" and offer.refusal is None and rules.lapsed(order.lapses_on, on)
        else offer
        for offer in ORDER.offers(order, actor)
        if offer.name != "lapse"  # no button: the clock does it
    ]


def in_time(order: Order, *, on: date) -> None:
    """R22: refuse a quote whose last day is over."""
    if rules.lapsed(order.lapses_on, on):
        raise Refused("quote-lapsed", quote_no=order.quote_no, lapsed_on=order.lapses_on)
