"""What the tests of orders do and look at."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.ledger import queries as ledger
from portal.orders import actions
from portal.orders.models import Layer, Order, OrderState
from tests.factories.world import World, at

S = OrderState


def state(world: World, number: str) -> OrderState:
    with world.as_(world.hq.auditor) as session:
        return session.scalars(select(Order.state).where(Order.number == number)).one()


def events(world: World, number: str) -> list[str]:
    with world.as_(world.hq.auditor) as session:
        return list(
            session.scalars(select(AuditEvent.act).where(AuditEvent.subject_number == number).order_by(AuditEvent.id))
        )


def postings(world: World, number: str) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    with world.as_(world.hq.auditor) as session:
        journal = ledger.journal_of(session, f"order:{number}", "order")
        assert journal is not None
        return {row.account: (row.debit, row.credit) for row in ledger.postings(session, journal.id)}


def layers(world: World, number: str) -> list[tuple[int, int, int, Decimal]]:
    with world.as_(world.hq.auditor) as session:
        rows = session.execute(
            select(Layer.bought, Layer.received, Layer.used, Layer.price)
            .where(Layer.order_number == number)
            .order_by(Layer.id)
        )
        return [tuple(row) for row in rows]


def refusal(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def do(world: World, actor: Actor, name: str, *args: object, when: str, **words: object) -> object:
    """One act in a unit of work of its own, as a page does it."""
    with world.as_(actor) as session:
        return getattr(actions, name)(session, actor, *args, at=at(when), **words)
