"""Orders and shipments as JSON: what programs send, what they read."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from portal.orders.models import Order, OrderLine, OrderState, Purpose, Quote, QuoteLine, Shipment, ShipmentLine
from portal.orders.queries import Incoming, ListedOrder
from portal.orders.rules import LINES_MOST, PIECES_MOST, LineWish, QuoteWish
from portal.warranty.schemas import VerdictOut
from portal.web.api import Amount, AmountIn, Asked, Day, Given, Instant, Line, ListQuery, Month, Ref, Words

Tab = Literal[
    "all", "draft", "submitted", "quoted", "agreed", "debited", "part-shipped", "shipped", "received", "ended"
]


# ---------------------------------------------------------------- what is asked


class OrderQuery(ListQuery):
    """Which orders: a state's, a dealer's (headquarters), a month's, or those that say a text."""

    state: Tab = "all"
    dealer: Line = ""
    month: Month | None = None
    q: Line = ""


class ShipmentQuery(ListQuery):
    """Which parcels: on their way, or received."""

    state: Literal["in-transit", "received"] = "in-transit"


class OrderLineIn(Asked):
    """A part that the dealer asks for; a ``warranty`` line names the product it is for."""

    part: Ref
    quantity: int = Field(ge=1, le=PIECES_MOST)
    purpose: Literal["stock", "warranty", "paid"] = "stock"
    serial: Ref | None = None
    note: Line = ""

    def wish(self) -> LineWish:
        """As the action takes it."""
        return LineWish(self.part, self.quantity, Purpose(self.purpose), self.serial, self.note)


class OrderIn(Asked):
    """An application, whole."""

    lines: list[OrderLineIn] = Field(min_length=1, max_length=LINES_MOST)
    note: Words = ""
    ship_to: Words = ""


class QuoteLineIn(Asked):
    """What headquarters confirms of a line: pieces (0: not delivered) and, where lower than the list's, the price and why."""

    position: int = Field(ge=1, le=LINES_MOST)
    quantity: int = Field(ge=0, le=PIECES_MOST)
    price: AmountIn | None = None
    reason: Line = ""

    def wish(self) -> QuoteWish:
        """As the action takes it."""
        return QuoteWish(self.position, self.quantity, self.price, self.reason)


class QuoteIn(Asked):
    """A version of contents, fees and ship date; lines that are left out are confirmed as asked."""

    lines: list[QuoteLineIn] = Field(default_factory=list, max_length=LINES_MOST)
    freight: AmountIn
    ship_on: Day
    note: Words = ""


class ReasonIn(Asked):
    """Why."""

    reason: Words


class AgreeIn(Asked):
    """The version that the dealer saw."""

    quote_no: int = Field(ge=1, le=9999)


class ShipLineIn(Asked):
    """Pieces of a line in this parcel."""

    position: int = Field(ge=1, le=LINES_MOST)
    quantity: int = Field(ge=0, le=PIECES_MOST)


class ShipIn(Asked):
    """A parcel; without ``lines`` it carries all that is left."""

    lines: list[ShipLineIn] | None = Field(default=None, max_length=LINES_MOST)
    carrier: Line
    tracking: Line
    note: Line = ""


class CountIn(Asked):
    """What arrived of a line: counted pieces, and how many of them are damaged."""

    position: int = Field(ge=1, le=LINES_MOST)
    counted: int = Field(ge=0, le=PIECES_MOST)
    damaged: int = Field(default=0, ge=0, le=PIECES_MOST)


class ReceiveIn(Asked):
    """The dealer's count; a line that is left out arrived whole."""

    lines: list[CountIn] = Field(default_factory=list, max_length=LINES_MOST)
    note: Line = ""


# ---------------------------------------------------------------- what is given


class OrderRow(Given):
    """An order in a list. ``amount`` is the newest quote's total, ``estimate`` what it would cost today, ``missing`` per R23."""

    ref: str
    number: str | None
    state: OrderState
    dealer: str
    dealer_name: str
    lines: int
    purposes: list[str]
    quote_no: int
    amount: Amount | None
    estimate: Amount | None
    missing: Amount | None
    ship_on: date | None
    lapses_on: date | None
    submitted_at: Instant | None
    updated_at: Instant

    @classmethod
    def of(cls, row: ListedOrder) -> OrderRow:
        """From the list's row."""
        return cls(
            ref=row.ref, number=row.number, state=row.state, dealer=row.dealer_code, dealer_name=row.dealer_name, lines=row.lines,
            purposes=list(row.purposes), quote_no=row.quote_no, amount=row.amount, estimate=row.estimate, missing=row.missing,
            ship_on=row.ship_on, lapses_on=row.lapses_on, submitted_at=row.submitted_at, updated_at=row.updated_at,
        )  # fmt: skip


class OrderLineOut(Given):
    """A line as asked for; ``verdict`` is the stored warranty verdict of a ``warranty`` line (R13)."""

    position: int
    part: str
    part_name: str
    quantity: int
    purpose: Purpose
    serial: str | None
    note: str
    verdict: VerdictOut | None

    @classmethod
    def of(cls, line: OrderLine) -> OrderLineOut:
        """From the stored line."""
        return cls(
            position=line.position, part=line.part.number, part_name=line.part.name, quantity=line.quantity, purpose=line.purpose,
            serial=line.product.serial if line.product else None, note=line.note,
            verdict=VerdictOut.stored(line.verdict) if line.verdict else None,
        )  # fmt: skip


class QuoteLineOut(Given):
    """A confirmed line; ``list_price`` is the list's, ``reason`` why the price is lower."""

    position: int
    part: str
    asked: int
    quantity: int
    list_price: Amount
    price: Amount
    reason: str

    @classmethod
    def of(cls, line: QuoteLine) -> QuoteLineOut:
        """From the frozen line."""
        return cls(
            position=line.position, part=line.part.number, asked=line.asked, quantity=line.quantity, list_price=line.list_price,
            price=line.price, reason=line.reason,
        )  # fmt: skip


class QuoteOut(Given):
    """A frozen version that both sides confirm (R21)."""

    quote_no: int
    goods: Amount
    freight: Amount
    total: Amount
    ship_on: date
    lapses_on: date
    note: str
    price_version: str
    fingerprint: str
    quoted_at: Instant
    quoted_by: str
    agreed_at: Instant | None
    agreed_by: str | None
    lines: list[QuoteLineOut]

    @classmethod
    def of(cls, quote: Quote) -> QuoteOut:
        """From the stored version."""
        return cls(
            quote_no=quote.quote_no, goods=quote.goods, freight=quote.freight, total=quote.total, ship_on=quote.ship_on,
            lapses_on=quote.lapses_on, note=quote.note, price_version=quote.price_version, fingerprint=quote.fingerprint,
            quoted_at=quote.quoted_at, quoted_by=quote.quoted_by, agreed_at=quote.agreed_at, agreed_by=quote.agreed_by,
            lines=[QuoteLineOut.of(line) for line in quote.lines],
        )  # fmt: skip


class OrderOut(Given):
    """An order as both sides see it, with every version of its quote."""

    ref: str
    number: str | None
    state: OrderState
    dealer: str
    dealer_name: str
    note: str
    ship_to: str
    reason: str | None
    quote_no: int
    total: Amount | None
    ship_on: date | None
    lapses_on: date | None
    drafted_at: Instant
    drafted_by: str
    submitted_at: Instant | None
    agreed_at: Instant | None
    debited_at: Instant | None
    shipped_at: Instant | None
    received_at: Instant | None
    updated_at: Instant
    lines: list[OrderLineOut]
    quotes: list[QuoteOut]
    shipments: list[str]

    @classmethod
    def of(cls, order: Order) -> OrderOut:
        """From the stored order."""
        return cls(
            ref=order.number or order.public_id, number=order.number, state=order.state, dealer=order.dealer.code,
            dealer_name=order.dealer.name, note=order.note, ship_to=order.ship_to, reason=order.reason, quote_no=order.quote_no,
            total=order.total, ship_on=order.ship_on, lapses_on=order.lapses_on, drafted_at=order.drafted_at,
            drafted_by=order.drafted_by, submitted_at=order.submitted_at, agreed_at=order.agreed_at, debited_at=order.debited_at,
            shipped_at=order.shipped_at, received_at=order.received_at, updated_at=order.updated_at,
            lines=[OrderLineOut.of(line) for line in order.lines], quotes=[QuoteOut.of(quote) for quote in order.quotes],
            shipments=[parcel.number for parcel in order.shipments],
        )  # fmt: skip


class ShipmentRow(Given):
    """A parcel in a list."""

    number: str
    state: str
    order: str
    dealer: str
    dealer_name: str
    carrier: str
    tracking: str
    shipped_at: Instant
    received_at: Instant | None
    lines: int
    pieces: int
    short: int
    damaged: int

    @classmethod
    def of(cls, row: Incoming) -> ShipmentRow:
        """From the list's row."""
        return cls(
            number=row.number, state=str(row.state), order=row.order_number, dealer=row.dealer_code, dealer_name=row.dealer_name,
            carrier=row.carrier, tracking=row.tracking, shipped_at=row.shipped_at, received_at=row.received_at, lines=row.lines,
            pieces=row.pieces, short=row.short, damaged=row.damaged,
        )  # fmt: skip


class ShipmentLineOut(Given):
    """Pieces of an order's line in a parcel; ``counted`` and ``damaged`` once it is received."""

    position: int
    part: str
    part_name: str
    quantity: int
    counted: int | None
    damaged: int | None

    @classmethod
    def of(cls, line: ShipmentLine, position: int) -> ShipmentLineOut:
        """From the stored line and its place on the order."""
        return cls(
            position=position, part=line.part.number, part_name=line.part.name, quantity=line.quantity, counted=line.counted,
            damaged=line.damaged,
        )  # fmt: skip


class ShipmentOut(Given):
    """A parcel."""

    number: str
    state: str
    order: str | None
    dealer: str
    carrier: str
    tracking: str
    note: str
    shipped_at: Instant
    shipped_by: str
    received_at: Instant | None
    received_by: str | None
    lines: list[ShipmentLineOut]

    @classmethod
    def of(cls, parcel: Shipment) -> ShipmentOut:
        """From the stored parcel with its order."""
        places = {line.id: line.position for line in parcel.order.lines}
        lines = sorted(((places[line.line_id], line) for line in parcel.lines), key=lambda pair: pair[0])
        return cls(
            number=parcel.number, state=str(parcel.state), order=parcel.order.number, dealer=parcel.order.dealer.code,
            carrier=parcel.carrier, tracking=parcel.tracking, note=parcel.note, shipped_at=parcel.shipped_at,
            shipped_by=parcel.shipped_by, received_at=parcel.received_at, received_by=parcel.received_by,
            lines=[ShipmentLineOut.of(line, place) for place, line in lines],
        )  # fmt: skip
