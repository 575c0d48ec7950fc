"""What all papers share: heads, the print, running sums, figures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

ZERO = Decimal("0.00")
T = TypeVar("T")


def money(value: Decimal) -> str:
    """Yuan as papers write them: 1,234.50, and −51.25 with a true minus."""
    return f"{value + 0:,.2f}".replace("-", "−")


def yuan(value: Decimal) -> str:
    """The same with its sign of currency: ¥1,234.50 and −¥51.25."""
    figure = money(value)
    return f"−¥{figure[1:]}" if figure.startswith("−") else f"¥{figure}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandHead:
    """The brand at head and foot. `logo` is a mark of templates/pdf/_logo.html (waves, leaf), else its first character."""

    name: str
    english: str = ""
    legal: str = ""
    logo: str = ""
    hotline: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DealerHead:
    """The dealer named on a paper."""

    code: str
    name: str
    contact: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintInfo:
    """Which record this is a print of, who printed it and when.

    `number` is "" for a draft; `url` is what the QR opens (absolute, `…/q/<brand>/<number>`), "" for no QR;
    `verification` may be left "": the paper then carries the code of its own contents (`content_code`).
    """

    state: str
    printed_at: datetime
    printed_by: str
    number: str = ""
    url: str = ""
    verification: str = ""


@dataclass(frozen=True, slots=True)
class Carried(Generic[T]):
    """A row with the sums before it and after it, formatted, for 承前页 and 过次页.

    Place 0 counts the rows, the others are the columns in order.
    """

    item: T
    before: tuple[str, ...]
    after: tuple[str, ...]


def carry(
    items: Iterable[T], *columns: Callable[[T], Decimal], start: tuple[Decimal, ...] = (), count: int = 0
) -> tuple[Carried[T], ...]:
    """Give each row its running sums (yuan). `start` and `count` continue from rows before."""
    sums = list(start or (ZERO,) * len(columns))
    rows = []
    for number, item in enumerate(items, start=count):
        before = (str(number), *map(money, sums))
        sums = [total + column(item) for total, column in zip(sums, columns, strict=True)]
        rows.append(Carried(item, before, (str(number + 1), *map(money, sums))))
    return tuple(rows)
