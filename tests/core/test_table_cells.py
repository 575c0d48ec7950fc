"""One cell into one value, however it is written (R11)."""

import contextlib
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.tables import cells
from portal.core.tables.cells import CellRefused
from portal.core.tables.values import Broken, Formula

TYPED = datetime(2026, 10, 21, 13, 0)  # noqa: DTZ001 - a spreadsheet's days have no zone


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        (382, "382.00"),
        (257.6, "257.60"),
        (257.59999999999997, "257.60"),
        ("¥1,234.50", "1234.50"),
        ("￥1,234.50", "1234.50"),
        ("17.50元", "17.50"),
        ("１４．２０", "14.20"),
        ("９，８００．５０元", "9800.50"),
        (" 262.00 ", "262.00"),
        ("RMB 12", "12.00"),
        ("12.500", "12.50"),
        ("0", "0.00"),
        ("99999999.99", "99999999.99"),
    ],
)
def test_an_amount_is_exact_to_the_fen_however_it_is_written(cell, amount):
    """R11."""
    assert str(cells.money(cell)) == amount


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (-1, "money-negative"),
        ("-12.00", "money-negative"),
        ("¥-12.00", "money-negative"),
        ("(12.00)", "money-negative"),
        (12.345, "money-decimals"),
        ("12.345元", "money-decimals"),
        (1e18, "money-too-large"),
        ("100000000.00", "money-too-large"),
        ("1e18", "money-unclear"),
        (float("nan"), "money-unclear"),
        (float("inf"), "money-unclear"),
        ("NaN", "money-unclear"),
        ("面议", "money-unclear"),
        ("12,5", "money-unclear"),
        ("1,23,456", "money-unclear"),
        ("1.2万", "money-unclear"),
        ("12.", "money-unclear"),
        ("9" * 200, "money-unclear"),
        (True, "money-unclear"),
        (TYPED, "money-unclear"),
        (Formula("="), "cell-formula"),
        (Broken("#REF!"), "cell-error"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(cell, code):
    with pytest.raises(CellRefused) as refused:
        cells.money(cell)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (TYPED, date(2026, 10, 21)),
        (date(2026, 10, 21), date(2026, 10, 21)),
        ("2026/10/06", date(2026, 10, 6)),
        ("2026.10.11", date(2026, 10, 11)),
        ("2026-7-1", date(2026, 7, 1)),
        ("2026年7月1日", date(2026, 7, 1)),
        ("２０２６年１０月８日", date(2026, 10, 8)),
        ("2026-07-01 00:00:00", date(2026, 7, 1)),
        ("20260701", date(2026, 7, 1)),
        (20260701, date(2026, 7, 1)),
        (46204, date(2026, 7, 1)),
        (46204.75, date(2026, 7, 1)),
        ("46204", date(2026, 7, 1)),
        ("10月14日", date(2026, 10, 14)),
    ],
)
def test_a_day_is_understood_however_it_is_written(cell, day):
    assert cells.day(cell, year=2026) == day


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("10月14日", "day-unclear"),
        ("10/06/2026", "day-unclear"),
        ("2026年7月", "day-unclear"),
        ("昨天", "day-unclear"),
        (2026, "day-unclear"),
        (float("nan"), "day-unclear"),
        (True, "day-unclear"),
        ("2026-02-30", "day-impossible"),
        ("1026-02-03", "day-impossible"),
        (Formula("="), "cell-formula"),
    ],
)
def test_what_is_no_day_is_refused_with_its_reason(cell, code):
    with pytest.raises(CellRefused) as refused:
        cells.day(cell)
    assert refused.value.code == code


def test_codes_become_half_width_and_keep_their_inner_space():
    assert cells.code("ＳＴ０７－ＷＴ") == "ST07-WT"
    assert cells.code("LQ-H80　恒温") == "LQ-H80 恒温"
    assert cells.code(13800001111) == "13800001111"
    assert cells.code(105.0) == "105"
    for cell, code in ((1.234567890123456e17, "cell-number-too-long"), (TYPED, "cell-not-text")):
        with pytest.raises(CellRefused) as refused:
            cells.code(cell)
        assert refused.value.code == code


def test_whole_numbers_may_carry_their_unit_and_keep_their_bounds():
    assert [cells.whole(cell, high=600, units=("个月", "月")) for cell in (36, 36.0, "36", "３６个月", "24 月", "0")] == [
        36, 36, 36, 36, 24, 0,
    ]  # fmt: skip
    for cell, code in (
        (1.5, "whole-unclear"),
        ("一年", "whole-unclear"),
        (True, "whole-unclear"),
        (601, "whole-out-of-range"),
        (-1, "whole-out-of-range"),
    ):
        with pytest.raises(CellRefused) as refused:
            cells.whole(cell, high=600)
        assert refused.value.code == code


def test_only_a_clear_yes_is_yes():
    """R34."""
    assert [cells.yes(cell) for cell in ("是", "Y", "y", "Ｙ", "√", "Yes", True, 1)] == [True] * 8
    said = ("否", "N", "/", None, "×", "", 0, False, "看情况", Formula("="), TYPED)
    assert [cells.yes(cell) for cell in said] == [False] * 11
    assert [cells.no(cell) for cell in ("否", "/", None, "×", "n", 0)] == [True] * 6
    assert not cells.no("看情况")


@given(
    st.text(max_size=20) | st.floats() | st.integers() | st.datetimes() | st.booleans() | st.times() | st.timedeltas()
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_cell_is_a_value_or_refused_never_an_error(cell):
    for parse in (cells.text, cells.code, cells.money, cells.day, cells.whole, cells.choice({"家用": 1})):
        with contextlib.suppress(CellRefused):
            parse(cell)
    assert cells.yes(cell) in {True, False}
    assert isinstance(cells.shown(cell), str)
