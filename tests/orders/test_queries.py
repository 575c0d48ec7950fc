"""What can be seen: queues, holdings, and what awaits its registration."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Integer, column, values

from portal.orders import actions, queries
from portal.orders.models import OrderState
from tests.factories.world import World, at, yuan


def test_R23_the_debit_queue_is_in_order_of_agreement_and_says_what_each_order_lacks(world: World) -> None:
    late = world.agreed_order(world.d1, {"P1": 4}, freight="0.00", when="2026-10-06 09:00")
    early = world.agreed_order(world.d2, {"P2": 12}, freight="0.50", when="2026-10-05 09:00")
    with world.as_(world.hq.finance) as session:
        queue = queries.debit_queue(session)
        assert [(o.number, o.total, o.balance, o.missing) for o in queue] == [
            (early, yuan("1200.50"), yuan("1000.00"), yuan("200.50")),
            (late, yuan("50.00"), yuan("1000.00"), yuan("0.00")),
        ]
        assert [o.number for o in queries.debit_queue(session, dealer_id=world.d1.id)] == [late]
    with world.as_(world.d1.clerk) as session:
        assert [o.number for o in queries.debit_queue(session)] == [late]


def test_the_shipping_queue_shows_what_is_left_by_the_day_promised(world: World) -> None:
    second = world.debited_order(world.d1, {"P1": 4, "P3": 2}, when="2026-10-06 12:00")
    first = world.debited_order(world.d2, {"P2": 1}, when="2026-10-05 12:00")
    with world.as_(world.hq.warehouse) as session:
        actions.ship(
            session,
            world.hq.warehouse,
            second,
            pieces={1: 3, 2: 2},
            carrier="德邦",
            tracking="1",
            at=at("2026-10-06 13:00"),
        )
        queue = queries.shipping_queue(session)
        assert [(o.number, o.state, o.lines, o.pieces) for o in queue] == [
            (first, OrderState.DEBITED, 1, 1),
            (second, OrderState.PART_SHIPPED, 1, 1),
        ]
        assert queries.left_to_ship(session, queries.order(session, second)) == {1: 1, 2: 0}


def test_R26_holdings_add_up_by_part_and_count_only_what_was_received(world: World) -> None:
    world.received_order(world.d1, {"P1": 4}, when="2026-10-05 09:00")
    _number, parcel = world.shipped_order(world.d1, {"P1": 3, "P2": 1}, when="2026-10-08 09:00")
    with world.as_(world.d1.clerk) as session:
        actions.receive(session, world.d1.clerk, parcel, counts={1: (2, 1), 2: (1, 0)}, at=at("2026-10-09 09:00"))
    world.debited_order(world.d2, {"P1": 2})
    with world.as_(world.d1.clerk) as session:
        held = queries.held_parts(session, world.d1.id)
        assert [(h.number, h.bought, h.received, h.used, h.usable, h.coming, h.worth, h.oldest_on) for h in held] == [
            ("P1", 7, 5, 0, 5, 2, yuan("62.50"), date(2026, 10, 5)),
            ("P2", 1, 1, 0, 1, 0, yuan("100.00"), date(2026, 10, 9)),
        ]
        assert [h.number for h in queries.held_parts(session, world.d1.id, text="psf")] == ["P2"]
        assert [h.number for h in queries.held_parts(session, world.d1.id, after="P1")] == ["P2"]
        assert queries.held_parts(session, world.d2.id) == []


def test_R36_received_warranty_lines_await_their_registration_oldest_set_off_first(world: World) -> None:
    serial, other = world.product(world.d1), world.product(world.d2)
    first = world.received_order(world.d1, {"P1": 2}, purpose="warranty", serial=serial, when="2026-10-05 09:00")
    second = world.received_order(world.d1, {"P1": 1}, purpose="warranty", serial=serial, when="2026-10-06 09:00")
    world.received_order(world.d1, {"P2": 1}, when="2026-10-06 09:00")
    theirs = world.received_order(world.d2, {"P1": 1}, purpose="warranty", serial=other, when="2026-10-06 09:00")
    world.shipped_order(world.d1, {"P1": 1}, purpose="warranty", serial=serial, when="2026-10-07 09:00")
    with world.as_(world.hq.auditor) as session:
        waiting = queries.awaiting_registration(session)
        assert [(line.order_number, line.pieces, line.received_on) for line in waiting] == [
            (first, 2, date(2026, 10, 5)), (second, 1, date(2026, 10, 6)), (theirs, 1, date(2026, 10, 6)),
        ]  # fmt: skip
        product_id = waiting[0].product_id
        names = (column("product_id", Integer), column("part_id", Integer), column("pieces", Integer))
        done = values(*names, name="done").data([(product_id, world.parts["P1"], 2)]).alias("done")
        left = queries.awaiting_registration(session, registered=done, dealer_id=world.d1.id)
        assert [(line.order_number, line.pieces, line.serial) for line in left] == [(second, 1, serial)]
    with world.as_(world.d2.clerk) as session:
        assert [line.order_number for line in queries.awaiting_registration(session)] == [theirs]


def test_parcels_on_their_way_and_received_are_listed_apart(world: World) -> None:
    _received = world.received_order(world.d1, {"P1": 4})
    number, parcel = world.shipped_order(world.d1, {"P1": 2, "P2": 1}, when="2026-10-08 09:00")
    from portal.orders.models import ShipmentState

    with world.as_(world.d1.clerk) as session:
        coming = queries.incoming(session)
        assert [(p.number, p.order_number, p.lines, p.pieces, p.short, p.damaged) for p in coming] == [
            (parcel, number, 2, 3, 0, 0)
        ]
        assert len(queries.incoming(session, state=ShipmentState.RECEIVED)) == 1
    with world.as_(world.d2.clerk) as session:
        assert queries.incoming(session) == []
