"""A dealer's claim form of some rows, and what became of each."""

import hashlib

from portal.claims import actions, queries
from portal.claims.sheets import read_form
from tests.claims.kit import at
from tests.claims.test_sheets import book

NOW = at("2026-10-28 10:00")
HEAD = (
    "维修日期",
    "用户姓名",
    "联系电话",
    "产品型号",
    "产品序列号",
    "故障代码",
    "配件编码",
    "数量",
    "旧件登记号",
    "金额",
)
TITLE = ("保修期内配件费用报销单",)


def deep_shelf(world):
    """D001 holds twelve P1 and four P2."""
    world.received_order(world.d1, {"P1": 12, "P2": 4})
    return world


def row(day="2026-10-10", serial="", part="P1", quantity=1, old_part=None, amount=None, fault="F01", model="M-100"):
    return (day, "刘军", "18800006555", model, serial, fault, part, quantity, old_part, amount)


def form_of(*rows, title=("报销月份:2026年10月",)) -> bytes:
    return book(
        TITLE, title, HEAD, *rows, (), ("合计", None, None, None, None, None, None, 99), ("经办人:", "经销商盖章:")
    )


def take_in(world, data, *, by=None, month=None, name="十月.xlsx", when=NOW):
    by = by or world.d1.clerk
    with world.as_(by) as session:
        form = read_form(data, name, today=by.day(when), month=month)
        made = actions.draft_from_form(
            session, by, form=form, filename=name, file_hash=hashlib.sha256(data).hexdigest(), month=month, at=when
        )
        return made.public_id


def kept(world, ref):
    with world.as_(world.d1.clerk) as session:
        found = queries.claim(session, ref)
        return queries.form_rows(session, queries.form_of(session, found.id))


def outcomes(world, ref):
    return {one.row_no: (one.outcome.value, one.old_part, one.line) for one in kept(world, ref)}
