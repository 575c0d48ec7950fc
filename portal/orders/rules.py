"""How an order is reckoned (R20–R26, R67): values in, values out. Amounts are yuan with two places, days the brand's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.core.errors import Refused
from portal.core.money import ZERO, fen, rounded
from portal.orders.models import Purpose

LINES_MOST = 200  # a paper form has 20; more than this is a mistaken paste
PIECES_MOST = 9999
FREIGHT_MOST = Decimal("100000.00")  # beyond it somebody mistyped


# ---------------------------------------------------------------- what the dealer asks for


@dataclass(frozen=True, slots=True)
class LineWish:
    """A line as the dealer wishes it; ``serial`` names the product that a ``warranty`` line is for."""

    part_number: str
    quantity: int
    purpose: Purpose
    serial: str | None = None
    note: str = ""


def check_wishes(wishes: Sequence[LineWish]) -> None:
    """Refuse an order without lines, with too many, with an odd count, or a ``warranty`` line without its product."""
    if not wishes:
        raise Refused("order-empty", field="lines")
    if len(wishes) > LINES_MOST:
        raise Refused("order-too-many-lines", field="lines", most=LINES_MOST)
    for position, wish in enumerate(wishes, start=1):
        if not 1 <= wish.quantity <= PIECES_MOST:
            raise Refused("order-line-quantity", field="quantity", position=position, most=PIECES_MOST)
        if wish.purpose is Purpose.WARRANTY and not wish.serial:
            raise Refused("order-serial-missing", field="serial", position=position)


# ---------------------------------------------------------------- what headquarters confirms (R21)


@dataclass(frozen=True, slots=True)
class QuoteWish:
    """What HQ confirms of a line: pieces (0: not delivered) and, where lower than the list's, its price and why."""

    position: int
    quantity: int
    price: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A line as asked, with the price of the list in force on the day of the quote (None: the list has none)."""

    position: int
    part_number: str
    quantity: int
    list_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A line of a quote."""

    position: int
    part_number: str
    asked: int
    quantity: int
    list_price: Decimal
    price: Decimal
    reason: str

    @property
    def amount(self) -> Decimal:
        """Pieces × price."""
        return self.quantity * self.price


def confirm(asked: Sequence[Asked], wishes: Sequence[QuoteWish]) -> list[Confirmed]:
    """R21: confirm lines at the list's price or, with a reason, below it. A line without a wish is confirmed as asked.

    Refuses an unknown line, more pieces than asked, a raised price, a lowered one without its reason or down to
    nothing (a free line is R25's matter), a part without a price, and a quote of nothing.
    """
    by_position = {wish.position: wish for wish in wishes}
    if len(by_position) != len(wishes) or by_position.keys() - {line.position for line in asked}:
        raise Refused("order-line-gone")
    lines = [_confirm(line, by_position.get(line.position)) for line in asked]
    if not any(line.quantity for line in lines) or not sum(line.amount for line in lines):
        raise Refused("quote-empty")
    return lines


def _confirm(line: Asked, wish: QuoteWish | None) -> Confirmed:
    quantity = line.quantity if wish is None else wish.quantity
    reason = "" if wish is None else wish.reason.strip()
    where: dict[str, object] = {"position": line.position, "part": line.part_number}
    if not 0 <= quantity <= line.quantity:
        raise Refused("confirmed-more", field="quantity", asked=line.quantity, **where)
    if line.list_price is None:
        if quantity:
            raise Refused("line-no-price", field="price", **where)
        return Confirmed(line.position, line.part_number, line.quantity, 0, ZERO, ZERO, reason)
    price = line.list_price if wish is None or wish.price is None else whole_fen(wish.price, field="price", **where)
    if price > line.list_price:
        raise Refused("price-raised", field="price", list_price=line.list_price, **where)
    if price < line.list_price and price <= 0:
        raise Refused("price-zero", field="price", **where)
    if price < line.list_price and not reason:
        raise Refused("lowered-without-reason", field="reason", **where)
    return Confirmed(line.position, line.part_number, line.quantity, quantity, line.list_price, price, reason)


def check_freight(freight: Decimal) -> Decimal:
    """Freight in yuan, not negative."""
    exact = whole_fen(freight, field="freight")
    if not 0 <= exact <= FREIGHT_MOST:
        raise Refused("freight-odd", field="freight", most=FREIGHT_MOST)
    return exact


def whole_fen(amount: Decimal, *, field: str, **where: object) -> Decimal:
    """The amount with exactly two places; refuses parts of a fen."""
    try:
        fen(amount)
    except ValueError as odd:
        raise Refused("order-amount-odd", field=field, **where) from odd
    return rounded(amount)


def goods(lines: Sequence[Confirmed]) -> Decimal:
    """The sum of the lines' amounts, yuan."""
    return sum((line.amount for line in lines), ZERO)


def fingerprint(
    number: str, quote_no: int, lines: Sequence[Confirmed], *, freight: Decimal, ship_on: date, lapses_on: date
) -> str:
    """R21: 16 hex digits over what both sides confirm; any other content has another fingerprint."""
    contents = {
        "order": number,
        "quote": quote_no,
        "freight": fen(freight),
        "ship_on": ship_on.isoformat(),
        "lapses_on": lapses_on.isoformat(),
        "lines": [[line.position, line.part_number, line.quantity, fen(line.price)] for line in lines],
    }
    exact = json.dumps(contents, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(exact.encode()).hexdigest()[:16]


# ---------------------------------------------------------------- until when a quote can be agreed to (R22)


def lapses_on(quoted_on: date, days: int) -> date:
    """R22: the last day on which a quote of ``quoted_on`` can be agreed to."""
    return quoted_on + timedelta(days=days)


def lapsed(last_day: date | None, on: date) -> bool:
    """R22: whether a quote whose last day is ``last_day`` has lapsed on the day ``on``."""
    return last_day is not None and on > last_day


# ---------------------------------------------------------------- money (R23, R67)


@dataclass(frozen=True, slots=True)
class Standing:
    """R67: a dealer's account in yuan. The credit limit stands beside what is available, never inside."""

    balance: Decimal
    reserved: Decimal
    credit_limit: Decimal

    @property
    def available(self) -> Decimal:
        """Balance less what is agreed and not yet debited."""
        return self.balance - self.reserved


# ---------------------------------------------------------------- shipping and receiving (R20, R26)


def check_pieces(left: Mapping[int, int], pieces: Mapping[int, int]) -> dict[int, int]:
    """What a shipment carries, by line; refuses none at all, an unknown line, and more than is left to ship."""
    for position, count in pieces.items():
        if position not in left:
            raise Refused("order-line-gone", position=position)
        if not 0 <= count <= left[position]:
            raise Refused("shipped-more", field="pieces", position=position, left=left[position])
    carried = {position: count for position, count in pieces.items() if count}
    if not carried:
        raise Refused("nothing-shipped", field="pieces")
    return carried


def leaves_some(left: Mapping[int, int], pieces: Mapping[int, int]) -> bool:
    """Whether something confirmed is still to be shipped after ``pieces``."""
    return any(count > pieces.get(position, 0) for position, count in left.items())


def check_counts(sent: Mapping[int, int], counts: Mapping[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """What arrived, by line, as (counted, damaged); a line that nobody mentions arrived whole.

    Refuses an unknown line, more than was sent, and more damaged than counted.
    """
    if unknown := counts.keys() - sent.keys():
        raise Refused("order-line-gone", position=min(unknown))
    whole = {position: counts.get(position, (quantity, 0)) for position, quantity in sent.items()}
    for position, (counted, damaged) in whole.items():
        if not 0 <= counted <= sent[position]:
            raise Refused("counted-more", field="counted", position=position, sent=sent[position])
        if not 0 <= damaged <= counted:
            raise Refused("damaged-more", field="damaged", position=position, counted=counted)
    return whole


# ---------------------------------------------------------------- what changed between two versions (R21)


@dataclass(frozen=True, slots=True)
class FrozenLine:
    """A quote's line for comparing."""

    position: int
    part_id: int
    quantity: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """Pieces × price."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Frozen:
    """A quote for comparing."""

    lines: tuple[FrozenLine, ...]
    freight: Decimal
    ship_on: date

    @property
    def total(self) -> Decimal:
        """Goods and freight."""
        return sum((line.amount for line in self.lines), self.freight)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: ``what`` is quantity | price | added | removed | freight | ship_on | total."""

    what: str
    before: object
    after: object
    position: int | None = None
    part_id: int | None = None


def differences(before: Frozen, after: Frozen) -> list[Difference]:
    """R21: what a new version changes, by line, then freight, ship date and total. Another part is another line."""
    found: list[Difference] = []
    old = {(line.position, line.part_id): line for line in before.lines}
    for line in after.lines:
        was = old.pop((line.position, line.part_id), None)
        if was is None:
            found.append(Difference("added", 0, line.quantity, line.position, line.part_id))
            continue
        if was.quantity != line.quantity:
            found.append(Difference("quantity", was.quantity, line.quantity, line.position, line.part_id))
        if was.price != line.price:
            found.append(Difference("price", was.price, line.price, line.position, line.part_id))
    found += [Difference("removed", gone.quantity, 0, gone.position, gone.part_id) for gone in old.values()]
    if before.freight != after.freight:
        found.append(Difference("freight", before.freight, after.freight))
    if before.ship_on != after.ship_on:
        found.append(Difference("ship_on", before.ship_on, after.ship_on))
    if before.total != after.total:
        found.append(Difference("total", before.total, after.total))
    return found
