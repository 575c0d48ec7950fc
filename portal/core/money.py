"""Amounts: Decimal yuan with two places in Python, bigint fen in the database (domain.md section 7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.types import TypeDecorator

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
LIMIT = Decimal("99999999999.99")  # one hundred thousand million yuan: beyond it somebody mistyped


def fen(amount: Decimal) -> int:
    """Yuan to fen; raises ValueError for a fraction of a fen or an amount out of bounds."""
    if not amount.is_finite() or abs(amount) > LIMIT:
        raise ValueError(f"amount out of bounds: {amount}")
    exact = amount.quantize(CENT)  # compared whole: scaling a long tail of digits would round it away unseen
    if exact != amount:
        raise ValueError(f"more than two decimals: {amount}")
    return int(exact.scaleb(2))


def yuan(cents: int) -> Decimal:
    """Fen to yuan with exactly two places."""
    return Decimal(cents).scaleb(-2).quantize(CENT)


def rounded(amount: Decimal) -> Decimal:
    """To the fen, halves up (away from zero for negatives: they mirror)."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def parse(text: str) -> Decimal:
    """What a person typed ('1,234.50', '¥12', full-width digits) as yuan; ValueError when it is none.

    Commas stand before groups of three only: '12,50' may mean 12.50 and is refused rather than guessed.
    """
    plain = text.strip().translate(_WIDTH).removeprefix("¥").strip()
    if not _AMOUNT.fullmatch(plain):
        raise ValueError(text)
    return yuan(fen(Decimal(plain.replace(",", ""))))


_AMOUNT = re.compile(r"-?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?|-?\.[0-9]+")
_WIDTH = {ord(wide): ord(narrow) for wide, narrow in zip("０１２３４５６７８９．，￥－", "0123456789.,¥-", strict=True)}


def split(whole: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Split ``whole`` (yuan, not negative) by ``weights`` so that the parts add up to it (largest remainder).

    Raises ValueError when the weights add up to nothing.
    """
    total, cents = sum(weights), fen(whole)
    if total <= 0 or cents < 0 or min(weights) < 0:
        raise ValueError("weights must add up to more than nothing")
    shares = [cents * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(cents * weights[i] % total), i))
    for i in by_remainder[: cents - sum(shares)]:
        shares[i] += 1
    return [yuan(share) for share in shares]


class Money(TypeDecorator[Decimal]):
    """A bigint column of fen that speaks Decimal yuan."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> int | None:
        return None if value is None else fen(value)

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        return None if value is None else yuan(int(value))
