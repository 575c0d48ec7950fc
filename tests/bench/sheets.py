"""A long list to Excel through the portal's own writer beside XlsxWriter alone, with the same cells."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import IO
from zoneinfo import ZoneInfo

import xlsxwriter

from tests.bench import apart
from tests.bench.figures import Figure

ZONE = ZoneInfo("Asia/Shanghai")
BEGUN = datetime(2026, 1, 1, 1, tzinfo=UTC)
HEADINGS = ("单号", "经销商", "名称", "状态", "行数", "金额", "提交时间", "发货日期", "收货地址")


@dataclass(frozen=True, slots=True)
class Row:
    """An order as its list says it."""

    number: str
    dealer: str
    name: str
    state: str
    lines: int
    amount: Decimal
    submitted: datetime
    ship_on: date
    address: str


def rows(many: int) -> Iterator[Row]:
    """The same rows for both, made as they are asked for."""
    for n in range(many):
        at = BEGUN + timedelta(minutes=n)
        yield Row(
            f"PO2611-{n:06d}", f"D{n % 2000:04d}", f"福州恒达卫浴 {n % 2000}", "已收货", 1 + n % 4, Decimal(n * 37 % 1_000_000) / 100,
            at, at.date(), f"福建省福州市建材大道 {n % 999} 号",
        )  # fmt: skip


def writing(*, many: int, rounds: int) -> list[Figure]:
    """Seconds of the best round of each, and the most memory that their processes held, Python and libraries included."""
    portal, alone = ([], [])
    for _ in range(rounds):
        portal.append(apart.run(timed, "portal", many))
        alone.append(apart.run(timed, "alone", many))
    took, bare, memory = (
        min(seconds for seconds, _ in portal),
        min(seconds for seconds, _ in alone),
        max(all_of_it for _, all_of_it in portal),
    )
    return [
        Figure(f"{many:,} rows of {len(HEADINGS)} cells to Excel", f"{took:.2f} s", f"{bare:.2f} s", took / bare, 1.6),
        Figure("memory of the process that writes them", f"{memory:.0f} MB", f"{max(all_of_it for _, all_of_it in alone):.0f} MB", memory, 60, unit=" MB"),
    ]  # fmt: skip


def timed(how: str, many: int) -> tuple[float, float]:
    """Seconds and MB of one workbook; a small one before it loads what has to be loaded."""
    write: Callable[[IO[bytes], int], None] = through_portal if how == "portal" else through_xlsxwriter
    with tempfile.TemporaryFile() as out:
        write(out, 10)
    apart.begin_peak()
    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        write(out, many)
        return time.perf_counter() - begun, apart.peak()


def through_portal(out: IO[bytes], many: int) -> None:
    """As every list of the portal is written."""
    from portal.web.sheets import Column, Sheet, write

    kinds = ("text", "text", "text", "text", "whole", "money", "moment", "day", "text")
    names = ("number", "dealer", "name", "state", "lines", "amount", "submitted", "ship_on", "address")
    columns = [Column(label, name, kind) for label, name, kind in zip(HEADINGS, names, kinds, strict=True)]  # type: ignore[arg-type]
    write(out, [Sheet("配件申请", columns, rows(many))], at=BEGUN, zone=ZONE)


def through_xlsxwriter(out: IO[bytes], many: int) -> None:
    """As XlsxWriter's manual says, in constant memory, with formats for amounts, days and instants."""
    with tempfile.TemporaryDirectory() as scratch:
        book = xlsxwriter.Workbook(out, {"constant_memory": True, "tmpdir": scratch})
        sheet = book.add_worksheet("配件申请")
        plain, money = book.add_format({"num_format": "@"}), book.add_format({"num_format": "#,##0.00"})
        day, moment = (
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        )
        for at, heading in enumerate(HEADINGS):
            sheet.write_string(0, at, heading)
        for line, row in enumerate(rows(many), start=1):
            sheet.write_string(line, 0, row.number, plain)
            sheet.write_string(line, 1, row.dealer, plain)
            sheet.write_string(line, 2, row.name, plain)
            sheet.write_string(line, 3, row.state, plain)
            sheet.write_number(line, 4, row.lines)
            sheet.write_number(line, 5, row.amount, money)
            sheet.write_datetime(line, 6, row.submitted.astimezone(ZONE).replace(tzinfo=None), moment)
            sheet.write_datetime(line, 7, row.ship_on, day)
            sheet.write_string(line, 8, row.address, plain)
        book.close()
