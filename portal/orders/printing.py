"""The order as the paper that people know: 售后服务配件申请单 (R20, R21, R23)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from sqlalchemy.orm import Session

from portal.catalog import queries as catalog
from portal.core.permissions import Actor
from portal.orders import labels, queries
from portal.orders.models import Order, OrderLine, OrderState, Quote
from portal.web.i18n import CHINESE
from portal.web.labels import roles_said
from portal.web.papers import (
    BrandHead,
    Confirmation,
    DealerHead,
    Debit,
    PartsOrderLine,
    PartsOrderPaper,
    PrintInfo,
    ShipTo,
)

WITH_ACCOUNT = frozenset({OrderState.QUOTED, OrderState.AGREED})


def paper(session: Session, order: Order, actor: Actor, *, at: datetime, url: str) -> PartsOrderPaper:
    """Fill the form from the order and its newest version; ``url`` is what the QR opens ('' for a draft).

    The paper is a Chinese document whatever the reader's language: its words are taken from that catalogue.
    """
    with force_locale(CHINESE):
        return _paper(session, order, actor, at, url)


def _paper(session: Session, order: Order, actor: Actor, at: datetime, url: str) -> PartsOrderPaper:
    brand = queries.brand(session)
    quote = order.quotes[-1] if order.quotes and order.state is not OrderState.DRAFT else None
    acts = queries.signatures(session, order)
    price_list = queries.price_list(session, quote.price_version) if quote else catalog.list_on(session, actor.day(at))
    return PartsOrderPaper(
        brand=BrandHead(name=brand.name, english=brand.name_en, logo=brand.logo, hotline=brand.hotline),
        print=PrintInfo(
            state=str(labels.STATES[order.state][0]), printed_at=at.astimezone(actor.zone), printed_by=actor.name,
            number=order.number or "", url=url,
        ),
        dealer=DealerHead(
            code=order.dealer.code, name=order.dealer.name, contact=order.dealer.contact, phone=order.dealer.phone
        ),
        ship_to=ShipTo(address=order.ship_to or order.dealer.address),
        lines=_lines(order, quote, {} if quote else queries.todays_prices(session, order, actor.day(at))),
        ordered_on=actor.day(order.submitted_at) if order.submitted_at else None,
        remark=order.note,
        price_list=price_list.version if price_list else "",
        price_list_from=price_list.from_day if price_list else None,
        version=quote.quote_no if quote else None,
        freight=quote.freight if quote else None,
        ship_on=quote.ship_on if quote else None,
        lapses_on=quote.lapses_on if quote and order.state is OrderState.QUOTED else None,
        balance_after=_balance_after(session, order),
        hq_confirmed=_hq(quote, acts, actor.zone),
        dealer_confirmed=_dealer(quote, acts, actor.zone),
        debit=_debit(order, quote, acts, actor.zone),
    )  # fmt: skip


def _lines(order: Order, quote: Quote | None, prices: Mapping[int, Decimal]) -> tuple[PartsOrderLine, ...]:
    asked = {line.position: line for line in order.lines}
    if quote is None:
        return tuple(replace(_line(line, line, confirmed=None), price=prices.get(line.part_id)) for line in order.lines)
    return tuple(
        _line(frozen, same if same is not None and same.part_id == frozen.part_id else None, confirmed=frozen.quantity)
        for frozen in quote.lines
        for same in (asked.get(frozen.position),)
    )


def _line(source: Any, line: OrderLine | None, *, confirmed: int | None) -> PartsOrderLine:
    product = line.product if line else None
    quoted = confirmed is not None
    lowered = quoted and source.price < source.list_price
    return PartsOrderLine(
        part_number=source.part.number, part_name=source.part.name, spec=source.part.spec, unit=source.part.unit,
        purpose=str(labels.PURPOSES[line.purpose]) if line else "", asked=source.asked if quoted else source.quantity,
        model=product.model.name if product else "", serial=product.serial if product else "", confirmed=confirmed,
        price=source.price if quoted else None, list_price=source.list_price if lowered else None,
        reason=source.reason if quoted else "",
    )  # fmt: skip


def _balance_after(session: Session, order: Order) -> Any:
    """What the debit would leave, while it is still to come."""
    if order.total is None or order.state not in WITH_ACCOUNT:
        return None
    return queries.standing(session, order.dealer_id).balance - order.total


def _hq(quote: Quote | None, acts: dict[str, queries.Signature], zone: ZoneInfo) -> Confirmation | None:
    if quote is None:
        return None
    return Confirmation(
        version=quote.quote_no, name=quote.quoted_by, role=_role(acts.get("order:quote")),
        at=quote.quoted_at.astimezone(zone), digest=quote.fingerprint,
    )  # fmt: skip


def _dealer(quote: Quote | None, acts: dict[str, queries.Signature], zone: ZoneInfo) -> Confirmation | None:
    if quote is None or quote.agreed_at is None or quote.agreed_by is None:
        return None
    return Confirmation(
        version=quote.quote_no, name=quote.agreed_by, role=_role(acts.get("order:agree")),
        at=quote.agreed_at.astimezone(zone), digest=quote.fingerprint,
    )  # fmt: skip


def _debit(order: Order, quote: Quote | None, acts: dict[str, queries.Signature], zone: ZoneInfo) -> Debit | None:
    done = acts.get("order:debit")
    if quote is None or order.debited_at is None or done is None:
        return None
    return Debit(
        version=quote.quote_no, name=done.name, role=_role(done), at=order.debited_at.astimezone(zone), journal=done.journal
    )  # fmt: skip


def _role(done: queries.Signature | None) -> str:
    return roles_said(done.roles.split(",")) if done and done.roles else ""
