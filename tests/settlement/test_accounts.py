"""All dealers' accounts at headquarters by pages: the order, the filters, the sums of the whole list (R65, R67)."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import event

from portal.core import clock
from portal.core.db import db
from portal.ledger import actions as ledger
from portal.organizations.models import Dealer
from portal.settlement import queries
from portal.settlement.queries.accounts import AccountCounts, AccountTotals
from portal.settlement.views import accounts
from tests.factories.world import at, yuan

NOW = at("2026-11-02 10:00")
LINK = re.compile(r'<td class="c1"><a href="/accounts/([A-Z0-9]+)"')
OLDER = re.compile(r'rel="next" href="([^"]+)"')


@pytest.fixture(autouse=True)
def _clock():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def many(world):
    """120 dealers: D001 and D002 hold 1,000 yuan each, D101 … D218 hold their number in fen."""
    with world.as_(world.hq.finance) as session:
        for number in range(101, 219):
            dealer = Dealer(
                code=f"D{number}", name=f"店{number}", city="南平" if number % 2 else "三明", contact="", phone="", address="",
                created_at=NOW,
            )  # fmt: skip
            session.add(dealer)
            session.flush()
            ledger.open_account(
                session, world.hq.finance, dealer, credit_limit=yuan(1), opening=Decimal(number) / 100, at=NOW
            )
    return world


def pages(browser, address):
    """The codes of each page, following "Older" to the end."""
    found = []
    while address:
        shown = browser.get(address).get_data(as_text=True)
        found.append(LINK.findall(shown))
        older = OLDER.search(shown)
        address = older[1].replace("&amp;", "&") if older else ""
    return found


def test_R65_accounts_come_by_pages_of_fifty_by_the_dealers_code(many, client_as):
    by_code = ["D001", "D002", *(f"D{number}" for number in range(101, 219))]
    got = pages(client_as(many.hq.finance), "/accounts")
    assert [len(page) for page in got] == [50, 50, 20]
    assert [code for page in got for code in page] == by_code


def test_R65_the_lowest_balance_comes_first_when_asked_and_equal_ones_by_code(many, client_as):
    browser = client_as(many.hq.finance)
    got = [code for page in pages(browser, "/accounts?by=balance") for code in page]
    assert got == [*(f"D{number}" for number in range(101, 219)), "D001", "D002"]


def test_R65_filters_hold_on_every_page_and_take_a_part_of_a_name_a_city_or_a_whole_code(many, client_as):
    browser = client_as(many.hq.finance)
    assert [len(page) for page in pages(browser, "/accounts?q=三明")] == [50, 9]
    assert pages(browser, "/accounts?q=店118") == [["D118"]]
    assert pages(browser, "/accounts?q=d118") == [["D118"]]
    assert pages(browser, "/accounts?q=D1") == [[]]  # a code is whole
    assert pages(browser, "/accounts?q=%25") == [[]]  # a percent sign is one, not anything
    for key in ("x", "1", ".", "9.", "1.D1.2", "-.D1", "99999999999999.D1"):
        assert browser.get("/accounts?by=balance&before=" + key).status_code == 200
        assert browser.get("/accounts?before=" + key).status_code == 200


def test_R67_sums_and_counts_are_of_the_whole_list_not_of_a_page(many, client_as):
    many.agreed_order(many.d1, {"P2": 2}, when="2026-11-02 09:00")  # 210 with freight
    fens = sum(range(101, 219))
    with many.as_(many.hq.auditor) as session:
        counts, totals = queries.accounts_totals(session)
        assert counts == AccountCounts(all=120, below=0, short=0)
        held = 2000 + Decimal(fens) / 100
        assert totals == AccountTotals(120, held, Decimal("210.00"), held - 210, Decimal("118.00"))
        counts, totals = queries.accounts_totals(session, text="D001")
        assert counts.all == 120
        assert totals == AccountTotals(1, Decimal("1000.00"), Decimal("210.00"), Decimal("790.00"), Decimal("0.00"))
    shown = client_as(many.hq.finance).get("/accounts").get_data(as_text=True)
    assert f"{held:,.2f}" in shown.split("<tfoot>")[1]


def test_R23_an_account_that_agreed_more_than_it_holds_and_may_owe_is_short(world, client_as):
    world.agreed_order(world.d1, {"P2": 11}, when="2026-11-02 09:00")
    with world.as_(world.hq.auditor) as session:
        assert [(row.code, row.available) for row in queries.accounts_page(session, only="short")] == [
            ("D001", Decimal("-110.00"))
        ]
        assert queries.accounts_totals(session)[0] == AccountCounts(all=2, below=0, short=1)
        assert queries.accounts_page(session, only="below") == []
    assert pages(client_as(world.hq.finance), "/accounts?only=short") == [["D001"]]
    with world.as_(world.hq.finance_manager) as session:
        ledger.set_credit_limit(session, world.hq.finance_manager, "D001", limit=yuan("110.00"), at=NOW)
        assert queries.accounts_page(session, only="short") == []


def test_a_page_of_accounts_asks_two_statements_however_many_dealers_there_are(many, client_as):
    browser = client_as(many.hq.finance)
    seen: list[str] = []
    listen = lambda conn, cursor, statement, *_: seen.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        browser.get("/accounts?by=balance")
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert len([one for one in seen if "FROM accounts" in one or "accounts.balance" in one]) == 2


def test_R65_the_workbook_has_every_account_as_filtered_and_sorted(many, client_as, monkeypatch):
    monkeypatch.setattr(accounts, "BATCH", 7)
    answer = client_as(many.hq.finance).get("/accounts.xlsx?q=三明&by=balance&before=1")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0].iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == [f"D{number}" for number in range(102, 219, 2)]


def test_R65_an_empty_list_says_what_to_do(world, client_as):
    browser = client_as(world.hq.finance)
    assert "清除" in browser.get("/accounts?q=nobody").get_data(as_text=True)
    browser.set_cookie("portal_lang", "en")
    assert "Clear a filter" in browser.get("/accounts?q=nobody").get_data(as_text=True)
