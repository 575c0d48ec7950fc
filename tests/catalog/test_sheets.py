"""The brands' own price lists and fault codes, as they are (R10, R11, R15, R34)."""

import io
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

import portal.demo
from portal.catalog.sheets import read_faults, read_prices
from portal.core.tables import TableRefused

DATA = Path(portal.demo.__file__).parent / "data"
FIRST = date(2026, 8, 1)


def prices(name, **more):
    return read_prices((DATA / name).read_bytes(), name, **more)


def by_number(sheet):
    return {row.number: row for row in sheet.rows}


def made(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return read_prices(target.getvalue(), "list.xlsx", first_day=FIRST)


HEADINGS = ("配件编码", "配件名称", "成本价", "保外价", "旧件回收", "适用产品型号")


def test_the_2026h2_list_is_understood_whole():
    """R11."""
    sheet = prices("price-list-2026H2.xlsx")
    assert (sheet.title, sheet.version, sheet.first_day) == (
        "澜泉卫浴零部件价格表(2026年下半年)",
        "202607",
        date(2026, 7, 1),
    )
    assert sheet.header_row == 4
    assert sheet.columns == (
        ("配件编码", "number"),
        ("配件名称", "name"),
        ("规格型号", "spec"),
        ("配件类别", "group"),
        ("适用产品型号", "models"),
        ("单位", "unit"),
        ("成本价(元)", "dealer_price"),
        ("保外价(元)", "out_price"),
        ("旧件回收", "must_return"),
        ("备注", "remark"),
    )
    assert sheet.ignored == ("序号",)
    assert (sheet.ok, sheet.problems, sheet.warnings) == (True, (), ())
    assert len(sheet.rows) == 119
    assert sum(row.dealer_price for row in sheet.rows) == Decimal("7026.38")
    assert sum(row.out_price for row in sheet.rows) == Decimal("14092.30")


def test_a_row_of_the_2026h2_list_carries_everything_and_its_own_number():
    first, last = (prices("price-list-2026H2.xlsx").rows[at] for at in (0, -1))
    assert (first.row_no, first.number, first.name, first.spec, first.group, first.category) == (
        6, "ST01", "主控板", "AC220V", "电子件", "智能马桶",
    )  # fmt: skip
    assert (first.models, first.unit, first.dealer_price, first.out_price, first.must_return, first.remark) == (
        ("LQ-S9",), "块", Decimal("382.00"), Decimal("690.00"), True, "",
    )  # fmt: skip
    assert (last.row_no, last.number, last.category, last.models) == (137, "AC04-MB", "五金挂件", ("LQ-A01",))


@pytest.mark.parametrize(
    ("number", "dealer", "out"),
    [
        ("ST02", "158.00", "298.00"),  # ¥158.00
        ("ST03", "262.00", "486.00"),  # spaces around it
        ("ST07-WT", "224.00", "415.00"),  # full-width
        ("ST07-GY", "257.60", "477.25"),  # numbers
        ("ST12", "17.50", "36.00"),  # 17.50元
        ("FA01", "14.20", "32.00"),  # full-width
        ("BT03", "322.00", "618.00"),  # 322.00元
    ],
)
def test_a_price_is_exact_however_it_is_written(number, dealer, out):
    """R11."""
    row = by_number(prices("price-list-2026H2.xlsx"))[number]
    assert (str(row.dealer_price), str(row.out_price)) == (dealer, out)


def test_the_sections_are_the_products_categories():
    counted = Counter(row.category for row in prices("price-list-2026H2.xlsx").rows)
    assert counted == {
        "智能马桶": 20, "坐便器": 15, "面盆龙头": 14, "厨房龙头": 8, "淋浴花洒": 17, "浴室柜": 14, "淋浴房": 12,
        "浴缸": 9, "小便器": 4, "五金挂件": 6,
    }  # fmt: skip


def test_models_are_parted_and_keep_their_inner_space():
    rows = by_number(prices("price-list-2026H2.xlsx"))
    assert rows["ST03"].models == ("LQ-S9 Pro", "LQ-X3", "LQ-S7", "LQ-S9")
    assert rows["SH01-WT"].models == ("LQ-H30", "LQ-H80 恒温", "LQ-H50")


def test_only_what_says_yes_must_come_back():
    """R34: of 119 parts 62 say 是; 否, / and an empty cell are no."""
    rows = by_number(prices("price-list-2026H2.xlsx"))
    assert sum(row.must_return for row in rows.values()) == 62
    assert [rows[number].must_return for number in ("ST01", "ST08-WT", "ST08-GY", "ST11")] == [
        True,
        False,
        False,
        False,
    ]


def test_a_dash_for_a_specification_is_none():
    assert by_number(prices("price-list-2026H2.xlsx"))["ST18"].spec == ""


def test_footer_and_blank_rows_are_noted_by_their_numbers():
    notes = prices("price-list-2026H2.xlsx").notes
    assert [note.row_no for note in notes if note.code == "row-blank"] == [28, 39, 78, 107, 138]
    assert [(note.row_no, note.facts) for note in notes if note.code == "row-footer"] == [
        (139, {"text": "制表:售后服务科  审核:  批准:"})
    ]


def test_the_2027h1_list_stands_for_its_own_day():
    """R10."""
    sheet = prices("price-list-2027H1.xlsx")
    assert (sheet.version, sheet.first_day, len(sheet.rows), sheet.ok) == ("202701", date(2027, 1, 1), 118, True)
    assert by_number(sheet)["FA02"].dealer_price == Decimal("13.10")  # １３．１０
    gone = set(by_number(prices("price-list-2026H2.xlsx"))) - set(by_number(sheet))
    assert gone == {"SH09"}


def test_the_gbk_list_with_other_headings_is_understood_and_needs_a_day():
    """R11, R15."""
    assert [problem.code for problem in prices("muyu-price-list.csv").problems] == ["first-day-missing"]
    sheet = prices("muyu-price-list.csv", first_day=FIRST)
    assert (sheet.ok, sheet.first_day, sheet.header_row, len(sheet.rows)) == (True, FIRST, 1, 15)
    assert sheet.columns == (
        ("物料号", "number"),
        ("品名", "name"),
        ("类别", "group"),
        ("计量单位", "unit"),
        ("结算价", "dealer_price"),
        ("保外售价", "out_price"),
        ("是否返旧", "must_return"),
        ("适用系列", "models"),
    )
    row = by_number(sheet)["MY0009"]
    assert (row.row_no, row.name, row.group, row.models, row.category) == (
        10,
        "电动沙发推杆电机",
        "电动件",
        ("砚山",),
        None,
    )
    assert (row.dealer_price, row.out_price, row.must_return) == (Decimal("265.00"), Decimal("520.00"), True)
    assert sum(row.must_return for row in sheet.rows) == 9


def test_the_day_given_wins_over_the_lists_own():
    sheet = prices("price-list-2026H2.xlsx", first_day=FIRST)
    assert (sheet.first_day, sheet.ok) == (FIRST, True)
    assert "first-day-given" in [note.code for note in sheet.notes]


def test_bad_rows_are_named_one_by_one():
    """R11."""
    sheet = made(
        HEADINGS,
        ("A1", "阀", "面议", 5, "是"),
        ("A2", None, 1, 2),
        ("A3", "阀", 12.345, 20),
        ("A4", "阀", -1, 20),
        ("A5", "阀", 0, 20),
        ("A6", "阀", 1, 2),
        ("a6", "阀", 1, 2),
        ("A7", "阀", 1),
    )
    assert [(problem.row_no, problem.heading, problem.code) for problem in sheet.problems] == [
        (2, "成本价", "money-unclear"),
        (3, "配件名称", "cell-empty"),
        (4, "成本价", "money-decimals"),
        (5, "成本价", "money-negative"),
        (6, "成本价", "price-zero"),
        (8, "配件编码", "row-twice"),
        (9, "保外价", "cell-empty"),
    ]
    assert [row.number for row in sheet.rows] == ["A6"]


def test_a_low_out_of_warranty_price_and_an_unclear_answer_are_warnings_only():
    sheet = made(HEADINGS, ("A1", "阀", 10, 9.5, "看情况"))
    assert (sheet.ok, sheet.rows[0].must_return) == (True, False)
    assert [(warning.row_no, warning.code, warning.facts) for warning in sheet.warnings] == [
        (2, "price-below-dealer-price", {"out": Decimal("9.50"), "dealer": Decimal("10.00")}),
        (2, "return-unclear", {"value": "看情况"}),
    ]


def test_models_may_be_parted_by_commas_or_lines_and_a_universal_part_names_none():
    sheet = made(
        HEADINGS,
        ("A1", "阀", 1, 2, "Y", "X1，X2\nX3;X1"),
        ("A2", "阀", 1, 2, "Y", "通用"),
        ("A3", "阀", 1, 2, "√", "/"),
    )
    assert [row.models for row in sheet.rows] == [("X1", "X2", "X3"), (), ()]


def test_a_sheet_that_is_no_price_list_is_refused_with_the_missing_columns():
    with pytest.raises(TableRefused) as refused:
        prices("dealers.xlsx")
    assert refused.value.code == "headings-missing"
    assert set(refused.value.facts["fields"]) == {"number", "name", "dealer_price", "out_price"}


def test_the_fault_codes_are_read_with_their_categories():
    """R15."""
    sheet = read_faults((DATA / "fault-codes.csv").read_bytes(), "fault-codes.csv")
    assert (len(sheet.rows), sheet.ok) == (21, True)
    assert [(row.row_no, row.code, row.name, row.category) for row in (sheet.rows[0], sheet.rows[-1])] == [
        (2, "E01", "漏电/跳闸", "智能马桶"),
        (22, "Z99", "其他", None),
    ]


def test_the_furniture_brands_fault_codes_are_read_from_unicode_text_with_tabs():
    sheet = read_faults((DATA / "muyu-fault-codes.csv").read_bytes(), "muyu-fault-codes.csv")
    assert [column.heading for column in sheet.columns] == ["适用品类", "故障编号", "故障描述"]
    assert (len(sheet.rows), sheet.ok) == (13, True)
    assert [(row.code, row.name, row.category) for row in (sheet.rows[8], sheet.rows[-1])] == [
        ("GN01", "电机不启动", "功能家具"),
        ("QT99", "其他", None),
    ]


def test_a_fault_code_that_stands_twice_is_a_bad_row():
    sheet = read_faults("故障代码,故障现象\nE01,a\ne01,b\n".encode(), "f.csv")
    assert [(problem.row_no, problem.code) for problem in sheet.problems] == [(3, "row-twice")]
