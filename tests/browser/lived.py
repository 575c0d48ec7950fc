"""A brand in the middle of its work on 3 November 2026, told by the real actions: something of everything to look at."""

from __future__ import annotations

from datetime import date

from tests.factories.world import World, at, make_world, yuan

NOW = "2026-11-03 15:30"
OCTOBER = date(2026, 10, 1)


def lived_in() -> World:
    """Orders in every state, old parts in time and late, claims drafted, open and decided, October paid, fees asked and approved."""
    world = make_world(opening="5000.00")
    world.topup(world.d1, "1200.00")
    _orders(world)
    _repairs(world)
    _settled(world)
    _fees(world)
    return world


def _orders(world: World) -> None:
    from portal.orders import actions
    from portal.orders.models import Purpose
    from portal.orders.rules import LineWish

    shop, serial = world.d1, world.product(world.d1)
    world.received_order(shop, {"P1": 12, "P2": 4, "P3": 6}, when="2026-10-05 09:00")
    world.received_order(world.d2, {"P1": 3}, when="2026-10-06 09:00")
    with world.as_(shop.clerk) as session:
        actions.draft(
            session, shop.clerk, lines=[LineWish("P1", 2, Purpose.STOCK)], note="月底前要", ship_to="福州市建材大道306号", at=at("2026-11-02 09:00")
        )  # fmt: skip
    world.submitted_order(shop, {"P1": 3, "P2": 1}, when="2026-11-02 10:00", purpose="warranty", serial=serial)
    world.quoted_order(shop, {"P2": 2}, when="2026-11-02 11:00")
    world.agreed_order(shop, {"P1": 5}, when="2026-11-02 14:00")
    world.debited_order(shop, {"P3": 9}, when="2026-11-02 15:00")
    world.shipped_order(shop, {"P1": 2}, when="2026-11-03 09:00")
    wanted = world.quoted_order(world.d2, {"P2": 3}, when="2026-11-01 11:00")
    with world.as_(world.d2.manager) as session:
        actions.dispute(session, world.d2.manager, wanted, reason="运费太高", at=at("2026-11-02 12:00"))
    refused = world.submitted_order(world.d2, {"P3": 400}, when="2026-11-01 12:00")
    with world.as_(world.hq.manager) as session:
        actions.reject(session, world.hq.manager, refused, reason="已停产", at=at("2026-11-01 15:00"))


def _repairs(world: World) -> None:
    from portal.claims import actions as claims
    from portal.old_parts import actions as old_parts
    from portal.old_parts.models import Review

    shop = world.d1
    paid = [world.reviewed_old_part(shop, replaced=f"2026-10-{day}") for day in (10, 11, 12)]
    paid.append(world.reviewed_old_part(shop, part="P2", quantity=2, replaced="2026-10-13"))
    number = world.submitted_claim(shop, paid, when="2026-10-20 09:00")
    with world.as_(world.hq.clerk) as session:
        claims.approve(session, world.hq.clerk, number, positions=[1, 2], at=at("2026-10-21 09:00"))
        claims.reduce(session, world.hq.clerk, number, positions=[4], quantity=1, code="PWA", reason="只换了一只", at=at("2026-10-21 09:05"))  # fmt: skip
        claims.refuse(session, world.hq.clerk, number, positions=[3], code="CDR", reason="外力损坏", at=at("2026-10-21 09:10"))  # fmt: skip
    world.submitted_claim(shop, [world.reported_old_part(shop, replaced="2026-10-25")], when="2026-10-26 09:00")
    with world.as_(shop.clerk) as session:
        claims.draft(session, shop.clerk, month=OCTOBER, note="补上月", at=at("2026-11-03 10:00"))
    world.registered_old_part(shop, replaced="2026-10-24")  # its last day has passed
    world.registered_old_part(shop, replaced="2026-11-02")
    asked = world.reported_old_part(shop, replaced="2026-10-27")
    with world.as_(world.hq.clerk) as session:
        old_parts.review(session, world.hq.clerk, asked, decision=Review.WANTED, reason="请补拍铭牌", at=at("2026-10-28 09:00"))  # fmt: skip
    world.reported_old_part(shop, replaced="2026-10-28")


def _settled(world: World) -> None:
    from portal.settlement import actions

    with world.as_(world.hq.finance) as session:
        actions.prepare(session, world.hq.finance, OCTOBER, at=at("2026-11-03 09:00"))
    with world.as_(world.hq.finance2) as session:
        actions.check(session, world.hq.finance2, OCTOBER, at=at("2026-11-03 09:30"))
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, OCTOBER, at=at("2026-11-03 10:00"))


def _fees(world: World) -> None:
    from portal.fees import actions
    from portal.fees.rules import FeeWish

    shop = world.d1
    for first, price, day in ((date(2026, 10, 20), "50", "2026-10-12"), (date(2026, 11, 20), "60", "2026-11-02")):
        with world.as_(shop.manager) as session:
            draft = actions.draft(
                session, shop.manager, region="福州市区", from_day=first,
                items=[FeeWish("上门费", "次", yuan(price)), FeeWish("更换进水阀", "只", yuan("45.50"))], note="人工上涨", at=at(f"{day} 09:00"),
            )  # fmt: skip
            number = str(actions.submit(session, shop.manager, draft.public_id, at=at(f"{day} 09:10")).number)
        if first.month == 10:
            with world.as_(world.hq.manager) as session:
                actions.approve(session, world.hq.manager, number, at=at(f"{day} 15:00"))
