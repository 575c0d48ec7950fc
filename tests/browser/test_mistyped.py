"""What people type wrong in a real browser: the portal answers in its own words, keeps what was typed, and the page still fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import ordering
from tests.browser.desk import Desk, Watch
from tests.factories.world import World

pytestmark = pytest.mark.browser


def refused(watch: Watch, *, times: int) -> None:
    """So many answers were a refusal (422), which the console repeats; nothing else went wrong."""
    assert len(watch.wrong) == 2 * times
    assert all("422" in said for said in watch.wrong)
    watch.wrong.clear()


def test_an_application_that_comes_back_holds_what_was_typed_and_full_width_pieces_count(
    world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None], watch: Watch
) -> None:
    it_is("2026-10-05 09:00")
    desk = desk_of(world.d1.clerk)
    page = desk.page
    desk.go("/orders/new")
    ordering.write_line(desk, 1, "P1", "P1", 4)
    pieces = page.get_by_label("第 1 行数量")
    pieces.fill("３")
    expect(page.locator("[data-line-total]").first).to_have_text("¥37.50")  # 3 × 12.50, before anybody is asked
    pieces.fill("三个")
    desk.press("提交给总部")
    expect(page.get_by_text("请填 1 以上的整数。")).to_be_visible()
    expect(pieces).to_have_value("三个")
    expect(page.get_by_text("上次没提交的内容已找回")).to_have_count(0)  # it is the answer, not a find
    refused(watch, times=1)
    pieces.fill("３")
    assert ordering.submit(desk) == "PO2610-0001"


def test_the_portal_says_what_is_wrong_and_not_the_browser(
    world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None], watch: Watch
) -> None:
    number = world.submitted_order(world.d1, when="2026-10-05 09:00")
    it_is("2026-10-05 10:00")
    desk = desk_of(world.hq.clerk)
    desk.go(f"/orders/{number}/quote")
    desk.page.get_by_label("运费").fill("abc")
    desk.press("把第 1 版发给经销商")
    expect(desk.page.locator("[data-errors]")).to_contain_text("填的都在")
    expect(desk.page.get_by_label("运费")).to_have_value("abc")
    desk.fits()
    refused(watch, times=1)


def test_UP1_a_file_that_is_no_photo_is_refused_beside_its_place_and_the_phone_shows_it_whole(
    world: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]
) -> None:
    world.received_order(world.d1)
    number = world.registered_old_part(world.d1)
    it_is("2026-10-10 11:00")
    desk = desk_of(world.d1.technician, phone=True)
    desk.go(f"/old-parts/{number}/photos")
    place = desk.page.locator("[data-recipe] > li").first
    place.locator("input[type=file]").set_input_files(
        {"name": "page.jpg", "mimeType": "text/html", "buffer": b"<html>no photo</html>"}
    )
    expect(place.locator("[data-upload-state] .red")).to_be_visible()
    desk.fits()
