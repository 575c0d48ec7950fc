"""Acts that lock several layers lock them in one order, whatever the order of their lines (CO3)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from portal.claims import actions as claims
from portal.core.db import unit_of_work
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.ledger.prove import prove
from portal.old_parts import actions as old_parts
from portal.orders import actions as orders
from tests.factories.world import World, at

WHEN = at("2026-10-25 09:00")


@pytest.fixture
def crossed(world: World) -> tuple[World, str, str, str]:
    """Layers of P1 and P2 of one order, a second parcel of it on its way, and two claims: one names P2 before P1, one P1 before P2."""
    world.topup(world.d1, "5000.00")
    number = world.debited_order(world.d1, {"P1": 9, "P2": 9})
    parcels = []
    for pieces in ({1: 8, 2: 8}, {1: 1, 2: 1}):
        with world.as_(world.hq.warehouse) as session:
            parcels.append(
                orders.ship(
                    session,
                    world.hq.warehouse,
                    number,
                    pieces=pieces,
                    carrier="德邦",
                    tracking="1",
                    at=at("2026-10-06 09:00"),
                ).number
            )
    with world.as_(world.d1.clerk) as session:
        orders.receive(session, world.d1.clerk, parcels[0], counts={}, at=at("2026-10-07 09:00"))
    made = [
        world.submitted_claim(world.d1, [world.reviewed_old_part(world.d1, part=part, quantity=3) for part in parts])
        for parts in (("P2", "P1"), ("P1", "P2"))
    ]
    return world, made[0], made[1], parcels[1]


def reduce(world: World, claim: str) -> None:
    with unit_of_work(world.hq.clerk.scope) as session:
        claims.reduce(session, world.hq.clerk, claim, positions=[1, 2], quantity=2, code="PNP", reason="x", at=WHEN)


def receive(world: World, parcel: str) -> None:
    with unit_of_work(world.d1.clerk.scope) as session:
        orders.receive(session, world.d1.clerk, parcel, counts={}, at=WHEN)


def crossing(app, settings: Settings, world: World, *acts: Callable[[], None]) -> list[BaseException]:
    """The acts begin one after the other, each once the one before waits for the first layer, which is then let go."""
    failed: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        with app.app_context():
            try:
                act()
            except BaseException as error:  # noqa: BLE001 - looked at by the test
                failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    engine = admin_engine(str(settings.admin_url))
    with engine.connect() as holder, engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch:
        holder.execute(
            text("SELECT id FROM app.layers WHERE brand_id = :b ORDER BY id LIMIT 1 FOR UPDATE"), {"b": world.brand_id}
        )
        for count, thread in enumerate(threads, start=1):
            thread.start()
            until = time.monotonic() + 20
            while watch.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                                    " OR (NOT granted AND locktype = 'transactionid')")) < count:  # fmt: skip
                assert time.monotonic() < until
                time.sleep(0.01)  # asks again whether the act waits; nothing is measured by it
        holder.rollback()
        for thread in threads:
            thread.join(30)
    engine.dispose()
    return failed


@pytest.mark.parametrize("other", ["receipt", "claim"])
def test_CO3_layers_are_locked_by_their_ids_whatever_the_order_of_the_lines(crossed, app, settings, other) -> None:
    world, backwards, forwards, parcel = crossed
    first = (lambda: receive(world, parcel)) if other == "receipt" else (lambda: reduce(world, forwards))
    assert crossing(app, settings, world, first, lambda: reduce(world, backwards)) == []
    with world.as_(world.hq.auditor) as session:
        assert session.execute(text("SELECT used, received FROM layers ORDER BY id")).all() == (
            [(5, 9), (5, 9)] if other == "receipt" else [(4, 8), (4, 8)]
        )
        assert prove(session.connection(), world.brand_id) == []


def test_the_control_line_by_line_they_wait_for_each_other(crossed, app, settings, monkeypatch) -> None:
    world, backwards, _forwards, parcel = crossed
    monkeypatch.setattr(old_parts, "lock_pieces", lambda *_: None)
    (failed,) = crossing(app, settings, world, lambda: receive(world, parcel), lambda: reduce(world, backwards))
    assert failed.orig.sqlstate == "40P01"  # type: ignore[attr-defined]
