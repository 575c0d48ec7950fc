"""The dealer asks: drafting, changing and submitting an order."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified, set_committed_value

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
from portal.warranty.rules import Verdict

CAUSE_UNTIL_SEEN = "quality"  # why a part failed is known only once it is taken out; the old part says it then
TEXT_MOST = 500


def draft(
    session: Session, actor: Actor, *, lines: Sequence[LineWish], note: str = "", ship_to: str = "", at: datetime
) -> Order:
    """Start a dealer's order. ``warranty`` lines keep the day's verdict (R13), also one that is out.

    Refuses who may not draft, an unknown part or product, and odd counts; needs no lock.
    """
    order = _begun(actor, note, ship_to, at)
    _write_lines(session, order, lines, _parts(session, lines), on=actor.day(at))
    session.add(order)
    session.flush()
    audit.record(session, actor, "order:draft", order, at=at, after=str(order.state), lines=len(lines))
    return order


def apply(
    session: Session, actor: Actor, *, lines: Sequence[LineWish], note: str = "", ship_to: str = "", at: datetime
) -> Order:
    """:func:`draft` and :func:`submit` by one press of the button: the same rules and events, written in one statement.

    The order that is returned stands beside the session: it says what was stored, and is not for changing.
    """
    on = actor.day(at)
    order = _begun(actor, note, ship_to, at)
    parts, priced = catalog.parts_and_priced(session, _numbers(lines), on)
    _write_lines(session, order, lines, parts, on=on)
    drafted = audit.event(actor, "order:draft", order, at=at, after=str(order.state), lines=len(lines))
    _may_be_sent(order, actor, priced)
    for line in order.lines:
        if line.verdict is not None and line.purpose is Purpose.WARRANTY:
            _in_warranty(line, Verdict.from_json(line.verdict))
    order.number = numbering.next_number(session, numbering.Kind.ORDER, on)
    before, after = workflow.ORDER.take("submit", order, actor)
    order.submitted_at = at
    sent = audit.event(actor, "order:submit", order, at=at, before=before, after=after, lines=len(lines))
    order.id = session.execute(_APPLY, {**_columns(order), "events": audit.as_json([drafted, sent])}).scalar_one()
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
    _write_lines(session, order, lines, _parts(session, lines), on=actor.day(at))
    session.flush()
    audit.record(session, actor, "order:amend", order, at=at, before=before, after=after, lines=len(lines))
    return order


def submit(session: Session, actor: Actor, ref: str, *, at: datetime) -> Order:
    """Send the order to headquarters; the first time it gets its number (domain.md section 12).

    Locks the order. Each ``warranty`` line is judged for the day of submitting and keeps that verdict: one that is
    out of warranty refuses the whole ("line-out-of-warranty"), as does a part that no list in force prices.
    """
    return submit_held(session, actor, queries.order_for_update(session, ref), at=at)


def submit_held(session: Session, actor: Actor, order: Order, *, at: datetime) -> Order:
    """:func:`submit` for what this unit of work has just amended, which nobody else can touch before it ends."""
    on = actor.day(at)
    _may_be_sent(order, actor, catalog.prices_on(session, {line.part_id for line in order.lines}, on))
    judge = warranty.Judge(session, on)
    for line in order.lines:
        if line.purpose is Purpose.WARRANTY and line.product is not None:
            verdict = judge.verdict(line.product, line.part, CAUSE_UNTIL_SEEN)
            line.verdict = verdict.to_json()
            _in_warranty(line, verdict)
    if order.number is None:
        order.number = numbering.next_number(session, numbering.Kind.ORDER, on)
    before, after = workflow.ORDER.take("submit", order, actor)
    order.submitted_at = order.updated_at = at
    order.reason = None
    session.flush()
    audit.record(session, actor, "order:submit", order, at=at, before=before, after=after, lines=len(order.lines))
    return order


def _begun(actor: Actor, note: str, ship_to: str, at: datetime) -> Order:
    """A dealer's empty draft."""
    if not actor.may(P.ORDER_DRAFT) or actor.scope.dealer_id is None:
        raise Refused("permission-missing", step="draft")
    return Order(
        dealer_id=actor.scope.dealer_id, state=OrderState.DRAFT, note=_text(note, "note"), ship_to=_text(ship_to, "ship_to"),
        drafted_at=at, drafted_by=actor.name, updated_at=at, lines=[],
    )  # fmt: skip


def _may_be_sent(order: Order, actor: Actor, priced: Container[int]) -> None:
    """Refuse an order that may not be submitted: not by this member, without lines, or with a part that no list prices."""
    workflow.allowed("submit", order, actor)
    if not order.lines:
        raise Refused("order-empty", field="lines")
    for line in order.lines:
        if line.part_id not in priced:
            raise Refused("line-no-price", position=line.position, part=line.part.number)
        if line.purpose is Purpose.WARRANTY and line.product is None:
            raise Refused("order-serial-missing", field="serial", position=line.position)


def _in_warranty(line: OrderLine, verdict: Verdict) -> None:
    """Refuse a line that is out of warranty on the day (R13)."""
    if not verdict.covered and line.product is not None:
        raise Refused("line-out-of-warranty", position=line.position, serial=line.product.serial, part=line.part.number)


def _numbers(wishes: Sequence[LineWish]) -> list[str]:
    return sorted({wish.part_number for wish in wishes})


def _parts(session: Session, wishes: Sequence[LineWish]) -> dict[str, Part]:
    return catalog.parts_by_number(session, _numbers(wishes))


def _write_lines(
    session: Session, order: Order, wishes: Sequence[LineWish], parts: Mapping[str, Part], *, on: date
) -> None:
    """Make the order's lines what is wished, in place by position: earlier quotes still speak of the old ones."""
    rules.check_wishes(wishes)
    products = queries.own_products(session, order.dealer_id, {wish.serial for wish in wishes if wish.serial})
    judge = warranty.Judge(session, on)
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
        _fill(judge, line, wish, part, product)
    for surplus in stored.values():
        order.lines.remove(surplus)


def _fill(judge: warranty.Judge, line: OrderLine, wish: LineWish, part: Part, product: Product | None) -> None:
    line.part_id, line.quantity, line.purpose = part.id, wish.quantity, wish.purpose
    line.product_id = None if product is None else product.id
    set_committed_value(line, "part", part)  # what the line names from now on, without asking for it again
    set_committed_value(line, "product", product)
    line.note = _text(wish.note, "note")
    line.verdict = None
    if wish.purpose is Purpose.WARRANTY and product is not None:
        line.verdict = judge.verdict(product, part, CAUSE_UNTIL_SEEN).to_json()


# An application with its lines and events, as the unit of work would write them one after the other.
_LINE = ("position", "part_id", "quantity", "purpose", "product_id", "verdict", "note")
_ORDER = ("dealer_id", "number", "state", "note", "ship_to", "drafted_at", "drafted_by", "submitted_at", "updated_at")
_APPLY = text(f"""
    WITH made AS (INSERT INTO orders (ver, {", ".join(_ORDER)}) VALUES (1, {", ".join(f":{name}" for name in _ORDER)}) RETURNING id, dealer_id),
    lines AS (INSERT INTO order_lines (dealer_id, order_id, {", ".join(_LINE)})
        SELECT made.dealer_id, made.id, {", ".join(f"line.{name}" for name in _LINE)}
        FROM made, jsonb_populate_recordset(NULL::order_lines, CAST(:lines AS jsonb)) line),
    events AS ({audit.EVENTS})
    SELECT id FROM made""")  # noqa: S608 - names of ours


def _columns(order: Order) -> dict[str, object]:
    """What :data:`_APPLY` writes of a new order."""
    lines = [{name: getattr(line, name) for name in _LINE} for line in order.lines]
    return {
        **{name: getattr(order, name) for name in _ORDER},
        "lines": json.dumps(lines, ensure_ascii=False),
    }


def _text(words: str, field: str) -> str:
    plain = words.strip()
    if len(plain) > TEXT_MOST:
        raise Refused("order-text-too-long", field=field, most=TEXT_MOST)
    return plain
