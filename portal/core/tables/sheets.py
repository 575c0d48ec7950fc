"""A table understood: which heading is which field, where the rows begin, what is wrong with which (R11)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from portal.core.tables import cells
from portal.core.tables.values import Broken, Cell, Formula, Row, Table, TableRefused

RowT = TypeVar("RowT")
ValueT = TypeVar("ValueT")

_HEADER_WITHIN = 50  # filled rows: titles above the headings, never a page of them
_LONGEST_SECTION = 30
_BRACKETED = re.compile(r"[【\[〔「『《<]\s*(.+?)\s*[】\]〕」』》>]")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_UNIT = re.compile(r"(?:/|,)(?:元|个月|月|rmb|cny|yuan|months?)$")
_FOOTER = re.compile(
    r"(?:制表人?|制单人?|编制人?|填表人?|填报人?|申请人|审核人?|复核人?|批准人?|审批人?|经办人?|负责人|联系人|主管|会计|出纳|财务|签名|签字|"
    r"(?:经销商|单位|公司)?(?:签字|签名)?盖章|备注|说明|注|日期|(?:打印|填表|申请|报销)日期|页码|(?:人民币|金额|合计)?大写(?:金额)?|"
    r"prepared by|checked by|approved by|note|notes|remarks?)\s*:.*"
    r"|(?:合\s*计|总\s*计|小\s*计|共\s*计|(?:合计|总计)?金额合计|grand total|total|subtotal|sum)\s*:?.{0,20}"
    r"|第\s*\d+\s*页.*|共\s*\d+\s*[条页项].*|以下空白|end",
    re.IGNORECASE | re.DOTALL,
)
_DATE = r"(\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2})"
_FIRST_DAY = re.compile(
    rf"(?:执行|生效|启用|实施|适用|起用)(?:日期|时间|日)?\s*:?\s*自?从?\s*{_DATE}|自\s*{_DATE}\s*日?\s*起"
    rf"|(?:effective|valid|in force)(?:\s+(?:from|date|since|as of))?\s*:?\s*{_DATE}",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"(?:版本号?|版次|\bversion|\bver\b\.?)\s*[:.]?\s*([A-Za-z0-9][A-Za-z0-9._-]{0,39})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a sheet should have: ``names`` are the headings under which brands write it (any one will do)."""

    field: str
    names: tuple[str, ...]
    required: bool = True


class FoundColumn(NamedTuple):
    """The heading as the sheet words it, and the field that it was understood as."""

    heading: str
    field: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row (``row_no`` as the sheet counts), or with the whole file (None).

    ``heading`` is the column in the sheet's own words; ``facts`` are what the sentence of ``code`` needs.
    """

    row_no: int | None
    heading: str | None
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was passed over, and why: "row-blank", "row-heading", "row-footer" ..."""

    row_no: int | None
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet(Generic[RowT]):
    """What a brand's workbook says (R11): shown before anything changes, taken whole or not at all.

    ``rows`` holds the good rows only; while there is a ``problems`` entry nothing may be loaded (``ok``). ``warnings``
    want a look and stop nothing. ``title``, ``version`` and ``first_day`` come from the title rows, or from the caller.
    """

    title: str
    version: str | None
    first_day: date | None
    header_row: int
    columns: tuple[FoundColumn, ...]
    ignored: tuple[str, ...]
    rows: tuple[RowT, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    notes: tuple[Note, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def bad_rows(self) -> tuple[int, ...]:
        """The numbers of the rows with something wrong, each once, in their order."""
        return tuple(sorted({problem.row_no for problem in self.problems if problem.row_no is not None}))


class Reading:
    """One data row being read: takes values out of its cells and remembers what was wrong with them."""

    def __init__(self, row: Row, section: str | None, places: Mapping[str, tuple[int, str]]) -> None:
        self.no, self.section = row.no, section
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._row, self._places = row, places

    def cell(self, name: str) -> Cell:
        """The raw cell of a field; None where the sheet has no such column."""
        place = self._places.get(name)
        return None if place is None else self._row.cell(place[0])

    def heading(self, name: str) -> str | None:
        place = self._places.get(name)
        return None if place is None else place[1]

    def need(self, name: str, parse: Callable[[Cell], ValueT], blank: ValueT) -> ValueT:
        """The value; an empty cell (or a '/') is a problem. With any problem the row is bad and ``blank`` stands in."""
        if cells.is_nothing(self.cell(name)):
            self.refuse(name, "cell-empty")
            return blank
        return self.take(name, parse, blank)

    def take(self, name: str, parse: Callable[[Cell], ValueT], blank: ValueT) -> ValueT:
        """The value, or ``blank`` when the cell is empty (or says so with a '/')."""
        cell = self.cell(name)
        if cells.is_nothing(cell):
            return blank
        try:
            return parse(cell)
        except cells.CellRefused as refusal:
            self.refuse(name, refusal.code, **refusal.facts)
            return blank

    def refuse(self, name: str | None, code: str, **facts: object) -> None:
        """This row is bad, for that reason, in that column."""
        self.problems.append(Problem(self.no, self.heading(name) if name else None, code, facts))

    def warn(self, name: str | None, code: str, **facts: object) -> None:
        self.warnings.append(Problem(self.no, self.heading(name) if name else None, code, facts))


def understand(
    tables: Sequence[Table],
    columns: Sequence[Column],
    read: Callable[[Reading], RowT],
    *,
    key: tuple[str, Callable[[RowT], object]] | None = None,
    first_day: date | None = None,
    dated: bool = False,
) -> Sheet[RowT]:
    """Find the headings in the first table that has them, and ``read`` every row below.

    ``key`` is (field, what must be unique among the rows). With ``dated`` the file needs a first day: ``first_day`` when
    given (it wins over the file's), else the title rows' (R15). Raises TableRefused: "headings-missing" with the fields,
    "heading-twice".
    """
    table, at, places = _header(tables, columns)
    header = table.rows[at]
    rows: list[RowT] = []
    notes: list[Note] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    seen: dict[object, int] = {}
    for reading in _below(table, at, columns, places, notes):
        row = read(reading)
        if key is not None and not reading.problems:
            first = seen.setdefault(key[1](row), reading.no)
            if first != reading.no:
                reading.refuse(key[0], "row-twice", value=cells.shown(reading.cell(key[0])), first=first)
        problems += reading.problems
        warnings += reading.warnings
        if not reading.problems:
            rows.append(row)
    for other in tables:
        if other is not table and _has_header(other, columns):
            problems.append(Problem(None, None, "sheet-second", {"sheet": other.name}))  # half a list is no list
        elif other is not table:
            notes.append(Note(None, "sheet-passed-over", {"sheet": other.name}))
    if not rows and not problems:
        problems.append(Problem(None, None, "no-rows"))
    above = [_joined(row) for row in table.rows[:at]]
    below = [_joined(row) for row in table.rows[at + 1 :] if _is_footer(row)]
    in_force = _first_day(above + below, first_day, problems, notes) if dated else None
    found = {place: (heading, name) for name, (place, heading) in places.items()}
    return Sheet(
        title=_title(table.rows[:at]),
        version=next((hit[1] for line in above + below if (hit := _VERSION.search(line))), None),
        first_day=in_force,
        header_row=header.no,
        columns=tuple(FoundColumn(*found[place]) for place in sorted(found)),
        ignored=tuple(cells.shown(header.cells[place]) for place in header.filled if place not in found),
        rows=tuple(rows),
        problems=tuple(problems),
        warnings=tuple(warnings),
        notes=tuple(notes),
    )


def lines_above(tables: Sequence[Table], columns: Sequence[Column]) -> tuple[str, ...]:
    """The title rows above the headings, each as one line of half-width text. Raises TableRefused as :func:`understand`."""
    table, at, _ = _header(tables, columns)
    return tuple(_joined(row) for row in table.rows[:at])


# ------------------------------------------------------------------------------------------------ headings


def plain_heading(heading: str) -> str:
    """A heading without what brands add to it: '成本价（元）' and '* 成 本 价：' are both '成本价'."""
    plain = unicodedata.normalize("NFKC", heading).lower()
    plain = re.sub(r"\s+", "", plain)
    without = _UNIT.sub("", _IN_BRACKETS.sub("", plain))
    return (without or plain).strip("*:#.。、_")


def _header(tables: Sequence[Table], columns: Sequence[Column]) -> tuple[Table, int, dict[str, tuple[int, str]]]:
    """The first row that has every required heading: its table, its place there, and field -> (index, heading)."""
    names = {plain_heading(name): column.field for column in columns for name in column.names}
    required = [column.field for column in columns if column.required]
    missing = required
    for table in tables:
        for at, row in enumerate(table.rows[:_HEADER_WITHIN]):
            places, twice = _places(row, names)
            lacking = [name for name in required if name not in places]
            if not lacking and twice:
                raise TableRefused("heading-twice", row=row.no, headings=twice)
            if not lacking:
                return table, at, places
            if len(lacking) < len(missing):
                missing = lacking
    usual = {column.field: column.names[0] for column in columns}
    raise TableRefused("headings-missing", fields=tuple(missing), headings=tuple(usual[name] for name in missing))


def _has_header(table: Table, columns: Sequence[Column]) -> bool:
    try:
        _header((table,), columns)
    except TableRefused as refused:
        return refused.code == "heading-twice"
    return True


def _places(row: Row, names: Mapping[str, str]) -> tuple[dict[str, tuple[int, str]], tuple[str, ...]]:
    places: dict[str, tuple[int, str]] = {}
    twice: tuple[str, ...] = ()
    for at in row.filled:
        cell = row.cells[at]
        name = names.get(plain_heading(cell)) if isinstance(cell, str) else None
        if name is None or not isinstance(cell, str):
            continue
        if name in places:
            twice = (places[name][1], cells.text(cell))
        else:
            places[name] = (at, cells.text(cell))
    return places, twice


# ------------------------------------------------------------------------------------------------ rows


def _below(
    table: Table, at: int, columns: Sequence[Column], places: Mapping[str, tuple[int, str]], notes: list[Note]
) -> Iterator[Reading]:
    """The data rows below the header; sections, blank rows, repeated headings and footers become notes."""
    header = table.rows[at]
    required = [places[column.field][0] for column in columns if column.required]
    headings = {place: plain_heading(heading) for place, heading in places.values()}
    section, last = None, header.no
    for row in table.rows[at + 1 :]:
        if row.no == last + 2:
            notes.append(Note(row.no - 1, "row-blank"))
        elif row.no > last + 2:
            notes.append(Note(last + 1, "rows-blank", {"last": row.no - 1}))
        last = row.no
        if all(isinstance(cell := row.cell(p), str) and plain_heading(cell) == headings[p] for p in required):
            notes.append(Note(row.no, "row-heading"))
        elif _is_footer(row) and any(row.cell(place) is None for place in required):
            notes.append(Note(row.no, "row-footer", {"text": cells.shown(_joined(row))}))
        elif (alone := _alone(row, headings)) is not None:
            section = alone if len(alone) <= _LONGEST_SECTION else section
            long = len(alone) > _LONGEST_SECTION
            notes.append(Note(row.no, "row-remark" if long else "row-section", {"text": cells.shown(alone)}))
        else:
            yield Reading(row, section, places)


def _alone(row: Row, fields: Collection[int]) -> str | None:
    """The text of a section row: the only cell, in brackets, merged across the sheet or in a column of no field."""
    if len(row.filled) != 1:
        return None
    cell = row.cells[row.filled[0]]
    if not isinstance(cell, str):
        return None
    bracketed = _BRACKETED.fullmatch(cell)
    if bracketed is not None:
        return cells.text(bracketed[1])
    apart = row.filled[0] in row.wide or row.filled[0] not in fields
    return cells.text(cell, limit=10_000) if apart and not isinstance(cell, Formula | Broken) else None


def _is_footer(row: Row) -> bool:
    first = row.cells[row.filled[0]]
    return isinstance(first, str) and _FOOTER.fullmatch(unicodedata.normalize("NFKC", first).strip()) is not None


# ------------------------------------------------------------------------------------------------ titles


def _joined(row: Row) -> str:
    return unicodedata.normalize("NFKC", "  ".join(str(row.cells[at]) for at in row.filled))


def _title(above: Sequence[Row]) -> str:
    """The first text above the headings that says neither a day nor a version."""
    for row in above:
        line = _joined(row)
        if not _FIRST_DAY.search(line) and not _VERSION.search(line):
            return cells.text(row.cells[row.filled[0]], limit=10_000)[:200]
    return ""


def _first_day(lines: Sequence[str], given: date | None, problems: list[Problem], notes: list[Note]) -> date | None:
    """The day given, else the day that the file says it is in force from; neither, or an impossible one, is a problem."""
    hit = next((hit for line in lines if (hit := _FIRST_DAY.search(line))), None)
    said = next((group for group in hit.groups() if group), None) if hit else None
    try:
        found = cells.day(said) if said else None
    except cells.CellRefused as refusal:
        if given is None:
            problems.append(Problem(None, None, "first-day-impossible", refusal.facts))
        return given
    if given is None and found is None:
        problems.append(Problem(None, None, "first-day-missing"))
    if given is not None and found is not None and given != found:
        notes.append(Note(None, "first-day-given", {"in_file": found, "given": given}))
    return given or found
