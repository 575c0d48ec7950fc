"""Headquarters confirms contents, fees and the ship date (R21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.catalog import queries as catalog
from portal.catalog.models import Price
from portal.core import terms
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.orders import actions, labels, queries, rules, workflow
from portal.orders.forms import QuoteForm, TypedQuoteLine, typed_quote
from portal.orders.models import Order
from portal.orders.terms import QUOTE_VALIDITY
from portal.orders.views import blueprint
from portal.orders.views.document import table
from portal.web.acts import at, perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence


@blueprint.get("/<ref>/quote")
@requires(P.ORDER_QUOTE, side="hq")
def quote(ref: str) -> ResponseReturnValue:
    """The application with today's list prices; an earlier version's figures are filled in."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        order = actor.sees(queries.order(session, ref))
        if workflow.ORDER.refusal("quote", order, actor):
            return redirect(url_for("orders.detail", ref=ref), 303)
        newest = order.quotes[-1] if order.quotes else None
        form = QuoteForm(
            formdata=None, seen=str(order.ver), freight=newest.freight if newest else None,
            ship_on=newest.ship_on if newest and newest.ship_on >= actor.day(at()) else None,
        )  # fmt: skip
        return _page(session, actor, order, form, None)


@blueprint.post("/<ref>/quote")
@requires(P.ORDER_QUOTE, side="hq")
def make_quote(ref: str) -> ResponseReturnValue:
    """Freeze a new version."""
    actor, form = current_actor(), QuoteForm()
    with unit_of_work(actor.scope) as session:
        order = actor.sees(queries.order(session, ref))
        positions = [line.position for line in order.lines]
    lines = typed_quote(request.form, positions)
    wishes = [wish for line in lines if (wish := line.wish())]
    if not form.validate() or len(wishes) < len(lines):
        return _again(ref, form, lines)
    words: dict[str, Any] = {"freight": form.freight.data, "ship_on": form.ship_on.data, "note": form.note.data or ""}

    def refused(why: Refused) -> ResponseReturnValue:
        position = why.facts.get("position")
        typed = next((line for line in lines if line.position == position), None)
        if typed is not None:
            typed.errors[why.field or "quantity"] = sentence(why)
        else:
            form.refuse(why.field if why.field in {"freight", "ship_on", "note"} else None, sentence(why))
        return _again(ref, form, lines)

    return perform(
        lambda session, actor, now: actions.quote(
            session, actor, ref, lines=wishes, seen=form.seen_ver(), at=now, **words
        ),
        done=lambda order: _("Version %(number)s is with the dealer.", number=order.quote_no),
        to=url_for("orders.detail", ref=ref),
        refused=refused,
    )  # fmt: skip


def _again(ref: str, form: QuoteForm, lines: list[TypedQuoteLine]) -> ResponseReturnValue:
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        return _page(session, actor, queries.order(session, ref), form, lines), 422


def _page(session: Session, actor: Actor, order: Order, form: QuoteForm, lines: list[TypedQuoteLine] | None) -> str:
    on = actor.day(at())
    prices = catalog.prices_on(session, sorted({line.part_id for line in order.lines}), on)
    days = terms.value(session, QUOTE_VALIDITY, on=on)
    return render_template(
        "orders/quote.html", order=order, form=form, typed={line.position: line for line in lines or _filled(order, prices)},
        rows=table(order, None, None, {}), prices={line.position: prices.get(line.part_id) for line in order.lines}, labels=labels,
        list_in_force=catalog.list_on(session, on), lapses_on=rules.lapses_on(on, days), days=days, today=on,
    )  # fmt: skip


def _filled(order: Order, prices: Mapping[int, Price]) -> list[TypedQuoteLine]:
    """What the form begins with: as asked at the list's price, or what the version before said where that still holds."""
    newest: dict[Any, Any] = (
        {(line.position, line.part_id): line for line in order.quotes[-1].lines} if order.quotes else {}
    )
    filled = []
    for line in order.lines:
        before, price = newest.get((line.position, line.part_id)), prices.get(line.part_id)
        pieces = min(before.quantity, line.quantity) if before else line.quantity
        typed = TypedQuoteLine(line.position, quantity=str(pieces if price else 0))
        if price is not None:
            lowered = before and before.price < before.list_price and before.price <= price.dealer_price
            typed.price = str(before.price if before and lowered else price.dealer_price)
            typed.reason = before.reason if before is not None else ""
        filled.append(typed)
    return filled
