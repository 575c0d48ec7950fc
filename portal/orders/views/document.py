"""One order: its road, its versions and what differs, its money, its shipments, its timeline, and the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.orders import labels, printing, queries, rules
from portal.orders.models import Order, OrderLine, OrderState, Quote, QuoteLine
from portal.orders.rules import Frozen, FrozenLine
from portal.orders.views import blueprint
from portal.orders.views.lists import turns
from portal.orders.views.steps import lacks, steps
from portal.warranty.labels import verdict_sentence
from portal.warranty.rules import Verdict
from portal.web import formats, pdf, qr
from portal.web.acts import at
from portal.web.auth import current_actor, requires
from portal.web.responses import pdf_response
from portal.web.timeline import timeline

S = OrderState
ROAD = (S.DRAFT, S.SUBMITTED, S.QUOTED, S.AGREED, S.DEBITED, S.SHIPPED, S.RECEIVED)


@blueprint.get("/<ref>")
@requires(P.ORDER_READ)
def detail(ref: str) -> ResponseReturnValue:
    """The order as both sides see it; ?version=N shows an earlier quote."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        order = actor.sees(queries.order(session, ref))
        on = actor.day(at())
        shown = _chosen(order)
        before = next((q for q in order.quotes if shown and q.quote_no == shown.quote_no - 1), None)
        standing = queries.standing(session, order.dealer_id)
        prices = {} if shown else queries.todays_prices(session, order, on)
        return render_template(
            "orders/detail.html", order=order, labels=labels, actor_side=actor.side, today=on,
            mine=order.state in turns(actor), road=road(order), lines=table(order, shown, before, prices), estimate=estimate(order, prices),
            shown=shown, before=before, told=told(order, shown, before), standing=standing, lacks=lacks(order, standing),
            steps=steps(order, actor, on, lacks(order, standing)), events=[*_next(order), *timeline(session, "order", order.id)], may_copy=_may_copy(actor),
            picture=qr.svg(qr.address(actor, order.number)) if order.number else None,
            shipped=_shipped(order), lapsed=order.state is S.QUOTED and rules.lapsed(order.lapses_on, on),
        )  # fmt: skip


@blueprint.get("/<ref>.pdf")
@requires(P.ORDER_READ)
def paper(ref: str) -> Response:
    """The order as 售后服务配件申请单, with its newest version."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        order = actor.sees(queries.order(session, ref))
        made = printing.paper(session, order, actor, at=at(), url=qr.address(actor, order.number))
    return pdf_response(pdf.render(made.template, made), order.number or "PO-draft")


def _may_copy(actor: Actor) -> bool:
    return actor.side == "dealer" and actor.may(P.ORDER_DRAFT)


def _chosen(order: Order) -> Quote | None:
    """The version in the address, else the newest; None before the first."""
    wanted = request.args.get("version", "")
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 5 else order.quote_no
    return next((q for q in order.quotes if q.quote_no == number), order.quotes[-1] if order.quotes else None)


# ---------------------------------------------------------------- the road


def road(order: Order) -> list[tuple[Any, str, str]]:
    """The stepper: what is behind with its time, where it stands, what is to come."""
    quoted = order.quotes[-1] if order.quotes else None
    said = {
        S.DRAFT: formats.moment(order.drafted_at),
        S.SUBMITTED: formats.moment(order.submitted_at) if order.submitted_at else "",
        S.QUOTED: _("Version %(number)s · %(at)s", number=quoted.quote_no, at=formats.moment(quoted.quoted_at))
        if quoted
        else "",
        S.AGREED: formats.moment(order.agreed_at) if order.agreed_at else "",
        S.DEBITED: formats.moment(order.debited_at) if order.debited_at else "",
        S.SHIPPED: formats.moment(order.shipped_at) if order.shipped_at else "",
        S.RECEIVED: formats.moment(order.received_at) if order.received_at else "",
    }
    if order.ship_on and order.state in {S.QUOTED, S.AGREED, S.DEBITED, S.PART_SHIPPED} and not order.shipped_at:
        said[S.SHIPPED] = _("promised %(day)s", day=f"{order.ship_on:%m-%d}")
    if order.state in {S.REJECTED, S.CANCELLED}:
        passed = [state for state in ROAD if said[state] and _reached(order, state)]
        steps = [(labels.STATES[state][0], said[state], "past") for state in passed]
        return [*steps, (labels.STATES[order.state][0], formats.moment(order.updated_at), "now")]
    place = ROAD.index(S.SHIPPED if order.state is S.PART_SHIPPED else order.state)
    steps = []
    for index, state in enumerate(ROAD):
        when = "past" if index < place else "now" if index == place else "future"
        words = labels.STATES[S.PART_SHIPPED if when == "now" and order.state is S.PART_SHIPPED else state][0]
        steps.append((words, said[state] if when != "future" or state is S.SHIPPED else "", when))
    if order.state is S.RECEIVED:
        steps[-1] = (steps[-1][0], steps[-1][1], "past")
    return steps


def _reached(order: Order, state: OrderState) -> bool:
    return {
        S.DRAFT: True, S.SUBMITTED: order.submitted_at is not None, S.QUOTED: order.quote_no > 0,
        S.AGREED: order.agreed_at is not None, S.DEBITED: order.debited_at is not None,
    }.get(state, False)  # fmt: skip


# ---------------------------------------------------------------- contents


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what was asked, what the shown version says, and what the version before said."""

    position: int
    part_number: str
    name: str
    spec: str
    purpose: Any
    serial: str
    verdict: str
    note: str
    asked: int
    quantity: int
    price: Decimal | None
    list_price: Decimal | None
    reason: str
    was_quantity: int | None
    was_price: Decimal | None
    was_amount: Decimal | None

    @property
    def amount(self) -> Decimal | None:
        """Pieces × price."""
        return None if self.price is None else self.quantity * self.price

    @property
    def changed(self) -> bool:
        """Whether this version differs here from the one before."""
        return self.was_quantity is not None and (self.was_quantity, self.was_price) != (self.quantity, self.price)

    @property
    def undelivered(self) -> bool:
        """Confirmed with nothing: HQ does not deliver it."""
        return self.price is not None and self.quantity == 0


def table(order: Order, shown: Quote | None, before: Quote | None, prices: Mapping[int, Decimal]) -> list[Row]:
    """The lines: of the shown version, or as asked before the first, then at ``prices`` (by part, today's list)."""
    lines = {line.position: line for line in order.lines}
    if shown is None:
        asked = [_row(line, None, None, compared=False) for line in order.lines]
        return [replace(row, price=prices.get(line.part_id)) for row, line in zip(asked, order.lines, strict=True)]
    old = {(line.position, line.part_id): line for line in before.lines} if before else {}
    rows = []
    for frozen in shown.lines:
        line = lines.get(frozen.position)
        same = line if line is not None and line.part_id == frozen.part_id else None
        rows.append(_row(same, frozen, old.get((frozen.position, frozen.part_id)), compared=before is not None))
    return rows


def estimate(order: Order, prices: Mapping[int, Decimal]) -> Decimal | None:
    """What the application would cost at ``prices``; None where one of them is missing, or there is a quote."""
    if not order.lines or any(line.part_id not in prices for line in order.lines):
        return None
    return sum((line.quantity * prices[line.part_id] for line in order.lines), Decimal("0.00"))


def _row(line: OrderLine | None, frozen: QuoteLine | None, was: QuoteLine | None, *, compared: bool) -> Row:
    source: Any = frozen or line
    part = source.part
    old_quantity = (was.quantity if was else 0) if compared else None
    return Row(
        position=source.position, part_number=part.number, name=part.name, spec=part.spec,
        purpose=labels.PURPOSES[line.purpose] if line else "", serial=line.product.serial if line and line.product else "",
        verdict=verdict_sentence(Verdict.from_json(line.verdict)) if line and line.verdict else "",
        note=line.note if line else "", asked=frozen.asked if frozen else source.quantity, quantity=source.quantity,
        price=frozen.price if frozen else None, list_price=frozen.list_price if frozen else None,
        reason=frozen.reason if frozen else "", was_quantity=old_quantity,
        was_price=(was.price if was else (frozen.price if frozen else None)) if compared else None,
        was_amount=was.quantity * was.price if was else None,
    )  # fmt: skip


def told(order: Order, shown: Quote | None, before: Quote | None) -> list[str]:
    """R21: what the shown version changes, each in a few words."""
    if shown is None or before is None:
        return []
    names = {line.part_id: line.part.name for quote in (before, shown) for line in quote.lines}
    return [_told(one, names.get(one.part_id or 0, "")) for one in rules.differences(frozen(before), frozen(shown))]


def _told(one: rules.Difference, name: str) -> str:
    before: Any = one.before
    after: Any = one.after
    match one.what:
        case "quantity":
            return _("%(name)s: %(before)s → %(after)s pieces", name=name, before=before, after=after)
        case "price":
            return _(
                "%(name)s: %(before)s → %(after)s each",
                name=name,
                before=formats.money(before),
                after=formats.money(after),
            )
        case "added":
            return _("%(name)s: new, %(after)s pieces", name=name, after=after)
        case "removed":
            return _("%(name)s: no longer in it", name=name)
        case "freight":
            return _("freight %(before)s → %(after)s", before=formats.money(before), after=formats.money(after))
        case "ship_on":
            return _("ship date %(before)s → %(after)s", before=formats.day(before), after=formats.day(after))
        case _:
            return _("in all %(before)s → %(after)s", before=formats.money(before), after=formats.money(after))


def frozen(quote: Quote) -> Frozen:
    """A stored version as the rules compare it."""
    lines = tuple(FrozenLine(line.position, line.part_id, line.quantity, line.price) for line in quote.lines)
    return Frozen(lines, quote.freight, quote.ship_on)


def _next(order: Order) -> list[dict[str, Any]]:
    """What is still to come, at the head of the timeline."""
    if order.state not in labels.WAITS:
        return []
    when = ""
    if order.state is S.QUOTED and order.lapses_on:
        when = _("lapses on %(day)s at 24:00, then goes back for a new quote", day=f"{order.lapses_on:%m-%d}")
    elif order.ship_on and order.state in {S.AGREED, S.DEBITED, S.PART_SHIPPED}:
        when = _("promised for %(day)s", day=f"{order.ship_on:%m-%d}")
    return [{"what": labels.WAITS[order.state], "tone": "next", "when": when}]


def _shipped(order: Order) -> list[dict[str, Any]]:
    positions = {line.id: line.position for line in order.lines}
    return [
        {"parcel": parcel, "lines": sorted(((positions[line.line_id], line) for line in parcel.lines), key=lambda pair: pair[0])}
        for parcel in order.shipments
    ]  # fmt: skip
