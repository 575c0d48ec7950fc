"""What dealers and headquarters do with a parts order, through its pages, in Chinese."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.desk import Desk


def write_line(desk: Desk, row: int, typed: str, part: str, quantity: int, *, serial: str | None = None) -> None:
    """A line of the application: the part by what is typed into its typeahead; ``serial`` makes it a line in warranty."""
    page = desk.page
    desk.choose(page.get_by_role("combobox", name=f"第 {row} 行配件"), typed, part)
    if serial is not None:
        page.get_by_label(f"第 {row} 行用途").select_option("保内")
        desk.choose(page.get_by_role("combobox", name=f"第 {row} 行产品序列号"), serial, serial)
    page.get_by_label(f"第 {row} 行数量").fill(str(quantity))


def add_line(desk: Desk) -> None:
    """Another empty line."""
    desk.press("加一行")


def submit(desk: Desk) -> str:
    """Hand it to headquarters; the order's number."""
    desk.press("提交给总部")
    desk.stands_at("待总部确认")
    return number_of(desk)


def number_of(desk: Desk) -> str:
    """The number that the document's page carries."""
    heading = desk.page.locator("h1 > span").first.inner_text()
    found = re.fullmatch(r"[A-Z]{2}\d{4}-(\d{4,}|D\d{3})", heading)
    assert found is not None, heading
    return heading


def quote(
    desk: Desk, number: str, *, freight: str, ship_on: str, lowered: dict[int, tuple[str, str]] | None = None
) -> None:
    """Confirm contents and fees. ``lowered``: line → (price, reason)."""
    page = desk.page
    desk.go(f"/orders/{number}")
    page.get_by_role("link", name="确认报价").click()
    for row, (price, reason) in (lowered or {}).items():
        page.get_by_label(f"第 {row} 行单价").fill(price)
        page.get_by_label(f"第 {row} 行原因").fill(reason)
    page.get_by_label("运费").fill(freight)
    page.get_by_label("承诺发货日").fill(ship_on)


def send_quote(desk: Desk, version: int) -> None:
    """Freeze the version and send it to the dealer."""
    desk.press(f"把第 {version} 版发给经销商")
    desk.told(f"第 {version} 版已发给经销商。")
    desk.stands_at("待经销商确认")


def dispute(desk: Desk, number: str, reason: str) -> None:
    """The dealer does not agree."""
    desk.go(f"/orders/{number}")
    desk.page.locator("#step-dispute summary").click()
    desk.page.get_by_label("对哪里有异议？").fill(reason)
    desk.page.locator("#step-dispute").get_by_role("button", name="有异议，退回总部").click()
    desk.stands_at("待总部确认")


def ship(desk: Desk, number: str, pieces: dict[str, int], *, carrier: str, tracking: str) -> str:
    """One parcel from the warehouse's queue: part number → pieces; the shipment's number."""
    page = desk.page
    desk.walk("待发货")
    page.get_by_role("link", name=f"发货 {number}").click()
    for part, count in pieces.items():
        page.get_by_label(f"{part} 本次数量").fill(str(count))
    page.get_by_label("承运商").fill(carrier)
    page.get_by_label("运单号").fill(tracking)
    desk.press("发货")
    toast = page.locator(".toast-p").filter(has_text="已发货，发货单")
    expect(toast).to_be_visible()
    found = re.search(r"SH\d{4}-\d{4}", toast.inner_text())
    assert found is not None
    return found.group()


def receive(desk: Desk, shipment: str, counts: dict[str, tuple[int, int]]) -> None:
    """Count a parcel from the list of what is on its way: part number → (counted, damaged)."""
    page = desk.page
    desk.walk("收货")
    page.get_by_role("link", name=f"收货 {shipment}").click()
    for part, (counted, damaged) in counts.items():
        page.get_by_label(f"{part} 清点数").fill(str(counted))
        page.get_by_label(f"{part} 破损数").fill(str(damaged))
    desk.press("按清点数收货")
    desk.stands_at("已收货")
