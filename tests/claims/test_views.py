"""The pages of claims, as the dealer and as HQ see them; refusals keep what was typed and change nothing."""

import re
from datetime import date

import pytest
from sqlalchemy import event

from portal.claims import actions
from portal.core import clock
from portal.core.db import db
from portal.web.papers import ClaimPaper
from tests.claims.kit import TEN, at, claim, lines, snapshot, states


@pytest.fixture(autouse=True)
def _clock():
    with clock.frozen(TEN):
        yield


@pytest.fixture
def shelf(world):
    world.received_order(world.d1, {"P1": 6, "P2": 3})
    return world


@pytest.fixture
def submitted(shelf):
    """1 = three P1 (37.50), 2 = one P2 (100.00), reviewed; 3 = one P1 (12.50), reported only."""
    numbers = [
        shelf.reviewed_old_part(shelf.d1, quantity=3),
        shelf.reviewed_old_part(shelf.d1, part="P2", replaced="2026-10-11"),
        shelf.reported_old_part(shelf.d1, replaced="2026-10-12"),
    ]
    shelf.submitted_claim(shelf.d1, numbers)
    return shelf


def text(answer) -> str:
    """What a reader sees, with single spaces."""
    page = answer.get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.find("<main") :]))


URL = "/claims/RC2610-0001"


def test_the_whole_road_through_the_pages(shelf, client_as):
    good, other, bad = (
        shelf.reviewed_old_part(shelf.d1, quantity=2), shelf.reported_old_part(shelf.d1, part="P2", replaced="2026-10-11"),
        shelf.registered_old_part(shelf.d1, replaced="2026-10-12", photos=0),
    )  # fmt: skip
    dealer, hq = client_as(shelf.d1.clerk), client_as(shelf.hq.clerk)
    page = dealer.get("/claims/new").get_data(as_text=True)
    assert [f'value="{one}"' in page for one in (good, other, bad)] == [True, True, True]
    answer = dealer.post("/claims/new", data={"month": "2026-10", "chosen": [good, other, bad], "note": "十月"})
    assert answer.status_code == 303
    draft = answer.headers["Location"]
    words = text(dealer.get(draft))
    assert "没有照片" in words
    assert "尚未报备" in words
    assert "预计通过" in words
    assert "¥125.00" in words  # 137.50 less the blocked 12.50
    assert "校对拦下 1 行，¥12.50" in words
    assert dealer.post(draft + "/submit").headers["Location"] == draft
    assert states(shelf, draft.rpartition("/")[2]) == ["draft"] * 3
    dealer.post(draft + "/remove-blocked")
    answer = dealer.post(draft + "/submit")
    assert answer.headers["Location"] == URL
    answer = dealer.get(draft)
    assert (answer.status_code, answer.headers["Location"]) == (301, URL)
    assert "RC2610-0001" in text(dealer.get("/claims?tab=submitted"))
    answer = hq.post(f"{URL}/lines/1/approve", data={"seen": ""})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/claims/RC2610-0001/review?after=1")
    answer = hq.post(f"{URL}/lines/2/want", data={"seen": "", "reason": "请补拍铭牌"})
    assert answer.status_code == 303
    assert "请补拍铭牌" in text(dealer.get(URL))
    answer = dealer.post(f"{URL}/lines/2/answer", data={"answer": "已补拍"})
    assert answer.status_code == 303
    assert "已补拍" in text(hq.get(f"{URL}/review?line=2"))
    answer = hq.post(f"{URL}/lines/2/refuse", data={"seen": "", "code": "IIS", "reason": "仍看不清"})
    assert answer.headers["Location"] == URL  # all decided
    words = text(dealer.get(URL))
    assert "仍看不清" in words
    assert "计入 2026 年 10 月，2026-11-03 报销" in words
    assert (claim(shelf, "RC2610-0001").state.value, claim(shelf, "RC2610-0001").note) == ("decided", "十月")


def test_a_refused_draft_keeps_what_was_chosen_and_typed(shelf, client_as):
    number, taken = shelf.reviewed_old_part(shelf.d1), shelf.reviewed_old_part(shelf.d1, replaced="2026-10-11")
    dealer, before = client_as(shelf.d1.clerk), snapshot(shelf)
    answer = dealer.post("/claims/new", data={"month": "2026-10", "chosen": [number, "OP9999-0001"], "note": "加急"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "没有旧件 OP9999-0001" in page
    assert "加急" in page
    assert re.search(rf'value="{number}"[^>]* checked', page)
    assert not re.search(rf'value="{taken}"[^>]* checked', page)
    answer = dealer.post("/claims/new", data={"month": "2026-10", "note": "加急"})
    assert (answer.status_code, "还没有选择" in answer.get_data(as_text=True)) == (422, True)
    answer = dealer.post("/claims/new", data={"month": "x", "chosen": [number]})
    assert answer.status_code == 422
    answer = dealer.post("/claims/new", data={"month": "2026-12", "chosen": [number]})
    assert (answer.status_code, "还没有开始" in answer.get_data(as_text=True)) == (422, True)
    assert snapshot(shelf) == before


def test_lines_are_put_on_a_draft_and_taken_off(shelf, client_as):
    first, second = shelf.reviewed_old_part(shelf.d1), shelf.reviewed_old_part(shelf.d1, replaced="2026-10-11")
    dealer = client_as(shelf.d1.clerk)
    draft = dealer.post("/claims/new", data={"month": "2026-10", "chosen": [first]}).headers["Location"]
    assert second in dealer.get(draft).get_data(as_text=True)
    dealer.post(draft + "/lines", data={"chosen": [second]})
    assert len(lines(shelf, draft.rpartition("/")[2])) == 2
    dealer.post(draft + "/lines/1/remove")
    assert [line.position for line in lines(shelf, draft.rpartition("/")[2])] == [2]
    answer = dealer.post(draft + "/lines", data={})
    assert (answer.status_code, answer.headers["Location"]) == (303, draft)


def test_months_with_something_to_claim_are_offered_and_the_last_whole_month_is_shown_first(shelf, client_as):
    shelf.received_order(shelf.d1, {"P1": 1}, when="2026-09-20 09:00")
    september, october = (
        shelf.registered_old_part(shelf.d1, replaced="2026-10-09"),
        shelf.registered_old_part(shelf.d1, replaced="2026-10-10"),
    )
    dealer = client_as(shelf.d1.clerk)
    page = dealer.get("/claims/new").get_data(as_text=True)
    assert (september in page, october in page, "2026 年 10 月 · 2 · ¥25.00" in page) == (True, True, True)
    empty = dealer.get("/claims/new?month=2026-08")
    assert (empty.status_code, "2026 年 8 月没有可报销的旧件" in text(empty)) == (200, True)
    assert dealer.get("/claims/new?month=never").status_code == 200


def test_r43_reducing_shows_what_it_leaves_before_it_is_done(submitted, client_as):
    hq = client_as(submitted.hq.clerk)
    words = text(hq.get(f"{URL}/review?line=1&do=reduce"))
    assert "¥25.00" in words  # two of three by default
    words = text(
        hq.get(f"{URL}/review?line=1&do=reduce&quantity=1&reason=%E5%8F%AA%E8%AE%A4%E4%B8%80%E4%BB%B6&code=PNP")
    )
    assert "¥12.50" in words
    assert "只认一件" in words
    assert "申报 37.50，核减后" in words
    assert states(submitted, "RC2610-0001") == ["submitted"] * 3


def test_r43_a_reduction_by_pieces_or_by_an_amount_that_was_typed(submitted, client_as):
    hq = client_as(submitted.hq.clerk)
    hq.post(
        f"{URL}/lines/1/reduce", data={"seen": "", "quantity": "2", "amount": "", "code": "PNP", "reason": "只认两件"}
    )
    hq.post(
        f"{URL}/lines/2/reduce",
        data={"seen": "", "quantity": "1", "amount": "９０.５０", "code": "EPC", "reason": "价格超限"},
    )
    one, two, _three = lines(submitted, "RC2610-0001")
    assert (str(one.approved), one.approved_quantity, one.decision_code) == ("25.00", 2, "PNP")
    assert (str(two.approved), two.approved_quantity, two.decision_code) == ("90.50", 1, "EPC")


@pytest.mark.parametrize(
    ("step", "data", "says"),
    [
        ("reduce", {"quantity": "3", "code": "PWA", "reason": "写好的理由"}, "批准数量应更少"),
        ("reduce", {"quantity": "x", "code": "PWA", "reason": "写好的理由"}, "写好的理由"),
        ("reduce", {"amount": "37.50", "code": "PWA", "reason": "写好的理由"}, "小于申报的"),
        ("reduce", {"code": "PWA", "reason": "写好的理由"}, "二者选一"),
        ("reduce", {"quantity": "1", "code": "FWC", "reason": "写好的理由"}, "写好的理由"),
        ("refuse", {"code": "EW", "reason": ""}, "data-errors"),
        ("want", {"reason": " "}, "data-errors"),
        ("refuse", {"code": "EW", "reason": "写好的理由" * 200}, "data-errors"),
        ("want", {"reason": "写好\x00的"}, "data-errors"),
    ],
)
def test_a_refused_decision_keeps_what_was_typed_and_changes_nothing(submitted, client_as, step, data, says):
    hq, before = client_as(submitted.hq.clerk), snapshot(submitted)
    answer = hq.post(f"{URL}/lines/1/{step}", data={"seen": "", **data})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert says in page
    if data["reason"] == "写好的理由":
        assert "写好的理由" in page
    assert snapshot(submitted) == before


def test_r35_the_button_says_why_a_line_cannot_be_approved_yet(submitted, client_as):
    hq = client_as(submitted.hq.clerk)
    page = hq.get(f"{URL}/review?line=3").get_data(as_text=True)
    assert "第 3 行：旧件尚未审核为可报销" in page
    assert 'aria-disabled="true"' in page
    answer = hq.post(f"{URL}/lines/3/approve", data={"seen": ""})
    assert (answer.status_code, "旧件尚未审核为可报销" in answer.get_data(as_text=True)) == (422, True)
    assert states(submitted, "RC2610-0001")[2] == "submitted"


def test_r43_the_second_of_two_reviewers_is_told_and_sees_the_decision(submitted, client_as):
    first, second = client_as(submitted.hq.clerk), client_as(submitted.hq.manager)
    seen = re.search(r'name="seen" value="([^"]*)"', second.get(f"{URL}/review?line=1").get_data(as_text=True))
    first.post(f"{URL}/lines/1/approve", data={"seen": ""})
    answer = second.post(f"{URL}/lines/1/refuse", data={"seen": seen.group(1), "code": "EW", "reason": "超期"})
    assert answer.status_code == 422
    assert "第 1 行刚刚已由林晓燕审定" in answer.get_data(as_text=True)
    assert states(submitted, "RC2610-0001")[0] == "approved"
    now = re.search(r'name="seen" value="([^"]*)"', second.get(f"{URL}/review?line=1").get_data(as_text=True)).group(1)
    assert second.post(f"{URL}/lines/1/refuse", data={"seen": now, "code": "EW", "reason": "超期"}).status_code == 303
    assert states(submitted, "RC2610-0001")[0] == "refused"


def test_r43_all_lines_without_warnings_are_approved_at_one_press(submitted, client_as):
    hq = client_as(submitted.hq.clerk)
    page = hq.get(f"{URL}/review").get_data(as_text=True)
    assert "一次通过全部无提醒行（2）" in page
    assert re.findall(r'name="chosen" value="(\d+)"', page) == ["1", "2"]
    answer = hq.post(f"{URL}/review/many", data={"act": "approve", "chosen": ["1", "2"]})
    assert answer.status_code == 303
    assert states(submitted, "RC2610-0001") == ["approved", "approved", "submitted"]


def test_r43_many_lines_at_once_or_none_with_what_was_typed_kept(submitted, client_as):
    hq = client_as(submitted.hq.clerk)
    assert hq.get(f"{URL}/review/many").status_code == 200
    answer = hq.post(f"{URL}/review/many", data={"act": "approve", "chosen": ["1", "3"], "reason": "写好的"})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "写好的" in page) == (422, True)
    assert re.search(r'value="3"[^>]* checked', page)
    assert states(submitted, "RC2610-0001") == ["submitted"] * 3
    assert (
        hq.post(f"{URL}/review/many", data={"act": "refuse", "chosen": ["1"], "code": "EW", "reason": ""}).status_code
        == 422
    )
    assert hq.post(f"{URL}/review/many", data={"act": "approve"}).status_code == 422
    assert hq.post(f"{URL}/review/many", data={"act": "steal", "chosen": ["1"]}).status_code == 400
    assert (
        hq.post(
            f"{URL}/review/many", data={"act": "refuse", "chosen": ["1", "3"], "code": "EW", "reason": "超期"}
        ).status_code
        == 303
    )
    assert hq.post(f"{URL}/review/many", data={"act": "want", "chosen": ["2"], "reason": "请补拍"}).status_code == 303
    assert states(submitted, "RC2610-0001") == ["refused", "wanted", "refused"]


def test_an_answer_without_words_is_asked_for_again(submitted, client_as):
    with submitted.as_(submitted.hq.clerk) as session:
        actions.want(session, submitted.hq.clerk, "RC2610-0001", positions=[1], reason="请补拍", at=TEN)
    dealer = client_as(submitted.d1.clerk)
    answer = dealer.post(f"{URL}/lines/1/answer", data={"answer": "  "})
    assert answer.status_code == 422
    assert "is-invalid" in answer.get_data(as_text=True)
    answer = dealer.post(f"{URL}/lines/2/answer", data={"answer": "写好的回复"})
    assert (answer.status_code, "写好的回复" in answer.get_data(as_text=True)) == (422, True)
    assert states(submitted, "RC2610-0001")[0] == "wanted"


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


def test_r50_a_line_says_when_it_is_paid_why_later_and_that_it_was_paid(submitted, client_as):
    from tests.settlement.months import posted

    with submitted.as_(submitted.hq.clerk) as session:
        actions.approve(session, submitted.hq.clerk, "RC2610-0001", positions=[1], at=at("2026-11-02 23:59"))
        actions.approve(session, submitted.hq.clerk, "RC2610-0001", positions=[2], at=at("2026-11-03 00:00"))
    dealer = client_as(submitted.d1.clerk)
    words = text(dealer.get(URL))
    assert "计入 2026 年 10 月，2026-11-03 报销" in words
    assert "批准时 2026 年 10 月的报销日已开始，转入 2026 年 11 月，2026-12-03 报销" in words
    posted(submitted)
    words = text(dealer.get(URL))
    assert "已随 2026 年 10 月报销" in words
    assert "转入 2026 年 11 月，2026-12-03 报销" in words


def test_r43_a_decided_claim_stays_readable_in_review_and_says_why_nothing_can_be_pressed(submitted, client_as):
    with submitted.as_(submitted.hq.clerk) as session:
        actions.refuse(
            session, submitted.hq.clerk, "RC2610-0001", positions=[1, 2, 3], code="EW", reason="超期", at=TEN
        )
    hq = client_as(submitted.hq.clerk)
    page = hq.get(f"{URL}/review?line=1").get_data(as_text=True)
    assert "报销单已审结，审定结果不再更改。" in page
    assert "没有未审的明细" in text(hq.get(f"{URL}/review/many"))


def test_every_act_of_a_claim_has_words_with_its_facts(submitted, client_as):
    with submitted.as_(submitted.hq.clerk) as session:
        actions.reduce(session, submitted.hq.clerk, "RC2610-0001", positions=[1], quantity=2, reason="只认两件", at=TEN)
    words = text(client_as(submitted.d1.clerk).get(URL))
    assert "核减第 1 行：由 ¥37.50 减至 ¥25.00" in words
    assert "提交了报销单：3 行，¥150.00" in words
    assert "加入了 3 件旧件，¥150.00" in words
    assert "新建了 2026-10 的报销单" in words
