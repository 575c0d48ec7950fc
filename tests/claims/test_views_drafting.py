"""The dealer's pages of claims: refusals keep what was typed and change nothing."""

import re

import pytest

from portal.claims import actions
from portal.core import clock
from tests.claims.kit import TEN, claim, lines, snapshot, states
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
