"""HQ's pages of claims: what is decided, what a refused decision keeps, and who is told (R35, R43, R50)."""

import re

import pytest

from portal.claims import actions
from portal.core import clock
from tests.claims.kit import TEN, at, lines, snapshot, states
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
