"""A workbook written row by row: real numbers and dates, texts that never become formulas, memory that does not grow (IE3, IE6).

XlsxWriter in constant memory: what is written leaves for a temporary file at once, so rows must come in their order and a
heading's width must be known before. Knows no request: the reader's language is that of whoever calls.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import IO, Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

import xlsxwriter

Row = TypeVar("Row")
Kind = Literal["text", "money", "whole", "day", "moment", "month"]

_WIDTHS: dict[str, int] = {"text": 18, "money": 14, "whole": 10, "day": 12, "moment": 17, "month": 10}
_FORMATS: dict[str, dict[str, Any]] = {
    # "@" keeps a text a text even when somebody edits the cell: '=1+1' is not worked out then either.
    "text": {"num_format": "@", "valign": "top"},
    "money": {"num_format": "#,##0.00;[Red]-#,##0.00", "valign": "top"},
    "whole": {"num_format": "#,##0", "valign": "top"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm", "align": "left", "valign": "top"},
    "month": {"num_format": "yyyy-mm", "align": "left", "valign": "top"},
}
_HEADING = {"bold": True, "bg_color": "#E9EEF4", "bottom": 1, "valign": "top", "text_wrap": True, "num_format": "@"}
_TITLE = {"bold": True, "font_size": 14, "num_format": "@"}
_LABEL = {"font_color": "#5B6673", "num_format": "@", "valign": "top"}
_WORDS = {"num_format": "@", "valign": "top", "text_wrap": True}
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_LONGEST_NAME, _LONGEST_FOOTER, _LONGEST_TEXT = 31, 120, 32_767  # Excel's own limits; the second leaves room for marks


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its heading, where its value is (an attribute's dotted name, or a function of the row), its kind.

    "money" is yuan as Decimal, "day" a date, "month" a month's first day, "moment" an aware instant, "whole" a count;
    "text" is whatever ``str`` makes of the value. None and "" leave the cell empty. ``only`` names the side that has it.
    """

    label: Any
    value: str | Callable[[Row], Any]
    kind: Kind = "text"
    width: int = 0
    only: Literal["hq", "dealer", ""] = ""


@dataclass(frozen=True, slots=True)
class Sheet(Generic[Row]):
    """One worksheet: pairs of label and value above (``head``), a headed table, pairs below it (``foot``).

    Without ``columns`` it is only its head. ``title`` stands in bold above the head; ``name`` is the tab's.
    """

    name: Any
    columns: Sequence[Column[Row]] = ()
    rows: Iterable[Row] = ()
    title: Any = ""
    head: Iterable[tuple[Any, Any]] = ()
    foot: Iterable[tuple[Any, Any]] = ()


def workbook(
    sheets: Sequence[Sheet[Any]], *, at: datetime, zone: ZoneInfo, author: str = "", footer: str = ""
) -> bytes:
    """A whole workbook in memory, for what is small: a statement, a form. See :func:`write`."""
    out = io.BytesIO()
    write(out, sheets, at=at, zone=zone, author=author, footer=footer)
    return out.getvalue()


def write(
    out: IO[bytes], sheets: Sequence[Sheet[Any]], *, at: datetime, zone: ZoneInfo, author: str = "", footer: str = ""
) -> list[int]:
    """Write a workbook to ``out`` and say how many rows each table got; the same rows and ``at`` give the same bytes.

    Rows are taken one by one, never kept. Instants are shown in ``zone``. ``footer`` is printed below every page.
    """
    with tempfile.TemporaryDirectory(prefix="portal-sheet-") as scratch:
        book = xlsxwriter.Workbook(
            out,
            {
                "constant_memory": True, "tmpdir": scratch, "strings_to_formulas": False, "strings_to_urls": False,
                "strings_to_numbers": False, "nan_inf_to_errors": False,
            },
        )  # fmt: skip
        try:
            book.set_properties({"created": at.astimezone(zone).replace(tzinfo=None), "author": author})
            pen = _Pen(book, zone, footer)
            counts = [pen.sheet(sheet) for sheet in sheets]
        except BaseException:
            with contextlib.suppress(Exception):  # its temporary files are to be closed, whatever it thinks of itself
                book.close()
            raise
        book.close()
    return counts


class _Pen:
    """What writes one workbook: its formats, made once, and where it stands."""

    def __init__(self, book: Any, zone: ZoneInfo, footer: str) -> None:
        self._book, self._zone, self._footer = book, zone, footer[:_LONGEST_FOOTER].replace("&", "&&")
        self._formats = {kind: book.add_format(how) for kind, how in _FORMATS.items()}
        self._heading, self._title, self._label, self._words = (
            book.add_format(how) for how in (_HEADING, _TITLE, _LABEL, _WORDS)
        )
        self._names: set[str] = set()

    def sheet(self, sheet: Sheet[Any]) -> int:
        page = self._book.add_worksheet(self._name(str(sheet.name)))
        page.set_landscape()
        page.set_paper(9)  # A4
        page.fit_to_pages(1, 0)
        page.set_footer(f"&L{self._footer}&R&P / &N")
        for at, column in enumerate(sheet.columns):
            page.set_column(at, at, column.width or _WIDTHS[column.kind])
        if not sheet.columns:
            page.set_column(0, 0, 22)
            page.set_column(1, 1, 80)
        line = 0
        if sheet.title:
            page.write_string(line, 0, str(sheet.title), self._title)
            line += 1
        line = self._pairs(page, line, sheet.head)
        count = 0
        if sheet.columns:
            line, count = self._table(page, line + 1 if line else 0, sheet)
        self._pairs(page, line, sheet.foot)
        return count

    def _table(self, page: Any, top: int, sheet: Sheet[Any]) -> tuple[int, int]:
        for at, column in enumerate(sheet.columns):
            page.write_string(top, at, str(column.label), self._heading)
        page.freeze_panes(top + 1, 0)
        page.repeat_rows(top)
        cells = [self._cell(page, at, column) for at, column in enumerate(sheet.columns)]
        line = top
        for row in sheet.rows:
            line += 1
            for put in cells:
                put(line, row)
        page.autofilter(top, 0, max(line, top + 1), len(sheet.columns) - 1)
        return line + 1, line - top

    def _cell(self, page: Any, at: int, column: Column[Any]) -> Callable[[int, Any], None]:
        """What writes that column's cell of a row. Once per column, because it is called once per cell."""
        get: Callable[[Any], Any] = attrgetter(column.value) if isinstance(column.value, str) else column.value
        put = self._writer(page, column.kind)

        def cell(line: int, row: Any) -> None:
            value = get(row)
            if value is not None and value != "":
                put(line, at, value)

        return cell

    def _writer(self, page: Any, kind: Kind) -> Callable[[int, int, Any], None]:
        look, zone = self._formats[kind], self._zone
        text, number, day = page.write_string, page.write_number, page.write_datetime
        if kind == "text":
            return lambda line, at, value: text(line, at, str(value)[:_LONGEST_TEXT], look)
        if kind in {"money", "whole"}:
            return lambda line, at, value: number(line, at, value, look)
        if kind == "moment":
            return lambda line, at, value: day(line, at, value.astimezone(zone).replace(tzinfo=None), look)
        return lambda line, at, value: day(line, at, value, look)

    def _pairs(self, page: Any, line: int, pairs: Iterable[tuple[Any, Any]]) -> int:
        for label, value in pairs:
            page.write_string(line, 0, str(label), self._label)
            if value is not None and value != "":
                kind = _kind(value)
                if kind == "text":
                    page.write_string(line, 1, str(value)[:_LONGEST_TEXT], self._words)
                else:
                    self._writer(page, kind)(line, 1, value)
            line += 1
        return line

    def _name(self, wish: str) -> str:
        """The tab's name as Excel allows it: short, without signs that it keeps for itself, each once."""
        plain = _NOT_IN_NAMES.sub(" ", wish).strip().strip("'")[:_LONGEST_NAME] or "1"
        name, again = plain, 1
        while name.lower() in self._names:
            again += 1
            name = f"{plain[: _LONGEST_NAME - 4]} {again}"
        self._names.add(name.lower())
        return name


def _kind(value: object) -> Kind:
    """The kind of a single value beside its label."""
    if isinstance(value, Decimal):
        return "money"
    if isinstance(value, datetime):
        return "moment"
    if isinstance(value, date):
        return "day"
    return "whole" if isinstance(value, int) and not isinstance(value, bool) else "text"
