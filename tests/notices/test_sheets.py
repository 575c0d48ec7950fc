"""The outbox and the jobs as Excel: as filtered, the own brand's only, without one-time links, on record (IE6, R1)."""

from __future__ import annotations

import io

import openpyxl
from sqlalchemy import select

from portal.core import outbox
from portal.core.audit import AuditEvent
from portal.core.settings import Settings
from portal.identity.roles import Role
from portal.web import exports
from tests.factories.world import World, at, make_world, yuan
from tests.identity.inviting import address, invited, link_to
from tests.jobs.test_pages import fail, left, write

AT = at("2026-10-05 09:00")


def cells(browser, where: str) -> list[list[object]]:
    answer = browser.get(where)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, exports.XLSX)
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]


def test_the_mails_are_taken_as_they_are_filtered_newest_first_without_their_links(
    world: World, client_as, monkeypatch
) -> None:
    monkeypatch.setattr("portal.notices.views.BATCH", 2)
    for number in ("PO1", "PO2", "PO3"):
        write(world, number=number)
    fail(world, write(world, to="gone@example.com", number="PO4"))
    with world.as_(world.hq.system) as session:
        outbox.add(session, template="order-short", to="=1+1@example.com", at=AT, dealer_id=world.d1.id, locale="en",
                   facts={"number": "PO5", "total": yuan(1), "missing": yuan(1)})  # fmt: skip
    to = address()
    invited(world, world.hq.admin, Role.HQ_CLERK, to=to)
    browser = client_as(world.hq.admin)
    head, *rows = cells(browser, "/outbox.xlsx")
    assert head == ["主题", "收件人", "经销商", "状态", "尝试次数", "生成时间", "发送时间", "未发出原因"]
    assert [row[1] for row in rows] == [to, "=1+1@example.com", "gone@example.com", *["boss@example.com"] * 3]
    assert rows[1][0] == "Order PO5 waits: the account is short of ¥1.00"
    assert str(rows[1][2]).startswith("D001 ")
    assert "/invitations/" in link_to(world, to)  # control: the mail does carry one
    assert "/invitations/" not in str(rows)
    ((subject, who, _dealer, state, tries, _written, sent, why),) = cells(browser, "/outbox.xlsx?state=failed")[1:]
    assert (subject, who, state, tries, sent, why) == (
        "订单 PO4 待扣款：账户尚缺 ¥1,010.00", "gone@example.com", "未送达", 12, None, "Away: nobody there",
    )  # fmt: skip
    with world.as_(world.hq.auditor) as session:
        found = session.scalars(select(AuditEvent).where(AuditEvent.act == "list:outbox").order_by(AuditEvent.id)).all()
    assert [(one.facts["rows"], one.facts["filter"]) for one in found] == [(6, {}), (1, {"state": "failed"})]


def test_the_jobs_are_taken_with_why_they_failed(world: World, client_as, settings: Settings) -> None:
    left(world, settings, "todo")
    left(world, settings, "failed", error="ValueError: no such dealer")
    browser = client_as(world.hq.admin)
    head, *rows = cells(browser, "/jobs.xlsx")
    assert head == ["任务", "对象", "状态", "尝试次数", "加入时间", "结束时间", "失败原因"]
    assert [(row[2], row[6]) for row in rows] == [("失败", "ValueError: no such dealer"), ("等待中", None)]
    assert [row[2] for row in cells(browser, "/jobs.xlsx?state=failed")[1:]] == ["失败"]


def test_another_brand_takes_none_of_them_and_who_may_not_see_the_page_no_book(
    world: World, client_as, settings: Settings
) -> None:
    write(world, to="canary@example.com")
    left(world, settings, "failed", error="canary")
    rival = client_as(make_world().hq.admin)
    for where in ("/outbox.xlsx", "/jobs.xlsx"):
        assert "canary" not in str(cells(rival, where))
        assert "canary" in str(cells(client_as(world.hq.admin), where))  # control
        assert client_as(world.hq.clerk).get(where).status_code == 403
        assert client_as(world.d1.manager).get(where).status_code == 404
    page = client_as(world.hq.admin).get("/outbox?state=failed").get_data(as_text=True)
    assert 'href="/outbox.xlsx?state=failed"' in page


def test_a_mail_that_cannot_be_made_is_named_by_its_template_and_breaks_no_list(world: World, client_as) -> None:
    with world.as_(world.hq.system) as session:
        outbox.add(session, template="order-short", to="a@example.com", at=AT, facts={"number": "PO5"})
        outbox.add(session, template="no-such-template", to="b@example.com", at=AT, facts={})
    browser = client_as(world.hq.admin)
    assert [row[0] for row in cells(browser, "/outbox.xlsx")[1:]] == ["no-such-template", "order-short"]
    page = browser.get("/outbox").get_data(as_text=True)
    assert ("no-such-template" in page, ">order-short<" in page) == (True, True)
