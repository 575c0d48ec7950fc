"""The main job once, through the pages, in Chinese: from an application on 5 October to the money back on 3 November 2026.

What must never happen on any page — console errors, refused styles or scripts, failed requests, a page wider than its
window — is watched all the time by :class:`tests.browser.desk.Watch` and ``Desk.fits``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from tests.browser import ordering, repairing
from tests.browser.desk import Desk
from tests.factories.world import World, picture

pytestmark = pytest.mark.browser


def test_the_main_job_from_the_application_to_the_money_back_is_done_through_the_pages(
    world: World, signs_in: Callable[..., Desk], it_is: Callable[[str], None]
) -> None:
    """R20–R26, R30–R36, R40–R44, R50–R54, R60–R67, R70: ¥1,000.00 − ¥240.00 + ¥102.50 = ¥862.50."""
    hq, shop = world.hq, world.d1
    serial = world.product(shop)

    # -- 5 October: the dealer's clerk applies; a part by its pinyin initials, one for a product in warranty
    it_is("2026-10-05 09:12")
    clerk = signs_in(shop.clerk)
    clerk.walk("配件申请")
    clerk.page.get_by_role("link", name="新建配件申请").first.click()
    ordering.write_line(clerk, 1, "jsf", "P1", 4)
    ordering.add_line(clerk)
    ordering.write_line(clerk, 2, "排水", "P2", 2, serial=serial)
    clerk.sees("余额够")
    assert clerk.figure("备货") == "¥50.00"
    assert clerk.figure("保内") == "¥200.00"
    assert clerk.figure("今天可用") == "¥1,000.00"
    order = ordering.submit(clerk)
    assert order == "PO2610-0001"
    assert "¥250.00" in clerk.page.locator("tfoot").inner_text()

    # -- 6 October: headquarters lowers a price with a reason, adds freight, names the day
    it_is("2026-10-06 10:05")
    office = signs_in(hq.clerk)
    ordering.quote(office, order, freight="15", ship_on="2026-10-08", lowered={2: ("90", "老客户优惠")})
    assert office.page.locator("[data-total]").inner_text() == "¥245.00"
    ordering.send_quote(office, 1)

    # -- the dealer does not agree to the freight; version 2 says what changed, and both confirm the same one (R21)
    it_is("2026-10-06 15:40")
    ordering.dispute(clerk, order, "运费说好 10 元")
    it_is("2026-10-07 09:03")
    ordering.quote(office, order, freight="10", ship_on="2026-10-09")
    office.sees("运费说好 10 元")
    assert office.page.get_by_label("第 2 行单价").input_value() == "90.00"
    ordering.send_quote(office, 2)

    it_is("2026-10-07 11:20")
    boss = signs_in(shop.manager)
    boss.go(f"/orders/{order}")
    boss.sees("第 2 版与第 1 版相比", "运费 ¥15.00 → ¥10.00", "2026-10-09", "老客户优惠")
    assert boss.page.locator("tfoot del").inner_text() == "¥245.00"
    boss.press("确认第 2 版 ¥240.00")
    boss.told("已确认，接下来由财务扣款。")
    boss.stands_at("待扣款")

    # -- 8 October: finance debits from the queue, the warehouse ships in two parcels
    it_is("2026-10-08 09:30")
    finance = signs_in(hq.finance)
    finance.walk("待扣款")
    assert finance.cells(order)[6] == "¥240.00"
    finance.press(f"扣款 {order}")
    finance.told(f"{order} 已扣款 ¥240.00。")
    assert world.balance(shop) == Decimal("760.00")

    it_is("2026-10-08 14:00")
    warehouse = signs_in(hq.warehouse)
    first = ordering.ship(warehouse, order, {"P1": 4, "P2": 1}, carrier="德邦快递", tracking="DPK202610080017")
    warehouse.go(f"/orders/{order}")
    warehouse.stands_at("部分发货")
    it_is("2026-10-09 10:00")
    second = ordering.ship(warehouse, order, {"P2": 1}, carrier="顺丰速运", tracking="SF1440027719385")
    warehouse.go(f"/orders/{order}")
    warehouse.stands_at("已发货")

    # -- 10 October: the dealer counts; one of the four valves is damaged and stays unreceived (R26)
    it_is("2026-10-10 16:00")
    ordering.receive(clerk, first, {"P1": (4, 1), "P2": (1, 0)})
    ordering.receive(clerk, second, {"P2": (1, 0)})
    clerk.go(f"/orders/{order}")
    clerk.stands_at("已收货")
    assert clerk.cells("P1", "main table:has-text('清点')")[-3:] == ["4", "0", "1"]

    # -- 12 October: the technician registers, labels, photographs and reports on a phone (R30, R36)
    it_is("2026-10-12 15:21")
    phone = signs_in(shop.technician, phone=True)
    two = repairing.register(phone, serial=serial, typed="psf", part="P2", quantity=2, fault="F01")
    assert two == "OP2610-0001"
    label = phone.paper(phone.page.get_by_role("link", name="打标签"))
    assert two in label
    repairing.take_photo(phone, "铭牌", picture(101, size=(640, 480)))
    repairing.photos_taken(phone, "1 / 4")
    repairing.take_photo(phone, "旧件带编号", picture(102, size=(640, 480)))
    repairing.photos_taken(phone, "2 / 4")
    repairing.report(phone)
    it_is("2026-10-12 16:02")
    one = repairing.register(phone, serial=serial, typed="P1", part="P1", quantity=1, fault="F01")
    phone.sees("这件必须寄回。")
    repairing.take_photo(phone, "故障", picture(103, size=(640, 480)))
    repairing.photos_taken(phone, "1 / 4")
    repairing.report(phone)

    # -- 13 October: headquarters reviews both (R35)
    it_is("2026-10-13 09:00")
    repairing.accept(office, two)
    repairing.accept(office, one)

    # -- 28 October: the dealer sees the checks headquarters will see, and submits (R40, R41)
    it_is("2026-10-28 10:00")
    repairing.draft_claim(clerk, [two, one])
    assert clerk.figure("申报金额") == "¥192.50"
    assert clerk.figure("预计通过") == "¥192.50"
    clerk.page.locator("main details summary").filter(has_text="校对").first.click()
    clerk.sees(f"旧件 {two}", "照片 2 张")
    claim = repairing.submit_claim(clerk)
    assert claim == "RC2610-0001"

    # -- 30 October: one line is cut by a piece with a code and a reason, one passes (R43)
    it_is("2026-10-30 11:00")
    repairing.open_line(office, claim, 1)
    repairing.reduce_line(office, 1, quantity=1, shows="¥90.00", code="EPC", reason="一台产品只用一只排水阀")
    repairing.open_line(office, claim, 2)
    repairing.approve_line(office, 2)
    office.go(f"/claims/{claim}")
    office.stands_at("已审结")
    assert office.figure("批准金额") == "¥102.50"

    # -- 3 November: two of finance prepare and check, the manager posts (R2, R50)
    it_is("2026-11-03 09:00")
    finance.go("/settlement/2026-10")
    finance.press("生成月结")
    finance.told("月结已生成，接下来由另一个人复核。")
    assert finance.figure("批准报销，记入经销商账户") == "¥102.50"
    finance2 = signs_in(hq.finance2)
    finance2.go("/settlement/2026-10")
    finance2.press("复核通过")
    finance2.told("已复核，财务主管可以入账。")
    it_is("2026-11-03 10:00")
    head = signs_in(hq.finance_manager)
    head.walk("月度结算")
    head.go("/settlement/2026-10")
    head.press("入账 ¥102.50")
    head.told("已入账，各经销商的账户和对账单都已更新。")
    assert world.balance(shop) == Decimal("862.50")

    # -- the dealer's account, its statement and the paper in capitals (R53, R67)
    boss.walk("账户")
    assert boss.figure("余额") == "¥862.50"
    assert boss.cells("配件扣款")[-2:] == ["240.00", "760.00"]
    assert boss.cells("报销")[-1] == "862.50"
    boss.walk("月结对账单")
    boss.page.get_by_role("link", name="ST2610-D001").click()
    assert boss.figure("期末余额") == "¥862.50"
    paper = boss.paper(boss.page.get_by_role("link", name="打印（PDF）"))
    assert "862.50" in paper
    assert "壹佰零贰元伍角" in paper.replace("\n", "")

    # -- and its service fees: drafted by the clerk, submitted by its manager, approved by headquarters (R70)
    fees_are_approved(clerk, boss, signs_in(hq.manager))

    with world.as_(hq.finance) as session:
        journals = session.execute(
            text("SELECT purpose, count(*) FROM journals WHERE purpose <> 'opening' GROUP BY purpose ORDER BY purpose")
        ).all()
    assert [tuple(row) for row in journals] == [("order", 1), ("settlement", 1)]
    for desk in (clerk, boss, phone, office, finance, finance2, warehouse, head):
        desk.sign_out()


def fees_are_approved(clerk: Desk, boss: Desk, manager: Desk) -> None:
    """A schedule for the town, in force from 10 November."""
    page = clerk.page
    clerk.walk("服务费标准")
    page.get_by_role("link", name="新建收费标准").first.click()
    page.get_by_label("适用区域").fill("福州市区")
    page.get_by_role("textbox", name="执行日期").fill(date(2026, 11, 10).isoformat())
    page.get_by_label("第 1 项", exact=True).fill("上门费")
    page.get_by_label("第 1 项的单位").fill("次")
    page.get_by_label("第 1 项的金额(元)").fill("60")
    clerk.press("添加项目")
    page.get_by_label("第 2 项", exact=True).fill("更换排水阀")
    page.get_by_label("第 2 项的单位").fill("只")
    page.get_by_label("第 2 项的金额(元)").fill("45.50")
    clerk.press("保存草稿")
    clerk.told("草稿已保存，换电脑也能接着填。")
    boss.go(page.url)
    boss.press("提交给总部")
    number = ordering.number_of(boss)
    manager.walk("服务费标准")
    manager.page.get_by_role("link", name=number).click()
    manager.sees("上门费", "60.00", "更换排水阀", "45.50")
    manager.press("批准")
    manager.told("已批准，自 2026-11-10 起执行。")
    assert "45.50" in manager.paper(manager.page.get_by_role("link", name="打印"))
