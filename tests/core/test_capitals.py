"""人民币大写, spoken and read back."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.core.capitals import DIGITS, capitals

SPOKEN = {
    "0": "零元整",
    "0.00": "零元整",
    "-0.00": "零元整",
    "0.01": "壹分",
    "0.10": "壹角整",
    "0.53": "伍角叁分",
    "1": "壹元整",
    "5.03": "伍元零叁分",
    "5.30": "伍元叁角整",
    "10": "壹拾元整",
    "10.05": "壹拾元零伍分",
    "16": "壹拾陆元整",
    "20.50": "贰拾元伍角整",
    "100": "壹佰元整",
    "101": "壹佰零壹元整",
    "110": "壹佰壹拾元整",
    "1000": "壹仟元整",
    "1001": "壹仟零壹元整",
    "1010.10": "壹仟零壹拾元壹角整",
    "1002.05": "壹仟零贰元零伍分",
    "2163.51": "贰仟壹佰陆拾叁元伍角壹分",
    "10000": "壹万元整",
    "10001": "壹万零壹元整",
    "13056.48": "壹万叁仟零伍拾陆元肆角捌分",
    "100010": "壹拾万零壹拾元整",
    "101000": "壹拾万零壹仟元整",
    "110000": "壹拾壹万元整",
    "1000000": "壹佰万元整",
    "10000001": "壹仟万零壹元整",
    "100000000": "壹亿元整",
    "100010000": "壹亿零壹万元整",
    "10100000001": "壹佰零壹亿零壹元整",
    "1000200030004": "壹万亿零贰亿零叁万零肆元整",
    "20000000000000": "贰拾万亿元整",
    "9999999999999999.99": "玖仟玖佰玖拾玖万亿玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
    "-51.25": "负伍拾壹元贰角伍分",
    "-0.03": "负叁分",
}


@pytest.mark.parametrize(("amount", "words"), SPOKEN.items())
def test_an_amount_is_said_as_banks_say_it(amount, words):
    assert capitals(Decimal(amount)) == words


@pytest.mark.parametrize("amount", ["0.001", "1.005", "NaN", "Infinity", "-Infinity"])
def test_what_is_not_whole_fen_is_refused(amount):
    with pytest.raises(ValueError, match="not whole fen"):
        capitals(Decimal(amount))


@pytest.mark.parametrize("amount", ["10000000000000000", "-10000000000000000", "1e30"])
def test_what_has_no_word_for_its_size_is_refused(amount):
    with pytest.raises(ValueError, match="too large to say"):
        capitals(Decimal(amount))


def read_back(words: str) -> Decimal:
    """Read capitals as a clerk does: place by place, every group of four by its own word."""
    sign = -1 if words.startswith("负") else 1
    words = words.removeprefix("负").removesuffix("整")
    total, fraction = 0, Decimal(0)
    if "元" in words:
        whole, words = words.split("元")
        for unit, factor in (("万亿", 10**12), ("亿", 10**8), ("万", 10**4), ("", 1)):
            part, whole = whole.split(unit, 1) if unit and unit in whole else ("", whole) if unit else (whole, "")
            digit = group = 0
            for char in part:
                if char in DIGITS:
                    digit = DIGITS.index(char)
                else:
                    group, digit = group + digit * {"拾": 10, "佰": 100, "仟": 1000}[char], 0
            total += (group + digit) * factor
    for unit, factor in (("角", Decimal("0.1")), ("分", Decimal("0.01"))):
        if unit in words:
            said, words = words.split(unit)
            fraction += DIGITS.index(said[-1]) * factor
    return sign * (total + fraction)


FEN = st.integers(min_value=-(10**18) + 1, max_value=10**18 - 1)


@given(FEN)
@example(100_001)
@example(-(10**18) + 1)
def test_every_amount_can_be_read_back(fen):
    amount = Decimal(fen) / 100
    assert read_back(capitals(amount)) == amount


@given(FEN)
def test_zeros_never_stand_twice_nor_at_an_end_of_the_yuan(fen):
    words = capitals(Decimal(fen) / 100).removeprefix("负")
    assert "零零" not in words
    assert "零万" not in words
    assert "零亿" not in words
    assert words == "零元整" or not words.startswith("零")
    assert words == "零元整" or "零元" not in words


@given(FEN)
def test_the_end_is_closed_so_that_nothing_can_be_added(fen):
    words = capitals(Decimal(fen) / 100)
    assert words.endswith("分") == bool(abs(fen) % 10)
    assert words.endswith("整") == (fen % 10 == 0)


@given(st.integers(min_value=1, max_value=10**18 - 1))
def test_a_minus_is_only_a_word_in_front(fen):
    assert capitals(Decimal(-fen) / 100) == "负" + capitals(Decimal(fen) / 100)


@given(st.integers(min_value=1, max_value=10**16 - 1), st.integers(min_value=1, max_value=9))
def test_a_zero_jiao_before_fen_is_said_after_whole_yuan(yuan, fen):
    assert f"元零{DIGITS[fen]}分" in capitals(Decimal(yuan) + Decimal(fen) / 100)
