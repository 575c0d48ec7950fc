"""An impatient double click on what moves a document or money has one effect, and no message frightens who did it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from portal.core.permissions import Actor
from portal.settlement import actions as settlement
from tests.browser import ordering
from tests.browser.desk import Desk
from tests.factories.world import World, at

pytestmark = pytest.mark.browser


def counted(world: World, actor: Actor, what: str) -> int:
    """How many rows there are, as that actor sees them."""
    with world.as_(actor) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


def calm(desk: Desk) -> None:
    """Nothing on the page says that something was refused."""
    expect(desk.page.locator("main .note-bad")).to_have_count(0)


def test_submitting_twice_makes_one_order(
    world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]
) -> None:
    """The application is created and submitted by one request; a second would be a second order."""
    it_is("2026-10-05 09:00")
    desk = desk_of(world.d1.clerk)
    desk.go("/orders/new")
    ordering.write_line(desk, 1, "P1", "P1", 4)
    desk.press_twice("提交给总部")
    desk.stands_at("待总部确认")
    assert ordering.number_of(desk) == "PO2610-0001"
    calm(desk)
    assert counted(world, world.d1.clerk, "orders") == 1


def test_agreeing_twice_agrees_once(world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]) -> None:
    """R21: one agreement to one version."""
    number = world.quoted_order(world.d1, when="2026-10-05 10:00")
    it_is("2026-10-05 11:00")
    desk = desk_of(world.d1.manager)
    desk.go(f"/orders/{number}")
    desk.press_twice("确认第 1 版 ¥60.00")
    desk.stands_at("待扣款")
    calm(desk)
    assert counted(world, world.d1.manager, "audit_events WHERE act = 'order:agree'") == 1


def test_debiting_twice_debits_once(world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]) -> None:
    """R23: ¥1,000.00 − ¥60.00, from the queue's button; the other order of the queue is not touched."""
    number = world.agreed_order(world.d1, when="2026-10-05 10:00")
    other = world.agreed_order(world.d1, {"P2": 1}, when="2026-10-05 10:30")
    it_is("2026-10-05 14:00")
    desk = desk_of(world.hq.finance)
    desk.go("/orders/debits")
    desk.press_twice(f"扣款 {number}")
    desk.told(f"{number} 已扣款 ¥60.00。")
    calm(desk)
    assert desk.page.locator("main tbody").get_by_text(other).count() == 1
    assert world.balance(world.d1) == Decimal("940.00")
    assert counted(world, world.hq.finance, "journals WHERE purpose = 'order'") == 1


def test_posting_twice_pays_once(world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]) -> None:
    """R52: ¥1,000.00 − ¥60.00 for the order + ¥12.50 for the one line."""
    october, hq = date(2026, 10, 1), world.hq
    world.received_order(world.d1)
    world.approved_claim(world.d1, [world.reviewed_old_part(world.d1)])
    with world.as_(hq.finance) as session:
        settlement.prepare(session, hq.finance, october, at=at("2026-11-03 09:00"))
    with world.as_(hq.finance2) as session:
        settlement.check(session, hq.finance2, october, at=at("2026-11-03 09:30"))
    it_is("2026-11-03 10:00")
    desk = desk_of(hq.finance_manager)
    desk.go("/settlement/2026-10")
    desk.press_twice("入账 ¥12.50")
    desk.told("已入账，各经销商的账户和对账单都已更新。")
    calm(desk)
    assert world.balance(world.d1) == Decimal("952.50")
    assert counted(world, hq.finance, "journals WHERE purpose = 'settlement'") == 1
    assert counted(world, hq.finance, "statements") == 2
