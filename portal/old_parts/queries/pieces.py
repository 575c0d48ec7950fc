"""What a dealer can take from, what awaits its registration, what can be claimed (R33, R36)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from portal.old_parts.models import Allocation, OldPart, OldPartState
from portal.old_parts.rules import Held
from portal.orders import queries as orders
from portal.orders.models import Layer


def layers_for_update(session: Session, dealer_id: int, part_id: int) -> list[Layer]:
    """The dealer's layers of a part with pieces left, oldest first, locked."""
    return list(
        session.scalars(
            select(Layer)
            .where(Layer.dealer_id == dealer_id, Layer.part_id == part_id, Layer.received > Layer.used)
            .order_by(Layer.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def layers_of(session: Session, old_part: OldPart) -> dict[int, Layer]:
    """The layers it took from, locked in order, by id."""
    ids = [part.layer_id for part in old_part.allocations]
    found = session.scalars(
        select(Layer)
        .where(Layer.id.in_(ids))
        .order_by(Layer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {layer.id: layer for layer in found}


def lock_layers(session: Session, old_parts: Iterable[OldPart]) -> None:
    """Lock the layers of all these at once, in order of their ids, as a receipt does: line by line two acts could wait for each other."""
    of = select(Allocation.layer_id).where(Allocation.old_part_id.in_([one.id for one in old_parts]))
    session.execute(select(Layer.id).where(Layer.id.in_(of)).order_by(Layer.id).with_for_update())


def as_held(layers: Sequence[Layer]) -> list[Held]:
    """Layers as plain values; one without a day of receipt has no pieces to take."""
    return [
        Held(layer.id, layer.received - layer.used, layer.price, layer.first_received_on)
        for layer in layers
        if layer.first_received_on is not None
    ]


def registered_pieces() -> Subquery:
    """Pieces registered per product and part, for what orders shows as 待登记 (R36)."""
    return (
        select(OldPart.product_id, OldPart.part_id, func.sum(OldPart.quantity).label("pieces"))
        .where(OldPart.state != OldPartState.WITHDRAWN)
        .group_by(OldPart.product_id, OldPart.part_id)
        .subquery()
    )


def awaiting_registration(session: Session, *, limit: int = 500) -> list[orders.Awaiting]:
    """R36: received ``warranty`` lines whose old part is not registered yet, oldest first; no deadline runs for them."""
    return orders.awaiting_registration(session, registered=registered_pieces(), limit=limit)
