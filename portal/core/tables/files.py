"""Bytes that a person uploaded, into rows: xlsx and csv, nothing else, and nothing that could hurt (IE1, IE2).

Everything is bounded before it is read: the file, what its zip says it holds, rows, columns, cells and texts. Codes of
``TableRefused``: file-empty, file-too-large, file-kind, file-old-excel, file-not-readable, file-bomb, file-encoding,
file-control-characters, file-quotes, file-no-rows, too-many-sheets, too-many-rows, too-many-columns,
too-many-cells, text-too-long.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
from defusedxml.ElementTree import iterparse
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import MERGE_TAG, ROW_TAG, WorkSheetParser

from portal.core.tables.values import Broken, Cell, Formula, Row, Table, TableRefused

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 60
MAX_CELLS = 400_000  # styled empty ones included
MAX_TEXT = 2_000
MAX_SHEETS = 8
MAX_ENTRIES = 500
MAX_INSIDE = 64 * 1024 * 1024  # all that the zip would unpack to
MAX_RATIO = 150  # of what it would unpack to, to the file; asked above RATIO_FROM
RATIO_FROM = 2 * 1024 * 1024
MAX_STRINGS = 8 * 1024 * 1024  # read whole by openpyxl, as are the parts after it
MAX_PART = 4 * 1024 * 1024
MAX_TAGS = 1_500_000  # elements of all parts: three for each of MAX_CELLS, and its rows
MAX_PART_TAGS = 100_000  # of one part that is neither a worksheet nor its texts: openpyxl makes objects of them
MAX_SIGNS = 3_000_000  # "=" in one part, one for each attribute
MAX_TAG = 256 * 1024  # bytes without a "<": Excel's longest text, and no tag of ten thousand attributes

_EMPTY_ROWS = 100_000  # row elements, empty ones included: whole columns that somebody formatted
_FAR = 1_000  # a cell out here, even an empty one, is nobody's price list
_WIDEST = 16_384  # cells in a row, the format's own limit
_MERGES = 5_000
_PIECE, _OVERLAP = 1 << 20, 16  # bytes: a tag's name may be cut by the end of a piece
_CELL_TAG = ROW_TAG.replace("}row", "}c")
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_ENCODING = re.compile(rb"[^<]{0,4}<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ufffe\uffff]")

if not openpyxl.DEFUSEDXML:  # pragma: no cover - defusedxml is locked; without it openpyxl expands entities
    raise RuntimeError("openpyxl must read with defusedxml")

# A sheet that does not say its size is parsed whole for it while the book is opened; nobody here asks for the size.
ReadOnlyWorksheet._get_size = lambda _sheet: None  # noqa: SLF001


def read_table(data: bytes, filename: str) -> Table:
    """The first visible worksheet that holds anything, or the csv. Raises TableRefused."""
    return read_tables(data, filename)[0]


def read_tables(data: bytes, filename: str) -> tuple[Table, ...]:
    """Every visible worksheet that holds anything, at least one; a csv is one table. Raises TableRefused."""
    ending = filename.rpartition(".")[2].lower() if "." in filename else ""
    if not data.strip():
        raise TableRefused("file-empty")
    if len(data) > MAX_BYTES:
        raise TableRefused("file-too-large", megabytes=MAX_BYTES // 1024 // 1024)
    if ending == "xls" or data.startswith(b"\xd0\xcf\x11\xe0"):  # also what a workbook with a password looks like
        raise TableRefused("file-old-excel")
    if ending not in {"xlsx", "csv"}:
        raise TableRefused("file-kind", ending=ending[:10])
    tables = _workbook(data) if data.startswith(b"PK\x03\x04") else (_csv(data, filename),)
    if not tables or not tables[0].rows:
        raise TableRefused("file-no-rows")
    return tables


# ------------------------------------------------------------------------------------------------ xlsx


def _workbook(data: bytes) -> tuple[Table, ...]:
    _check_listing(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks about styles and extensions
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            if len({sheet._worksheet_path for sheet in book.worksheets}) < len(book.worksheets):  # noqa: SLF001
                raise TableRefused("file-not-readable")  # noqa: TRY301 - one part under many names is parsed as often
            visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            tables = tuple(Table(sheet.title, tuple(_rows_of(sheet))) for sheet in visible[:MAX_SHEETS])
    except TableRefused:
        raise
    except Exception as unreadable:  # openpyxl raises anything at all over a stranger's file
        raise TableRefused("file-not-readable") from unreadable
    if len(visible) > MAX_SHEETS:
        raise TableRefused("too-many-sheets", limit=MAX_SHEETS)
    return tuple(table for table in tables if table.rows)


def _check_listing(data: bytes) -> None:
    """Refuse by what the zip's listing says, before anything is unpacked (it never unpacks to more than that)."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as broken:
        raise TableRefused("file-not-readable") from broken
    with archive:
        _check_entries(archive.infolist(), len(data))
        try:
            tags = 0
            for entry in archive.infolist():
                tags += _look_through(archive, entry)
                if tags > MAX_TAGS:
                    raise TableRefused("file-bomb")
        except (
            zipfile.BadZipFile,
            zlib.error,
            ValueError,
            NotImplementedError,
            OSError,
            EOFError,
            RuntimeError,
        ) as broken:
            raise TableRefused("file-not-readable") from broken


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    """The listing alone: how many parts, what they would unpack to, whether one is under a password."""
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or total > MAX_INSIDE or (total > RATIO_FROM and total > MAX_RATIO * size):
        raise TableRefused("file-bomb")
    for entry in entries:
        name = entry.filename.lower()
        if entry.flag_bits & 1:
            raise TableRefused("file-old-excel")
        if "/worksheets/" in name or "/media/" in name:
            continue  # streamed, or not looked at
        if entry.file_size > (MAX_STRINGS if "sharedstrings" in name else MAX_PART):
            raise TableRefused("file-bomb")


def _look_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Look through a part as bytes: a tag counted costs a hundredth of one parsed, and no workbook has a document type.

    Returns how many elements it has. Signs are counted only where a byte is its sign: in UTF-8 or UTF-16.
    """
    name, before = entry.filename.lower(), b""
    rows = cells = tags = signs = open_for = 0
    media, picture = "/media/" in name, False
    most = MAX_TAGS if "/worksheets/" in name or "sharedstrings" in name else MAX_PART_TAGS
    with archive.open(entry) as part:
        while piece := part.read(_PIECE):
            seen = before + piece
            if not before:
                picture = media and not piece.lstrip(_BEFORE_XML).startswith(b"<")  # a sheet may stand there too
            if not media and (b"<!DOCTYPE" in seen or b"<!ENTITY" in seen):
                raise TableRefused("file-not-readable")
            if not before and _strange(piece):
                raise TableRefused("file-not-readable")
            rows += seen.count(b"<row")
            cells += _cells_in(seen)
            tags += seen.count(b"<") - seen.count(b"</")
            signs += piece.count(b"=")
            if rows > _EMPTY_ROWS:
                raise TableRefused("too-many-rows", limit=MAX_ROWS)
            if cells > MAX_CELLS:
                raise TableRefused("too-many-cells", limit=MAX_CELLS)
            runs = [len(run) for run in piece.split(b"<")]
            open_for, longest = runs[-1] + (open_for if len(runs) == 1 else 0), max(runs[0] + open_for, *runs)
            if not picture and (tags > most or signs > MAX_SIGNS or longest > MAX_TAG):
                raise TableRefused("file-bomb")
            before = seen[-_OVERLAP:]
            rows -= before.count(b"<row")
            cells -= _cells_in(before)
            tags -= before.count(b"<") - before.count(b"</")
    return 0 if picture else tags


def _strange(start: bytes) -> bool:
    """Whether a part says that it is written in another encoding than Excel writes."""
    said = _ENCODING.match(start.replace(b"\0", b"")[:400])
    return said is not None and said[1].lower() not in {b"utf-8", b"utf-16", b"us-ascii", b"ascii"}


def _cells_in(piece: bytes) -> int:
    return piece.count(b"<c ") + piece.count(b"<c>") + piece.count(b"<c/")


def _rows_of(sheet: Any) -> list[Row]:
    """The filled rows of one worksheet, streamed; neither its stated size nor its gaps cost anything."""
    book = sheet.parent
    with sheet._get_source() as source:  # noqa: SLF001 - the public way fills every gap up to row 1,048,576
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,  # noqa: SLF001
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        parser.parse_formula = lambda _element: "="  # what it says does not matter, and translating it costs
        found: list[Row] = []
        merged: list[tuple[int, int, int, int]] = []
        cells = elements = in_row = parts = 0
        for _, element in iterparse(source):
            if element.tag == _CELL_TAG:
                cells, in_row = cells + 1, in_row + 1
                if in_row > _WIDEST or cells > MAX_CELLS:
                    raise TableRefused("too-many-cells", limit=MAX_CELLS)
            elif element.tag == ROW_TAG:
                elements, in_row, parts = elements + 1, 0, 0
                if not len(element):  # the row of a formatted column: nothing to parse
                    parser.row_counter = int(element.get("r") or parser.row_counter + 1)
                    element.clear()
                    if elements > _EMPTY_ROWS:
                        raise TableRefused("too-many-rows", limit=MAX_ROWS)
                    continue
                number, raw = parser.parse_row(element)
                row = _row(number, raw)
                if row is not None:
                    found.append(row)
                if elements > _EMPTY_ROWS or (row is not None and (number > MAX_ROWS or len(found) > MAX_ROWS)):
                    raise TableRefused("too-many-rows", limit=MAX_ROWS)
                element.clear()
            elif element.tag == MERGE_TAG:
                merged = _merged(element)
                element.clear()
            else:
                parts += 1
                if parts > MAX_PART_TAGS:  # neither rows nor cells, and all of them kept until the row ends
                    raise TableRefused("file-bomb")
    found.sort(key=lambda row: row.no)
    return _spread(found, merged) if merged else found


def _row(number: int, raw: list[dict[str, Any]]) -> Row | None:
    if raw and max(cell["column"] for cell in raw) > _FAR:
        raise TableRefused("too-many-columns", row=number, limit=MAX_COLUMNS)
    filled = {cell["column"]: value for cell in raw if (value := _value(cell, number)) is not None}
    if not filled:
        return None
    if max(filled) > MAX_COLUMNS:
        raise TableRefused("too-many-columns", row=number, limit=MAX_COLUMNS)
    return Row(number, tuple(filled.get(column) for column in range(1, max(filled) + 1)))


def _value(cell: dict[str, Any], row: int) -> Cell:
    value, kind = cell["value"], cell["data_type"]
    if kind == "f":
        return Formula("=")
    if kind == "e":
        return Broken(str(value)[:20])
    if isinstance(value, str):
        return _text(value.replace("_x000D_", "\n"), row)
    if value is None or isinstance(value, int | float | datetime | date | time | timedelta):
        return value
    return Broken("?")


def _merged(element: Any) -> list[tuple[int, int, int, int]]:
    """The merged areas as (first column, first row, last column, last row)."""
    return [range_boundaries(child.get("ref")) for child in list(element)[:_MERGES]]


def _spread(rows: list[Row], merged: list[tuple[int, int, int, int]]) -> list[Row]:
    """Say which cells are wide, and give a cell merged downwards to every filled row that it covers (as the eye does)."""
    place = {row.no: at for at, row in enumerate(rows)}
    cells = [list(row.cells) for row in rows]
    wide: dict[int, set[int]] = {}
    budget = MAX_CELLS
    for left, top, right, bottom in merged:
        at = place.get(top)
        value = rows[at].cell(left - 1) if at is not None else None
        if at is None or value is None:
            continue
        if right - left >= 2:
            wide.setdefault(top, set()).add(left - 1)
            continue
        for number in range(top + 1, min(bottom, rows[-1].no) + 1):
            budget -= 1
            below = place.get(number)
            if budget < 0:
                break
            if below is None:
                continue
            cells[below].extend([None] * (left - len(cells[below])))
            if cells[below][left - 1] is None:
                cells[below][left - 1] = value
    return [Row(row.no, tuple(cells[at]), frozenset(wide.get(row.no, ()))) for at, row in enumerate(rows)]


# ------------------------------------------------------------------------------------------------ csv


def _csv(data: bytes, filename: str) -> Table:
    text = _decoded(data)
    if _CONTROL.search(text):
        raise TableRefused("file-control-characters")
    rows = []
    for number, raw in enumerate(_records(text), start=1):
        # Cheap first: a line of a million separators is cut before its cells are looked at.
        if len(raw) > MAX_COLUMNS and any(cell.strip() for cell in raw[MAX_COLUMNS:]):
            raise TableRefused("too-many-columns", row=number, limit=MAX_COLUMNS)
        cells = [_text(cell, number) for cell in raw[:MAX_COLUMNS]]
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        if number > MAX_ROWS:
            raise TableRefused("too-many-rows", limit=MAX_ROWS)
        rows.append(Row(number, tuple(cells)))
    return Table(filename.rpartition(".")[0], tuple(rows))


def _decoded(data: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with its mark, else GB 18030 (which GBK and GB 2312 are parts of)."""
    encodings: tuple[str, ...]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ("utf-8-sig",)
    else:
        encodings = ("utf-8", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableRefused("file-encoding")


def _records(text: str) -> Iterator[list[str]]:
    """Record by record, as a spreadsheet program counts rows; blank lines are rows too."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    row = 0
    while True:
        row += 1
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as broken:
            if "field larger" in str(broken):
                raise TableRefused("text-too-long", row=row, limit=MAX_TEXT) from broken
            raise TableRefused("file-quotes", row=row) from broken


def _separator(text: str) -> str:
    """The separator that cuts most of the first lines alike, and into the most columns; a comma when in doubt."""
    lines = [line[:5_000] for line in text[:100_000].splitlines() if line.strip()][:30]
    best, most = ",", (0, 0)
    for separator in (",", "\t", ";"):
        widths = [len(row) for row in csv.reader(lines, delimiter=separator)]
        alike = max(((widths.count(width), width) for width in set(widths) if width > 1), default=(0, 0))
        if alike > most:
            best, most = separator, alike
    return best


# ------------------------------------------------------------------------------------------------ both


def _text(raw: str, row: int) -> str | None:
    """Trimmed, without invisible marks; None when nothing is left."""
    if len(raw) > MAX_TEXT:
        raise TableRefused("text-too-long", row=row, limit=MAX_TEXT)
    text = _INVISIBLE.sub("", raw).strip()
    if _CONTROL.search(text) or any(unicodedata.category(sign) == "Cs" for sign in text):
        raise TableRefused("file-control-characters")
    return text or None
