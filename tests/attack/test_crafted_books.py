"""Workbooks of a few ten KB that would keep a thread busy for minutes or fill the memory: refused by looking at their bytes (IE1).

The file's size and what it unpacks to are well within the limits of the listing; what hurts is how many elements, attributes
or names for one part it holds.
"""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from portal.core.tables.files import MAX_RATIO, read_tables
from portal.core.tables.values import TableRefused

SHEET, STYLES, BOOK = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"


def crafted(part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A plain workbook with one part changed, and with noise enough in a picture to pass for one that is not squeezed."""
    plain, out, inside = io.BytesIO(), io.BytesIO(), 0
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            text = change(source.read(name)) if name == part else source.read(name)
            inside += len(text)
            target.writestr(name, text)
        target.writestr("xl/media/noise.png", os.urandom(inside // MAX_RATIO + 20_000))
    return out.getvalue()


def refused(data: bytes) -> str:
    """Why, within two seconds of the processor."""
    started = time.process_time()
    with pytest.raises(TableRefused) as why:
        read_tables(data, "form.xlsx")
    assert time.process_time() - started < 2
    return why.value.code


def before(mark: bytes, more: bytes) -> Callable[[bytes], bytes]:
    return lambda text: text.replace(mark, more + mark)


def test_the_control_is_read() -> None:
    assert [len(table.rows) for table in read_tables(crafted(SHEET, lambda text: text), "form.xlsx")] == [2]


@pytest.mark.parametrize(
    ("part", "mark", "more"),
    [
        (SHEET, b"</worksheet>", b"<a/>" * 4_000_000),
        (SHEET, b"</sheetData>", b"<row>" + b"<a/>" * 4_000_000 + b"</row>"),
        (SHEET, b"</worksheet>", b"<a>" * 2_000_000 + b"</a>" * 2_000_000),
        (SHEET, b"</sheetData>", b"<row " + b" ".join(b'a%d=""' % n for n in range(200_000)) + b"/>"),
        (STYLES, b"</cellXfs>", b"<xf/>" * 700_000),
        (STYLES, b"</fonts>", b"<font/>" * 500_000),
    ],
    ids=["elements", "elements in a row", "deep", "attributes", "formats", "fonts"],
)
def test_IE1_a_small_book_of_millions_of_elements_is_refused_fast(part: str, mark: bytes, more: bytes) -> None:
    assert refused(crafted(part, before(mark, more))) == "file-bomb"


def test_IE1_a_row_of_a_hundred_thousand_strange_elements_is_refused_before_it_fills_the_memory() -> None:
    assert refused(crafted(SHEET, before(b"</sheetData>", b"<row>" + b"<a/>" * 200_000 + b"</row>"))) == "file-bomb"


def test_IE1_one_part_under_many_names_is_not_read_as_often() -> None:
    """Nor for its size, which openpyxl looks for in the whole part where it does not stand at its beginning."""
    same = b"".join(
        b'<sheet xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" name="n%d" sheetId="%d" r:id="rId1"/>'
        % (number, number + 9)
        for number in range(2_000)
    )
    assert refused(crafted(BOOK, before(b"</sheets>", same))) == "file-not-readable"


def test_IE1_a_sheet_that_does_not_say_its_size_is_parsed_once() -> None:
    rows = b"<row/>" * 90_000
    data = crafted(
        SHEET, lambda text: text.replace(b"<dimension", b"<nothing").replace(b"</sheetData>", rows + b"</sheetData>")
    )
    assert [len(table.rows) for table in read_tables(data, "form.xlsx")] == [2]


@pytest.mark.parametrize("encoding", [b"cp037", b"utf-7", b"gb18030", b"cp1140"])
def test_IE2_a_part_in_an_encoding_whose_signs_cannot_be_counted_is_refused(encoding: bytes) -> None:
    head = b'<?xml version="1.0" encoding="' + encoding + b'"?>'
    assert refused(
        crafted(SHEET, lambda text: head + text.partition(b"?>")[2] if text.startswith(b"<?xml") else head + text)
    ) == ("file-not-readable")


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "utf-16"])
def test_the_encodings_of_spreadsheet_programs_are_read(encoding: str) -> None:
    def written(text: bytes) -> bytes:
        words = text.decode()
        body = words.partition("?>")[2] if words.startswith("<?xml") else words
        return (f'<?xml version="1.0" encoding="{encoding}" standalone="yes"?>' + body).encode(encoding)

    assert [len(table.rows) for table in read_tables(crafted(SHEET, written), "form.xlsx")] == [2]


def test_IE1_thousands_of_merged_columns_over_twenty_thousand_rows_cost_what_one_costs() -> None:
    rows = b"".join(b'<row r="%d"><c r="B%d"><v>1</v></c></row>' % (number, number) for number in range(3, 20_000))
    merges = b"<mergeCells>" + b'<mergeCell ref="A1:A20000"/>' * 5_000 + b"</mergeCells>"
    data = crafted(SHEET, lambda text: text.replace(b"</sheetData>", rows + b"</sheetData>" + merges))
    started = time.process_time()
    assert [len(table.rows) for table in read_tables(data, "form.xlsx")] == [19_999]
    assert time.process_time() - started < 5
