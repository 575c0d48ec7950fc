"""A dealer's own workbook: filled in as dealers do, taken in, and left as a draft that says row by row what it makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from portal.claims import actions, queries
from portal.claims.sheets import read_form
from portal.core.months import first_of
from portal.demo.world import Play, Shop
from portal.organizations.models import Dealer
from portal.web.sheets import Column, Sheet, workbook

Told = Generator[datetime, None, None]
FORMS = Path(__file__).parent.parent / "data" / "claim-forms-2026-10"
WAYS = ("%Y/%m/%d", "%Y.%m.%d", "%-m月%-d日", "%Y-%m-%d")  # people type days in four ways
MOST, OTHERS = 4, 5


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the form as it is typed."""

    day: str
    serial: str
    model: str
    fault: str
    part: str
    name: str
    quantity: int
    old_part: str = ""
    amount: str = ""


COLUMNS: tuple[Column[Line], ...] = (
    Column("维修日期", "day"), Column("产品型号", "model"), Column("产品序列号", "serial"), Column("故障代码", "fault"),
    Column("配件编码", "part"), Column("配件名称", "name"), Column("数量", "quantity", "whole"), Column("旧件登记号", "old_part"),
    Column("金额", "amount"),
)  # fmt: skip


def taken_in(play: Play, shop: Shop, start: datetime) -> Told:
    """Old parts of the fullest month by number or by what they are, one amount mistaken, and rows of repairs that nobody registered."""
    yield start
    with play.as_(shop.clerk) as session:
        waiting = queries.claimable_months(session, shop.id)
        month = max(waiting, key=lambda one: one[1], default=(first_of(play.today), 0, 0))[0]
        ready = queries.claimable(session, shop.id, month, limit=MOST)
        dealer = session.get_one(Dealer, (shop.clerk.scope.brand_id, shop.id))
    lines = [
        Line(
            typed(one.replaced_on, at), one.serial, one.model, "", one.part_number, one.part_name, one.quantity,
            one.number if at % 2 else "", f"{one.amount + at:.2f}" if at == 1 else "",
        )
        for at, one in enumerate(ready)
    ]  # fmt: skip
    lines += others(shop.code, month)
    data = workbook(
        [
            Sheet(
                "报销单", COLUMNS, lines, title="保修期内配件费用报销单",
                head=[("经销商:", f"{dealer.name}({dealer.code})"), ("报销月份:", f"{month:%Y年%-m月}")],
                foot=[("合计", len(lines)), ("经办人:", shop.clerk.name), ("经销商盖章:", "")],
            )
        ],
        at=play.at, zone=play.times.zone,
    )  # fmt: skip
    filename = f"{dealer.code}-{month:%Y-%m}报销单.xlsx"
    with play.as_(shop.clerk) as session:
        form = read_form(data, filename, today=play.today)
        claim = actions.draft_from_form(
            session, shop.clerk, form=form, filename=filename, file_hash=hashlib.sha256(data).hexdigest(), at=play.at
        )
        stand = {row.old_part for row in queries.line_rows(session, claim.id)}
    for number in stand:
        shop.old_parts[number].claimed = True


def others(code: str, month: date) -> list[Line]:
    """What this dealer wrote on its form of October 2026, the days moved to ``month``: repairs that nobody registered."""
    path = FORMS / f"{code}.xlsx"
    if not path.exists():
        return [Line(f"{month:%Y-%m}-08", "SN-00000000", "", "", "P-000", "", 1)]
    rows = read_form(path.read_bytes(), path.name, today=month).rows[:OTHERS]
    return [
        Line(
            typed(first_of(month).replace(day=min(row.day.day, 28)), at), row.serial, row.model, row.fault, row.part,
            row.seen.get("part_name", ""), row.quantity or 1,
        )
        for at, row in enumerate(rows)
        if row.day is not None
    ]  # fmt: skip


def typed(day: date, at: int) -> str:
    """The day in one of the ways that people type it."""
    return day.strftime(WAYS[at % len(WAYS)])
