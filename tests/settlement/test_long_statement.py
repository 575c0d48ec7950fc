"""A statement of hundreds of lines and entries, page by page; its totals are of the whole (R53)."""

from __future__ import annotations

import html
import re
from datetime import date
from decimal import Decimal

import pytest

from portal.claims import actions as claims
from portal.core import clock
from portal.settlement import queries
from portal.settlement.queries import statements
from portal.settlement.views import statements as views
from tests.claims.big import big_claim
from tests.factories.world import at
from tests.settlement.months import OCTOBER, posted

LINES = 120
NUMBER = "ST2610-D001"
NEXT = re.compile(r'rel="next" href="([^"]+)"')
POSITION = re.compile(r'<td class="dim off">([0-9]+)</td>')
BALANCE = re.compile(r'<td class="num full lft o1 dim"><span class="only-phone">[^<]*</span>([-0-9,.]+)</td>')


@pytest.fixture
def statement(world):
    """120 lines of 12.50 yuan are paid with October, after 60 top-ups of one yuan."""
    for _ in range(60):
        world.topup(world.d1, "1.00", when="2026-10-03 09:00")
    number = big_claim(world, LINES)
    with world.as_(world.hq.clerk) as session:
        claims.approve(session, world.hq.clerk, number, positions=list(range(1, LINES + 1)), at=at("2026-10-21 09:00"))
    posted(world)
    with clock.frozen(at("2026-11-04 09:00")):
        yield world


def section(page: str, title: str) -> str:
    return next(part for part in page.split('<section class="card') if f">{title}<" in part.split("<table")[0])


def walk(browser, title: str, what: re.Pattern[str]) -> list[list[str]]:
    found, address = [], f"/statements/{NUMBER}"
    while address:
        part = section(browser.get(address).get_data(as_text=True), title)
        found.append(what.findall(part))
        onward = NEXT.search(part)
        address = html.unescape(onward[1]) if onward else ""
    return found


def test_R53_every_reimbursed_line_stands_on_one_page_and_the_total_is_of_all(statement, client_as):
    browser = client_as(statement.d1.clerk)
    got = walk(browser, "本次报销明细", POSITION)
    assert [len(page) for page in got] == [50, 50, 20]
    assert [int(line) for page in got for line in page] == list(range(1, LINES + 1))
    page = section(browser.get(f"/statements/{NUMBER}").get_data(as_text=True), "本次报销明细")
    assert "1,500.00" in page.split("<tfoot>")[1]
    assert "全部 120 行合计" in page


def test_R53_every_entry_stands_on_one_page_and_the_sums_are_of_all(statement, client_as):
    browser = client_as(statement.d1.clerk)
    got = [one.replace(",", "") for page in walk(browser, "往来明细", BALANCE) for one in page]
    with statement.as_(statement.hq.auditor) as session:
        found, _dealer = queries.statement(session, NUMBER)
        assert (
            len(got) == found.last_seq - found.first_seq + 1 == 64
        )  # opening, 60 + 1 top-ups, an order, the settlement
        assert Decimal(got[-1]) == found.closing
    assert [Decimal(one) for one in got[:3]] == [Decimal(1000), Decimal(1001), Decimal(1002)]
    for odd in ("entry=99999", "entry=x", "after=1", "after=x", "left=99", "left=x", "entry=0"):
        assert browser.get(f"/statements/{NUMBER}?{odd}").status_code == 200


def test_R53_pages_of_lines_go_on_from_claim_to_claim_in_the_papers_order(world):
    """By claims of the newest service month first, as the paper says them; a page may end within a claim."""
    from tests.settlement.months import NOVEMBER, claimed

    claimed(world, world.d1, {"P1": 1, "P2": 2}, month="2026-10", approved="2026-11-04 09:00")  # paid with November
    claimed(world, world.d1, {"P1": 3, "P2": 1}, month="2026-11", day=5, approved="2026-11-20 09:00")
    with world.as_(world.hq.auditor) as session:
        whole = queries.lines_paid(session, world.d1.id, NOVEMBER)
        assert [line.claim_month for line in whole] == [date(2026, 11, 1)] * 2 + [date(2026, 10, 1)] * 2
        got, after = [], None
        while rows := statements.lines_paid_page(session, world.d1.id, NOVEMBER, after=after, limit=1):
            got += rows
            after = rows[-1].id
        assert got == whole
        other = queries.lines_paid_page(session, world.d2.id, NOVEMBER, after=whole[0].id)
        assert other == []
        assert queries.lines_paid_page(session, world.d1.id, OCTOBER) == []


def test_R53_lines_left_out_are_paged_too(world, client_as, monkeypatch):
    monkeypatch.setattr(views, "LINES", 1)
    world.topup(world.d1, "5000.00", when="2026-10-01 08:00")
    world.received_order(world.d1, {"P1": 10}, when="2026-10-02 09:00")
    for _ in range(3):
        world.submitted_claim(world.d1, [world.reviewed_old_part(world.d1, part="P1")])
    posted(world)
    with clock.frozen(at("2026-11-04 09:00")):
        browser = client_as(world.d1.clerk)
        part = section(browser.get(f"/statements/{NUMBER}?left=1").get_data(as_text=True), "没有列入的行")
        assert set(re.findall(r"RC2610-000[0-9]", part)) == {"RC2610-0002"}
        assert re.search(r'rel="prev" href="([^"]+)"', part)[1] == f"/statements/{NUMBER}"
        assert NEXT.search(part)[1] == f"/statements/{NUMBER}?left=2"
