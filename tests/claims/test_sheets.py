"""Dealers' own claim forms, as they fill them in, read row by row (R40)."""

import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

import portal.demo
from portal.claims.sheets import read_form
from portal.core.tables import TableRefused

FORMS = Path(portal.demo.__file__).parent / "data" / "claim-forms-2026-10"
TODAY = date(2026, 11, 2)
HEADINGS = [
    "序号",
    "维修日期",
    "用户姓名",
    "联系电话",
    "产品型号",
    "产品序列号",
    "故障代码",
    "配件编码",
    "配件名称",
    "数量",
    "旧件登记号",
    "备注",
]


def book(*rows) -> bytes:
    """A workbook of these rows."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(*rows, **how):
    return read_form(book(*rows), "form.xlsx", **{"today": TODAY, **how})


def simple(*rows, head=("维修日期", "产品序列号", "配件编码", "数量"), title=("报销月份:2026年10月",)):
    return read(title, head, *rows)


@pytest.mark.parametrize(
    ("name", "rows", "first", "last"),
    [("D001", 23, 4, 26), ("D002", 21, 4, 24), ("D003", 19, 4, 22), ("D004", 24, 4, 27), ("D005", 15, 4, 18), ("D006", 9, 4, 12)],
)  # fmt: skip
def test_a_dealers_form_is_read_whole_without_its_signatures(name, rows, first, last):
    form = read_form((FORMS / f"{name}.xlsx").read_bytes(), f"{name}.xlsx", today=TODAY)
    assert (form.title, form.dealer, form.month) == ("保修期内配件费用报销单", name, date(2026, 10, 1))
    assert [row.row_no for row in form.rows] == list(range(first, last + 1))
    assert len(form.rows) == rows
    assert [row.wrong for row in form.rows if row.wrong] == []
    assert {row.day.replace(day=1) for row in form.rows} == {date(2026, 10, 1)}
    assert form.ignored == ()


def test_a_row_keeps_what_was_typed_beside_what_was_understood():
    row = read_form((FORMS / "D001.xlsx").read_bytes(), "D001.xlsx", today=TODAY).rows[7]
    assert row.seen == {
        "seq": "8", "day": "10月14日", "customer_name": "陈丽", "phone": "17100001831", "model": "LQ-B60", "serial": "LQB60200701377",
        "fault": "B02", "part": "BC08", "part_name": "一体陶瓷盆", "quantity": "1",
    }  # fmt: skip
    assert (row.row_no, row.day, row.serial, row.part, row.fault, row.quantity, row.old_part) == (
        11, date(2026, 10, 14), "LQB60200701377", "BC08", "B02", 1, "",
    )  # fmt: skip


@pytest.mark.parametrize(
    "typed",
    [date(2026, 10, 6), "2026/10/06", "2026.10.6", "10月6日", "2026年10月6日", "20261006", 46301, "２０２６－１０－０６", "10月06号"],
)  # fmt: skip
def test_a_day_is_read_however_it_was_typed(typed):
    assert [row.day for row in simple([typed, "SN1", "P1", 1]).rows] == [date(2026, 10, 6)]


def test_a_day_without_its_year_lies_where_the_form_lies():
    rows = (["12月30日", "SN1", "P1", 1], ["1月4日", "SN2", "P1", 1])
    head = ("维修日期", "产品序列号", "配件编码", "数量")
    said = read(("报销月份:2027年1月",), head, *rows, today=date(2027, 2, 1))
    assert [row.day for row in said.rows] == [date(2026, 12, 30), date(2027, 1, 4)]
    unsaid = read(("报销单",), head, *rows, today=date(2027, 1, 20))
    assert (unsaid.month, [row.day for row in unsaid.rows]) == (None, [date(2026, 12, 30), date(2027, 1, 4)])
    asked = read(("报销单",), head, *rows, today=date(2028, 6, 1), month=date(2027, 1, 1))
    assert [row.day for row in asked.rows] == [date(2026, 12, 30), date(2027, 1, 4)]


@pytest.mark.parametrize(
    "footer",
    [
        ["合计", None, None, 5], [None, None, "合计", 5], ["合计:", None, None, None], ["总计(元)", None, None, 3], ["金额大写:壹佰元整"],
        ["经办人:", "经销商盖章:", None, "日期:2026年11月1日"], ["经销商盖章:"], ["负责人:周先生"], ["填表日期:2026年11月1日"], ["以下空白"], ["备注:无"],
    ],
)  # fmt: skip
def test_totals_and_signatures_are_no_rows(footer):
    form = simple(["2026-10-06", "SN1", "P1", 1], [], footer)
    assert [row.row_no for row in form.rows] == [3]


def test_numbered_rows_that_nobody_filled_in_are_no_rows():
    head = ("序号", "维修日期", "产品序列号", "配件编码", "数量")
    form = read(head, [1, "2026-10-06", "SN1", "P1", 1], [2, None, None, None, None], [3, None, None, None, None])
    assert [row.row_no for row in form.rows] == [2]


@pytest.mark.parametrize(
    "head",
    [
        ("服务日期", "序列号", "零件编码", "件数"), ("更换日期 *", "序列号：", "物料编号", "数 量（个）"),
        ("Service date", "Serial No", "Part number", "Qty"), ("维修时间", "机身编号", "料号", "更换数量"),
    ],
)  # fmt: skip
def test_headings_have_many_names(head):
    form = simple(["2026-10-06", "SN1", "P1", 2], head=head)
    assert [(row.day, row.serial, row.part, row.quantity) for row in form.rows] == [(date(2026, 10, 6), "SN1", "P1", 2)]


def test_columns_nobody_asked_for_are_named():
    form = simple(["2026-10-06", "SN1", "P1", 2, "蓝色"], head=("维修日期", "产品序列号", "配件编码", "数量", "颜色"))
    assert form.ignored == ("颜色",)


def test_amounts_are_read_as_people_write_them():
    form = simple(["2026-10-06", "SN1", "P1", 1, "¥1,234.50"], ["2026-10-06", "SN2", "P1", 1, "12.5元"], ["2026-10-06", "SN2", "P1", 1, 37.5],
                  head=("维修日期", "产品序列号", "配件编码", "数量", "金额（元）"))  # fmt: skip
    assert [row.amount for row in form.rows] == [Decimal("1234.50"), Decimal("12.50"), Decimal("37.50")]


def test_a_cell_that_cannot_be_read_is_told_with_its_row():
    form = simple(["上个月", "SN1", "P1", "若干", "很多"], ["2026-13-01", "SN2", "P1", 0, "=A1"], ["2026-10-06", "SN3", "P1", 1, -5],
                  head=("维修日期", "产品序列号", "配件编码", "数量", "金额"))  # fmt: skip
    assert [{name: code for name, (code, _) in row.wrong.items()} for row in form.rows] == [
        {"day": "day-unclear", "quantity": "whole-unclear", "amount": "money-unclear"},
        {"day": "day-impossible", "quantity": "whole-out-of-range", "amount": "cell-formula"},
        {"amount": "money-negative"},
    ]
    assert form.rows[0].seen == {"day": "上个月", "serial": "SN1", "part": "P1", "quantity": "若干", "amount": "很多"}


@pytest.mark.parametrize(
    ("title", "dealer", "month"),
    [
        ("经销商:福州恒达(D001)  报销月份:2026年10月", "D001", date(2026, 10, 1)),
        ("经销商编号：d007 服务月份：2026-9", "D007", date(2026, 9, 1)),
        ("Dealer: D003  Service month: 2026-10", "D003", date(2026, 10, 1)),
        ("2026年10月份保修费用", "", date(2026, 10, 1)),
        ("填表日期:2026年11月1日", "", None),
        ("报销月份:2026年13月", "", None),
        ("某某卫浴", "", None),
    ],
)
def test_the_title_rows_say_dealer_and_month(title, dealer, month):
    form = simple(["2026-10-06", "SN1", "P1", 1], title=(title,))
    assert (form.dealer, form.month) == (dealer, month)


def test_the_usual_month_is_that_of_most_rows_and_the_later_of_two():
    days = ["2026-09-30", "2026-10-06", "2026-10-07", "坏"]
    assert simple(*([day, "SN1", "P1", 1] for day in days)).usual_month() == date(2026, 10, 1)
    assert simple(["2026-09-30", "SN1", "P1", 1], ["2026-10-06", "SN1", "P1", 1]).usual_month() == date(2026, 10, 1)
    assert simple(["坏", "SN1", "P1", 1]).usual_month() is None


def test_a_form_of_old_part_numbers_alone_is_enough():
    form = read(("旧件登记号", "数量"), ["OP2610-0001", 1])
    assert [(row.old_part, row.quantity, row.serial) for row in form.rows] == [("OP2610-0001", 1, "")]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("数量", "备注"), (1, "x")], "headings-missing"),
        ([("产品序列号", "配件编码")], "no-rows"),
        ([("序号", "产品序列号", "配件编码"), (1, None, None)], "no-rows"),
        ([("产品序列号", "配件编码"), *(("SN", "P1") for _ in range(501))], "too-many-rows"),
        ([("产品序列号", "序列号", "配件编码"), ("SN", "SN", "P1")], "heading-twice"),
    ],
)
def test_what_is_no_form_is_refused_whole(rows, code):
    with pytest.raises(TableRefused) as refused:
        read(*rows)
    assert refused.value.code == code


def test_500_rows_are_taken():
    assert len(read(("产品序列号", "配件编码"), *(("SN", "P1") for _ in range(500))).rows) == 500
