"""The dealer's application: typeahead, checks as typed, saving a draft, submitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.catalog import queries as catalog
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.orders import actions, labels, queries
from portal.orders.forms import OrderForm, PlainForm, TypedLine, typed_lines
from portal.orders.models import Order, OrderState, Purpose
from portal.orders.rules import Standing
from portal.orders.views import blueprint
from portal.warranty import queries as warranty
from portal.warranty.labels import verdict_sentence
from portal.web import formats
from portal.web.acts import at, perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.forms import clean

FOUND_MOST = 20


# ---------------------------------------------------------------- typeahead


@blueprint.get("/parts.json")
@requires(P.ORDER_DRAFT, P.ORDER_QUOTE)
def parts_json() -> Response:
    """Parts by number, name, pinyin initials or model, with today's price (README of components: combo)."""
    actor = current_actor()
    on = actor.day(at())
    with unit_of_work(actor.scope) as session:
        found = catalog.find_parts(session, _asked(), day=on, limit=FOUND_MOST)
        return _private(
            [
                {
                    "value": part.number,
                    "number": part.number,
                    "name": part.name,
                    "spec": part.spec,
                    "price": None if part.dealer_price is None else str(part.dealer_price),
                    "sub": _("Fits %(models)s", models=_(", ").join(part.models)) if part.models else "",
                    "note": "" if part.dealer_price is not None else _("No price today"),
                    "tone": "" if part.dealer_price is not None else "warn",
                    "blocked": part.dealer_price is None,
                }
                for part in found
            ]
        )


@blueprint.get("/products.json")
@requires(P.ORDER_DRAFT)
def products_json() -> Response:
    """The dealer's own registered products by serial number or model; customers' names masked (R90)."""
    with unit_of_work(current_actor().scope) as session:
        return _private(
            [
                {
                    "value": found.serial,
                    "number": found.serial,
                    "name": found.model,
                    "sub": _("%(customer)s, bought on %(day)s", customer=formats.mask_name(found.customer_name), day=found.bought_on or "—"),
                }
                for found in warranty.find_products(session, _asked(), limit=FOUND_MOST)
            ]
        )  # fmt: skip


def _asked() -> str:
    try:
        return clean(request.args.get("q", ""))[:60]
    except ValueError:
        return ""


def _private(items: Sequence[dict[str, Any]]) -> Response:
    answer = jsonify({"items": list(items), "more": 0})
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


# ---------------------------------------------------------------- the form


@blueprint.get("/new")
@requires(P.ORDER_DRAFT, side="dealer")
def new() -> ResponseReturnValue:
    """An empty application, or one begun with ?part=NUMBER&quantity=N."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        dealer = queries.own_dealer(session, _dealer_id(actor))
        form = OrderForm(formdata=None, ship_to=_address(dealer))
        first = TypedLine(0, part=request.args.get("part", "")[:40], quantity=request.args.get("quantity", "")[:6])
        return _page(session, actor, form, [first], order=None)


@blueprint.post("/new")
@requires(P.ORDER_DRAFT, side="dealer")
def create() -> ResponseReturnValue:
    """Save the application as a draft, or submit it at once (act=submit)."""
    return _save(None)


@blueprint.get("/<ref>/edit")
@requires(P.ORDER_DRAFT, side="dealer")
def edit(ref: str) -> ResponseReturnValue:
    """Go on with a draft."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        order = queries.order(session, ref)
        if order.state is not OrderState.DRAFT:
            return redirect(url_for("orders.detail", ref=ref), 303)
        form = OrderForm(formdata=None, ship_to=order.ship_to, note=order.note, seen=str(order.ver))
        lines = [
            TypedLine(
                line.position - 1, part=line.part.number, quantity=str(line.quantity), purpose=line.purpose.value,
                serial=line.product.serial if line.product else "",
            )
            for line in order.lines
        ]  # fmt: skip
        return _page(session, actor, form, lines, order=order)


@blueprint.post("/<ref>/edit")
@requires(P.ORDER_DRAFT, side="dealer")
def amend(ref: str) -> ResponseReturnValue:
    """Save the draft again, or save and submit it (act=submit)."""
    return _save(ref)


@blueprint.post("/<ref>/submit")
@requires(P.ORDER_SUBMIT, side="dealer")
def submit(ref: str) -> ResponseReturnValue:
    """Send a draft to headquarters as it stands."""
    if not PlainForm().validate_on_submit():
        return redirect(url_for("orders.detail", ref=ref), 303)
    return perform(
        lambda session, actor, now: actions.submit(session, actor, ref, at=now),
        done=lambda order: _(
            "Submitted as %(number)s. Headquarters confirms contents and fees next.", number=order.number
        ),
        to=lambda order: url_for("orders.detail", ref=order.number),
        back=url_for("orders.edit", ref=ref),
    )


def _save(ref: str | None) -> ResponseReturnValue:
    form, lines = OrderForm(), typed_lines(request.form)
    send = request.form.get("act") == "submit"
    wishes = [wish for line in lines if (wish := line.wish())]
    if not form.validate() or any(line.errors for line in lines):
        return _again(form, lines, ref)

    def act(session: Session, actor: Actor, now: Any) -> Order:
        words: dict[str, Any] = {"note": form.note.data or "", "ship_to": form.ship_to.data or "", "at": now}
        if ref is None:
            return (actions.apply if send else actions.draft)(session, actor, lines=wishes, **words)
        order = actions.amend(session, actor, ref, lines=wishes, seen=form.seen_ver(), **words)
        return actions.submit_held(session, actor, order, at=now) if send else order

    def said(order: Order) -> str:
        if send:
            return _("Submitted as %(number)s. Headquarters confirms contents and fees next.", number=order.number)
        return _("Draft saved. You can go on with it on any device.")

    def refused(why: Refused) -> ResponseReturnValue:
        position = why.facts.get("position")
        if isinstance(position, int) and position <= len(lines):
            lines[position - 1].errors[why.field or "part"] = sentence(why)
        else:
            form.refuse(why.field if why.field in {"note", "ship_to"} else None, sentence(why))
        return _again(form, lines, ref)

    return perform(act, done=said, to=_after, refused=refused)


def _after(order: Order) -> str:
    """A saved draft is gone on with; a submitted order is looked at."""
    if order.state is OrderState.DRAFT:
        return url_for("orders.edit", ref=order.number or order.public_id)
    return url_for("orders.detail", ref=order.number)


def _again(form: OrderForm, lines: list[TypedLine], ref: str | None) -> ResponseReturnValue:
    """The form once more with everything that was typed, and what is wrong with it."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        order = queries.order(session, ref) if ref else None
        return _page(session, actor, form, lines or [TypedLine(0)], order=order), 422


def _page(session: Session, actor: Actor, form: OrderForm, lines: list[TypedLine], *, order: Order | None) -> str:
    dealer_id = _dealer_id(actor)
    standing = queries.standing(session, dealer_id)
    flight = check(session, dealer_id, lines, standing, on=actor.day(at()))
    return render_template(
        "orders/edit.html", form=form, lines=lines, order=order, labels=labels, purposes=list(Purpose), flight=flight,
        standing=standing, may_submit=actor.may(P.ORDER_SUBMIT),
    )  # fmt: skip


# ---------------------------------------------------------------- checks as typed


@dataclass(slots=True)
class Flight:
    """What a check of the application found: per line (index → (kind, sentence)), in sum, and the money."""

    by_line: dict[int, tuple[str, str]] = field(default_factory=dict)
    sums: dict[str, Decimal] = field(default_factory=dict)
    checks: list[tuple[str, str, str]] = field(default_factory=list)
    goods: Decimal = ZERO
    left: Decimal = ZERO
    blocked: int = 0


@blueprint.post("/check")
@requires(P.ORDER_DRAFT, side="dealer")
def check_typed() -> ResponseReturnValue:
    """The same checks as on submitting, on what is typed so far: a fragment for htmx."""
    actor = current_actor()
    lines = typed_lines(request.form)
    with unit_of_work(actor.scope) as session:
        dealer_id = _dealer_id(actor)
        standing = queries.standing(session, dealer_id)
        flight = check(session, dealer_id, lines, standing, on=actor.day(at()))
        return render_template(
            "orders/_checks.html", lines=lines, flight=flight, standing=standing, labels=labels, oob=True
        )


def check(session: Session, dealer_id: int, lines: Sequence[TypedLine], standing: Standing, *, on: date) -> Flight:
    """Look at every line as submitting would, and say it in sentences; fills in what part numbers stand for."""
    flight = Flight()
    parts = catalog.parts_by_number(session, sorted({line.part for line in lines if line.part}))
    prices = catalog.prices_on(session, sorted({part.id for part in parts.values()}), on)
    products = queries.own_products(session, dealer_id, {line.serial for line in lines if line.serial})
    judge, unpriced = warranty.Judge(session, on), 0
    for line in lines:
        part = parts.get(line.part)
        if part is None:
            if line.part:
                flight.by_line[line.index] = ("block", _("There is no part %(part)s in the register.", part=line.part))
            continue
        line.said = f"{part.name} {part.spec}".strip()
        price = prices.get(part.id)
        if price is None:
            unpriced += 1
            flight.by_line[line.index] = ("block", _("No price on the list in force today; it cannot be ordered now."))
            continue
        line.price = price.dealer_price
        amount = (line.pieces or 0) * price.dealer_price
        flight.goods += amount
        flight.sums[line.purpose] = flight.sums.get(line.purpose, ZERO) + amount
        if line.purpose == Purpose.WARRANTY:
            flight.by_line[line.index] = _warranty_check(session, judge, line, part, products.get(line.serial))
    flight.blocked = sum(kind == "block" for kind, _words in flight.by_line.values())
    flight.left = standing.available - flight.goods
    _sum_up(flight, lines, standing, unpriced)
    return flight


def _warranty_check(
    session: Session, judge: warranty.Judge, line: TypedLine, part: Any, product: Any
) -> tuple[str, str]:
    if not line.serial:
        return "block", _("Which product is it for? Give its serial number.")
    if product is None:
        elsewhere = warranty.sight(session, line.serial) is not None
        if elsewhere:
            return "block", _("Product %(serial)s is registered with another dealer.", serial=line.serial)
        return "block", _("No registered product has the serial number %(serial)s.", serial=line.serial)
    verdict = judge.verdict(product, part)
    return ("pass" if verdict.covered else "block"), verdict_sentence(verdict)


def _sum_up(flight: Flight, lines: Sequence[TypedLine], standing: Standing, unpriced: int) -> None:
    """The summary beside the lines."""
    filled = [line for line in lines if not line.blank]
    if not filled:
        flight.checks.append(("todo", _("No parts yet"), _("Choose a part, or paste lines from Excel")))
        return
    if not unpriced:
        flight.checks.append(("pass", _("All parts are on the price list in force today"), ""))
    if flight.blocked:
        words = ngettext("%(num)d line has to be changed", "%(num)d lines have to be changed", flight.blocked)
        flight.checks.append(("block", words, _("What is wrong stands under the line")))
    if flight.left < 0:
        lacks = -flight.left - standing.credit_limit
        if lacks > 0:
            said = _(
                "%(amount)s would be missing; you can submit, and top up before the debit", amount=formats.money(lacks)
            )
            flight.checks.append(("warn", said, ""))
        else:
            flight.checks.append(("warn", _("It would use the credit limit"), ""))
    else:
        flight.checks.append(("pass", _("The balance is enough"), _("Freight comes with headquarters' quote")))


def _dealer_id(actor: Actor) -> int:
    if actor.scope.dealer_id is None:
        raise NotFound
    return actor.scope.dealer_id


def _address(dealer: Any) -> str:
    """The dealer's own address with whom to ask for."""
    person = " ".join(part for part in (dealer.contact, dealer.phone) if part)
    return f"{dealer.address} {person}".strip()
