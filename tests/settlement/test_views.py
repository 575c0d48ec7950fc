"""The pages of months, statements, accounts and closing, as the people who open them (R1, R2, R51, R53, R64, R65, R67)."""

from __future__ import annotations

import pytest

from portal.core import clock
from portal.settlement import actions
from tests.factories.world import at
from tests.settlement.months import OCTOBER, SEPTEMBER, THE_THIRD, checked, claimed, posted, prepared


@pytest.fixture
def the_third():
    with clock.frozen(at("2026-11-03 09:12")):
        yield


@pytest.fixture
def english(client_as):
    def as_(actor):
        browser = client_as(actor)
        browser.set_cookie("portal_lang", "en")
        return browser

    return as_


def page(browser, address, status=200):
    answer = browser.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.get_data(as_text=True)


def test_R51_the_list_shows_what_comes_next_with_its_preview(world, english, the_third):
    claimed(world, world.d1, {"P1": 4})
    browser = english(world.hq.finance)
    shown = page(browser, "/settlement")
    assert "October 2026" in shown
    assert "50.00" in shown
    assert "View and prepare" in shown
    assert "No settlement yet" in shown
    prepared(world)
    shown = page(browser, "/settlement")
    assert "ST2610" in shown
    assert "To be checked" in shown


def test_R51_a_preview_of_any_month_at_any_time_says_what_is_left_out_and_why(world, english, the_third):
    claimed(world, world.d1, {"P1": 4})
    claimed(world, world.d2, {"P2": 1}, approved="2026-11-03 08:00")
    browser = english(world.hq.clerk)
    shown = page(browser, "/settlement/2026-10")
    assert "Preview" in shown
    assert "¥50.00" in shown
    assert "Approved after the settlement day began" in shown
    assert "Prepare the settlement" not in shown  # a clerk does not look for it
    lines = page(browser, "/settlement/2026-10/left-out?because=approved-late")
    assert "Paid with 2026-11" in lines
    assert "100.00" in lines
    assert "No settlement" not in page(browser, "/settlement/2027-05")
    page(browser, "/settlement/2026-13", 404)
    page(browser, "/settlement/october", 404)


def test_R51_before_the_third_the_button_says_when(world, english):
    with clock.frozen(at("2026-11-02 23:59")):
        browser = english(world.hq.finance)
        shown = page(browser, "/settlement/2026-10")
        assert "can be prepared from 2026-11-03 on" in shown
        assert 'action="/settlement/2026-10/prepare"' not in shown
        answer = browser.post("/settlement/2026-10/prepare")
        assert answer.status_code == 303
        assert "can be prepared from 2026-11-03 on" in page(browser, "/settlement/2026-10")


def test_R2_three_people_take_a_month_through_by_its_pages(world, english, the_third):
    claimed(world, world.d1, {"P1": 4})
    finance, other, manager = (english(who) for who in (world.hq.finance, world.hq.finance2, world.hq.finance_manager))
    assert finance.post("/settlement/2026-10/prepare").status_code == 303
    shown = page(finance, "/settlement/2026-10")
    assert "You prepared it yourself; another person has to do this." in shown
    assert 'action="/settlement/2026-10/check"' not in shown
    assert other.post("/settlement/2026-10/check").status_code == 303
    shown = page(manager, "/settlement/2026-10")
    assert "Post ¥50.00" in shown
    assert manager.post("/settlement/2026-10/send-back", data={"reason": ""}).status_code == 303
    assert "Please give a reason." in page(manager, "/settlement/2026-10")
    assert manager.post("/settlement/2026-10/post").status_code == 303
    shown = page(manager, "/settlement/2026-10")
    assert "ST2610-D001" in shown
    assert "Posted to accounts" in shown
    manager.post("/settlement/2026-10/post")
    assert "posted already; nothing was done a second time" in page(manager, "/settlement/2026-10")


def test_R50_a_line_is_left_out_on_the_dealers_page_of_the_month(world, english, the_third):
    claim = claimed(world, world.d1, {"P1": 4})
    prepared(world)
    browser = english(world.hq.finance)
    shown = page(browser, "/settlement/2026-10/D001")
    assert claim in shown
    assert "Leave out" in shown
    facts = {"claim": claim, "position": "1", "dealer": "D001"}
    assert browser.post("/settlement/2026-10/exclude", data={**facts, "reason": ""}).status_code == 303
    assert "Please give a reason." in page(browser, "/settlement/2026-10/D001")
    assert browser.post("/settlement/2026-10/exclude", data={**facts, "reason": "待核"}).status_code == 303
    assert "This month pays this dealer nothing." in page(browser, "/settlement/2026-10/D001")
    shown = page(browser, "/settlement/2026-10")
    assert "Prepare it again." in shown
    assert "Left out by hand" in shown
    page(browser, "/settlement/2026-10/D999", 404)


@pytest.mark.parametrize("who", ["clerk", "technician", "manager"])
def test_R1_a_dealer_sees_no_month_before_it_is_posted_and_never_headquarters_pages(world, client_as, the_third, who):
    posted(world)
    browser = client_as(getattr(world.d1, who))
    for address in ("/settlement", "/settlement/2026-10", "/settlement/2026-10/D001", "/settlement/2026-10/left-out", "/accounts",
                    "/accounts/D001", "/months"):  # fmt: skip
        page(browser, address, 404)
    assert browser.post("/settlement/2026-10/post").status_code == 404
    page(browser, "/statements/ST2610-D002", 404)
    page(browser, "/statements/ST2610-D002.pdf", 404)


def test_R53_a_dealer_reads_its_statement_and_headquarters_all(world, english, the_third):
    claim = claimed(world, world.d1, {"P1": 4})
    claimed(world, world.d1, {"P2": 1}, day=20, approved="2026-11-03 08:00")
    posted(world, when=at("2026-11-03 09:00"))
    dealer, hq = english(world.d1.manager), english(world.hq.auditor)
    listed = page(dealer, "/statements")
    assert "ST2610-D001" in listed
    assert "ST2610-D002" not in listed
    assert "ST2610-D002" in page(hq, "/statements?month=2026-10")
    assert "No statements here" in page(hq, "/statements?month=2026-09")
    page(hq, "/statements?month=nonsense&q=D001")
    for browser in (dealer, hq):
        shown = page(browser, "/statements/ST2610-D001")
        assert claim in shown
        assert "Approved after the settlement day began" in shown
        assert "2026-11-08" in shown
    page(dealer, "/statements/ST2611-D001", 404)


def test_R53_the_statement_prints_with_its_amounts_in_capitals(world, client_as, the_third):
    from portal.core.db import unit_of_work
    from portal.settlement import printing, queries
    from portal.web import pdf

    claimed(world, world.d1, {"P1": 4})
    posted(world)
    with world.as_(world.d1.clerk) as session:
        found, dealer = queries.statement(session, "ST2610-D001")
        from flask import current_app

        with current_app.test_request_context():
            paper = printing.paper(session, world.d1.clerk, found, dealer, at=clock.now())
    assert (paper.opening, paper.closing, paper.approved) == (found.opening, found.closing, found.amount)
    words = pdf.text_of(paper.template, paper)
    assert "伍拾元整" in words
    assert "月结对账单" in words
    assert unit_of_work
    answer = client_as(world.d1.clerk).get("/statements/ST2610-D001.pdf")
    assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")


def test_R54_a_posted_statement_says_the_same_whatever_is_decided_later(world, english, the_third):
    from portal.claims import actions as claims
    from portal.settlement import printing, queries
    from portal.web import papers

    claimed(world, world.d1, {"P1": 4})
    world.received_order(world.d1, {"P2": 3}, when="2026-10-02 09:00")
    late = [world.submitted_claim(world.d1, [world.reviewed_old_part(world.d1, part="P2")]) for _ in range(3)]
    with world.as_(world.hq.clerk) as session:
        claims.want(session, world.hq.clerk, late[2], positions=[1], reason="铭牌照片不清", at=at("2026-10-25 09:00"))
    posted(world)

    def code() -> str:
        from flask import current_app

        with world.as_(world.d1.clerk) as session, current_app.test_request_context():
            found, dealer = queries.statement(session, "ST2610-D001")
            return papers.content_code(printing.paper(session, world.d1.clerk, found, dealer, at=clock.now()))

    before, shown = code(), page(english(world.d1.clerk), "/statements/ST2610-D001")
    assert shown.count("Not decided yet") == 2
    assert "铭牌照片不清" in shown
    with world.as_(world.hq.clerk) as session:
        claims.approve(session, world.hq.clerk, late[0], positions=[1], at=at("2026-11-04 09:00"))
        claims.refuse(
            session, world.hq.clerk, late[1], positions=[1], code="PNP", reason="与旧件不符", at=at("2026-11-04 09:00")
        )
    assert code() == before
    month = page(english(world.hq.auditor), "/settlement/2026-10/left-out")
    assert month.count("Not decided yet") >= 3  # the tab and both lines, as things stood when it was posted


def test_R65_R67_the_account_is_a_runway_with_its_entries_and_any_days_balance(world, english, the_third):
    order = world.agreed_order(world.d1, {"P2": 2}, when="2026-11-02 10:00")
    claimed(world, world.d1, {"P1": 4})
    browser = english(world.d1.clerk)
    shown = page(browser, "/account")
    assert "Agreed, not yet debited" in shown
    assert "¥210.00" in shown  # two at 100.00 and 10.00 freight
    assert order in shown
    assert "Expected on 11-03" in shown
    assert "Top-up" in shown
    assert "at the end of 2026-10-01" in page(browser, "/account?on=2026-10-01")
    assert "¥11,000.00" in page(browser, "/account?on=2026-10-01")
    assert "¥0.00" in page(browser, "/account?on=2020-01-01")
    for query in ("?month=2026-10", "?kind=topups", "?kind=nonsense&month=1&on=x&before=y", "?before=2"):
        page(browser, f"/account{query}")
    posted(world)
    shown = page(browser, "/account")
    assert "ST2610-D001" in shown


def test_R65_headquarters_sees_every_account_and_the_finance_manager_sets_limits(world, english, the_third):
    claimed(world, world.d1, {"P1": 4})
    clerk, manager = english(world.hq.clerk), english(world.hq.finance_manager)
    listed = page(clerk, "/accounts")
    assert "D001" in listed
    assert "D002" in listed
    assert "D001" not in page(clerk, "/accounts?q=D002").split("<tbody>")[1]
    page(clerk, "/accounts?only=below&q=x")
    page(clerk, "/accounts?only=short")
    assert "/accounts/D001/limit" not in page(clerk, "/accounts/D001")
    assert clerk.get("/account").status_code == 303
    assert clerk.post("/accounts/D001/limit", data={"limit": "1"}).status_code == 403
    assert "/accounts/D001/limit" in page(manager, "/accounts/D001")
    assert manager.post("/accounts/D001/limit", data={"limit": "１,500.50"}).status_code == 303
    assert "¥1,500.50" in page(manager, "/accounts/D001")
    manager.post("/accounts/D001/limit", data={"limit": "-1"})
    shown = page(manager, "/accounts/D001")
    assert "¥1,500.50" in shown
    assert "The credit limit is no amount" in shown
    page(manager, "/accounts/D999", 404)


def test_R64_finance_closes_months_in_order_and_is_told_why_not(world, english, the_third):
    posted(world, SEPTEMBER, when=at("2026-11-03 02:00"))
    world.topup(world.d1, "100.00", when="2026-10-05 09:00")
    finance = english(world.hq.finance)
    shown = page(finance, "/months")
    assert "June 2026" in shown
    assert "Close this month" in shown
    finance.post("/months/2026-10/close")
    assert "The settlement of 2026-10 is not posted yet" in page(finance, "/months")
    assert finance.post("/months/2026-06/close").status_code == 303
    shown = page(finance, "/months")
    assert "Month closed" in shown
    assert "The settlement of 2026-10 is not posted yet" in shown
    checked(world, OCTOBER, when=THE_THIRD)
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, OCTOBER, at=THE_THIRD)
    finance.post("/months/2026-10/close")
    assert "2026-10 is closed." in page(finance, "/months")
    assert english(world.hq.finance_manager).post("/months/2026-11/close").status_code == 403


@pytest.mark.parametrize("who", ["clerk", "warehouse", "finance", "finance_manager", "admin", "auditor", "manager"])
def test_every_page_opens_in_both_languages_for_every_role_of_headquarters(world, client_as, the_third, who):
    posted(world, SEPTEMBER, when=at("2026-11-03 02:00"))
    claimed(world, world.d1, {"P1": 4})
    checked(world)
    browser = client_as(getattr(world.hq, who))
    for language in ("zh_Hans_CN", "en"):
        browser.set_cookie("portal_lang", language)
        for address in ("/settlement", "/settlement/2026-09", "/settlement/2026-10", "/settlement/2026-11", "/settlement/2026-10/left-out",
                        "/settlement/2026-10/D001", "/statements", "/statements/ST2609-D001", "/accounts", "/accounts/D001", "/months"):  # fmt: skip
            page(browser, address)
