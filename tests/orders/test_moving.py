"""Shipping and receiving (R20, R26); a refused step changes nothing."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.errors import NotFound
from portal.orders import queries
from tests.factories.world import World, yuan
from tests.orders.doing import S, do, layers, refusal, state


def test_R26_parcels_are_received_one_by_one_and_only_the_last_one_ends_the_order(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4, "P2": 2})
    words = {"carrier": "德邦", "tracking": "DPK1"}
    first = do(world, world.hq.warehouse, "ship", number, pieces={1: 3}, when="2026-10-06 09:00", **words)
    assert (first.number, state(world, number)) == ("SH2610-0001", S.PART_SHIPPED)
    do(world, world.d1.clerk, "receive", first.number, counts={1: (3, 1)}, note="one cracked", when="2026-10-08 09:00")
    assert state(world, number) is S.PART_SHIPPED
    assert layers(world, number) == [(4, 2, 0, yuan("12.50")), (2, 0, 0, yuan("100.00"))]
    second = do(world, world.hq.warehouse, "ship", number, pieces={1: 1, 2: 2}, when="2026-10-09 09:00", **words)
    assert state(world, number) is S.SHIPPED
    do(
        world, world.d1.clerk, "receive", second.number, counts={1: (0, 0)}, when="2026-10-11 09:00"
    )  # line 2 arrived whole
    assert state(world, number) is S.RECEIVED
    assert layers(world, number) == [(4, 2, 0, yuan("12.50")), (2, 2, 0, yuan("100.00"))]
    with world.as_(world.d1.clerk) as session:
        parcels = queries.order(session, number).shipments
        assert [[(line.counted, line.damaged, line.short) for line in parcel.lines] for parcel in parcels] == [
            [(3, 1, 0)],
            [(0, 0, 1), (2, 0, 0)],
        ]
        firsts = {layer.part.number: layer.first_received_on for layer in queries.layers(session, world.d1.id)}
        assert firsts == {"P1": date(2026, 10, 8), "P2": date(2026, 10, 11)}


def test_an_order_waits_for_every_parcel_whatever_order_they_arrive_in(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4})
    words = {"carrier": "德邦", "tracking": "DPK1"}
    first = do(world, world.hq.warehouse, "ship_part", number, pieces={1: 1}, when="2026-10-06 09:00", **words)
    last = do(world, world.hq.warehouse, "ship_rest", number, when="2026-10-06 10:00", **words)
    do(world, world.d1.clerk, "receive", last.number, counts={}, when="2026-10-07 09:00")
    assert state(world, number) is S.SHIPPED
    do(world, world.d1.clerk, "receive", first.number, counts={}, when="2026-10-08 09:00")
    assert state(world, number) is S.RECEIVED


@pytest.mark.parametrize(
    ("pieces", "code"),
    [({1: 5}, "shipped-more"), ({1: 0}, "nothing-shipped"), ({}, "nothing-shipped"), ({7: 1}, "order-line-gone")],
)
def test_never_more_is_shipped_than_was_confirmed(world: World, pieces: dict[int, int], code: str) -> None:
    number = world.debited_order(world.d1, {"P1": 4})
    why = refusal(
        lambda: do(
            world,
            world.hq.warehouse,
            "ship",
            number,
            pieces=pieces,
            carrier="德邦",
            tracking="1",
            when="2026-10-06 09:00",
        )
    )
    assert why.code == code
    assert state(world, number) is S.DEBITED


def test_a_partial_shipment_leaves_something_and_a_parcel_has_carrier_and_number(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4})
    all_of_it = refusal(
        lambda: do(
            world,
            world.hq.warehouse,
            "ship_part",
            number,
            pieces={1: 4},
            carrier="德邦",
            tracking="1",
            when="2026-10-06 09:00",
        )
    )
    assert all_of_it.code == "nothing-stays"
    nobody = refusal(
        lambda: do(
            world, world.hq.warehouse, "ship", number, pieces={1: 4}, carrier=" ", tracking="1", when="2026-10-06 09:00"
        )
    )
    assert (nobody.code, nobody.field) == ("carrier-missing", "carrier")
    untold = refusal(
        lambda: do(
            world,
            world.hq.warehouse,
            "ship",
            number,
            pieces={1: 4},
            carrier="德邦",
            tracking="",
            when="2026-10-06 09:00",
        )
    )
    assert untold.code == "tracking-missing"
    assert state(world, number) is S.DEBITED


@pytest.mark.parametrize(
    ("count", "code"), [((5, 0), "counted-more"), ((3, 4), "damaged-more"), ((-1, 0), "counted-more")]
)
def test_no_more_is_counted_than_was_sent_nor_more_damaged_than_counted(
    world: World, count: tuple[int, int], code: str
) -> None:
    number, parcel = world.shipped_order(world.d1, {"P1": 4})
    why = refusal(lambda: do(world, world.d1.clerk, "receive", parcel, counts={1: count}, when="2026-10-07 09:00"))
    assert why.code == code
    assert layers(world, number) == [(4, 0, 0, yuan("12.50"))]
    assert state(world, number) is S.SHIPPED


def test_a_parcel_is_received_once_and_by_its_own_dealer(world: World) -> None:
    number, parcel = world.shipped_order(world.d1, {"P1": 4})
    with pytest.raises(NotFound):
        do(world, world.d2.clerk, "receive", parcel, counts={}, when="2026-10-07 09:00")
    do(world, world.d1.clerk, "receive", parcel, counts={1: (2, 0)}, when="2026-10-07 09:00")
    again = refusal(lambda: do(world, world.d1.clerk, "receive", parcel, counts={1: (4, 0)}, when="2026-10-07 09:01"))
    assert again.code == "wrong-state"
    assert layers(world, number) == [(4, 2, 0, yuan("12.50"))]


def test_R3_every_step_of_the_road_leaves_an_event_with_before_and_after(world: World) -> None:
    number = world.received_order(world.d1)
    with world.as_(world.hq.auditor) as session:
        rows = session.execute(
            select(AuditEvent.act, AuditEvent.before, AuditEvent.after)
            .where(AuditEvent.subject_number == number)
            .order_by(AuditEvent.id)
        )
        assert [tuple(row) for row in rows] == [
            ("order:submit", "draft", "submitted"),
            ("order:quote", "submitted", "quoted"),
            ("order:agree", "quoted", "agreed"),
            ("order:debit", "agreed", "debited"),
            ("order:ship_rest", "debited", "shipped"),
            ("order:receive", "shipped", "received"),
        ]
