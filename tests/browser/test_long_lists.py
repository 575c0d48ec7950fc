"""A claim of hundreds of lines and all dealers' accounts in a real browser: pages fit, axe finds nothing, the review leads on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.test_axe import found
from tests.claims.big import big_claim
from tests.factories.world import World

pytestmark = pytest.mark.browser

LINES = 130


def test_a_long_claim_is_reviewed_from_page_to_page(
    world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]
) -> None:
    number = big_claim(world, LINES)
    it_is("2026-10-21 09:00")
    desk = desk_of(world.hq.clerk)
    for address in (f"/claims/{number}?after=50", f"/claims/{number}/review?line=100", f"/claims/{number}/review/many"):
        desk.go(address)
        desk.fits()
        assert list(found(desk.page)) == []
    desk.go(f"/claims/{number}/review?line=100")
    page = desk.page
    expect(page.locator("ol.rl li")).to_have_count(100)
    page.keyboard.press("a")  # passes the line that is open
    expect(page.locator("ol.rl li")).to_have_count(30)
    expect(page.locator("ol.rl li.cur .nn")).to_have_text("101")
    page.locator("#review nav a[rel=prev]").click()
    expect(page.locator("ol.rl li.cur .nn")).to_have_text("1")
    expect(page.locator("ol.rl li")).to_have_count(100)


def test_long_pages_fit_a_phone(world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]) -> None:
    number = big_claim(world, LINES)
    it_is("2026-10-21 09:00")
    dealer = desk_of(world.d1.clerk, phone=True)
    for address in (f"/claims/{number}", f"/claims/{number}?after=100", "/search"):
        dealer.go(address)
        dealer.fits()
        assert list(found(dealer.page)) == []
    finance = desk_of(world.hq.finance, phone=True)
    finance.go("/accounts?by=balance")
    finance.fits()
    assert list(found(finance.page)) == []
