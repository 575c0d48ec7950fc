"""Parts move: the store ships, the dealer receives and counts (R20, R26)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.core import audit, numbering
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.notices import actions as notices
from portal.orders import queries, rules, workflow
from portal.orders.models import Order, OrderState, Shipment, ShipmentLine, ShipmentState

TEXT_MOST = 200


def ship(
    session: Session,
    actor: Actor,
    number: str,
    *,
    pieces: Mapping[int, int],
    carrier: str,
    tracking: str,
    note: str = "",
    at: datetime,
) -> Shipment:
    """Ship ``pieces`` (line position → pieces): the rest of the order, or a part of it.

    Locks the order. Only debited orders have anything to ship (R20); refuses more than was confirmed.
    """
    return _ship(session, actor, number, None, pieces, carrier, tracking, note, at)


def ship_part(
    session: Session,
    actor: Actor,
    number: str,
    *,
    pieces: Mapping[int, int],
    carrier: str,
    tracking: str,
    note: str = "",
    at: datetime,
) -> Shipment:
    """Ship some of what is left; refuses ("nothing-stays") when that would be all of it."""
    return _ship(session, actor, number, "ship_part", pieces, carrier, tracking, note, at)


def ship_rest(
    session: Session, actor: Actor, number: str, *, carrier: str, tracking: str, note: str = "", at: datetime
) -> Shipment:
    """Ship all that is left."""
    return _ship(session, actor, number, "ship_rest", None, carrier, tracking, note, at)


def _ship(
    session: Session,
    actor: Actor,
    number: str,
    step: str | None,
    pieces: Mapping[int, int] | None,
    carrier: str,
    tracking: str,
    note: str,
    at: datetime,
) -> Shipment:
    order = queries.order_for_update(session, number)
    workflow.allowed(step or "ship_rest", order, actor)  # both leave the same states
    left = queries.left_to_ship(session, order)
    carried = rules.check_pieces(left, left if pieces is None else pieces)
    needed = "ship_part" if rules.leaves_some(left, carried) else "ship_rest"
    if step not in {None, needed}:
        raise Refused("nothing-stays")
    shipment = Shipment(
        dealer_id=order.dealer_id, order_id=order.id,
        number=numbering.next_number(session, numbering.Kind.SHIPMENT, actor.day(at)),
        state=ShipmentState.IN_TRANSIT, carrier=_filled(carrier, "carrier"), tracking=_filled(tracking, "tracking"),
        shipped_at=at, shipped_by=actor.name, note=_short(note, "note"),
    )  # fmt: skip
    session.add(shipment)
    before, after = workflow.ORDER.take(needed, order, actor)
    order.updated_at = at
    if order.state is OrderState.SHIPPED:
        order.shipped_at = at
    session.flush()
    lines = {line.position: line for line in order.lines}
    session.execute(
        insert(ShipmentLine),
        [
            {
                "brand_id": order.brand_id, "dealer_id": order.dealer_id, "shipment_id": shipment.id,
                "line_id": lines[position].id, "part_id": lines[position].part_id, "quantity": count,
            }
            for position, count in sorted(carried.items())
        ],
    )  # fmt: skip
    session.expire(order, ["shipments"])
    audit.record(
        session, actor, f"order:{needed}", order, at=at, before=before, after=after,
        shipment=shipment.number, pieces=sum(carried.values()), carrier=shipment.carrier, tracking=shipment.tracking,
    )  # fmt: skip
    notices.tell(
        session, "order-shipped", permission=P.ORDER_RECEIVE, dealer_id=order.dealer_id, at=at,
        facts={
            "number": order.number, "shipment": shipment.number, "pieces": sum(carried.values()), "carrier": shipment.carrier,
            "tracking": shipment.tracking, "whole": needed == "ship_rest",
        },
    )  # fmt: skip
    return shipment


def receive(
    session: Session,
    actor: Actor,
    number: str,
    *,
    counts: Mapping[int, tuple[int, int]],
    note: str = "",
    at: datetime,
) -> Shipment:
    """Receive one shipment: ``counts`` are line position → (counted, damaged); a line not named arrived whole.

    Locks the order, the shipment, then the layers. Counted less damaged becomes the dealer's to use (R26); short and
    damaged pieces stay unreceived. The order is received with its last shipment, once nothing is left to ship.
    """
    order, shipment = queries.shipment_for_update(session, number)
    workflow.allowed("receive", shipment, actor)
    positions = {line.id: line.position for line in order.lines}
    whole = rules.check_counts({positions[line.line_id]: line.quantity for line in shipment.lines}, counts)
    by_line: dict[int, tuple[int, int]] = {}
    for line in shipment.lines:
        line.counted, line.damaged = by_line[line.line_id] = whole[positions[line.line_id]]
    _add_to_layers(session, actor, by_line, at)
    before, after = workflow.SHIPMENT.take("receive", shipment, actor)
    shipment.received_at, shipment.received_by = at, actor.name
    if words := _short(note, "note"):
        shipment.note = words if not shipment.note else f"{shipment.note}\n{words}"
    session.flush()
    short = sum(line.quantity - (line.counted or 0) for line in shipment.lines)
    damaged = sum(line.damaged or 0 for line in shipment.lines)
    facts: dict[str, Any] = {"shipment": shipment.number, "short": short, "damaged": damaged, "note": words}
    audit.record(session, actor, "shipment:receive", shipment, at=at, before=before, after=after, **facts)
    _complete(session, actor, order, facts, at)
    return shipment


def _add_to_layers(session: Session, actor: Actor, by_line: Mapping[int, tuple[int, int]], at: datetime) -> None:
    for layer in queries.layers_for_update(session, by_line):
        counted, damaged = by_line[layer.line_id]
        if usable := counted - damaged:
            layer.received += usable
            layer.first_received_on = layer.first_received_on or actor.day(at)


def _complete(session: Session, actor: Actor, order: Order, facts: dict[str, Any], at: datetime) -> None:
    """Say on the order what arrived; with the last shipment of a shipped order it is received."""
    session.expire(order, ["shipments"])
    done = workflow.ORDER.refusal("receive", order, actor) is None
    order.updated_at = at
    if done:
        before, after = workflow.ORDER.take("receive", order, actor)
        order.received_at = at
    else:
        before = after = str(order.state)
    session.flush()
    act = "order:receive" if done else "order:receive_part"
    audit.record(session, actor, act, order, at=at, before=before, after=after, **facts)


def _filled(words: str, field: str) -> str:
    plain = _short(words, field)
    if not plain:
        raise Refused(f"{field}-missing", field=field)
    return plain


def _short(words: str, field: str) -> str:
    plain = words.strip()
    if len(plain) > TEXT_MOST:
        raise Refused("order-text-too-long", field=field, most=TEXT_MOST)
    return plain
