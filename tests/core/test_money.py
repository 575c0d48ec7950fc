"""Amounts are exact: one parser, fen in the database, parts that add up to the whole (domain.md section 7; MO8, MO9)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from portal.core import money
from portal.core.db import db

CENTS = st.integers(min_value=-9_999_999_999_999, max_value=9_999_999_999_999)
_WIDE = str.maketrans("0123456789.,¥-", "０１２３４５６７８９．，￥－")


@given(CENTS)
def test_MO8_fen_and_yuan_are_each_others_mirror(cents: int) -> None:
    assert money.fen(money.yuan(cents)) == cents
    assert money.yuan(cents).as_tuple().exponent == -2


@given(CENTS)
@example(-5)
@example(0)
def test_MO8_what_the_portal_writes_it_reads_again_in_every_spelling(cents: int) -> None:
    amount = money.yuan(cents)
    plain, grouped = f"{amount}", f"{amount:,}"
    for words in (plain, grouped, f" {grouped} ", f"¥{grouped}", f"￥ {plain}", grouped.translate(_WIDE)):
        assert money.parse(words) == amount


@pytest.mark.parametrize(
    ("words", "amount"),
    [
        ("1,234.5", "1234.50"), ("¥1,234.50", "1234.50"), ("１２３", "123.00"), ("５．５", "5.50"), ("5.", "5.00"), (".5", "0.50"),
        ("-0", "0.00"), ("-12.30", "-12.30"), ("0.10", "0.10"), ("1.500000", "1.50"), ("99999999999.99", "99999999999.99"),
    ],
)  # fmt: skip
def test_MO8_what_people_type_is_read_exactly(words: str, amount: str) -> None:
    assert str(money.parse(words)) == amount


@pytest.mark.parametrize(
    "words",
    [
        "", " ", "0.005", "1e3", "1E18", "NaN", "Infinity", "-", ".", "--5", "5-3", "1.2.3", "+5", "abc", "一百", "12,50", "1,23,456", "1,2345", ",5",
        "100000000000", "9" * 400, "0." + "0" * 40 + "1", "1." + "0" * 40 + "1", "1 234", "5元", "5\0", "٣", "²", "¥", "-¥5", "0x10", "1_000",
    ],
)  # fmt: skip
def test_MO8_what_is_no_exact_amount_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        money.parse(words)


@given(st.text(max_size=12))
def test_MO8_whatever_is_typed_is_exact_or_refused(words: str) -> None:
    try:
        amount = money.parse(words)
    except ValueError:
        return
    assert amount.as_tuple().exponent == -2
    assert abs(amount) <= money.LIMIT


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_MO8_fen_takes_whole_fen_only(amount: Decimal) -> None:
    try:
        cents = money.fen(amount)
    except ValueError:
        assert not amount.is_finite() or abs(amount) > money.LIMIT or amount != amount.quantize(money.CENT)
    else:
        assert Decimal(cents) / 100 == amount


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("2.6749", "2.67"), ("1", "1.00")],
)
def test_section_7_halves_round_up_and_negatives_mirror(amount: str, rounded: str) -> None:
    assert str(money.rounded(Decimal(amount))) == rounded


@given(
    st.integers(min_value=0, max_value=9_999_999_999_999),
    st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=40).filter(sum),
)
def test_MO9_the_parts_of_a_split_add_up_and_none_is_a_fen_off(cents: int, weights: list[int]) -> None:
    whole = money.yuan(cents)
    parts = money.split(whole, weights)
    assert sum(parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        exact = Decimal(cents * weight) / sum(weights) / 100
        assert abs(part - exact) < money.CENT


def test_MO9_a_hundred_by_three_and_ten_thousand_lines() -> None:
    assert [str(part) for part in money.split(Decimal("100.00"), [1, 1, 1])] == ["33.34", "33.33", "33.33"]
    assert [str(part) for part in money.split(Decimal("0.02"), [1, 0, 3])] == ["0.01", "0.00", "0.01"]
    assert sum(money.split(Decimal("99.99"), list(range(1, 10_001)))) == Decimal("99.99")


@pytest.mark.parametrize(("whole", "weights"), [("1.00", []), ("1.00", [0, 0]), ("-1.00", [1]), ("1.00", [2, -1])])
def test_MO9_a_split_by_nothing_or_of_less_than_nothing_is_refused(whole: str, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r".*"):
        money.split(Decimal(whole), weights)


def test_MO8_postgresql_keeps_every_fen(app) -> None:
    column = money.Money()
    with db.engine.connect() as connection:
        dialect = connection.dialect
        for amount in (Decimal("99999999999.99"), Decimal("-0.01"), money.ZERO):
            stored = connection.scalar(
                text("SELECT CAST(:fen AS bigint)"), {"fen": column.process_bind_param(amount, dialect)}
            )
            back = column.process_result_value(stored, dialect)
            assert (str(back), stored) == (str(amount), int(amount * 100))
        assert column.process_bind_param(None, dialect) is None
        assert column.process_result_value(None, dialect) is None
        with pytest.raises(ValueError, match="two decimals"):
            column.process_bind_param(Decimal("0.005"), dialect)
