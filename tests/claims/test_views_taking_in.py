"""A claim from an Excel form through the pages."""

import io
import re
from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from portal.core import clock
from tests.claims.forms import NOW, deep_shelf, form_of, row
from tests.claims.kit import claim, lines, snapshot


@pytest.fixture(autouse=True)
def _clock():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def shelf(world):
    return deep_shelf(world)


def words(answer) -> str:
    page = answer.get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.find("<main") :]))


def upload(browser, data, name="十月.xlsx", **more):
    return browser.post("/claims/import", data={"file": (io.BytesIO(data), name), **more})


def test_the_whole_way_through_the_pages(shelf, client_as):
    serial = shelf.product(shelf.d1)
    number = shelf.reported_old_part(shelf.d1, serial=serial, quantity=2)
    worn = shelf.product(shelf.d1, installed=date(2015, 1, 1), made=date(2014, 1, 1))
    dealer = client_as(shelf.d1.clerk)
    assert "/claims/import" in dealer.get("/claims/new").get_data(as_text=True)
    page = words(dealer.get("/claims/import"))
    assert "同一个文件只导入一次" in page
    assert "（D001）" in page
    data = form_of(
        row("10月10日", serial, quantity=2, amount="30"),
        row("2026-10-20", worn),
        row("2026-10-21", serial, "P2"),
        row("上周", serial),
    )
    answer = upload(dealer, data)
    assert answer.status_code == 303
    draft = answer.headers["Location"]
    page = words(dealer.get(draft))
    assert "1 行已列入报销单，3 行没有列入，原因见下" in page
    assert "表上的金额是 ¥30.00；这些配件的购入金额是 ¥25.00，按此报销" in page
    assert "保外" in page
    assert "尚未登记旧件" in page
    assert "服务日：“上周”不是日期" in page
    assert "刘*" in page
    assert "刘军" not in page  # R90
    assert "18800006555" not in page
    register = re.search(r'href="(/old-parts/new\?[^"]+)"', dealer.get(draft).get_data(as_text=True))[1].replace(
        "&amp;", "&"
    )
    assert f"serial={serial}" in register
    assert 'value="2026-10-21"' in dealer.get(register).get_data(as_text=True)
    shelf.reported_old_part(shelf.d1, serial=serial, part="P2", replaced="2026-10-21")
    assert dealer.post(f"{draft}/look-again").headers["Location"] == draft
    assert len(lines(shelf, draft.rpartition("/")[2])) == 2
    sheet = openpyxl.load_workbook(io.BytesIO(dealer.get(f"{draft}/form.xlsx").data)).worksheets[0]
    assert [[cell.value for cell in line[:2]] for line in sheet.iter_rows()] == [
        ["行", "结果"], [5, "保外"], [7, "无法识别"], [4, "已列入"], [6, "已列入"],
    ]  # fmt: skip
    dealer.post(f"{draft}/submit")
    page = words(dealer.get("/claims/RC2610-0001"))
    assert "报销表各行" in page  # still readable after it was submitted
    assert "look-again" not in dealer.get("/claims/RC2610-0001").get_data(as_text=True)
    assert number in page
    assert "报销表各行" not in words(client_as(shelf.hq.clerk).get("/claims/RC2610-0001"))


def test_IE4_a_file_taken_in_before_leads_to_its_draft(shelf, client_as):
    dealer, data = client_as(shelf.d1.clerk), form_of(row(serial="SN-X"))
    draft = upload(dealer, data).headers["Location"]
    before = snapshot(shelf)
    answer = upload(dealer, data, "nochmal.xlsx")
    assert answer.status_code == 422
    assert draft in answer.get_data(as_text=True)
    assert "已由" in words(answer)
    assert snapshot(shelf) == before


def test_a_month_given_on_the_page_wins_and_one_ahead_is_said_at_its_field(shelf, client_as):
    dealer = client_as(shelf.d1.clerk)
    draft = upload(dealer, form_of(row(serial="SN-X")), month="2026-09").headers["Location"]
    assert claim(shelf, draft.rpartition("/")[2]).month == date(2026, 9, 1)
    answer = upload(dealer, form_of(row(serial="SN-Y")), month="2026-12")
    assert (answer.status_code, "还没有开始" in words(answer)) == (422, True)
    assert upload(dealer, form_of(row(serial="SN-Z")), month="gestern").status_code == 422


def test_who_may_not_draft_sees_no_way_in(shelf, client_as):
    for actor in (shelf.hq.clerk, shelf.d1.technician, replace(shelf.hq.auditor)):
        browser = client_as(actor)
        assert browser.get("/claims/import").status_code in {403, 404}
        assert upload(browser, form_of(row(serial="SN"))).status_code in {403, 404}
