"""A claim of hundreds of lines, page by page: nothing is lost, sums are of the whole, one is led on (R41, R43)."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import pytest
from sqlalchemy import event

from portal.claims import actions, queries
from portal.claims.models import LineState
from portal.claims.views import spread
from portal.core import clock
from portal.core.db import db
from portal.organizations.models import Dealer
from tests.claims.big import big_claim, big_shelf
from tests.claims.forms import deep_shelf, form_of, row, take_in
from tests.claims.kit import claim, lines, states
from tests.factories.world import at

LINES = 130
NOW = at("2026-10-21 09:00")
DRAWN = re.compile(r'<tr id="line-([0-9]+)"')
LISTED = re.compile(r'<span class="nn">([0-9]+)</span>')
CHOSEN = re.compile(r'name="chosen" value="([^"]+)"')


@pytest.fixture(autouse=True)
def _clock():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def long(world):
    world.number = big_claim(world, LINES)
    return world


def shown(browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def beside(page: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return html.unescape(found[1]) if found else ""


def every(browser, address: str, what: re.Pattern[str]) -> list[list[int]]:
    found = []
    while address:
        page = shown(browser, address)
        found.append([int(one) for one in what.findall(page)])
        address = beside(page, "next")
    return found


def wanted(world, position: int) -> None:
    with world.as_(world.hq.clerk) as session:
        actions.want(session, world.hq.clerk, world.number, positions=[position], reason="铭牌照片不清", at=NOW)


def test_every_line_stands_on_one_page_and_the_total_is_of_the_whole_claim(long, client_as):
    browser = client_as(long.d1.clerk)
    got = every(browser, f"/claims/{long.number}", DRAWN)
    assert [len(page) for page in got] == [50, 50, 30]
    assert [line for page in got for line in page] == list(range(1, LINES + 1))
    page = shown(browser, f"/claims/{long.number}?after=50")
    assert "¥1,625.00" in page.split("<tfoot>")[1]  # 130 × 12.50
    assert "全部 130 行合计" in page
    assert beside(page, "prev") == f"/claims/{long.number}"


def test_a_line_that_is_named_opens_on_its_page(long, client_as):
    browser = client_as(long.d1.clerk)
    assert DRAWN.findall(shown(browser, f"/claims/{long.number}?line=101"))[0] == "101"
    assert DRAWN.findall(shown(browser, f"/claims/{long.number}?line=100"))[-1] == "100"
    for odd in ("line=9999", "after=9999", "line=0", "after=x", "show=zzz", "line=%C2%B2"):
        shown(browser, f"/claims/{long.number}?{odd}")


def test_R43_the_review_lists_a_hundred_lines_and_leads_on_to_the_next_undecided_one_across_pages(long, client_as):
    browser = client_as(long.hq.clerk)
    got = every(browser, f"/claims/{long.number}/review", LISTED)
    assert [len(page) for page in got] == [100, 30]
    assert [line for page in got for line in page] == list(range(1, LINES + 1))
    answer = browser.post(f"/claims/{long.number}/lines/100/approve", data={"seen": ""})
    page = shown(browser, answer.headers["Location"])
    assert 'lines/101/approve"' in page  # the next undecided one is open
    assert LISTED.findall(page)[0] == "101"
    browser.post(f"/claims/{long.number}/lines/130/approve", data={"seen": ""})
    page = shown(browser, f"/claims/{long.number}/review?after=130")
    assert 'lines/1/approve"' in page  # around to the first
    assert sorted(line.position for line in lines(long, long.number) if line.state is LineState.APPROVED) == [100, 130]


def test_R43_many_at_once_decides_the_lines_of_the_page_and_goes_on_with_those_that_are_left(long, client_as):
    browser = client_as(long.hq.clerk)
    assert [len(page) for page in every(browser, f"/claims/{long.number}/review/many", CHOSEN)] == [50, 50, 30]
    second = beside(shown(browser, f"/claims/{long.number}/review/many"), "next")
    chosen = CHOSEN.findall(shown(browser, second))
    answer = browser.post(second, data={"chosen": chosen, "act": "approve"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == second
    assert states(long, long.number) == ["submitted"] * 50 + ["approved"] * 50 + ["submitted"] * 30
    left = every(browser, f"/claims/{long.number}/review/many", CHOSEN)
    assert [line for page in left for line in page] == [*range(1, 51), *range(101, 131)]
    page = shown(browser, f"/claims/{long.number}/review/many?after=130")  # nothing stands there: from the start
    assert CHOSEN.findall(page)[0] == "1"


def test_R43_a_refused_decision_keeps_the_page_and_what_was_chosen(long, client_as):
    browser = client_as(long.hq.clerk)
    answer = browser.post(
        f"/claims/{long.number}/review/many?after=50", data={"chosen": ["60", "61"], "act": "refuse", "reason": ""}
    )
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert CHOSEN.findall(page)[0] == "51"
    assert len(re.findall(r'name="chosen" value="6[01]"[^>]*checked', page)) == 2
    assert states(long, long.number) == ["submitted"] * LINES


def test_R35_approving_at_one_press_takes_only_lines_that_were_looked_at(long, client_as):
    browser = client_as(long.hq.clerk)
    page = shown(browser, f"/claims/{long.number}/review")
    form = page.split('data-confirm="')[1].split("</form>")[0]
    assert [int(one) for one in CHOSEN.findall(form)] == list(range(1, 101))
    assert "通过本页无提示的行（100）" in form


def test_a_line_asked_back_is_found_answered_and_left_on_its_page(long, client_as):
    wanted(long, 120)
    browser = client_as(long.d1.clerk)
    page = shown(browser, f"/claims/{long.number}?show=wanted")
    assert DRAWN.findall(page) == ["120"]
    link = re.search(r"/claims/RC2610-0001\?line=120#line-120", html.unescape(shown(browser, "/")))
    assert link is not None
    page = shown(browser, f"/claims/{long.number}?after=100")
    form = html.unescape(re.search(r'action="([^"]+/lines/120/answer[^"]*)"', page)[1])
    answer = browser.post(form, data={"answer": "照片已补"})
    assert answer.headers["Location"] == f"/claims/{long.number}?after=100"
    assert states(long, long.number)[119] == "submitted"


def test_an_answer_that_is_refused_is_shown_on_the_page_of_its_line(long, client_as):
    wanted(long, 120)
    answer = client_as(long.d1.clerk).post(f"/claims/{long.number}/lines/120/answer", data={"answer": ""})
    assert answer.status_code == 422
    assert DRAWN.findall(answer.get_data(as_text=True))[0] == "101"


def test_R41_tabs_of_a_long_claim_count_all_lines(long, client_as):
    wanted(long, 120)
    with long.as_(long.hq.clerk) as session:
        actions.approve(session, long.hq.clerk, long.number, positions=[1, 130], at=NOW)
        found = queries.claim(session, long.number)
        whole = spread.Spread(session, long.hq.clerk, found, today=NOW.date())
        assert whole.tallies() == {"": 130, "warn": 0, "block": 0, "wanted": 1, "decided": 2}
        sums = whole.sums()
        assert (sums.claimed, sums.approved, sums.open, sums.open_lines, sums.decided_lines) == (
            Decimal("1625.00"), Decimal("25.00"), Decimal("1600.00"), 128, 2,
        )  # fmt: skip
    assert DRAWN.findall(shown(client_as(long.hq.clerk), f"/claims/{long.number}?show=decided")) == ["1", "130"]
    assert DRAWN.findall(shown(client_as(long.hq.clerk), f"/claims/{long.number}?show=warn")) == []


def test_R41_the_page_says_what_holds_now_and_other_pages_what_was_stored(long):
    """The stored checks of a line off the page count; on the page the line is looked at anew (the control)."""
    with long.as_(long.d1.clerk) as session:
        row = next(one for one in queries.line_rows(session, claim(long, long.number).id, [120]))
        session.connection().exec_driver_sql(
            """UPDATE claim_lines SET checks = '[{"level": "block", "code": "no-photos", "facts": {}}]' WHERE id = %s""",
            (row.id,),
        )
    with long.as_(long.hq.clerk) as session:
        found = queries.claim(session, long.number)
        whole = spread.Spread(session, long.hq.clerk, found, today=NOW.date())
        whole.page()
        assert (whole.sums().blocked_lines, whole.blocked_here()) == (1, False)
        whole.page(after=100)
        assert (whole.sums().blocked_lines, whole.blocked_here()) == (0, False)


def test_R41_a_line_under_a_tab_by_its_stored_check_is_listed_though_it_passes_now(long, client_as):
    with long.as_(long.d1.clerk) as session:
        session.connection().exec_driver_sql(
            """UPDATE claim_lines SET checks = '[{"level": "warn", "code": "no-photos", "facts": {}}]'
            WHERE claim_id = %s AND position IN (5, 120)""",
            (claim(long, long.number).id,),
        )
    page = shown(client_as(long.hq.clerk), f"/claims/{long.number}/review?show=warn")
    assert LISTED.findall(page) == ["5", "120"]
    assert (beside(page, "prev"), beside(page, "next")) == ("", "")


def test_a_page_of_a_long_claim_asks_as_many_statements_as_one_of_a_single_line(long, client_as):
    one = long.submitted_claim(long.d1, [long.reviewed_old_part(long.d1, part="P1")]) if long.received_order(
        long.d1, {"P1": 1}
    ) else ""  # fmt: skip

    def asked(address: str) -> int:
        browser, seen = client_as(long.hq.clerk), []
        browser.get(address)
        listen = lambda conn, cursor, statement, *_: seen.append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listen)
        try:
            browser.get(address)
        finally:
            event.remove(db.engine, "before_cursor_execute", listen)
        return len(seen)

    assert asked(f"/claims/{long.number}") == asked(f"/claims/{one}")
    assert asked(f"/claims/{long.number}/review/many") == asked(f"/claims/{one}/review/many")


def test_R36_old_parts_to_choose_from_come_by_pages_and_those_of_each_page_go_on_the_draft(world, client_as):
    big_shelf(world, 70)
    browser = client_as(world.d1.clerk)
    page = shown(browser, "/claims/new?month=2026-10")
    first = CHOSEN.findall(page)
    assert len(first) == 50
    assert "70" in page
    second = beside(page, "next")
    assert len(set(CHOSEN.findall(shown(browser, second))) | set(first)) == 70
    made = browser.post("/claims/new", data={"month": "2026-10", "chosen": first})
    draft = made.headers["Location"]
    page = shown(browser, draft)
    assert "第 1 至 50 行" not in page  # fifty lines are one page
    rest = [one for one in CHOSEN.findall(page) if one not in first]
    assert len(rest) == 20
    browser.post(f"{draft}/lines", data={"chosen": rest})
    page = shown(browser, draft)
    assert "第 1 至 50 行，共 70 行" in page
    for odd in ("x", "2026-10-10", "2026-10-10.x", "9999-99-99.1", "2026-10-10.99999999999999999999"):
        shown(browser, f"/claims/new?month=2026-10&more={odd}")


def test_the_rows_of_a_long_form_come_by_pages_those_that_are_no_line_first(world, client_as):
    shelf = deep_shelf(world)
    with clock.frozen(at("2026-11-02 09:00")):
        ref = take_in(shelf, form_of(*[row("2026-10-20", f"SN-NOBODY{n}") for n in range(60)]))
        browser = client_as(shelf.d1.clerk)
        drawn = re.compile(r'<tr id="row-([0-9]+)"')
        page = shown(browser, f"/claims/{ref}")
        onward = beside(page.split('id="form-rows"')[1], "next")
        second = shown(browser, onward)
        first, rest = drawn.findall(page), drawn.findall(second)
        assert (len(first), len(rest), len(set(first) | set(rest))) == (50, 10, 60)
        assert "本页 10 行，共 60 行" in second
        for odd in ("left=999", "left=x", "rows=3"):
            shown(browser, f"/claims/{ref}?{odd}")


def test_a_brand_of_many_dealers_is_filtered_by_a_code_typed_instead_of_a_list_of_all(world, client_as):
    number = world.submitted_claim(world.d1, [_claimable(world)])
    browser = client_as(world.hq.clerk)
    addresses = ("/claims", "/old-parts", "/fees")
    for address in addresses:
        assert '<option value="D001"' in shown(browser, address)
    with world.as_(world.hq.admin) as session:
        session.add_all(
            Dealer(code=f"X{n}", name=f"店{n}", city="", contact="", phone="", address="", created_at=NOW) for n in range(99)
        )  # fmt: skip
    for address in addresses:
        page = shown(browser, address)
        assert "<option value=" not in page.split("<main")[1]
        assert 'name="dealer"' in page
    assert number in shown(browser, "/claims?dealer=d001")
    assert number not in shown(browser, "/claims?dealer=D002")


def _claimable(world) -> str:
    world.received_order(world.d1, {"P1": 1})
    return str(world.reviewed_old_part(world.d1, part="P1"))
