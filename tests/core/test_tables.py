"""Reading strangers' workbooks: files, cells, headings (R11, IE1, IE2)."""

import contextlib
import io
import random
import time
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.tables import Column, TableRefused, cells, read_table, read_tables, understand
from portal.core.tables.sheets import plain_heading
from portal.core.tables.values import Broken, Formula

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def xlsx(*rows, merge=(), more=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for area in merge:
        book.active.merge_cells(area)
    for title, others in (more or {}).items():
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def crafted(sheet_xml, **parts):
    """A workbook whose one worksheet is exactly that XML; ``parts`` (path by keyword ``name__xml``) are added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(["a"]))) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            out.writestr(name, sheet_xml if name.endswith("sheet1.xml") else source.read(name))
        for name, content in parts.items():
            out.writestr(name.replace("__", "/"), content)
    return target.getvalue()


def sheet_of(rows_xml, dimension="A1:B2"):
    return f'<worksheet xmlns="{MAIN}"><dimension ref="{dimension}"/><sheetData>{rows_xml}</sheetData></worksheet>'.encode()


def refusal(data, filename="list.xlsx"):
    started = time.perf_counter()
    with pytest.raises(TableRefused) as refused:
        read_table(data, filename)
    assert time.perf_counter() - started < 5  # generous for a busy machine; each takes well under a second alone
    return refused.value.code


# ---------------------------------------------------------------------------------------------- files


def test_a_row_keeps_the_number_that_the_sheet_shows():
    table = read_table(xlsx(["a"], [], [], ["b", None, 3]), "list.xlsx")
    assert [(row.no, row.cells) for row in table.rows] == [(1, ("a",)), (4, ("b", None, 3))]


def test_blank_lines_of_a_csv_are_rows_and_a_line_break_in_quotes_is_not():
    table = read_table('编号,名称\r\n\r\n1,"上\n下"\r\n2,x\r\n'.encode(), "list.csv")
    assert [(row.no, row.cells) for row in table.rows] == [(1, ("编号", "名称")), (3, ("1", "上\n下")), (4, ("2", "x"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators_are_told_apart(encoding, separator):
    text = f"编码{separator}名称\n1{separator}安装日期\n2{separator}喷管\n"
    assert [row.cells for row in read_table(text.encode(encoding), "list.csv").rows] == [
        ("编码", "名称"),
        ("1", "安装日期"),
        ("2", "喷管"),
    ]


def test_semicolons_inside_cells_do_not_part_a_comma_separated_file():
    text = "品类,起算\n坐便器,安装日期;无则购买日期;再无则生产日期\n浴缸,安装日期;无则购买日期;再无则生产日期\n"
    assert read_table(text.encode(), "x.csv").rows[1].cells == ("坐便器", "安装日期;无则购买日期;再无则生产日期")


@pytest.mark.parametrize(
    ("data", "filename", "code"),
    [
        (b"", "list.csv", "file-empty"),
        (b" \r\n ", "list.csv", "file-empty"),
        (b",,,\n,,\n", "list.csv", "file-no-rows"),
        (b"a,b\n1,\x002\n", "list.csv", "file-control-characters"),
        (b"a,b\n1,\x1b[2J\n", "list.csv", "file-control-characters"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "list.xlsx", "file-old-excel"),
        (b"anything", "list.xls", "file-old-excel"),
        (b"%PDF-1.7", "list.pdf", "file-kind"),
        (b"a,b", "list", "file-kind"),
        (b"PK\x03\x04 and nothing of a zip", "list.xlsx", "file-not-readable"),
        (b"\xff\xff\xff\xff\xff", "list.csv", "file-encoding"),
        (b'a,b\n1,"open\n2,x\n', "list.csv", "file-quotes"),
        (b"a," + b"x" * 3_000, "list.csv", "text-too-long"),
        (b"a," + b"x" * 200_000, "list.csv", "text-too-long"),
        (b"a" + b",a" * 1_000_000, "list.csv", "too-many-columns"),
        (b"a\n" * 20_001, "list.csv", "too-many-rows"),
        (b"a" * (10 * 1024 * 1024 + 1), "list.csv", "file-too-large"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_reason(data, filename, code):
    assert refusal(data, filename) == code


def test_a_line_of_a_million_empty_cells_is_read_as_what_stands_in_it():
    assert read_table(b"a,b" + b"," * 1_000_000 + b"\n1,2\n", "list.csv").rows[0].cells == ("a", "b")


def test_a_bomb_is_refused_by_its_listing_before_it_is_unpacked():
    """IE1."""
    rows = b"<row><c><v>1</v></c></row>" * 1_000_000
    assert refusal(crafted(sheet_of(rows.decode()))) == "file-bomb"
    assert refusal(crafted(sheet_of(""), **{"xl__styles2.xml": b" " * 5_000_000})) == "file-bomb"
    assert refusal(crafted(sheet_of(""), **{f"xl__media__{n}.png": b"" for n in range(600)})) == "file-bomb"


def test_entities_in_a_workbook_are_refused_not_expanded():
    """IE2."""
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&x;</t></is></c></row>'
    for entity in ('<!ENTITY x SYSTEM "file:///etc/passwd">', '<!ENTITY y "lol"><!ENTITY x "&y;&y;&y;&y;">'):
        xml = b"<?xml version='1.0'?><!DOCTYPE worksheet [" + entity.encode() + b"]>" + sheet_of(cell)
        assert refusal(crafted(xml)) == "file-not-readable"


def test_a_cell_far_away_is_refused_without_filling_the_gap():
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert refusal(crafted(sheet_of(far))) == "too-many-columns"
    assert refusal(crafted(sheet_of(far.replace("XFD", "B")))) == "too-many-rows"
    assert refusal(crafted(sheet_of('<row r="1"><c r="BI1"><v>1</v></c></row>'))) == "too-many-columns"


def test_a_million_rows_in_the_dimension_and_none_in_the_sheet_cost_nothing():
    rows = '<row r="2"><c r="A2"><v>7</v></c></row><row r="1048576"/>'
    table = read_table(crafted(sheet_of(rows, "A1:XFD1048576")), "list.xlsx")
    assert [(row.no, row.cells) for row in table.rows] == [(2, (7,))]


def test_empty_rows_without_end_are_refused():
    assert refusal(crafted(sheet_of("".join(f'<row r="{n}"/>' for n in range(1, 100_003))))) == "too-many-rows"


def test_a_row_of_empty_cells_without_end_is_refused():
    wide = "".join(f'<c r="A1" s="{n}"/>' for n in range(1_000_000))
    assert refusal(crafted(sheet_of(f'<row r="1">{wide}</row>'))) == "too-many-cells"
    square = ("<row>" + "<c/>" * 1_000 + "</row>") * 401
    assert refusal(crafted(sheet_of(square))) == "too-many-cells"


def test_a_huge_text_and_control_characters_in_a_cell_are_refused():
    assert refusal(xlsx(["a", "x" * 2_001])) == "text-too-long"
    assert refusal(crafted(sheet_of('<row><c t="inlineStr"><is><t>a\x85b</t></is></c></row>'))) == (
        "file-control-characters"
    )
    assert refusal(crafted(sheet_of('<row><c t="inlineStr"><is><t>a&#0;b</t></is></c></row>'))) == "file-not-readable"


@pytest.mark.parametrize(
    "xml",
    [
        b"<worksheet",
        sheet_of('<row r="x"><c><v>1</v></c></row>'),
        sheet_of('<row><c t="s"><v>999</v></c></row>'),
        sheet_of('<row><c t="s"><v>nothing</v></c></row>'),
        sheet_of('<row><c r="A1"><v>many</v></c></row>'),
    ],
)
def test_a_damaged_sheet_is_refused_not_an_error(xml):
    assert refusal(crafted(xml)) == "file-not-readable"


def test_formulas_and_errors_are_cells_of_their_own_kind():
    shared = "<f t='shared' si='0' ref='A1:A9'>" + "A1+" * 100 + "1</f>"
    xml = sheet_of(f"<row r='1'><c r='A1'>{shared}<v>5</v></c><c r='B1' t='e'><v>#N/A</v></c></row>")
    formula, error = read_table(crafted(xml), "list.xlsx").rows[0].cells
    assert isinstance(formula, Formula)
    assert (type(error), error) == (Broken, "#N/A")


def test_a_thousand_copies_of_a_long_formula_are_not_worked_out():
    master = "<row r='1'><c r='A1'><f t='shared' si='0' ref='A1:A9999'>" + "SUM(B1:C9)+" * 2_000 + "1</f></c></row>"
    rest = "".join(f"<row r='{n}'><c r='A{n}'><f t='shared' si='0'/></c></row>" for n in range(2, 5_000))
    started = time.perf_counter()
    assert len(read_table(crafted(sheet_of(master + rest)), "list.xlsx").rows) == 4_999
    assert time.perf_counter() - started < 5


def test_invisible_marks_and_spaces_around_a_text_go():
    assert read_table("\u200bST01\u3000,\u00a0x \u202e\n".encode(), "list.csv").rows[0].cells == ("ST01", "x")


def test_a_cell_merged_downwards_stands_in_every_row_and_a_wide_one_is_known():
    data = xlsx(
        ["价格表"], ["编码", "类别"], ["A1", "阀类"], ["A2"], [], ["A3", "管件"], merge=["A1:C1", "B3:B4", "C3:C9"]
    )
    rows = read_table(data, "list.xlsx").rows
    assert rows[0].wide == {0}
    assert [(row.no, row.cells) for row in rows[2:]] == [(3, ("A1", "阀类")), (4, ("A2", "阀类")), (6, ("A3", "管件"))]


def test_every_visible_sheet_with_rows_is_read_and_a_hidden_one_is_not():
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.create_sheet("空")
    book.create_sheet("二").append(["b"])
    hidden = book.create_sheet("藏")
    hidden.append(["c"])
    hidden.sheet_state = "hidden"
    target = io.BytesIO()
    book.save(target)
    assert [table.name for table in read_tables(target.getvalue(), "list.xlsx")] == ["Sheet", "二"]


# ---------------------------------------------------------------------------------------------- headings, rows

COLUMNS = (
    Column("number", ("配件编码", "part number")),
    Column("price", ("成本价", "dealer price")),
    Column("remark", ("备注",), required=False),
)


def plain(reading):
    return (
        reading.no,
        reading.section,
        reading.need("number", cells.code, ""),
        reading.need("price", cells.money, Decimal(0)),
        reading.take("remark", cells.text, ""),
    )


def understood(*rows, **more):
    return understand(read_tables(xlsx(*rows), "list.xlsx"), COLUMNS, plain, **more)


@pytest.mark.parametrize(
    "heading", ["成本价(元)", "成本价（元）", " 成 本 价 ", "*成本价：", "成本价/元", "成本价\n(含税)"]
)
def test_a_heading_is_known_with_what_brands_add_to_it(heading):
    assert plain_heading(heading) == "成本价"


def test_headings_stand_in_any_row_order_and_wording():
    sheet = understood(
        ["某某价格表"], [], ["备注", None, "Dealer Price (CNY)", "颜色", "PART NUMBER"], ["x", 1, 5, "红", "A1"]
    )
    assert (sheet.title, sheet.header_row) == ("某某价格表", 3)
    assert sheet.columns == (("备注", "remark"), ("Dealer Price (CNY)", "price"), ("PART NUMBER", "number"))
    assert sheet.ignored == ("颜色",)
    assert sheet.rows == ((4, None, "A1", Decimal("5.00"), "x"),)


def test_missing_and_doubled_headings_are_named():
    with pytest.raises(TableRefused) as refused:
        understood(["配件编码", "备注"], ["A1", "x"])
    assert (refused.value.code, refused.value.facts) == (
        "headings-missing",
        {"fields": ("price",), "headings": ("成本价",)},
    )
    with pytest.raises(TableRefused) as refused:
        understood(["配件编码", "成本价(元)", "成本价(美元)"], ["A1", 1, 2])
    assert (refused.value.code, refused.value.facts) == (
        "heading-twice",
        {"row": 1, "headings": ("成本价(元)", "成本价(美元)")},
    )


def test_sections_repeated_headings_blank_rows_and_footers_are_passed_over_with_a_note():
    sheet = understood(
        ["序号", "配件编码", "成本价(元)"],
        ["【面盆龙头】"],
        [1, "A1", 5],
        [],
        ["厨房龙头"],
        ["序号", "配件编码", "成本价(元)"],
        [2, "A2", 6],
        [],
        [],
        ["合计", None, 11],
        [None, "制表:售后服务科", None, "审核:"],
    )
    assert [row[:3] for row in sheet.rows] == [(3, "面盆龙头", "A1"), (7, "厨房龙头", "A2")]
    assert [(note.row_no, note.code) for note in sheet.notes] == [
        (2, "row-section"),
        (4, "row-blank"),
        (5, "row-section"),
        (6, "row-heading"),
        (8, "rows-blank"),
        (10, "row-footer"),
        (11, "row-footer"),
    ]
    assert sheet.ok


def test_every_bad_row_is_named_by_its_number_column_and_reason():
    """R11."""
    sheet = understood(
        ["价格表"],
        ["配件编码", "成本价(元)"],
        ["A1", "面议"],
        [],
        [None, -3],
        ["A2", "=1+1"],
        ["A3"],
        ["A4", "4.00"],
        key=("number", lambda row: row[2]),
    )
    assert [(problem.row_no, problem.heading, problem.code) for problem in sheet.problems] == [
        (3, "成本价(元)", "money-unclear"),
        (5, "配件编码", "cell-empty"),
        (5, "成本价(元)", "money-negative"),
        (6, "成本价(元)", "cell-formula"),
        (7, "成本价(元)", "cell-empty"),
    ]
    assert not sheet.ok
    assert sheet.bad_rows == (3, 5, 6, 7)
    assert [row[0] for row in sheet.rows] == [8]


def test_what_stands_twice_is_a_bad_row_that_names_the_first():
    sheet = understood(
        ["配件编码", "成本价"], ["A1", 1], ["A2", 2], ["a1", 3], key=("number", lambda row: row[2].upper())
    )
    assert [(problem.row_no, problem.code, problem.facts) for problem in sheet.problems] == [
        (4, "row-twice", {"value": "a1", "first": 2})
    ]


@pytest.mark.parametrize(
    "line",
    [
        "执行日期:2026年7月1日起  版本:202607",
        "自2026/7/1起执行 Version: 202607",
        "Effective from 2026-07-01, ver. 202607",
    ],
)
def test_first_day_and_version_are_found_above_the_headings(line):
    sheet = understood(["价格表"], [line], ["配件编码", "成本价"], ["A1", 1], dated=True)
    assert (sheet.title, sheet.first_day, sheet.version) == ("价格表", date(2026, 7, 1), "202607")


def test_a_file_without_a_first_day_needs_one_given():
    """R15."""
    rows = (["配件编码", "成本价"], ["A1", 1])
    assert [problem.code for problem in understood(*rows, dated=True).problems] == ["first-day-missing"]
    given = understood(*rows, dated=True, first_day=date(2026, 8, 1))
    assert (given.ok, given.first_day) == (True, date(2026, 8, 1))
    title = ["执行日期:2026年2月30日"]
    assert [problem.code for problem in understood(title, *rows, dated=True).problems] == ["first-day-impossible"]


def test_a_day_given_wins_over_the_files_own_and_says_so():
    sheet = understood(
        ["执行日期:2026年7月1日"], ["配件编码", "成本价"], ["A1", 1], dated=True, first_day=date(2026, 8, 1)
    )
    assert sheet.first_day == date(2026, 8, 1)
    assert [(note.code, note.facts) for note in sheet.notes] == [
        ("first-day-given", {"in_file": date(2026, 7, 1), "given": date(2026, 8, 1)})
    ]


def test_headings_without_rows_are_a_problem():
    assert [problem.code for problem in understood(["配件编码", "成本价"]).problems] == ["no-rows"]


def test_a_cover_sheet_is_passed_over_and_a_second_table_is_a_problem():
    table = [["配件编码", "成本价"], ["A1", 1]]
    tables = read_tables(xlsx(["封面"], more={"表": table}), "list.xlsx")
    sheet = understand(tables, COLUMNS, plain)
    assert (sheet.ok, [note.code for note in sheet.notes]) == (True, ["sheet-passed-over"])
    twice = understand(read_tables(xlsx(*table, more={"续表": table}), "list.xlsx"), COLUMNS, plain)
    assert [(problem.code, problem.facts) for problem in twice.problems] == [("sheet-second", {"sheet": "续表"})]


# ---------------------------------------------------------------------------------------------- anything at all


def test_a_workbook_with_any_byte_changed_is_read_or_refused_never_an_error():
    whole = xlsx(["配件编码", "成本价"], ["A1", 1.5], ["A2", "¥2"], merge=["A5:C5"])
    chance = random.Random(11)  # noqa: S311 - no secret
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(TableRefused):
            understand(read_tables(bytes(data), "list.xlsx"), COLUMNS, plain)


def test_a_sheet_with_any_letter_changed_is_read_or_refused_never_an_error():
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" s="1"><v>{n}</v></c><c t="s" r="B{n}"><v>0</v></c></row>' for n in range(1, 5)
    )
    whole = sheet_of(rows).replace(b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells>')
    chance = random.Random(12)  # noqa: S311 - no secret
    for _ in range(200):
        data = bytearray(whole)
        data[chance.randrange(len(data))] = chance.choice(b'<>/"=A9:-!&e')
        with contextlib.suppress(TableRefused):
            understand(read_tables(crafted(bytes(data)), "list.xlsx"), COLUMNS, plain)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_bytes_called_csv_are_read_or_refused_never_an_error(data):
    with contextlib.suppress(TableRefused):
        understand(read_tables("配件编码,成本价\n".encode("gbk") + data, "list.csv"), COLUMNS, plain)
