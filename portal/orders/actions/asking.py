"""The dealer asks: drafting, changing and submitting an order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from portal.catalog import queries as catalog
from portal.catalog.models import Part
from portal.core import audit, numbering
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.orders import queries, rules, workflow
from portal.orders.models import Order, OrderLine, OrderState, Purpose
from portal.orders.rules import LineWish
from portal.warranty import queries as warranty
from portal.warranty.models import Product

CAUSE_UNTIL_SEEN = "quality"  # why a part failed is known only once it is taken out; the old part says it then
TEXT_MOST = 500


def draft(
    session: Session, actor: Actor, *, lines: Sequence[LineWish], note: str = "", ship_to: str = "", at: datetime
) -> Order:
    """Start a dealer's order. ``warranty`` lines keep the day's verdict (R13), also one that is out.

    Refuses who may not draft, an unknown part or product, and odd counts; needs no lock.
    """
    if not actor.may(P.ORDER_DRAFT) or actor.scope.dealer_id is None:
        raise Refused("permission-missing", step="draft")
    order = Order(
        dealer_id=actor.scope.dealer_id, state=OrderState.DRAFT, note=_text(note, "note"), ship_to=_text(ship_to, "ship_to"),
        drafted_at=at, drafted_by=actor.name, updated_at=at,
    )  # fmt: skip
    order.lines = []
    _write_lines(session, order, lines, on=actor.day(at))
    session.add(order)
    _stored(session, order)
    audit.record(session, actor, "order:draft", order, at=at, after=str(order.state), lines=len(lines))
    return order


def amend(
    session: Session,
    actor: Actor,
    ref: str,
    *,
    lines: Sequence[LineWish],
    note: str = "",
    ship_to: str = "",
    seen: int | None = None,
    at: datetime,
) -> Order:
    """Replace a draft's lines, note and address. Locks the order; refuses when another has changed it since ``seen``."""
    order = queries.order_for_update(session, ref)
    if seen is not None and seen != order.ver:
        raise Refused("changed-meanwhile")
    before, after = workflow.ORDER.take("amend", order, actor)
    order.note, order.ship_to, order.updated_at = _text(note, "note"), _text(ship_to, "ship_to"), at
    flag_modified(order, "note")  # its version moves on even when only lines changed, at the same instant
    _write_lines(session, order, lines, on=actor.day(at))
    _stored(session, order)
    audit.record(session, actor, "order:amend", order, at=at, before=before, after=after, lines=len(lines))
    return order


def submit(session: Session, actor: Actor, ref: str, *, at: datetime) -> Order:
    """Send the order to headquarters; the first time it gets its number (domain.md section 12).

    Locks the order. Each ``warranty`` line is judged for the day of submitting and keeps that verdict: one that is
    out of warranty refuses the whole ("line-out-of-warranty"), as does a part that no list in force prices.
    """
    return submit_held(session, actor, queries.order_for_update(session, ref), at=at)


def submit_held(session: Session, actor: Actor, order: Order, *, at: datetime) -> Order:
    """:func:`submit` for what this unit of work has just drafted or amended, which nobody else can touch before it ends."""
    workflow.allowed("submit", order, actor)
    on = actor.day(at)
    if not order.lines:
        raise Refused("order-empty", field="lines")
    prices = catalog.prices_on(session, sorted({line.part_id for line in order.lines}), on)
    for line in order.lines:
        if line.part_id not in prices:
            raise Refused("line-no-price", position=line.position, part=line.part.number)
        if line.purpose is Purpose.WARRANTY:
            _judge(session, line, on)
    if order.number is None:
        order.number = numbering.next_number(session, numbering.Kind.ORDER, on)
    before, after = workflow.ORDER.take("submit", order, actor)
    order.submitted_at = order.updated_at = at
    order.reason = None
    session.flush()
    audit.record(session, actor, "order:submit", order, at=at, before=before, after=after, lines=len(order.lines))
    return order


def _judge(session: Session, line: OrderLine, on: date) -> None:
    """Store the verdict of the day; refuse one that is out (R13)."""
    product = line.product
    if product is None:
        raise Refused("order-serial-missing", field="serial", position=line.position)
    verdict = warranty.verdict(session, product, line.part, CAUSE_UNTIL_SEEN, on=on)
    line.verdict = verdict.to_json()
    if not verdict.covered:
        raise Refused("line-out-of-warranty", position=line.position, serial=product.serial, part=line.part.number)


def _write_lines(session: Session, order: Order, wishes: Sequence[LineWish], *, on: date) -> None:
    """Make the order's lines what is wished, in place by position: earlier quotes still speak of the old ones."""
    rules.check_wishes(wishes)
    parts = catalog.parts_by_number(session, sorted({wish.part_number for wish in wishes}))
    products = queries.own_products(session, order.dealer_id, {wish.serial for wish in wishes if wish.serial})
    stored = {line.position: line for line in order.lines}
    for position, wish in enumerate(wishes, start=1):
        part = parts.get(wish.part_number)
        if part is None:
            raise Refused("line-part-unknown", field="part", position=position, part=wish.part_number)
        product = products.get(wish.serial) if wish.serial else None
        if wish.serial and product is None:
            known = warranty.sight(session, wish.serial) is not None
            code = "line-product-elsewhere" if known else "line-product-unknown"
            raise Refused(code, field="serial", position=position, serial=wish.serial)
        line = stored.pop(position, None)
        if line is None:
            line = OrderLine(dealer_id=order.dealer_id, position=position)
            order.lines.append(line)
        _fill(session, line, wish, part, product, on)
    for surplus in stored.values():
        order.lines.remove(surplus)


def _fill(session: Session, line: OrderLine, wish: LineWish, part: Part, product: Product | None, on: date) -> None:
    line.part_id, line.quantity, line.purpose = part.id, wish.quantity, wish.purpose
    line.product_id = None if product is None else product.id
    line.note = _text(wish.note, "note")
    line.verdict = None
    if wish.purpose is Purpose.WARRANTY and product is not None:
        line.verdict = warranty.verdict(session, product, part, CAUSE_UNTIL_SEEN, on=on).to_json()


def _stored(session: Session, order: Order) -> None:
    """Write, and forget the parts and products that the lines named before."""
    session.flush()
    for line in order.lines:
        session.expire(line, ["part", "product"])


def _text(words: str, field: str) -> str:
    plain = words.strip()
    if len(plain) > TEXT_MOST:
        raise Refused("order-text-too-long", field=field, most=TEXT_MOST)
    return plain
