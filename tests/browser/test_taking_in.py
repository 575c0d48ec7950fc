"""A clerk hands in the month's own workbook, on a desk and on a phone: the draft says row by row what became of it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.claims.test_sheets import book
from tests.factories.world import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_workbook_becomes_a_draft_and_goes_back_as_one(
    world: World, desk_of: Callable, it_is: Callable, tmp_path: Path, phone: bool
) -> None:  # type: ignore[type-arg]
    it_is("2026-10-28 10:00")
    world.received_order(world.d1, {"P1": 12, "P2": 4})
    serial = world.product(world.d1)
    number = world.reported_old_part(world.d1, serial=serial, quantity=2)
    unreported = world.registered_old_part(world.d1, replaced="2026-10-26")
    file = tmp_path / "十月报销单.xlsx"
    head = (
        "序号",
        "维修日期",
        "用户姓名",
        "产品型号",
        "产品序列号",
        "故障代码",
        "配件编码",
        "配件名称",
        "数量",
        "旧件登记号",
        "金额",
        "颜色",
    )
    file.write_bytes(
        book(
            ("保修期内配件费用报销单",),
            ("经销商:福州恒达(D001)", None, None, "报销月份:2026年10月"),
            head,
            (1, "10月10日", "刘军", "M-100", serial, "F01", "P1", "进水阀", 2, None, "30.00", "白"),
            (2, "2026.10.12", "周强明", "M-100", serial, "F01", "P2", "排水阀", 1, None, None, "白"),
            (3, "2026/10/13", "何芳", "M-100", "SN-不存在", "F01", "P1", "进水阀", 1, None, None, None),
            (4, "上周", "孙慧芳", "M-100", serial, "F01", "P1", "进水阀", 1, None, None, None),
            (5, None, "李慧芳", None, None, None, None, None, 1, unreported, None, None),
            ("合计", None, None, None, None, None, None, None, 6),
            ("经办人:", None, None, "经销商盖章:"),
        )
    )
    page = desk_of(world.d1.clerk, phone=phone).page
    page.goto("/claims/new")
    page.get_by_role("link", name="用 Excel 报销表").click()
    look(page, "import", phone)
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="生成草稿").click()
    page.wait_for_url("**/claims/*-*")
    rows = page.locator("#form-rows")
    assert rows.get_by_text("5 行中 1 行已列入").is_visible()
    assert rows.locator("#row-5").get_by_text("尚未登记旧件").is_visible()
    assert rows.locator("#row-6").get_by_text("不在本店登记的产品档案中").is_visible()
    assert rows.locator("#row-7").get_by_text("服务日：“上周”不是日期").is_visible()
    assert rows.locator("#row-8").get_by_text("尚未报备").is_visible()
    assert rows.locator("#row-4").get_by_text("表上的金额是 ¥30.00").is_visible()
    assert page.locator("#line-1").get_by_text(number).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    look(page, "draft", phone)
    with page.expect_download() as loading:
        rows.get_by_role("link", name="导出 Excel").click()
    sheet = openpyxl.load_workbook(io.BytesIO(loading.value.path().read_bytes())).worksheets[0]
    assert [cell.value for cell in sheet["A"]] == ["行", 5, 6, 7, 8, 4]
    page.goto("/claims")
    look(page, "list", phone)
    with page.expect_download() as loading:
        page.get_by_role("link", name="导出 Excel").click()
    assert loading.value.suggested_filename == "报销单-20261028-1000.xlsx"


def look(page, name: str, phone: bool) -> None:
    if folder := os.environ.get("PORTAL_LOOK"):
        page.screenshot(path=f"{folder}/{name}-{'375' if phone else '1440'}.png", full_page=True)
