"""Both sides decide: quoting, agreeing, debiting, and the ways back (R21–R24)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import DateTime, Table, Text, bindparam, delete, insert, literal, select
from sqlalchemy.orm import Session

from portal.catalog import queries as catalog
from portal.core import audit, queue, terms
from portal.core.errors import Refused
from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger import actions as ledger
from portal.ledger.rules import DEBIT_WAITING, FREIGHT, ORDER, PARTS_SALES, PREPAYMENTS, Entry
from portal.ledger.rules import missing as missing_funds
from portal.notices import actions as notices
from portal.orders import queries, rules, workflow
from portal.orders.models import Layer, Order, OrderState, Quote, QuoteLine
from portal.orders.rules import QuoteWish
from portal.orders.terms import DEBIT_AT_ONCE, QUOTE_VALIDITY

REASON_MOST = 500


def send_back(session: Session, actor: Actor, number: str, *, reason: str, at: datetime) -> Order:
    """HQ wants the application changed: it is a draft again, with its number. Locks the order; needs a reason."""
    return _return(session, actor, number, "send_back", reason=reason, at=at)


def reject(session: Session, actor: Actor, number: str, *, reason: str, at: datetime) -> Order:
    """HQ will not deliver this at all; the order ends. Locks the order; needs a reason."""
    return _return(session, actor, number, "reject", reason=reason, at=at)


def dispute(session: Session, actor: Actor, number: str, *, reason: str, at: datetime) -> Order:
    """The dealer does not agree, or wants a lapsed quote made anew (R22). Locks the order; needs a reason."""
    return _return(session, actor, number, "dispute", reason=reason, at=at)


def _return(session: Session, actor: Actor, number: str, step: str, *, reason: str, at: datetime) -> Order:
    order = queries.order_for_update(session, number)
    workflow.allowed(step, order, actor)
    why = _reason(reason)
    before, after = workflow.ORDER.take(step, order, actor)
    order.reason, order.updated_at = why, at
    session.flush()
    audit.record(
        session,
        actor,
        f"order:{step}",
        order,
        at=at,
        before=before,
        after=after,
        reason=order.reason,
        quote=order.quote_no,
    )
    return order


def quote(
    session: Session,
    actor: Actor,
    number: str,
    *,
    lines: Sequence[QuoteWish],
    freight: Decimal,
    ship_on: date,
    note: str = "",
    seen: int | None = None,
    at: datetime,
) -> Order:
    """R21: confirm contents, fees and ship date as a new frozen version, priced by the list in force that day.

    Locks the order. Lines that ``lines`` leaves out are confirmed as asked. The quote can be agreed to until the end
    of its last day (R22). Refuses a raised price, a lowered one without its reason, a ship date in the past.
    """
    order = queries.order_for_update(session, number)
    if seen is not None and seen != order.ver:
        raise Refused("changed-meanwhile")
    workflow.allowed("quote", order, actor)
    on = actor.day(at)
    price_list = catalog.list_on(session, on)
    if price_list is None:
        raise Refused("no-price-list", day=on)
    if ship_on < on:
        raise Refused("ship-day-past", field="ship_on", day=ship_on)
    prices = catalog.prices_on(session, sorted({line.part_id for line in order.lines}), on)
    asked = [
        rules.Asked(
            line.position,
            line.part.number,
            line.quantity,
            prices[line.part_id].dealer_price if line.part_id in prices else None,
        )
        for line in order.lines
    ]
    confirmed = rules.confirm(asked, lines)
    carriage = rules.check_freight(freight)
    last_day = rules.lapses_on(on, terms.value(session, QUOTE_VALIDITY, on=on))
    goods = rules.goods(confirmed)
    version = order.quote_no + 1
    made = Quote(
        dealer_id=order.dealer_id, order_id=order.id, quote_no=version, freight=carriage, goods=goods,
        total=goods + carriage, ship_on=ship_on, lapses_on=last_day, note=_note(note), price_version=price_list.version,
        fingerprint=rules.fingerprint(
            str(order.number), version, confirmed, freight=carriage, ship_on=ship_on, lapses_on=last_day
        ),
        quoted_at=at, quoted_by=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    by_position = {line.position: line for line in order.lines}
    session.execute(
        insert(QuoteLine),
        [
            {
                "brand_id": actor.scope.brand_id, "dealer_id": order.dealer_id, "quote_id": made.id,
                "line_id": by_position[line.position].id, "position": line.position,
                "part_id": by_position[line.position].part_id, "asked": line.asked, "quantity": line.quantity,
                "list_price": line.list_price, "price": line.price, "reason": line.reason,
            }
            for line in confirmed
        ],
    )  # fmt: skip
    before, after = workflow.ORDER.take("quote", order, actor)
    order.quote_no, order.total, order.ship_on, order.lapses_on = version, made.total, ship_on, last_day
    order.updated_at, order.reason = at, None
    session.flush()
    session.expire(order, ["quotes"])
    audit.record(
        session, actor, "order:quote", order, at=at, before=before, after=after,
        quote=version, total=made.total, ship_on=ship_on, note=made.note,
    )  # fmt: skip
    notices.tell(
        session, "order-quoted", permission=P.ORDER_AGREE, dealer_id=order.dealer_id, at=at,
        facts={"number": order.number, "quote_no": version, "total": made.total, "ship_on": ship_on, "lapses_on": last_day},
    )  # fmt: skip
    return order


def lapse(session: Session, actor: Actor, number: str, *, at: datetime) -> Order:
    """R22: the last day of the newest quote is over, so the order is headquarters' to confirm again. The system's act.

    Locks the order; refuses "quote-runs" while the quote can still be agreed to.
    """
    order = queries.order_for_update(session, number)
    workflow.allowed("lapse", order, actor)
    if not rules.lapsed(order.lapses_on, actor.day(at)):
        raise Refused("quote-runs", quote_no=order.quote_no, lapses_on=order.lapses_on)
    before, after = workflow.ORDER.take("lapse", order, actor)
    order.updated_at = at
    session.flush()
    audit.record(
        session, actor, "order:lapse", order, at=at, before=before, after=after,
        quote=order.quote_no, lapsed_on=order.lapses_on,
    )  # fmt: skip
    return order


def agree(session: Session, actor: Actor, number: str, *, quote_no: int, at: datetime) -> Order:
    """R21: the dealer confirms the version it saw. Locks the order; funds are not asked for yet (R23).

    Where the brand debits at once, a job in headquarters' name is left to do so.

    Refuses a version that is not the newest ("quote-changed") and one that has lapsed ("quote-lapsed", R22).
    """
    order = queries.order_for_update(session, number)
    workflow.allowed("agree", order, actor)
    if quote_no != order.quote_no:
        raise Refused("quote-changed", quote_no=order.quote_no)
    workflow.in_time(order, on=actor.day(at))
    version = queries.newest_quote(session, order)
    before, after = workflow.ORDER.take("agree", order, actor)
    version.agreed_at = order.agreed_at = order.updated_at = at
    version.agreed_by = order.agreed_by = actor.name
    session.flush()
    audit.record(
        session, actor, "order:agree", order, at=at, before=before, after=after,
        quote=quote_no, total=version.total, fingerprint=version.fingerprint,
    )  # fmt: skip
    if terms.value(session, DEBIT_AT_ONCE, on=actor.day(at)):
        queue.defer(session, DEBIT_WAITING, dealer_id=order.dealer_id)
    return order


def debit(session: Session, actor: Actor, number: str, *, at: datetime) -> Order:
    """R23: take the agreed amount from the dealer's account, which lets the store ship, and make the layers (R26).

    Locks the order, then the dealer's account (always in that order). Refuses with "short-of-funds" and the missing
    amount, changing nothing; the ledger tests the same once more under the account's lock.
    """
    order = queries.order_for_update(session, number)
    workflow.allowed("debit", order, actor)
    version = queries.owed(session, order)
    lacks = missing_funds(version.balance, version.credit_limit, version.total)
    if lacks:
        raise Refused("short-of-funds", missing=lacks, amount=version.total)
    entries = [Entry(PREPAYMENTS, version.total, "debit", dealer_id=order.dealer_id, document=str(order.number))]
    entries += [
        Entry(code, amount, "credit", document=str(order.number))
        for code, amount in ((PARTS_SALES, version.goods), (FREIGHT, version.freight))
        if amount > ZERO
    ]
    journal = ledger.post(
        session, actor, at=at, source=order.source, purpose=ORDER, memo=str(order.number), entries=entries
    )
    before, after = workflow.ORDER.take("debit", order, actor)
    order.debited_at = order.updated_at = at
    session.flush()
    session.execute(_LAYERS, {"number": order.number, "at": at, "quote": version.quote_id})
    audit.record(
        session, actor, "order:debit", order, at=at, before=before, after=after,
        quote=order.quote_no, total=version.total, journal=journal.number,
    )  # fmt: skip
    return order


# R26: each debited line becomes the dealer's own parts: bought, nothing received yet, at the price without freight.
_LAYERS = insert(cast("Table", Layer.__table__)).from_select(
    ["brand_id", "dealer_id", "part_id", "line_id", "order_number", "bought", "received", "used", "price", "bought_at"],
    select(
        QuoteLine.brand_id, QuoteLine.dealer_id, QuoteLine.part_id, QuoteLine.line_id, bindparam("number", type_=Text), QuoteLine.quantity,
        literal(0), literal(0), QuoteLine.price, bindparam("at", type_=DateTime(timezone=True)),
    )
    .where(QuoteLine.quote_id == bindparam("quote"), QuoteLine.quantity > 0)
    .order_by(QuoteLine.position),
    include_defaults=False,
)  # fmt: skip


def cancel(session: Session, actor: Actor, ref: str, *, reason: str, at: datetime) -> Order:
    """End the order before anything is shipped. After the debit parts and freight are reversed whole (R24), its layers go.

    Locks the order, then the dealer's account. A dealer cancels until it has agreed, headquarters until it has shipped.
    """
    order = queries.order_for_update(session, ref)
    workflow.allowed("cancel", order, actor)
    why, before = _reason(reason), order.state
    facts: dict[str, Any] = {}
    if before is OrderState.DEBITED:
        journal = ledger.reverse(
            session, actor, at=at, source=order.source, purpose=ORDER, memo=why, document=str(order.number)
        )
        session.execute(delete(Layer).where(Layer.line_id.in_([line.id for line in order.lines])))
        facts = {"refunded": order.total, "journal": journal.number}
    _before, after = workflow.ORDER.take("cancel", order, actor)
    order.reason, order.updated_at = why, at
    session.flush()
    audit.record(session, actor, "order:cancel", order, at=at, before=str(before), after=after, reason=why, **facts)
    return order


def _reason(words: str) -> str:
    plain = words.strip()
    if not plain:
        raise Refused("reason-needed", field="reason")
    if len(plain) > REASON_MOST:
        raise Refused("order-text-too-long", field="reason", most=REASON_MOST)
    return plain


def _note(words: str) -> str:
    plain = words.strip()
    if len(plain) > REASON_MOST:
        raise Refused("order-text-too-long", field="note", most=REASON_MOST)
    return plain
