"""Old parts and claims through their pages, in Chinese: the technician's phone, the dealer's form, headquarters' review."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.ordering import number_of


def register(desk: Desk, *, serial: str, typed: str, part: str, quantity: int, fault: str, note: str = "") -> str:
    """Register an old part on the phone, replaced today; its number."""
    page = desk.page
    desk.go("/old-parts/new")
    desk.choose(page.get_by_role("combobox", name="产品序列号"), serial, serial)
    desk.choose(page.get_by_role("combobox", name="更换的配件"), typed, part)
    page.get_by_label("数量", exact=True).fill(str(quantity))
    desk.choose(page.get_by_role("combobox", name="故障"), fault, fault)
    if note:
        page.get_by_label("备注").fill(note)
    desk.press("登记，取编号")
    expect(page).to_have_url(re.compile(r"/photos$"))
    desk.fits()
    number: str = page.locator(".fs-24").inner_text()
    return number


def take_photo(desk: Desk, slot: str, picture: bytes) -> None:
    """Take the photo of that place; the page has shrunk, sent and stored it when this returns."""
    page = desk.page
    place = page.locator("[data-recipe] > li").filter(has=page.get_by_label(slot, exact=True))
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        place.locator("input[type=file]").set_input_files(
            {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )
    assert answered.value.status == 201
    expect(place.locator("[data-upload-state]")).to_have_text("已拍")


def photos_taken(desk: Desk, said: str) -> None:
    """The page's own count, '2 / 4'."""
    expect(desk.page.locator("#photo-count")).to_have_text(said)


def report(desk: Desk) -> None:
    """Report to headquarters, though not all four photos are there."""
    desk.press("向总部报备")
    desk.agree("向总部报备")
    desk.told("已报备，等待总部审核。")


def accept(desk: Desk, number: str) -> None:
    """Headquarters looks at the photos and finds it reimbursable (R35)."""
    desk.walk("旧件")
    desk.page.goto(f"/old-parts/{number}/review")
    photos = desk.page.locator("figure.shot img")
    expect(photos.first).to_be_visible()
    assert all(photo.evaluate("image => image.decode().then(() => image.naturalWidth > 0)") for photo in photos.all())
    desk.fits()
    desk.page.get_by_role("button", name="可报销").click()
    expect(desk.page.locator(".toast-p")).to_be_visible()


def draft_claim(desk: Desk, old_parts: list[str]) -> None:
    """A new claim with these old parts; the draft's page is open then."""
    page = desk.page
    desk.walk("报销单")
    page.get_by_role("link", name="新建报销单").first.click()
    for number in old_parts:
        page.get_by_label(f"选择 {number}").check()
    desk.press("所选旧件放入草稿")
    desk.stands_at("草稿")


def submit_claim(desk: Desk) -> str:
    """Submit the draft that is open; the claim's number."""
    desk.press("提交报销单")
    desk.stands_at("待审核")
    return number_of(desk)


def open_line(desk: Desk, claim: str, line: int) -> None:
    """Headquarters opens a line of a claim for its decision."""
    desk.go(f"/claims/{claim}/review?line={line}")


def approve_line(desk: Desk, line: int) -> None:
    """Approve the open line in full."""
    desk.page.locator(".dbtns").get_by_role("button", name="通过").click()
    desk.told(f"第 {line} 行已审定。")


def reduce_line(desk: Desk, line: int, *, quantity: int, shows: str, code: str, reason: str) -> None:
    """Cut the open line to fewer pieces, with a decision code and a sentence; the page shows first what that leaves."""
    page = desk.page
    page.locator(".dbtns").get_by_role("link", name="核减").click()
    field = page.get_by_label("批准数量")
    if field.input_value() != str(quantity):  # one piece less is offered at first
        field.fill(str(quantity))
        field.press("Tab")
    expect(page.locator(".sum-list .total dd").first).to_have_text(shows)
    page.get_by_text("更多代码").click()
    page.locator(".codes label").filter(has_text=code).click()
    page.locator("#decision").get_by_label("写给经销商").fill(reason)
    page.get_by_role("button", name="记下，看下一行").click()
    desk.told(f"第 {line} 行已审定。")
