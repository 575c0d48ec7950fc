"""What is asked about orders. Lines come as ``lines-<index>-<field>``; rows may be added and taken away in the browser."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField
from wtforms.validators import Optional

from portal.core import money
from portal.orders.models import Purpose
from portal.orders.rules import LINES_MOST, LineWish, QuoteWish
from portal.web.forms import DayField, MoneyField, PortalForm, TextField, WordsField, clean, narrow

_NAME = re.compile(r"lines-(\d{1,6})-(part|quantity|purpose|serial|price|reason|pieces|counted|damaged)")


class SeenForm(PortalForm):
    """A form about an order; ``seen`` is the version of the order that the page showed."""

    seen = HiddenField(validators=[Optional()])

    def seen_ver(self) -> int | None:
        """The order's version as the page showed it."""
        text = str(self.seen.data or "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


class OrderForm(SeenForm):
    """A dealer's application, beside its lines."""

    ship_to = TextField(_l("Ship to"), optional=True, most=500)
    note = WordsField(_l("To headquarters"), most=500)


class QuoteForm(SeenForm):
    """HQ's confirmation, beside its lines."""

    freight = MoneyField(_l("Freight (¥)"))
    ship_on = DayField(_l("Promised ship date"))
    note = WordsField(_l("To the dealer"), most=500)


class ShipForm(PortalForm):
    """A parcel, beside its pieces."""

    carrier = TextField(_l("Carrier"), most=100)
    tracking = TextField(_l("Tracking number"), most=100)
    note = WordsField(_l("Note"), most=200)


class ReceiveForm(PortalForm):
    """A receipt, beside its counts."""

    note = WordsField(_l("Note"), most=200)


class ReasonForm(PortalForm):
    """A step that needs a reason; the action says when it is missing."""

    reason = WordsField(_l("Reason"), most=500)


class PlainForm(PortalForm):
    """A button, and which version its presser saw."""

    quote_no = HiddenField(validators=[Optional()])


@dataclass(slots=True)
class TypedLine:
    """A line as it was typed: kept as it stands, with what is wrong by field."""

    index: int
    part: str = ""
    quantity: str = ""
    purpose: str = Purpose.STOCK.value
    serial: str = ""
    said: str = ""  # what the part number stands for
    price: Decimal | None = None  # today's price, for the running total
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        """A row that nobody filled in."""
        return not (self.part or self.quantity or self.serial)

    @property
    def pieces(self) -> int | None:
        """The quantity as a number, None when it is none."""
        return whole(self.quantity)

    def wish(self) -> LineWish | None:
        """The line as a wish; None, with its errors said, when it cannot be read."""
        self.errors = {}
        pieces = self.pieces
        if not self.part:
            self.errors["part"] = _("Choose a part.")
        if pieces is None or pieces < 1:
            self.errors["quantity"] = _("A whole number from 1 on.")
        if self.purpose not in {purpose.value for purpose in Purpose}:
            self.errors["purpose"] = _("Choose a purpose.")
        elif self.purpose == Purpose.WARRANTY and not self.serial:
            self.errors["serial"] = _("Which product is it for?")
        if self.errors or pieces is None:
            return None
        serial = self.serial if self.purpose != Purpose.STOCK else ""
        return LineWish(self.part, pieces, Purpose(self.purpose), serial or None)


def typed(values: Mapping[str, str]) -> dict[int, dict[str, str]]:
    """The fields of the lines by their index, in the order of the page; what cannot be stored is emptied."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in values.items():
        if found := _NAME.fullmatch(name):
            try:
                rows.setdefault(int(found[1]), {})[found[2]] = clean(value)[:500]
            except ValueError:
                rows.setdefault(int(found[1]), {})[found[2]] = ""
    return dict(sorted(rows.items())[: LINES_MOST + 1])


def typed_lines(values: Mapping[str, str]) -> list[TypedLine]:
    """The lines of an application as typed; rows that nobody filled in are left out."""
    lines = [
        TypedLine(
            index,
            part=narrow(row.get("part", "")),
            quantity=narrow(row.get("quantity", "")),
            purpose=row.get("purpose", Purpose.STOCK.value),
            serial=narrow(row.get("serial", "")),
        )
        for index, row in typed(values).items()
    ]
    return [line for line in lines if not line.blank]


@dataclass(slots=True)
class TypedQuoteLine:
    """What HQ typed for a line of the application."""

    position: int
    quantity: str = ""
    price: str = ""
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def wish(self) -> QuoteWish | None:
        """As a wish; None, with its errors said, when it cannot be read. No price means the list's."""
        self.errors = {}
        pieces = whole(self.quantity)
        if pieces is None:
            self.errors["quantity"] = _("A whole number; 0 when it is not delivered.")
        price: Decimal | None = None
        if self.price:
            try:
                price = money.parse(self.price)
            except ValueError:
                self.errors["price"] = _("This is no amount. Write it like 1234.50, with two decimals at most.")
        return None if self.errors or pieces is None else QuoteWish(self.position, pieces, price, self.reason)


def typed_quote(values: Mapping[str, str], positions: Sequence[int]) -> list[TypedQuoteLine]:
    """What was typed for each line of the application; the index is the line's position."""
    rows = typed(values)
    return [
        TypedQuoteLine(
            position,
            quantity=narrow(rows.get(position, {}).get("quantity", "")),
            price=narrow(rows.get(position, {}).get("price", "")),
            reason=rows.get(position, {}).get("reason", ""),
        )
        for position in positions
    ]


@dataclass(slots=True)
class TypedCount:
    """Whole numbers typed for a line, by field, as they stand and as they are understood."""

    position: int
    said: dict[str, str]
    numbers: dict[str, int]
    errors: dict[str, str]


def typed_counts(values: Mapping[str, str], positions: Sequence[int], *names: str) -> list[TypedCount]:
    """Pieces, or counted and damaged; an empty field counts as 0."""
    rows, counts = typed(values), []
    for position in positions:
        said = {name: narrow(rows.get(position, {}).get(name, "")) for name in names}
        numbers = {name: 0 if text == "" else whole(text) for name, text in said.items()}
        errors = {name: _("This is no whole number.") for name, number in numbers.items() if number is None}
        counts.append(TypedCount(position, said, {n: v for n, v in numbers.items() if v is not None}, errors))
    return counts


def whole(text: str) -> int | None:
    """A whole number of at most six digits, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None
