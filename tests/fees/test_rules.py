"""Fee schedules by values alone (R70)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.fees.rules import (
    Change,
    FeeWish,
    Kind,
    Place,
    Span,
    Wrong,
    compare,
    first_wrong,
    in_force,
    one_line,
    place,
    tidy,
)


def wish(item: str = "上门费", unit: str = "次", amount: str = "50.00", remark: str = "") -> FeeWish:
    return FeeWish(item, unit, Decimal(amount), remark)


def test_two_regions_written_alike_are_one():
    assert one_line("  福州市　鼓楼区 Ａ ") == "福州市 鼓楼区 A"


def test_items_are_stored_trimmed():
    assert tidy([FeeWish(" 上门费 ", " 次", Decimal("1.00"), " 市区 \n")]) == [
        FeeWish("上门费", "次", Decimal("1.00"), "市区")
    ]


@pytest.mark.parametrize(
    ("items", "wrong"),
    [
        ([wish()], None),
        ([], None),
        ([wish(amount="0.00")], None),
        ([wish(), wish(unit="小时")], None),
        ([wish(item="")], Wrong("fee-item-missing", 1, "item")),
        ([wish(), wish("清洗", unit="")], Wrong("fee-unit-missing", 2, "unit")),
        ([wish("x" * 81)], Wrong("fee-text-long", 1, "item")),
        ([wish(unit="x" * 21)], Wrong("fee-text-long", 1, "unit")),
        ([wish(remark="x" * 201)], Wrong("fee-text-long", 1, "remark")),
        ([wish(amount="-0.01")], Wrong("fee-amount-bounds", 1, "amount")),
        ([wish(amount="100000.00")], Wrong("fee-amount-bounds", 1, "amount")),
        ([wish(), wish("清洗"), wish(" 上门费")], Wrong("fee-item-twice", 3, "item")),
    ],
)
def test_the_first_item_that_cannot_be_stored_is_named(items, wrong):
    assert first_wrong(items) == wrong


def test_each_item_is_compared_with_the_last_schedule_r70():
    now = [
        wish("上门费", amount="60.00"),
        wish("清洗", amount="80.00"),
        wish("安装", amount="90.00", remark="含辅料"),
        wish("检测"),
    ]
    last = [
        wish("安装", amount="100.00"),
        wish("上门费", amount="50.00"),
        wish("清洗", amount="80.00"),
        wish("拆旧", amount="30.00", remark="每件"),
    ]
    assert compare(now, last) == [
        Change(Kind.UP, "上门费", "次", Decimal("60.00"), "", Decimal("50.00"), ""),
        Change(Kind.SAME, "清洗", "次", Decimal("80.00"), "", Decimal("80.00"), ""),
        Change(Kind.DOWN, "安装", "次", Decimal("90.00"), "含辅料", Decimal("100.00"), ""),
        Change(Kind.NEW, "检测", "次", Decimal("50.00"), "", None, ""),
        Change(Kind.GONE, "拆旧", "次", None, "", Decimal("30.00"), "每件"),
    ]
    assert [change.by for change in compare(now, last)] == [
        Decimal("10.00"),
        Decimal("0.00"),
        Decimal("-10.00"),
        None,
        None,
    ]


def test_the_first_schedule_of_a_region_has_only_new_items_r70():
    assert [change.kind for change in compare([wish()], [])] == [Kind.NEW]


NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.mark.parametrize(
    ("first", "approved", "placed"),
    [
        (NOV, [], Place(None, None)),
        (DEC, [Span(1, NOV, None)], Place(None, 1)),
        (NOV, [Span(1, DEC, None)], Place(DEC, None)),
        (DEC, [Span(2, JAN, None), Span(1, NOV, JAN)], Place(JAN, 1)),
        (DEC, [Span(1, NOV, DEC)], Place(None, None)),
        (NOV, [Span(2, JAN, None), Span(1, DEC, JAN)], Place(DEC, None)),
        (DEC, [Span(1, NOV, DEC), Span(2, DEC, None)], None),
    ],
)
def test_exactly_one_is_in_force_on_any_day_r70(first, approved, placed):
    assert place(first, approved) == placed


def test_the_day_of_the_successor_belongs_to_the_successor_r70():
    assert in_force(NOV, DEC, NOV)
    assert in_force(NOV, DEC, date(2026, 11, 30))
    assert not in_force(NOV, DEC, DEC)
    assert not in_force(NOV, DEC, date(2026, 10, 31))
    assert in_force(NOV, None, JAN)
