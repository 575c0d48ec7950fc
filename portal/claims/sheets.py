"""保修期内配件费用报销单 in Excel: a dealer's form as dealers fill it in, read row by row (R40)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.claims.labels import LINE_STATES, STATES
from portal.claims.matching import Form, FormRow
from portal.claims.queries import LineRow, ListRow
from portal.core.months import add_months, first_of
from portal.core.tables import Cell, Column, TableRefused, lines_above, read_tables, understand
from portal.core.tables import cells as cell
from portal.core.tables.sheets import Reading
from portal.warranty.labels import CAUSES
from portal.web import sheets as exported
from portal.web.exports import Listing
from portal.web.formats import mask_name, mask_phone

ValueT = TypeVar("ValueT")

MOST_ROWS = 500

COLUMNS = (
    Column("serial", ("产品序列号", "序列号", "产品编号", "机身编号", "机身号", "机号", "产品条码", "保修卡号", "质保卡号", "serial number", "serial no", "serial")),
    Column("part", ("配件编码", "配件编号", "零件编码", "零件号", "配件号", "物料号", "物料编码", "物料编号", "部件编码", "料号", "更换配件编码", "更换配件",
                    "part number", "part no", "part code", "part")),
    Column("day", ("维修日期", "服务日期", "更换日期", "上门日期", "完工日期", "维修时间", "服务时间", "日期", "service day", "service date", "repair date",
                   "repaired on", "date"), required=False),
    Column("seq", ("序号", "编号", "行号", "no", "item no", "line", "#"), required=False),
    Column("customer_name", ("用户姓名", "客户姓名", "顾客姓名", "姓名", "用户", "客户", "业主", "customer name", "customer"), required=False),
    Column("phone", ("联系电话", "联系方式", "电话", "手机", "手机号", "用户电话", "客户电话", "phone", "mobile"), required=False),
    Column("model", ("产品型号", "型号", "机型", "product model", "model"), required=False),
    Column("fault", ("故障代码", "故障编码", "故障编号", "故障码", "故障", "fault code", "fault"), required=False),
    Column("part_name", ("配件名称", "零件名称", "零部件名称", "物料名称", "部件名称", "品名", "名称", "part name", "name", "description"), required=False),
    Column("quantity", ("数量", "更换数量", "使用数量", "件数", "个数", "quantity", "qty", "pieces", "pcs"), required=False),
    Column("old_part", ("旧件登记号", "旧件登记编号", "旧件编号", "旧件号", "登记号", "登记编号", "旧件标签号", "old part", "old part no", "old part number",
                        "registration number"), required=False),
    Column("amount", ("金额", "报销金额", "申请金额", "配件费", "配件费用", "小计", "总价", "合计金额", "费用", "amount", "total", "claimed amount"), required=False),
    Column("price", ("单价", "成本价", "结算价", "配件单价", "采购价", "unit price", "price"), required=False),
    Column("remark", ("备注", "说明", "remark", "remarks", "note"), required=False),
)  # fmt: skip
_BY_NUMBER = tuple(replace(column, required=column.field == "old_part") for column in COLUMNS)

_MONTH = re.compile(
    r"(?:报销|服务|维修|所属|申请|结算|费用)\s*(?:月份|月度|期间|年月|月)\s*:?\s*(\d{4})\s*[-/.年]\s*(\d{1,2})(?!\d)"
    r"|(?:service month|claim month|month|period)\s*:?\s*(\d{4})\s*[-/.]\s*(\d{1,2})(?!\d)"
    r"|(?<!\d)(\d{4})\s*年\s*(\d{1,2})\s*月(?:份|度)?(?!\s*\d{1,2}\s*日)",
    re.IGNORECASE,
)
_DEALER = re.compile(
    r"(?:经销商|服务中心|门店|客户)\s*(?:名称)?\s*:[^()\n]*\(\s*([A-Za-z0-9_-]{1,20})\s*\)"
    r"|(?:经销商|服务中心|门店|客户)\s*(?:编号|编码|代码)\s*:\s*([A-Za-z0-9_-]{1,20})"
    r"|dealer(?:\s+code)?\s*:\s*([A-Za-z0-9_-]{1,20})(?![^\s(])",
    re.IGNORECASE,
)
_AHEAD_MONTHS = 2  # a form of January may speak of December; a day so far ahead of it was last year's


def read_form(data: bytes, filename: str, *, today: date, month: date | None = None) -> Form:
    """Every row that says anything, readable or not; totals, signatures and numbered blank rows are none.

    '10月14日' is taken in the year of ``month``, else of the month in the title rows, else so that it is not after ``today``.
    Raises TableRefused: what cannot be read at all, "headings-missing", "sheet-second", "no-rows", over 500 rows.
    """
    tables = read_tables(data, filename)
    columns: tuple[Column, ...] = COLUMNS
    try:
        above = lines_above(tables, COLUMNS)
    except TableRefused as missing:
        try:
            above, columns = (
                lines_above(tables, _BY_NUMBER),
                _BY_NUMBER,
            )  # a form that gives nothing but registration numbers
        except TableRefused:
            raise missing from None
    said = _month(above)
    year = _year_of(month or said, today)
    sheet = understand(tables, columns, lambda reading: _row(reading, year))
    for problem in sheet.problems:
        raise TableRefused(problem.code, **problem.facts)
    rows = tuple(row for row in sheet.rows if set(row.seen) - {"seq"})
    if not rows:
        raise TableRefused("no-rows")
    if len(rows) > MOST_ROWS:
        raise TableRefused("too-many-rows", limit=MOST_ROWS)
    return Form(
        title=sheet.title,
        dealer=next(
            (next(group for group in hit.groups() if group).upper() for line in above if (hit := _DEALER.search(line))),
            "",
        ),
        month=said,
        columns=tuple((found.heading, found.field) for found in sheet.columns),
        ignored=sheet.ignored,
        rows=rows,
    )


def _month(lines: tuple[str, ...]) -> date | None:
    """The month that the title rows name."""
    for line in lines:
        for hit in _MONTH.finditer(line):
            year, number = (int(group) for group in hit.groups() if group)
            if 1990 <= year <= 2199 and 1 <= number <= 12:
                return date(year, number, 1)
    return None


def _year_of(month: date | None, today: date) -> Callable[[Cell], date]:
    """A parser of days: one without its year is the last such day before the month after the form's, or before ``today``."""
    base = first_of(today) if month is None else month
    latest = today if month is None else add_months(base, _AHEAD_MONTHS)

    def day(raw: Cell) -> date:
        found = cell.day(raw, year=latest.year)
        if found > latest and _without_year(raw):
            return cell.day(raw, year=latest.year - 1)
        return found

    return day


def _without_year(raw: Cell) -> bool:
    return isinstance(raw, str) and re.search(r"\d{4}|\d{5}", cell.half_width(raw)) is None


def _row(reading: Reading, day: Callable[[Cell], date]) -> FormRow:
    """What the row says; a cell that cannot be read makes no bad row here, it is told with the row."""
    seen: dict[str, str] = {}
    for column in COLUMNS:
        raw = reading.cell(column.field)
        if not cell.is_nothing(raw):
            seen[column.field] = _typed(raw)

    def take(name: str, parse: Callable[[Cell], ValueT], blank: ValueT) -> ValueT:
        return reading.take(name, parse, blank)

    def pieces(raw: Cell) -> int:
        return cell.whole(raw, low=1, high=9999, units=("个", "件", "只", "套", "支", "根", "pcs", "pieces"))

    row = FormRow(
        row_no=reading.no,
        seen=seen,
        day=take("day", day, None),
        serial=take("serial", cell.code, ""),
        model=take("model", cell.code, ""),
        part=take("part", cell.code, ""),
        fault=take("fault", cell.code, ""),
        quantity=take("quantity", pieces, None),
        old_part=take("old_part", cell.code, ""),
        amount=take("amount", cell.money, None),
        price=take("price", cell.money, None),
    )
    fields: Mapping[str | None, str] = {reading.heading(column.field): column.field for column in COLUMNS}
    wrong: dict[str, tuple[str, Mapping[str, Any]]] = {
        fields[problem.heading]: (problem.code, problem.facts) for problem in reading.problems
    }
    reading.problems.clear()
    return replace(row, wrong=wrong)


def _typed(raw: Cell) -> str:
    """The cell as it was typed, at most 200 characters of it."""
    text = cell.shown(raw) if not isinstance(raw, str) else str(raw)
    return text[:200]


def _seen(name: str) -> Callable[[Any], str | None]:
    """A cell of the form as it was typed."""
    return lambda row: row.seen.get(name)


# The rows of a form with what became of each, for the way back to the workbook (portal/claims/views/shown.py, FormLine).
FORM_ROWS: Listing[Any] = Listing(
    "claim-form-rows",
    _l("Rows of the form"),
    (
        exported.Column(_l("Row"), "row_no", "whole", 6),
        exported.Column(_l("Result"), "said.word"),
        exported.Column(_l("What was found"), lambda row: " ".join((*row.said.found, *row.said.remarks)), width=70),
        exported.Column(_l("What to do"), "said.next", width=50),
        exported.Column(_l("Line"), "line", "whole", 6),
        exported.Column(_l("Service day"), _seen("day"), width=12),
        exported.Column(_l("Serial number"), _seen("serial"), width=20),
        exported.Column(_l("Product model"), _seen("model"), width=14),
        exported.Column(_l("Fault code"), _seen("fault"), width=10),
        exported.Column(_l("Part number"), _seen("part"), width=14),
        exported.Column(_l("Part name"), _seen("part_name")),
        exported.Column(_l("Quantity"), _seen("quantity"), width=8),
        exported.Column(_l("Old part"), lambda row: row.old_part or row.seen.get("old_part")),
        exported.Column(_l("Amount"), _seen("amount"), width=12),
        exported.Column(_l("Customer"), lambda row: row.seen["customer_name"] and mask_name(row.seen["customer_name"]), width=10),
        exported.Column(_l("Remark"), _seen("remark")),
    ),
)  # fmt: skip

# ------------------------------------------------------------------------------------------------ out


CLAIMS: Listing[ListRow] = Listing(
    "claims",
    _l("Claims"),
    (
        exported.Column(_l("Number"), lambda row: row.number or _("Draft"), width=14),
        exported.Column(_l("Service month"), "month", "month"),
        exported.Column(_l("Dealer code"), "dealer_code", only="hq", width=12),
        exported.Column(_l("Dealer"), "dealer_name", only="hq", width=26),
        exported.Column(_l("State"), lambda row: STATES[row.state][0], width=14),
        exported.Column(_l("Line count"), "lines", "whole"),
        exported.Column(_l("Lines not decided"), "open_lines", "whole"),
        exported.Column(_l("More is wanted"), lambda row: row.wanted or None, "whole"),
        exported.Column(_l("Claimed amount"), "claimed", "money"),
        exported.Column(_l("Approved amount"), "approved", "money"),
        exported.Column(_l("Submitted"), "submitted_at", "moment"),
        exported.Column(_l("Changed"), "updated_at", "moment"),
    ),
)
CLAIM_LINES: Listing[LineRow] = Listing(
    "claim-lines",
    _l("Claim lines"),
    (
        exported.Column(_l("Line"), "position", "whole", 6),
        exported.Column(_l("State"), lambda row: LINE_STATES[row.state][0], width=12),
        exported.Column(_l("Old part"), "old_part", width=14),
        exported.Column(_l("Part number"), "part_number", width=14),
        exported.Column(_l("Part name"), "part_name", width=22),
        exported.Column(_l("Quantity"), "quantity", "whole"),
        exported.Column(_l("Serial number"), "serial", width=20),
        exported.Column(_l("Product model"), "model", width=14),
        exported.Column(_l("Customer"), lambda row: mask_name(row.customer_name), width=10),
        exported.Column(_l("Phone"), lambda row: mask_phone(row.customer_phone), width=14),
        exported.Column(_l("Service day"), "service_day", "day"),
        exported.Column(_l("Fault"), lambda row: f"{row.fault_code} {row.fault_name}", width=22),
        exported.Column(_l("Cause"), lambda row: CAUSES[row.cause], width=10),
        exported.Column(_l("Claimed amount"), "claimed", "money"),
        exported.Column(_l("Approved quantity"), "approved_quantity", "whole"),
        exported.Column(_l("Approved amount"), "approved", "money"),
        exported.Column(_l("Decision code"), "decision_code", width=8),
        exported.Column(_l("Reason"), "decision_reason", width=30),
        exported.Column(_l("Decided"), "decided_at", "moment"),
        exported.Column(_l("Decided by"), "decided_by"),
        exported.Column(_l("The dealer answered"), "answer", width=30),
        exported.Column(_l("Paid with the settlement of"), "pays_in", "month"),
    ),
)
