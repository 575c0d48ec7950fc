"""Fee schedules: drafted by the dealer, approved, sent back or refused by headquarters (domain.md section 8)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from portal.demo import names
from portal.demo.world import Play, Shop
from portal.fees import actions
from portal.fees.rules import FeeWish

Told = Generator[datetime, None, None]


def schedule(
    play: Play, shop: Shop, start: datetime, chance: Random, *, end: str = "approved", dearer: int = 0
) -> Told:
    """One schedule of the dealer's city. ``end``: draft, submitted, sent-back, again (sent back, then approved), refused, approved."""
    yield start
    first = play.today + timedelta(days=chance.randint(10, 20))
    items = wishes(chance, dearer)
    with play.as_(shop.clerk) as session:
        note = chance.choice(names.FEE_NOTES)
        ref = actions.draft(
            session, shop.clerk, region=shop.city, from_day=first, items=items, note=note, at=play.at
        ).public_id
    if end == "draft":
        return
    yield play.wait(chance, 15, 90)
    with play.as_(shop.boss) as session:
        number = str(actions.submit(session, shop.boss, ref, at=play.at).number)
    if end == "submitted":
        return
    manager = play.hq["manager"]
    yield play.wait(chance, 60, 500)
    if end in {"sent-back", "again"}:
        with play.as_(manager) as session:
            actions.send_back(session, manager, number, reason=names.FEE_BACK, at=play.at)
        if end == "sent-back":
            return
        yield play.wait(chance, 60, 400)
        cheaper = [FeeWish(one.item, one.unit, max(one.amount - 1, Decimal(1)), one.remark) for one in items]
        with play.as_(shop.clerk) as session:
            actions.amend(
                session, shop.clerk, number, region=shop.city, from_day=first, items=cheaper, note=note, at=play.at
            )
        yield play.wait(chance, 10, 60)
        with play.as_(shop.boss) as session:
            actions.submit(session, shop.boss, number, at=play.at)
        yield play.wait(chance, 30, 300)
    with play.as_(manager) as session:
        if end == "refused":
            actions.refuse(session, manager, number, reason=names.FEE_REFUSED, at=play.at)
        else:
            actions.approve(session, manager, number, at=play.at)


def wishes(chance: Random, dearer: int) -> list[FeeWish]:
    """Five or six items at local prices, ``dearer`` per cent above the last ones."""
    items = list(names.FEE_ITEMS)
    if chance.random() < 0.4:
        items.pop(chance.randrange(3, len(items)))
    return [
        FeeWish(item, unit, Decimal(chance.randint(low, high) * (100 + dearer) // 100), remark)
        for item, unit, low, high, remark in items
    ]
