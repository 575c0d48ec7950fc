"""A workbook written row by row: real numbers and dates, texts that stay texts, nothing kept in memory (IE3)."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils.escape import unescape

from portal.web.sheets import Column, Sheet, workbook, write

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


@dataclass
class Row:
    words: str | None = "x"
    amount: Decimal | None = Decimal("1234.50")
    pieces: int | None = 3
    day: date | None = date(2026, 10, 31)
    at: datetime | None = datetime(2026, 10, 31, 17, 30, tzinfo=UTC)


COLUMNS = (
    Column("词", "words"),
    Column("金额", "amount", "money"),
    Column("数量", "pieces", "whole"),
    Column("日期", "day", "day"),
    Column("时间", "at", "moment"),
    Column("月份", lambda row: row.day and row.day.replace(day=1), "month"),
)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠A1", '=HYPERLINK("http://x")', "=cmd|'/c calc'!A1",
            "http://example.com", "mailto:a@b", "internal:Sheet2!A1", "12", "1e3", "TRUE", "{=1}", "_x0041_", "a\nb", "<b>&amp;", "\U0001f600", "é"]  # fmt: skip


def read(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))


def made(rows, **how) -> bytes:
    return workbook([Sheet("表", COLUMNS, rows, **how)], at=AT, zone=SHANGHAI)


def test_values_have_their_own_types():
    page = read(made([Row()])).worksheets[0]
    cells = [cell for row in page.iter_rows(min_row=2) for cell in row]
    assert [str(cell.value) for cell in cells] == [
        "x", "1234.5", "3", "2026-10-31 00:00:00", "2026-11-01 01:30:00", "2026-10-01 00:00:00",
    ]  # fmt: skip
    assert [cell.data_type for cell in cells] == ["s", "n", "n", "d", "d", "d"]
    assert [cell.number_format for cell in cells] == [
        "@", "#,##0.00;[Red]-#,##0.00", "#,##0", "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "yyyy-mm",
    ]  # fmt: skip


def test_the_headings_are_frozen_and_filtered():
    page = read(made([Row(), Row()])).worksheets[0]
    assert [cell.value for cell in page[1]] == ["词", "金额", "数量", "日期", "时间", "月份"]
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:F3")
    assert page.column_dimensions["A"].width > page.column_dimensions["C"].width


@pytest.mark.parametrize("text", FORMULAS)
def test_IE3_no_text_becomes_a_formula_a_link_or_a_number(text):
    page = read(made([Row(words=text)], head=[(text, text)], title=text)).worksheets[0]
    found = [cell for row in page.iter_rows() for cell in row if cell.value is not None and cell.column <= 2][:6]
    assert {cell.data_type for cell in found} == {"s"}
    assert unescape(page["A5"].value) == text
    assert page["A5"].hyperlink is None


def test_IE3_control_without_the_settings_a_formula_is_one():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write(0, 0, "=1+1")
    assert read(out.getvalue()).worksheets[0]["A1"].data_type == "f"


def test_nothing_and_control_characters():
    page = read(made([Row(None, None, None, None, None), Row(words="a\x00\x07\ufffeb")])).worksheets[0]
    assert [cell.value for cell in page[2]] == [None] * 6
    assert page["A3"].value == "a_x0000__x0007__xFFFE_b"


def test_head_and_foot_stand_around_the_table():
    data = made(
        [Row()],
        title="对账单",
        head=[("编号", "ST2610-D001"), ("期初", Decimal("5.00"))],
        foot=[("合计", Decimal("1234.50"))],
    )
    page = read(data).worksheets[0]
    assert [[cell.value for cell in row[:2]] for row in page.iter_rows()] == [
        ["对账单", None], ["编号", "ST2610-D001"], ["期初", 5], [None, None], ["词", "金额"], ["x", 1234.5], ["合计", 1234.5],
    ]  # fmt: skip
    assert page.freeze_panes == "A6"


def test_an_empty_table_is_a_workbook_too():
    page = read(made([])).worksheets[0]
    assert [cell.value for cell in page[1]] == ["词", "金额", "数量", "日期", "时间", "月份"]


def test_tabs_have_names_that_excel_takes():
    names = ["a/b:c*d?e[f]g\\h", "长" * 40, "长" * 40, "'", ""]
    book = read(workbook([Sheet(name) for name in names], at=AT, zone=SHANGHAI))
    assert book.sheetnames == ["a b c d e f g h", "长" * 31, "长" * 27 + " 2", "1", "1 2"]


def test_the_same_rows_make_the_same_bytes():
    assert made([Row(), Row(words="y")]) == made([Row(), Row(words="y")])


def test_money_is_exact_to_the_fen():
    amounts = [Decimal("0.01"), Decimal("-0.01"), Decimal("99999999.99"), Decimal("257.60"), Decimal("0.10") * 3]
    page = read(made([Row(amount=amount) for amount in amounts])).worksheets[0]
    assert [Decimal(repr(cell.value)) for cell in page["B"][1:]] == amounts


def test_what_fails_half_way_leaves_no_file_behind():
    def rows():
        yield Row()
        raise ValueError("half way")

    before = set(Path(tempfile.gettempdir()).glob("portal-sheet-*"))
    with pytest.raises(ValueError, match="half way"):
        made(rows())
    assert set(Path(tempfile.gettempdir()).glob("portal-sheet-*")) == before


def test_IE6_memory_does_not_grow_with_the_rows():
    def peak(count: int) -> int:
        tracemalloc.start()
        with tempfile.TemporaryFile() as out:
            assert write(out, [Sheet("表", COLUMNS, (Row() for _ in range(count)))], at=AT, zone=SHANGHAI) == [count]
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(20_000) < peak(1_000) + 2_000_000
