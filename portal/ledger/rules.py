"""What is booked: entries and the chart of accounts (config/chart_of_accounts.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from portal.core.money import ZERO
from portal.core.settings import CONFIG

PREPAYMENTS = "prepayments"
BANK = "bank"
OPENING = "opening"
PARTS_SALES = "parts-sales"
FREIGHT = "freight"
WARRANTY_EXPENSE = "warranty-expense"

# The events of domain.md section 7 that this portal posts so far; unique with the source (R63).
ORDER, TOPUP, OPENING_BALANCE, SETTLEMENT = "order", "topup", "opening", "settlement"
REVERSAL = "-reversal"
# The job left when an account can bear more: portal/orders/jobs.py, above this package, takes it up by name (R23).
DEBIT_WAITING = "orders.debit_waiting"


@dataclass(frozen=True, slots=True)
class ChartAccount:
    """One line of the chart; ``per_dealer`` accounts exist once for each dealer."""

    code: str
    name: str
    per_dealer: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a journal: yuan on an account. ``document`` is the number that a reader of the account sees."""

    account: str
    amount: Decimal
    side: Literal["debit", "credit"]
    dealer_id: int | None = None
    document: str = ""
    memo: str = ""


@cache
def chart() -> dict[str, ChartAccount]:
    """The chart of accounts by code."""
    raw = tomllib.loads((CONFIG / "chart_of_accounts.toml").read_text(encoding="utf-8"))
    return {code: ChartAccount(code, line["name"], bool(line.get("dealer", False))) for code, line in raw.items()}


def imbalance(entries: Iterable[Entry]) -> Decimal:
    """R60: Σ debit − Σ credit in yuan; a journal may be written when it is zero."""
    return sum((e.amount if e.side == "debit" else -e.amount for e in entries), ZERO)


def missing(balance: Decimal, credit_limit: Decimal, amount: Decimal) -> Decimal:
    """R23: how much a debit of ``amount`` lacks (yuan, 0.00 when balance + credit limit suffice); other reservations do not count."""
    return max(amount - balance - credit_limit, ZERO)
