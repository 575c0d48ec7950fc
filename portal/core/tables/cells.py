"""One cell into one value: text, code, money, day, whole number, yes or no.

Each takes the raw cell and returns the value, or raises ``CellRefused`` with a code: cell-formula, cell-error,
cell-not-text, cell-too-long, cell-number-too-long, money-unclear, money-negative, money-decimals, money-too-large,
day-unclear, day-impossible, whole-unclear, whole-out-of-range, choice-unknown. None is no cell's business here: an
empty cell is asked about before (``sheets.Reading``).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from portal.core.tables.values import Broken, Cell, Formula

ChoiceT = TypeVar("ChoiceT")

CENT = Decimal("0.01")
MAX_MONEY = Decimal("99999999.99")  # a hundred million yuan: beyond it somebody mistyped
NOTHING = frozenset({"/", "\\", "-", "--", "—", "——", "－", "／", "无", "n/a", "none", "nil"})
"""What people write for "there is nothing here"."""

_YES = frozenset({"是", "y", "yes", "true", "√", "✓", "✔", "☑", "1"})
_NO = NOTHING | {"否", "n", "no", "false", "×", "x", "✗", "✘", "☐", "0", "不", "不需要", "无需", "不回收"}
_MONEY = re.compile(r"(-?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?")
_CURRENCY = re.compile(r"^(?:¥|rmb|cny|元)|(?:元整|元|rmb|cny|yuan)$", re.IGNORECASE)
_DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?:[ t]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)?"
)
_PLAIN_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH_DAY = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  # Excel's day numbers from 1954 to 2119
_EPOCH = date(1899, 12, 30)
_YEARS = range(1950, 2120)
_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xFFE5: 0xA5}
_SPACES = re.compile(r"\s+")


class CellRefused(Exception):
    """The cell is not what its column holds."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def shown(cell: Cell) -> str:
    """The cell as its reader would know it again, short: for sentences about it."""
    if isinstance(cell, float) and math.isfinite(cell):
        return f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    text = "" if cell is None else str(cell)
    return text if len(text) <= 40 else text[:39] + "…"


def half_width(text: str) -> str:
    """Full-width letters, digits and signs (Ａ１－) as half-width; Chinese stays as it is."""
    return text.translate(_WIDTH)


def text(cell: Cell, *, limit: int = 200) -> str:
    """A text, its spaces and line breaks single; whole numbers become their digits."""
    _check(cell)
    if isinstance(cell, bool | time | timedelta):
        raise CellRefused("cell-not-text", value=shown(cell))
    if isinstance(cell, int | float):
        found = _digits(cell)
    elif isinstance(cell, date):  # a datetime too: Excel made a day of it
        found = shown(cell)
    else:
        found = _SPACES.sub(" ", str(cell)).strip()
    if len(found) > limit:
        raise CellRefused("cell-too-long", value=shown(found), limit=limit)
    return found


def code(cell: Cell, *, limit: int = 40) -> str:
    """A number or code as people type it: half-width, inner single spaces kept ('LQ-H80 恒温')."""
    if isinstance(cell, date):
        raise CellRefused("cell-not-text", value=shown(cell))  # '5-1' that Excel turned into the first of May
    return _SPACES.sub(" ", half_width(text(cell, limit=limit))).strip()


def money(cell: Cell) -> Decimal:
    """Yuan, exact to the fen: 382, 257.6, '¥1,234.50', '17.50元', '１４．２０'. Neither negative nor finer than a fen."""
    _check(cell)
    if isinstance(cell, bool | date | time | timedelta):
        raise CellRefused("money-unclear", value=shown(cell))
    amount = _amount_of_number(cell) if isinstance(cell, int | float) else _amount_of_text(str(cell))
    if amount < 0:
        raise CellRefused("money-negative", value=shown(cell))
    if amount > MAX_MONEY:
        raise CellRefused("money-too-large", value=shown(cell), limit=MAX_MONEY)
    exact = amount.quantize(CENT, ROUND_HALF_UP)
    if exact != amount:
        raise CellRefused("money-decimals", value=shown(cell))
    return exact


def day(cell: Cell, *, year: int | None = None) -> date:
    """A day: typed, '2026/10/06', '2026.10.11', '2026年7月1日', '20261006', a day number; '10月14日' when the year is given."""
    _check(cell)
    if isinstance(cell, datetime):
        found = cell.date()
    elif isinstance(cell, date):
        found = cell
    elif isinstance(cell, bool | time | timedelta):
        raise CellRefused("day-unclear", value=shown(cell))
    elif isinstance(cell, int | float):
        found = _day_of_number(cell)
    else:
        found = _day_of_text(str(cell), year)
    if found.year not in _YEARS:
        raise CellRefused("day-impossible", value=shown(cell))
    return found


def whole(cell: Cell, *, low: int = 0, high: int = 1_000_000, units: tuple[str, ...] = ()) -> int:
    """A whole number within bounds, its unit allowed behind it ('36个月')."""
    _check(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        raise CellRefused("whole-unclear", value=shown(cell))
    if isinstance(cell, str):
        plain = _plain(cell).replace(" ", "")
        unit = next((unit for unit in sorted(units, key=len, reverse=True) if plain.endswith(unit)), "")
        plain = re.sub(r"\.0+$", "", plain.removesuffix(unit))
        if not re.fullmatch(r"-?\d{1,12}", plain):
            raise CellRefused("whole-unclear", value=shown(cell))
        number = int(plain)
    elif not math.isfinite(cell) or cell != int(cell):
        raise CellRefused("whole-unclear", value=shown(cell))
    else:
        number = int(cell)
    if not low <= number <= high:
        raise CellRefused("whole-out-of-range", value=shown(cell), low=low, high=high)
    return number


def yes(cell: Cell) -> bool:
    """True for 是, Y, √ and their like; anything else, an empty cell too, is no (R34)."""
    if cell is None or isinstance(cell, Formula | Broken | date | time | timedelta):
        return False
    if isinstance(cell, float | int):
        return cell == 1
    return _plain(cell) in _YES


def no(cell: Cell) -> bool:
    """Whether the cell says no in so many words, or nothing; what is neither this nor ``yes`` deserves a look."""
    if isinstance(cell, float | int):
        return cell == 0
    return cell is None or (isinstance(cell, str) and not isinstance(cell, Formula | Broken) and _plain(cell) in _NO)


def choice(choices: Mapping[str, ChoiceT]) -> Callable[[Cell], ChoiceT]:
    """A parser of one word out of a few; the words are given half-width and in lower case."""

    def parse(cell: Cell) -> ChoiceT:
        word = _plain(text(cell))
        if word not in choices:
            usual = {value: word for word, value in reversed(list(choices.items()))}
            raise CellRefused("choice-unknown", value=shown(cell), choices=tuple(reversed(list(usual.values()))))
        return choices[word]

    return parse


def is_nothing(cell: Cell) -> bool:
    """Whether the cell is empty, or says so in a sign ('/', '—', '无')."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in NOTHING)


def _check(cell: Cell) -> None:
    if isinstance(cell, Formula):
        raise CellRefused("cell-formula")
    if isinstance(cell, Broken):
        raise CellRefused("cell-error", value=shown(cell))


def _plain(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip().lower()


def _digits(number: float) -> str:
    """A number that stands where a code should: its digits, unless Excel has already lost some."""
    if not math.isfinite(number) or abs(number) >= 1e15:
        raise CellRefused("cell-number-too-long", value=shown(number))
    return str(int(number)) if number == int(number) else f"{number:.15g}"


def _amount_of_number(number: float) -> Decimal:
    if not math.isfinite(number):
        raise CellRefused("money-unclear", value=str(number))
    amount = Decimal(repr(number))
    if abs(amount) > MAX_MONEY * 1000:
        return amount
    near = amount.quantize(CENT, ROUND_HALF_UP)
    return near if abs(amount - near) < Decimal("1e-7") else amount  # 257.59999999999997 was 257.60


def _amount_of_text(raw: str) -> Decimal:
    plain = _plain(raw).replace(" ", "").replace("，", ",").replace("￥", "¥").replace("−", "-")
    sign = "-" if plain.startswith("-") else ""
    plain = _CURRENCY.sub("", plain.removeprefix("-"))
    if plain.startswith("(") and plain.endswith(")"):
        sign, plain = "-", plain[1:-1]  # the accountants' minus
    fits = _MONEY.fullmatch(sign + plain)
    if fits is None or len(plain) > 30:
        raise CellRefused("money-unclear", value=shown(raw))
    return Decimal(f"{fits[1]}{fits[2].replace(',', '')}.{fits[3] or '0'}")


def _day_of_number(number: float) -> date:
    if math.isfinite(number) and 19_000_000 < number < 21_200_000 and number == int(number):
        return _day_of_text(str(int(number)), None)
    if not math.isfinite(number) or not _FIRST_SERIAL <= number < _LAST_SERIAL:
        raise CellRefused("day-unclear", value=shown(number))
    return _EPOCH + timedelta(days=int(number))


def _day_of_text(raw: str, year: int | None) -> date:
    plain = _plain(raw).replace("。", ".")
    fits = _DAY.fullmatch(plain) or _PLAIN_DAY.fullmatch(plain)
    if fits is not None:
        parts = (int(fits[1]), int(fits[2]), int(fits[3]))
    elif year is not None and (short := _MONTH_DAY.fullmatch(plain)) is not None:
        parts = (year, int(short[1]), int(short[2]))
    elif re.fullmatch(r"\d{5}", plain):
        return _day_of_number(int(plain))
    else:
        raise CellRefused("day-unclear", value=shown(raw))
    try:
        return date(*parts)
    except ValueError as impossible:
        raise CellRefused("day-impossible", value=shown(raw)) from impossible
