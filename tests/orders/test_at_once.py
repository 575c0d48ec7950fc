"""Two people doing the same thing at once: one effect, the other is told so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date

from flask import Flask

from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.orders import actions, queries
from portal.orders.models import OrderState
from tests.factories.world import World, at, yuan


def at_once(app: Flask, *acts: tuple[Actor, Callable[..., object]]) -> list[str]:
    """Run the acts in threads that start together; "done", or the code of the refusal, in no order."""
    start, said = threading.Barrier(len(acts)), []

    def run(actor: Actor, act: Callable[..., object]) -> None:
        with app.app_context():
            start.wait(10)
            try:
                with unit_of_work(actor.scope) as session:
                    act(session, actor)
                said.append("done")
            except Refused as why:
                said.append(why.code)

    threads = [threading.Thread(target=run, args=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(said)


def state(world: World, number: str) -> OrderState:
    with world.as_(world.hq.auditor) as session:
        return queries.order(session, number).state


def test_R63_two_people_debiting_one_order_debit_it_once(app: Flask, world: World) -> None:
    number = world.agreed_order(world.d1, {"P1": 4}, freight="10.00")

    def debit(session, actor):
        return actions.debit(session, actor, number, at=at("2026-10-05 12:00"))

    assert at_once(app, (world.hq.finance, debit), (world.hq.finance2, debit)) == ["done", "wrong-state"]
    assert world.balance(world.d1) == yuan("940.00")
    with world.as_(world.d1.clerk) as session:
        assert [(layer.bought, layer.received) for layer in queries.layers(session, world.d1.id)] == [(4, 0)]


def test_R23_two_orders_debited_at_once_never_pass_the_limit_together(app: Flask, world: World) -> None:
    first = world.agreed_order(world.d1, {"P2": 6}, freight="0.00")
    second = world.agreed_order(world.d1, {"P2": 7}, freight="0.00")

    def debit(number: str):
        return lambda session, actor: actions.debit(session, actor, number, at=at("2026-10-05 12:00"))

    said = at_once(app, (world.hq.finance, debit(first)), (world.hq.finance2, debit(second)))
    assert said == ["done", "short-of-funds"]
    assert world.balance(world.d1) in {yuan("400.00"), yuan("300.00")}
    assert sorted([state(world, first), state(world, second)]) == [OrderState.AGREED, OrderState.DEBITED]


def test_agreeing_and_disputing_at_once_is_one_or_the_other(app: Flask, world: World) -> None:
    number = world.quoted_order(world.d1)
    said = at_once(
        app,
        (
            world.d1.manager,
            lambda session, actor: actions.agree(session, actor, number, quote_no=1, at=at("2026-10-05 12:00")),
        ),
        (
            world.d1.clerk,
            lambda session, actor: actions.dispute(
                session, actor, number, reason="too dear", at=at("2026-10-05 12:00")
            ),
        ),
    )
    assert said == ["done", "wrong-state"]
    assert state(world, number) in {OrderState.AGREED, OrderState.SUBMITTED}


def test_R26_one_parcel_received_twice_at_once_counts_once(app: Flask, world: World) -> None:
    number, parcel = world.shipped_order(world.d1, {"P1": 4})

    def receive(session, actor):
        return actions.receive(session, actor, parcel, counts={1: (3, 0)}, at=at("2026-10-07 09:00"))

    assert at_once(app, (world.d1.clerk, receive), (world.d1.manager, receive)) == ["done", "wrong-state"]
    assert state(world, number) is OrderState.RECEIVED
    with world.as_(world.d1.clerk) as session:
        assert [layer.received for layer in queries.layers(session, world.d1.id)] == [3]


def test_one_order_shipped_twice_at_once_is_shipped_once(app: Flask, world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4})

    def ship(session, actor):
        return actions.ship(
            session, actor, number, pieces={1: 4}, carrier="德邦", tracking="1", at=at("2026-10-06 09:00")
        )

    assert at_once(app, (world.hq.warehouse, ship), (world.hq.warehouse, ship)) == ["done", "wrong-state"]
    with world.as_(world.d1.clerk) as session:
        assert [line.quantity for line in queries.order(session, number).shipments[0].lines] == [4]


def test_R24_cancelling_and_shipping_at_once_is_one_or_the_other(app: Flask, world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4}, freight="10.00")
    said = at_once(
        app,
        (
            world.hq.warehouse,
            lambda session, actor: actions.ship_rest(
                session, actor, number, carrier="德邦", tracking="1", at=at("2026-10-06 09:00")
            ),
        ),
        (
            world.hq.clerk,
            lambda session, actor: actions.cancel(session, actor, number, reason="sold out", at=at("2026-10-06 09:00")),
        ),
    )
    assert said == ["done", "wrong-state"]
    shipped = state(world, number) is OrderState.SHIPPED
    assert world.balance(world.d1) == yuan("940.00" if shipped else "1000.00")


def test_two_applications_submitted_at_once_get_two_numbers(app: Flask, world: World) -> None:
    from portal.orders.models import Purpose
    from portal.orders.rules import LineWish

    def submit(session, actor):
        order = actions.draft(session, actor, lines=[LineWish("P1", 1, Purpose.STOCK)], at=at("2026-10-05 09:00"))
        actions.submit(session, actor, order.public_id, at=at("2026-10-05 09:00"))

    assert at_once(app, (world.d1.clerk, submit), (world.d2.clerk, submit)) == ["done", "done"]
    with world.as_(world.hq.auditor) as session:
        listed = queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6))
    assert sorted(str(row.number) for row in listed) == ["PO2610-0001", "PO2610-0002"]
