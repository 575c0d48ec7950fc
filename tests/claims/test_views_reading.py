"""Who reads which page and paper of a claim, in both languages, in how many statements (R1, R90)."""

import re
from datetime import date

import pytest
from sqlalchemy import event

from portal.claims import actions
from portal.core import clock
from portal.core.db import db
from portal.web.papers import ClaimPaper
from tests.claims.kit import TEN, at, states
from tests.claims.pages import URL, claim_of_three, shelf_of_nine, text


@pytest.fixture(autouse=True)
def _clock():
    with clock.frozen(TEN):
        yield


@pytest.fixture
def shelf(world):
    return shelf_of_nine(world)


@pytest.fixture
def submitted(shelf):
    return claim_of_three(shelf)


def test_r90_customers_are_masked_on_every_page_and_on_the_paper(submitted, client_as, monkeypatch):
    from portal.claims import printing

    for who, pages in (
        (submitted.d1.clerk, (URL,)), (submitted.hq.clerk, (URL, f"{URL}/review", f"{URL}/review/many")), (submitted.hq.auditor, (URL,)),
    ):  # fmt: skip
        browser = client_as(who)
        for page in pages:
            said = browser.get(page).get_data(as_text=True)
            assert ("张三丰" in said, "13812345678" in said) == (False, False)
    with submitted.as_(submitted.hq.clerk) as session:
        from portal.claims import queries

        paper = printing.claim_paper(session, submitted.hq.clerk, queries.claim(session, "RC2610-0001"), url="", at=TEN)
    assert {(line.customer, line.phone_tail) for line in paper.lines} == {("张*", "5678")}


def test_the_paper_says_what_the_claim_says_in_chinese_whoever_prints_it(submitted, client_as, app):
    from portal.claims import printing, queries

    with submitted.as_(submitted.hq.clerk) as session:
        actions.reduce(
            session, submitted.hq.clerk, "RC2610-0001", positions=[1], quantity=2, code="PNP", reason="只认两件", at=TEN
        )
        actions.refuse(session, submitted.hq.clerk, "RC2610-0001", positions=[3], code="EW", reason="超期", at=TEN)
    with submitted.as_(submitted.hq.clerk) as session, app.test_request_context(headers={"Cookie": "portal_lang=en"}):
        paper = printing.claim_paper(
            session,
            submitted.hq.clerk,
            queries.claim(session, "RC2610-0001"),
            url="http://x",
            at=at("2026-10-21 09:00"),
        )
    assert isinstance(paper, ClaimPaper)
    assert [(line.decision, line.decision_code, line.approved) for line in paper.lines][1] == ("", "", None)
    assert [(line.decision, line.decision_code, str(line.approved)) for line in (paper.lines[0], paper.lines[2])] == [
        ("核减", "PNP", "25.00"), ("驳回", "EW", "0.00"),
    ]  # fmt: skip
    assert (str(paper.claimed), str(paper.approved), paper.photos, paper.print.state) == (
        "150.00",
        "25.00",
        3,
        "审核中",
    )
    assert (paper.pays_in, paper.reviewed_by, paper.decided_at) == ("2026 年 10 月", "林晓燕", None)
    line = paper.lines[0]
    assert (line.verdict, line.in_cover, line.covered_until, line.policy) == (
        "保内",
        True,
        date(2030, 3, 2),
        "v202607 #2",
    )
    assert paper.print.printed_at.utcoffset().total_seconds() == 8 * 3600


def test_the_pdf_opens_for_both_sides_and_for_nobody_else(submitted, client_as):
    for who in (submitted.d1.clerk, submitted.hq.auditor):
        answer = client_as(who).get(f"{URL}.pdf")
        assert answer.data.startswith(b"%PDF")
        assert answer.headers["Content-Disposition"].startswith('inline; filename="RC2610-0001.pdf"')
    assert client_as(submitted.d2.clerk).get(f"{URL}.pdf").status_code == 404


def test_r1_another_dealer_and_another_brand_find_nothing(submitted, client_as):
    from tests.factories.world import make_world

    other = make_world()
    for browser in (client_as(submitted.d2.manager), client_as(other.hq.clerk), client_as(other.d1.clerk)):
        assert browser.get(URL).status_code == 404
        assert browser.get(f"{URL}/review").status_code in {403, 404}
        assert "RC2610-0001" not in browser.get("/claims").get_data(as_text=True)
        assert browser.post(f"{URL}/submit").status_code in {403, 404}
    assert states(submitted, "RC2610-0001") == ["submitted"] * 3


def test_a_draft_is_the_dealers_own_and_hq_does_not_see_it(shelf, client_as):
    number = shelf.reviewed_old_part(shelf.d1)
    draft = (
        client_as(shelf.d1.clerk).post("/claims/new", data={"month": "2026-10", "chosen": [number]}).headers["Location"]
    )
    hq = client_as(shelf.hq.clerk)
    assert hq.get(draft).status_code == 404
    assert hq.get(draft + "/review").status_code == 404
    assert client_as(shelf.d1.clerk).get(draft + ".pdf").status_code == 404
    assert client_as(shelf.d1.technician).get("/claims/new").status_code == 403


@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
def test_every_page_opens_in_both_languages_with_and_without_rows(submitted, client_as, language):
    for who, pages in (
        (submitted.d1.clerk, ("/claims", "/claims?tab=decided", "/claims?q=nothing&month=2026-10", "/claims/new", URL)),
        (submitted.d2.clerk, ("/claims", "/claims/new")),
        (submitted.hq.clerk, ("/claims", "/claims?tab=decided", "/claims?dealer=D009", URL, f"{URL}/review", f"{URL}/review?show=warn",
                              f"{URL}/review?show=block&line=2", f"{URL}/review?line=2&do=want", f"{URL}/review?do=refuse", f"{URL}/review/many")),
    ):  # fmt: skip
        browser = client_as(who)
        browser.set_cookie("portal_lang", language)
        for page in pages:
            answer = browser.get(page)
            assert answer.status_code == 200, page
            assert not re.search(r"%\(\w+\)", text(answer)), page
            if language == "en":
                assert not re.search(r"[（）]", text(answer)), page
    hq = client_as(submitted.hq.clerk)
    assert hq.get(f"{URL}/review?line=9").status_code == 404
    assert hq.get(f"{URL}/review?line=x").status_code == 200


def test_pages_take_the_same_statements_however_many_lines_there_are(shelf, client_as):
    numbers = [shelf.reviewed_old_part(shelf.d1, replaced=f"2026-10-{day}") for day in range(10, 15)]
    shelf.submitted_claim(shelf.d1, numbers[:1])
    shelf.submitted_claim(shelf.d1, numbers[1:])
    hq, counts = client_as(shelf.hq.clerk), []
    for page in ("{}", "{}/review", "{}/review/many"):
        for number in ("RC2610-0001", "RC2610-0002"):
            seen = []

            def note(*given, into=seen):
                into.append(given[2])

            event.listen(db.engine, "before_cursor_execute", note)
            assert hq.get(page.format(f"/claims/{number}")).status_code == 200
            event.remove(db.engine, "before_cursor_execute", note)
            counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[2] == counts[3]
    assert counts[4] == counts[5]
    assert max(counts) <= 22


def test_the_list_page_takes_at_most_five_statements_of_its_own(submitted, client_as):
    hq, seen = client_as(submitted.hq.clerk), []

    def note(*given):
        seen.append(given[2])

    hq.get("/claims")
    event.listen(db.engine, "before_cursor_execute", note)
    hq.get("/claims")
    event.remove(db.engine, "before_cursor_execute", note)
    assert len([one for one in seen if "claims" in one or "dealers" in one]) <= 5


def test_every_act_of_a_claim_has_words_with_its_facts(submitted, client_as):
    with submitted.as_(submitted.hq.clerk) as session:
        actions.reduce(session, submitted.hq.clerk, "RC2610-0001", positions=[1], quantity=2, reason="只认两件", at=TEN)
    words = text(client_as(submitted.d1.clerk).get(URL))
    assert "核减第 1 行：由 ¥37.50 减至 ¥25.00" in words
    assert "提交了报销单：3 行，¥150.00" in words
    assert "加入了 3 件旧件，¥150.00" in words
    assert "新建了 2026-10 的报销单" in words
