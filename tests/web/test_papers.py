"""The five printed papers, rendered from rich data and read back from the PDF."""

import itertools
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from portal.web import papers, pdf
from tests.web import papers_sample as sample

pytestmark = pytest.mark.skipif(pdf.check_libraries() is not None, reason=str(pdf.check_libraries()))

A4 = (595, 842)  # points
SIZES = {"claim": A4[::-1], "oldpart-label": (170, 113)}  # across; 60 by 40 mm


@pytest.fixture(scope="module")
def printer(tmp_path_factory):
    """A printer in this process, with its own folder of fonts."""
    found = pdf.Printer(home=tmp_path_factory.mktemp("papers"), inline=True)
    yield found
    found.close()


@pytest.fixture(scope="module")
def read(printer) -> Callable[[papers.Paper], list[str]]:
    """Print a paper and give the text of each page."""

    def pages(paper: papers.Paper) -> list[str]:
        found = PdfReader(BytesIO(printer.render(paper.template, paper))).pages
        size = {(round(page.mediabox.width), round(page.mediabox.height)) for page in found}
        assert size == {SIZES.get(paper.template, A4)}
        return [page.extract_text() for page in found]

    return pages


def without_spaces(words: str) -> str:
    """Letter-spaced titles come back with spaces between their characters."""
    return re.sub(r"\s", "", words)


def lacks(page: str, *words: str) -> list[str]:
    """Which of the words the page does not say."""
    said = without_spaces(page)
    return [word for word in words if without_spaces(word) not in said]


def carried(page: str, word: str) -> list[str]:
    """The figures of a page's strip 承前页 or 过次页: how many rows, then the sums."""
    found = re.search(rf"{word}\s*(\d+)\s*(?:行累计|行|笔)\s*(.*)", page)
    return [found[1], *found[2].split()] if found else []


# ---------- 售后服务配件申请单 ----------


def test_an_order_of_six_lines_carries_what_both_sides_agreed_on_one_a4(read):
    """R20, R21, R23."""
    (page,) = read(sample.order())
    assert not lacks(
        page,
        "售后服务配件申请单", "PO2611-0042", "待发货", "厦门永兴卫浴经营部", "D002", "2026-11-04(周三)",
        "福建省厦门市建材大道358号", "202607", "2026-07-01 起执行", "LQS9Pro210701121", "LQ-K12", "保内", "保外", "备货",
        "批量件让价 5%(李主管)", "原 138.00", "1,303.71", "48.00", "德邦物流", "壹仟叁佰伍拾壹元柒角壹分", "¥1,351.71",
        "2026-11-09(周一)", "报价有效至 2026-11-12 24:00", "¥4,812.36", "9f3c 71a8 04de", "2026-11-05 15:42:08",
        "2026-11-05 17:10:33", "2026-11-06 09:12:47", "JV2611-000318", "第 1 页 / 共 1 页", "打印 2026-11-06 09:30",
    )  # fmt: skip


def test_an_order_shows_a_changed_quantity_bold_and_its_sum():
    html = pdf.text_of("parts-order", sample.order())
    assert re.findall(r'data-field="line.qty_confirmed">(.*?)</td>', html) == ["1", "20", "10", "<b>10</b>", "1", "1"]
    assert 'data-field="order.qty_applied">45</td>' in html
    assert 'data-field="order.qty_confirmed">43</td>' in html


def test_a_draft_order_leaves_out_what_is_not_known_yet(read):
    lines = tuple(replace(line, confirmed=None, price=None, list_price=None, reason="") for line in sample.ORDER_LINES)
    (page,) = read(
        sample.order(
            print=sample.info("", "草稿"), lines=lines, ordered_on=None, version=None, freight=None, ship_on=None, lapses_on=None,
            balance_after=None, hq_confirmed=None, dealer_confirmed=None, debit=None, price_list="", price_list_from=None,
        )
    )  # fmt: skip
    assert "草稿" in page
    assert "未提交" in page
    for word in ("确认", "双方确认", "运费", "合计大写", "承诺发货日", "扣款后余额", "执行价格表"):
        assert word not in page.replace("双方确认并扣款", ""), word


def test_a_long_order_repeats_its_head_and_number(read):
    pages = read(sample.order(lines=sample.ORDER_LINES * 10))
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert f"第 {number} 页 / 共 3 页" in page
        assert without_spaces(page).count("售后服务配件申请单") == 1
        assert "PO2611-0042" in page
    assert "配件编码" in pages[1]


# ---------- 保修期内配件费用报销单 ----------


def test_a_claim_keeps_claimed_and_approved_apart(read):
    """R13, R30, R43, R90."""
    paper = sample.claim()
    text = "\n".join(read(paper))
    assert (paper.claimed, paper.approved) == (Decimal("1369.25"), Decimal("1218.97"))
    assert not lacks(
        text,
        "保修期内配件费用报销单", "RC2610-0002", "2026 年 10 月", "刘秀英", "2026-11-01 16:20", "李建国(售后主管)", "26 行", "103",
        "刘*", "5559", "至 2028-05-30", "2021-11-02 到期", "V4 第 3 行 · 家用", "H01 冷热不恒温", "质量原因", "OP2610-0078",
        "待定", "核减", "按该批实付核定", "驳回", "补充资料", "1,369.25", "1,218.97", "差额 −150.28", "壹仟贰佰壹拾捌元玖角柒分",
        "通过 20", "核减 4", "驳回 1", "补充资料 1", "2026-10(11-03 入账)", "财务主管 批准",
    )  # fmt: skip


def test_a_draft_claim_says_so_and_approves_nothing(read):
    lines = tuple(
        replace(line, approved=None, decision="", decision_code="", reason="") for line in sample.claim(3).lines
    )
    (page,) = read(
        sample.claim(
            3, print=sample.info("", "草稿"), lines=lines, submitted_at=None, reviewed_by="", decided_at=None, pays_in="", photos=None
        )
    )  # fmt: skip
    assert not lacks(page, "草稿", "未提交", "未审核", "尚未提交", "申报大写", "壹佰陆拾肆元陆角贰分")
    assert "核定大写" not in page
    assert "差额" not in page


@pytest.mark.parametrize("count", [17, 40])
def test_a_claim_carries_its_sums_from_page_to_page(read, count):
    pages = read(sample.claim(count))
    assert len(pages) > 1
    assert carried(pages[0], "承前页") == []
    assert carried(pages[-1], "过次页") == []
    for before, after in itertools.pairwise(pages):
        out = carried(before, "过次页")
        if not out:  # the lines ended there; only the signatures are on the last page
            assert after is pages[-1]
            continue
        assert len(out) == 3
        assert out == carried(after, "承前页")


# ---------- 月结对账单 ----------


def test_a_statement_adds_up_in_figures_and_capitals(read):
    """R53, R65, R66, R67."""
    paper = sample.statement()
    assert paper.closing == Decimal("12600.30")
    text = "\n".join(read(paper))
    assert not lacks(
        text,
        "月结对账单", "ST2610-D002", "2026 年 10 月", "账期 10-04 至 11-03", "2026-11-08(周日)24:00", "上期对账单 ST2609-D002 期末数",
        "8,463.47", "3,000.00", "1,278.23", "5,415.06", "¥12,600.30", "壹万贰仟陆佰元叁角整", "贰仟肆佰壹拾伍元零陆分", "1,260.00",
        "11,796.48", "2,000.00", "截至 2026-11-03 02:14", "TU2610-0117", "PO2610-0120", "11,463.47", "报销单 RC2610-0002",
        "2026-09 迟报", "13.00", "2,416.44", "2,415.06", "审定晚于结算日起点(11-03)", "转 2026-12-03 报销", "125.90", "a41f 09c2 7be3",
        "沿此线撕下寄回", "对账回执", "核对无误",
    )  # fmt: skip


def test_a_statement_sums_its_entries_by_kind():
    assert sample.statement().movements == (
        papers.Movement(kind="充值", count=1, credit=Decimal("3000.00"), debit=Decimal("0.00"), note="预存款到账"),
        papers.Movement(
            kind="配件订单扣款",
            count=6,
            credit=Decimal("0.00"),
            debit=Decimal("1278.23"),
            note="先购买后报销，明细见第二部分",
        ),
        papers.Movement(
            kind="报销入账", count=1, credit=Decimal("2415.06"), debit=Decimal("0.00"), note="明细见第三部分"
        ),
    )


@pytest.mark.parametrize(("count", "length"), [(1, 1), (60, 3)])
def test_a_statement_carries_its_sums_from_page_to_page(read, count, length):
    pages = read(sample.statement(count))
    assert len(pages) == length
    for before, after in itertools.pairwise(pages):
        out = carried(before, "过次页")
        assert len(out) in (0, 3, 4)
        assert out == carried(after, "承前页")
    assert carried(pages[-1], "过次页") == []


def test_a_statement_of_many_entries_carries_the_balance_too(read):
    entry = papers.StatementEntry(
        day=date(2026, 10, 9), kind="配件订单扣款", source="PO2610-0120", debit=Decimal("100.00")
    )
    pages = read(sample.statement(1, entries=(entry,) * 60, reimbursed=(), left_out=()))
    assert len(pages) == 2
    rows, added, taken, balance = carried(pages[0], "过次页")
    assert carried(pages[1], "承前页") == [rows, added, taken, balance]
    assert (added, taken) == ("0.00", f"{int(rows) * 100:,}.00")
    assert Decimal(balance.replace("−", "-").replace(",", "")) == Decimal("8463.47") - 100 * int(rows)


def test_a_statement_below_zero_says_who_owes(read):
    (page,) = read(
        sample.statement(1, opening=Decimal("-2000.00"), entries=(), reimbursed=(), left_out=(), standing=None)
    )
    assert "−¥2,000.00" in page
    assert "负贰仟元整" in page
    assert "贵方欠款" in page
    assert "可用余额" not in page
    assert "本次报销" not in page


# ---------- 服务费收费标准 ----------


def test_a_fee_schedule_says_what_may_be_charged_since_when(read):
    """R70."""
    (page,) = read(sample.fees())
    assert not lacks(
        page,
        "服务费收费标准", "FS2611-0002", "厦门永兴卫浴经营部", "福建省厦门市", "2026-11-10 起，至下一版执行前一日", "第 2 版(替代 2025-12-01 版)",
        "上门费(市区 15 km 内)", "30.00", "1,120.00", "含法兰、打胶", "0498-7875705", "400-000-0000", "批准 李建国", "2026-11-05",
    )  # fmt: skip
    assert "扫码核对" not in page


def test_a_schedule_not_approved_may_not_be_charged(read):
    (page,) = read(sample.fees(print=sample.info("FS2611-0002", "待审批"), approved_by="", approved_on=None))
    assert "未经批准，不得收费" in page
    assert "待审批" in page


def test_a_schedule_without_groups_is_numbered(read):
    items = tuple(replace(item, group="") for item in sample.fees().items)
    (page,) = read(sample.fees(items=items, until_day=date(2027, 1, 1)))
    assert "序号" in page
    assert "类别" not in page
    assert "2027-01-01 前一日" in page


# ---------- 旧件标签 ----------


def test_labels_are_one_to_a_page_of_60_by_40_mm(read):
    """R30, R34."""
    paper = papers.OldPartLabels(labels=(sample.label(78), sample.label(79, quantity=2, rule="")))
    first, second = read(paper)
    assert not lacks(
        first,
        "OP2610-0078",
        "须回收",
        "FA06-CR",
        "LQF23180201471",
        "H01 冷热不恒温",
        "D002",
        "更换 2026-10-02",
        "报备截止 2026-10-09",
    )
    assert "OP2610-0079" in second
    assert "×2" in second
    assert "须回收" not in second


def test_a_label_with_long_words_is_still_one_page(read):
    long = "W" * 200
    paper = papers.OldPartLabels(
        labels=(
            sample.label(
                part_name=long, spec=long, serial=long, model=long, fault=long, dealer_name=long, brand_name=long
            ),
        )
    )
    assert len(read(paper)) == 1


# ---------- QR ----------


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) is not installed")
@pytest.mark.parametrize(
    ("paper", "number", "codes"),
    [
        (sample.order(), "PO2611-0042", 2),
        (sample.claim(3), "RC2610-0002", 2),
        (sample.statement(1), "ST2610-D002", 2),
        (sample.fees(), "FS2611-0002", 2),
        (papers.OldPartLabels(labels=(sample.label(),)), "OP2610-0078", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_qr_on_each_paper_opens_its_record(printer, tmp_path: Path, paper, number, codes):
    """Domain section 12: read back from a picture at 150 dpi."""
    source = tmp_path / "paper.pdf"
    source.write_bytes(printer.render(paper.template, paper))
    subprocess.run(["pdftoppm", "-r", "150", "-png", "-singlefile", str(source), str(tmp_path / "paper")], check=True)
    with Image.open(tmp_path / "paper.png") as picture:
        found = [code.text for code in zxingcpp.read_barcodes(picture)]
    assert found == [f"http://127.0.0.1:8000/q/lanquan/{number}"] * codes


# ---------- the values themselves ----------


def test_two_prints_share_their_code_exactly_when_they_say_the_same():
    paper = sample.order()
    again = replace(paper, print=replace(paper.print, printed_at=sample.at("2027-01-01T00:00"), printed_by="别人"))
    other = replace(paper, freight=Decimal("48.01"))
    assert papers.content_code(paper) == papers.content_code(again)
    assert papers.content_code(paper) != papers.content_code(other)
    assert re.fullmatch("[2-9A-HJ-NP-TV-Z]{8}", papers.content_code(paper))


def test_figures_have_a_true_minus_and_no_negative_zero():
    assert papers.money(Decimal("-1234.50")) == "−1,234.50"
    assert papers.money(Decimal("-0.00")) == "0.00"
    assert papers.yuan(Decimal("-51.25")) == "−¥51.25"
    assert papers.yuan(Decimal("1351.71")) == "¥1,351.71"
