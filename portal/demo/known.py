"""What the script must know of a loaded catalogue to tell sensible stories: which part fits which product, covered when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalog.models import FaultCode, Part, PartModel, Price, PriceList, ProductModel
from portal.warranty import queries as warranty
from portal.warranty.models import Product
from portal.warranty.rules import QUALITY, Days, Line, Verdict, verdict


@dataclass(frozen=True, slots=True)
class PartFact:
    """A part that can be ordered; ``price`` is the dealer price in yuan on the first day."""

    number: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Pair:
    """A part that fits a dealer's product, and its days of cover (both included)."""

    serial: str
    part: str
    price: Decimal
    faults: tuple[str, ...]
    first: date
    last: date

    def covered(self, on: date) -> bool:
        """In warranty on that day, the cause being quality."""
        return self.first <= on <= self.last


@dataclass(frozen=True, slots=True)
class Known:
    """Parts of the list, and pairs by dealer id."""

    parts: tuple[PartFact, ...]
    pairs: dict[int, tuple[Pair, ...]]

    def worn(self, dealer_id: int, on: date, chance: Random, count: int) -> list[Pair]:
        """Pairs that may well break in the weeks after ``on``: cheap parts break more often. In warranty for a month at least."""
        fit = [pair for pair in self.pairs.get(dealer_id, ()) if pair.covered(on) and (pair.last - on).days > 30]
        return chance.choices(fit, [weight(pair.price) for pair in fit], k=count) if fit else []


def weight(price: Decimal) -> float:
    """How often something of that price (yuan) is needed."""
    return 1.0 if price < 20 else 1.6 if price < 80 else 0.9 if price < 160 else 0.3


def read(session: Session, on: date) -> Known:
    """Read it from a brand's tables; ``on`` is the first day played."""
    groups, numbers = {}, {}
    for part_id, number, group in session.execute(select(Part.id, Part.number, Part.part_group).order_by(Part.id)):
        groups[part_id], numbers[part_id] = group, number
    listed = (
        select(Price.part_id, Price.dealer_price)
        .join(PriceList, PriceList.id == Price.list_id)
        .where(PriceList.from_day <= on)
        .order_by(Price.part_id)
    )
    prices = {part_id: price for part_id, price in session.execute(listed)}  # noqa: C416 - a result has keys()
    fitting: dict[int, list[int]] = defaultdict(list)
    for model_id, part_id in session.execute(select(PartModel.model_id, PartModel.part_id).order_by(PartModel.id)):
        if part_id in prices:
            fitting[model_id].append(part_id)
    faults = session.execute(select(FaultCode.code, FaultCode.category_id).order_by(FaultCode.code)).all()
    policy = warranty.policy_on(session, on)
    if policy is None:
        raise RuntimeError("no warranty policy is in force on the first day of the demo")
    pairs: dict[int, list[Pair]] = defaultdict(list)
    lines: dict[int | None, Sequence[Line]] = {}
    wanted = (
        select(Product, ProductModel.category_id)
        .join(ProductModel, ProductModel.id == Product.model_id)
        .order_by(Product.serial)
    )
    for product, category in session.execute(wanted):
        if category not in lines:
            lines[category] = warranty.policy_lines(session, policy.id, category)
        for part_id in fitting.get(product.model_id, ()):
            known: Verdict = verdict(
                policy_version=policy.version, lines=lines[category], part_group=groups[part_id],
                days=Days(product.made_on, product.bought_on, product.installed_on), use=product.use, cause=QUALITY, on=on,
            )  # fmt: skip
            if known.counts_from is None or known.last_day is None:
                continue
            fit = tuple(code for code, of in faults if of == category) or tuple(
                code for code, of in faults if of is None
            )
            pairs[product.dealer_id].append(
                Pair(product.serial, numbers[part_id], prices[part_id], fit, known.counts_from, known.last_day)
            )
    return Known(
        tuple(PartFact(numbers[part_id], price) for part_id, price in prices.items()),
        {dealer: tuple(found) for dealer, found in pairs.items()},
    )
