"""Stories that the tests of the settlement start from."""

from __future__ import annotations

from datetime import date, datetime

from portal.settlement import actions
from tests.factories.world import Shop, World, at

SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
THE_THIRD = at("2026-11-03 02:00")


def claimed(
    world: World,
    shop: Shop,
    pieces: dict[str, int],
    *,
    day: int = 10,
    approved: str = "2026-11-02 17:00",
    month: str = "2026-10",
) -> str:
    """A claim whose lines (part number → pieces on one line) are all approved at ``approved``; bought and received before."""
    world.topup(shop, "10000.00", when=f"{month}-01 08:00")
    world.received_order(shop, pieces, when=f"{month}-02 09:00")
    old = [
        world.reviewed_old_part(shop, part=part, quantity=quantity, replaced=f"{month}-{day:02d}")
        for part, quantity in pieces.items()
    ]
    return world.approved_claim(shop, old, month=month, when=f"{month}-{day + 1:02d} 09:00", approved=approved)


def prepared(world: World, month: date = OCTOBER, *, when: datetime = THE_THIRD) -> None:
    """By the system, on the third."""
    with world.as_(world.hq.system) as session:
        actions.prepare(session, world.hq.system, month, at=when)


def checked(world: World, month: date = OCTOBER, *, when: datetime = THE_THIRD) -> None:
    """Prepared by the system, found right by finance."""
    prepared(world, month, when=when)
    with world.as_(world.hq.finance) as session:
        actions.check(session, world.hq.finance, month, at=when)


def posted(world: World, month: date = OCTOBER, *, when: datetime = THE_THIRD) -> None:
    """And posted by the finance manager."""
    checked(world, month, when=when)
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, month, at=when)
