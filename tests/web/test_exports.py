"""Every list as Excel: as filtered, all rows, under the reader's own policies, on record (IE6, R1, R90)."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import event, text

from portal.core import clock
from portal.core.db import db
from portal.core.errors import Refused
from portal.web import exports
from tests.factories.world import at

NOW = at("2026-11-02 10:00")


@pytest.fixture(autouse=True)
def _clock():
    with clock.frozen(NOW):
        yield


def book(browser, where: str):
    answer = browser.get(where)
    assert answer.status_code == 200, where
    assert answer.headers["Content-Type"] == exports.XLSX
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def table(browser, where: str) -> list[list[object]]:
    return [[cell.value for cell in row] for row in book(browser, where).worksheets[0].iter_rows()]


def column(rows: list[list[object]], heading: str) -> list[object]:
    place = rows[0].index(heading)
    return [row[place] for row in rows[1:]]


def events(world) -> list[tuple[str, dict, bool, int | None]]:
    with world.as_(world.hq.auditor) as session:
        return [
            tuple(row)
            for row in session.execute(text("SELECT act, facts, public, dealer_id FROM audit_events WHERE act LIKE 'list:%' ORDER BY id"))
        ]  # fmt: skip


def test_a_list_comes_whole_and_as_it_is_filtered(world, client_as, monkeypatch):
    monkeypatch.setattr(exports, "BATCH", 2)
    monkeypatch.setattr(exports.by_key, "__kwdefaults__", {"key": "id", "batch": 2})
    mine = [world.submitted_order(world.d1) for _ in range(5)]
    other = world.submitted_order(world.d2)
    hq = client_as(world.hq.clerk)
    assert column(table(hq, "/orders/list.xlsx"), "编号") == [other, *reversed(mine)]
    assert column(table(hq, "/orders/list.xlsx?dealer=D001"), "编号") == list(reversed(mine))
    assert column(table(hq, f"/orders/list.xlsx?q={other}&before=1"), "编号") == [other]  # all of it, not a page of it
    assert column(table(hq, "/orders/list.xlsx?tab=quoted"), "编号") == []
    assert column(table(client_as(world.d1.clerk), "/orders/list.xlsx?dealer=D002"), "编号") == list(reversed(mine))


def test_the_second_sheet_says_what_was_taken_when_and_by_whom(world, client_as):
    world.submitted_order(world.d1)
    about = book(client_as(world.hq.clerk), "/orders/list.xlsx?tab=submitted&dealer=D001&q=PO").worksheets[1]
    said = {row[0].value: row[1].value and str(row[1].value) for row in about.iter_rows()}
    assert said == {
        "配件申请": None, "导出时间": "2026-11-02 10:00:00", "导出人": f"{world.hq.clerk.name} (售后专员)", "行数": "1",
        "筛选：状态": "待总部确认", "筛选：经销商": "D001", "筛选：关键词": "PO",
    }  # fmt: skip
    plain = book(client_as(world.hq.clerk), "/orders/list.xlsx").worksheets[1]
    assert [cell.value for cell in plain[5]] == ["筛选", "无"]


def test_headings_are_in_the_readers_language(world, client_as):
    browser = client_as(world.hq.clerk)
    browser.set_cookie("portal_lang", "en")
    answer = browser.get("/claims/list.xlsx")
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"Claims-20261102-1000.xlsx\"; filename*=UTF-8''Claims-20261102-1000.xlsx"
    )
    rows = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert [cell.value for cell in rows[1]][:4] == ["Number", "Service month", "Dealer code", "Dealer"]


def test_values_are_numbers_and_days(world, client_as):
    world.received_order(world.d1, {"P1": 6, "P2": 3})
    world.approved_claim(world.d1, [world.reviewed_old_part(world.d1, quantity=3)])
    rows = table(client_as(world.hq.clerk), "/claims/list.xlsx")
    assert (column(rows, "申报金额"), column(rows, "批准金额")) == ([37.5], [37.5])
    assert [str(day) for day in column(rows, "服务月份")] == ["2026-10-01 00:00:00"]
    world.topup(world.d1, "1234.50")
    rows = table(client_as(world.hq.finance), "/topups.xlsx")
    assert (column(rows, "金额"), column(rows, "经销商编号")) == ([1234.5], ["D001"])


def test_R3_an_export_is_on_record_and_only_headquarters_reads_it(world, client_as):
    world.submitted_order(world.d1)
    table(client_as(world.d1.clerk), "/orders/list.xlsx?tab=submitted&before=9")
    table(client_as(world.hq.auditor), "/audit.xlsx?kind=order")
    assert events(world) == [
        ("list:orders", {"rows": 1, "filter": {"tab": "submitted"}}, False, world.d1.id),
        ("list:audit", {"rows": 2, "filter": {"kind": "order"}}, False, None),
    ]
    page = client_as(world.hq.auditor).get("/audit?kind=list").get_data(as_text=True)
    assert "将“配件申请”导出为 Excel，共 1 行" in page


def test_R90_customers_stay_masked(world, client_as):
    world.product(world.d1)
    for actor in (world.hq.clerk, world.d1.clerk):
        rows = table(client_as(actor), "/products.xlsx")
        assert (column(rows, "用户"), column(rows, "电话")) == (["张*"], ["138****5678"])
    world.received_order(world.d1)
    claim = world.approved_claim(world.d1, [world.reviewed_old_part(world.d1)])
    rows = table(client_as(world.hq.clerk), f"/claims/{claim}/lines.xlsx")
    assert (column(rows, "用户"), column(rows, "电话")) == (["张*"], ["138****5678"])


def test_R1_a_dealer_takes_its_own_rows_only(world, client_as):
    world.topup(world.d1, "500.00")
    world.topup(world.d2, "700.00")
    assert "经销商编号" in table(client_as(world.hq.clerk), "/orders/list.xlsx")[0]
    assert "经销商编号" not in table(client_as(world.d2.manager), "/orders/list.xlsx")[0]  # a column of headquarters'
    rows = table(client_as(world.d2.manager), "/account.xlsx")
    assert [amount for amount in column(rows, "收入（元）") if amount] == [700, 1000]
    assert client_as(world.d2.manager).get("/accounts/D001/entries.xlsx").status_code == 404
    assert column(table(client_as(world.hq.finance), "/accounts/D001/entries.xlsx?kind=topups"), "收入（元）") == [
        500,
        1000,
    ]


def test_who_may_not_see_a_list_does_not_take_it(world, client_as):
    for where in ("/accounts.xlsx", "/journals.xlsx", "/audit.xlsx", "/settlement.xlsx", "/prices.xlsx"):
        assert client_as(world.d1.manager).get(where).status_code in {403, 404}
    assert client_as(world.hq.warehouse).get("/orders/debits.xlsx").status_code in {403, 404}
    assert events(world) == []


def test_balances_of_dealers_only_for_who_may_see_accounts(world, client_as):
    assert column(table(client_as(world.hq.finance), "/dealers.xlsx"), "余额") == [1000, 1000]


def test_a_hundred_rows_ask_no_more_statements_than_one(world, client_as):
    hq = client_as(world.hq.clerk)
    world.submitted_order(world.d1)

    def statements() -> int:
        seen: list[str] = []
        listen = lambda conn, cursor, statement, *_: seen.append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listen)
        try:
            table(hq, "/orders/list.xlsx")
        finally:
            event.remove(db.engine, "before_cursor_execute", listen)
        return len(seen)

    few = statements()
    for _ in range(9):
        world.submitted_order(world.d1)
    assert statements() == few


def test_a_list_too_long_says_so_and_leaves_no_record(world, client_as, monkeypatch):
    monkeypatch.setitem(exports.answer.__kwdefaults__, "most", 2)
    for _ in range(2):
        world.submitted_order(world.d1)
    hq = client_as(world.hq.clerk)
    assert len(table(hq, "/orders/list.xlsx")) == 3  # control: as many as fit
    world.submitted_order(world.d1)
    answer = hq.get("/orders/list.xlsx?tab=submitted")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/orders?tab=submitted")
    assert "超过 2 行" in hq.get("/orders?tab=submitted").get_data(as_text=True)
    assert len(events(world)) == 1


def test_IE6_more_exports_at_once_than_slots_are_asked_to_come_back(world, client_as, monkeypatch):
    monkeypatch.setattr(exports, "WAIT_SECONDS", 0.01)
    hq = client_as(world.hq.clerk)
    for _ in range(exports.AT_ONCE):
        exports._slots.acquire()
    try:
        assert hq.get("/orders/list.xlsx").status_code == 503
        assert hq.get("/orders").status_code == 200
    finally:
        for _ in range(exports.AT_ONCE):
            exports._slots.release()
    assert hq.get("/orders/list.xlsx").status_code == 200


def test_a_slot_is_free_again_after_a_failure(world, client_as):
    hq = client_as(world.hq.clerk)
    for _ in range(exports.AT_ONCE + 1):
        assert hq.get("/claims/RC9999-0001/lines.xlsx").status_code == 404
    assert hq.get("/orders/list.xlsx").status_code == 200


def test_by_key_reads_until_nothing_is_left():
    asked = []

    class Row:
        def __init__(self, number: int) -> None:
            self.id = number

    def fetch(before: int | None, limit: int) -> list[Row]:
        asked.append((before, limit))
        return [Row(number) for number in range(6, 0, -1) if before is None or number < before][:limit]

    assert [row.id for row in exports.by_key(fetch, batch=3)] == [6, 5, 4, 3, 2, 1]
    assert asked == [(None, 3), (4, 3), (1, 3)]


def test_the_count_refuses_the_row_too_many():
    assert list(exports._Counted([1, 2], 2)) == [1, 2]
    with pytest.raises(Refused) as refused:
        list(exports._Counted([1, 2, 3], 2))
    assert (refused.value.code, refused.value.facts) == ("export-too-long", {"limit": 2})


def test_every_list_page_offers_its_excel(app, world, client_as):
    world.received_order(world.d1)
    claim = world.approved_claim(world.d1, [world.reviewed_old_part(world.d1)])
    pages = {
        "hq": ["/orders?tab=received", "/orders/debits", "/orders/shipping", "/old-parts?tab=all", "/claims", f"/claims/{claim}", "/accounts",
               "/accounts/D001?kind=topups", "/topups", "/journals", "/settlement", "/settlement/2026-10", "/settlement/2026-10/left-out",
               "/settlement/2026-10/D001", "/statements", "/months", "/products", "/policies", "/parts", "/prices", "/prices/202607", "/dealers", "/terms",
               "/fees", "/members", "/audit?kind=order"],
        "dealer": ["/orders", "/orders/receiving", "/orders/holdings", "/old-parts?tab=awaiting", "/claims", "/account", "/statements", "/products", "/parts",
                   "/fees", "/members"],
    }  # fmt: skip
    from tests.architecture.test_routes import whole_side

    browsers = {
        "hq": client_as(whole_side(world.hq.auditor, world)),
        "dealer": client_as(whole_side(world.d1.manager, world)),
    }
    for side, wanted in pages.items():
        for where in wanted:
            page = browsers[side].get(where).get_data(as_text=True)
            links = [
                part.split('"', 1)[0].replace("&amp;", "&")
                for part in page.split('href="')[1:]
                if ".xlsx" in part.split('"', 1)[0]
            ]
            assert links, f"{where} offers no Excel"
            assert browsers[side].get(links[0]).status_code == 200, links[0]
            assert ("?" in where) <= ("?" in links[0]), links[0]  # the filter goes along


def test_amounts_of_a_list_add_up_to_what_the_page_says(world, client_as):
    world.topup(world.d1, "0.10")
    world.topup(world.d1, "0.20")
    rows = table(client_as(world.hq.finance), "/topups.xlsx")
    assert sum((Decimal(repr(amount)) for amount in column(rows, "金额")), Decimal(0)) == Decimal("0.30")
