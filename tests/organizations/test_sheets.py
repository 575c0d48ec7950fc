"""The brands' own registers of dealers, as they are."""

from decimal import Decimal
from pathlib import Path

import portal.demo
from portal.demo.make_muyu import dealers as make_muyu_dealers
from portal.organizations.sheets import DealerRow, read_dealers

DATA = Path(portal.demo.__file__).parent / "data"


def dealers(name):
    return read_dealers((DATA / name).read_bytes(), name)


def test_the_register_brings_credit_limits_and_opening_balances():
    sheet = dealers("dealers.xlsx")
    assert (len(sheet.rows), sheet.ok, sheet.ignored, sheet.first_day) == (25, True, (), None)
    assert sheet.rows[0] == DealerRow(
        row_no=2,
        code="D001",
        name="福州恒达卫浴经营部",
        city="福州",
        contact="周先生",
        phone="0461-7980014",
        address="福州市建材大道306号",
        credit_limit=Decimal("2000.00"),
        opening_balance=Decimal("8000.00"),
    )
    assert sum(row.opening_balance for row in sheet.rows) == Decimal("233000.00")
    assert sum(row.credit_limit for row in sheet.rows) == Decimal("119000.00")


def test_the_furniture_brands_register_has_a_title_another_order_and_amounts_in_many_forms():
    sheet = dealers("muyu-dealers.xlsx")
    assert (sheet.title, sheet.header_row, sheet.ignored) == ("木语家居门店名册", 3, ("序号",))
    assert [column.field for column in sheet.columns] == [
        "name", "code", "contact", "city", "opening_balance", "credit_limit", "phone", "address",
    ]  # fmt: skip
    assert [(row.row_no, row.code, row.opening_balance, row.credit_limit) for row in sheet.rows] == [
        (4, "M001", Decimal("12000.00"), Decimal("5000.00")),
        (5, "M002", Decimal("9500.00"), Decimal("3000.00")),
        (6, "M003", Decimal("8000.00"), Decimal("3000.00")),
        (7, "M004", Decimal("15000.00"), Decimal("8000.00")),
        (8, "M005", Decimal("2600.00"), Decimal("0.00")),
        (9, "M006", Decimal("10800.50"), Decimal("5000.00")),
        (10, "M007", Decimal("1800.00"), Decimal("0.00")),
        (11, "M008", Decimal("6400.00"), Decimal("2000.00")),
    ]
    assert [(note.row_no, note.code) for note in sheet.notes] == [(12, "row-blank"), (13, "row-footer")]


def test_the_committed_register_is_what_the_script_makes():
    assert read_dealers(make_muyu_dealers(), "muyu-dealers.xlsx") == dealers("muyu-dealers.xlsx")


def test_no_opening_figure_is_not_an_opening_figure_of_zero():
    sheet = read_dealers("编号,名称,期初余额\nD1,甲,\nD2,乙,0\nD3,丙,/\n".encode(), "d.csv")
    assert [row.opening_balance for row in sheet.rows] == [None, Decimal("0.00"), None]


def test_bad_rows_are_named_by_number_column_and_reason():
    """R11."""
    text = "经销商编号,经销商名称,信用额度,期初\nD1,甲,1.234,5\n,乙,,\nD3,丙,0,-5\nD4,丁,0,1\nd4,戊,0,1\n"
    sheet = read_dealers(text.encode("gbk"), "d.csv")
    assert [(problem.row_no, problem.heading, problem.code) for problem in sheet.problems] == [
        (2, "信用额度", "money-decimals"),
        (3, "经销商编号", "cell-empty"),
        (4, "期初", "money-negative"),
        (6, "经销商编号", "row-twice"),
    ]
    assert sheet.bad_rows == (2, 3, 4, 6)
