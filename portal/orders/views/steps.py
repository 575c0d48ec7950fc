"""The steps of an order: the buttons of its page, and what they do."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger.rules import missing as missing_funds
from portal.orders import actions, labels, queries, rules, workflow
from portal.orders.forms import PlainForm, ReasonForm
from portal.orders.models import Order, OrderState, ShipmentState
from portal.orders.views import blueprint
from portal.web import formats
from portal.web.acts import perform
from portal.web.auth import requires
from portal.web.errors import REFUSALS

S = OrderState
SHOWN = ("agree", "dispute", "quote", "debit", "ship_rest", "submit", "amend", "send_back", "reject", "cancel")


def lacks(order: Order, standing: rules.Standing) -> Decimal:
    """R23: what the debit of this order would lack today, for itself."""
    if order.total is None or order.state not in {S.QUOTED, S.AGREED}:
        return Decimal("0.00")
    return missing_funds(standing.balance, standing.credit_limit, order.total)


def steps(order: Order, actor: Actor, on: date, short: Decimal) -> list[dict[str, Any]]:
    """The buttons where people look for them: allowed, or refused with the reason in a sentence; ``short`` of funds (R23)."""
    ref = order.number or order.public_id
    offers = {offer.name: offer for offer in workflow.offers(order, actor, on=on)}
    made = [_step(order, ref, name, offers[name].refusal) for name in SHOWN if name in offers]
    if short and "debit" in offers:
        why = _("%(amount)s are missing; it waits for a top-up.", amount=formats.money(short))
        made = [_refused("debit", why) if step["name"] == "debit" else step for step in made]
    if actor.may(P.ORDER_RECEIVE):
        made += [
            {
                "name": f"receive-{parcel.number}", "label": _("Receive %(number)s", number=parcel.number), "go": True,
                "url": url_for("orders.receive", number=parcel.number), "tone": "primary", "picture": "package-import",
            }
            for parcel in order.shipments
            if parcel.state is ShipmentState.IN_TRANSIT
        ]  # fmt: skip
    looked_for = {"agree": P.ORDER_AGREE, "receive": P.ORDER_RECEIVE, "debit": P.ORDER_DEBIT, "ship_rest": P.ORDER_SHIP}
    for name, needs in looked_for.items():
        why = labels.refused_step(name, order.state)
        if why is not None and name not in offers and actor.may(needs):
            made.append(_refused(name, str(why)))
    if (
        order.state is S.QUOTED
        and actor.side == "dealer"
        and actor.may(P.ORDER_SUBMIT)
        and not actor.may(P.ORDER_AGREE)
    ):
        made.insert(0, _refused("agree", _("Agreeing spends money: the dealer manager does it.")))
    return made


def _step(order: Order, ref: str, name: str, refusal: str | None) -> dict[str, Any]:
    tone, picture = labels.LOOKS[name]
    label: Any = labels.STEPS[name]
    if name == "agree":
        label = _("Agree to v%(number)s, %(total)s", number=order.quote_no, total=formats.money(order.total))
    elif name == "ship_rest" and order.state is S.PART_SHIPPED:
        label = _("Ship what is left")
    if refusal is not None:
        facts = {"quote_no": order.quote_no}
        return {
            "name": name,
            "label": label,
            "picture": picture,
            "allowed": False,
            "reason": str(REFUSALS.get(refusal, refusal)) % _Blank(facts),
        }
    page = {"quote": "orders.quote", "ship_rest": "orders.ship", "amend": "orders.edit"}.get(name)
    step = {
        "name": name, "label": label, "tone": tone, "picture": picture, "go": page is not None,
        "url": url_for(page, ref=ref) if page else url_for(f"orders.{name}", ref=ref), "asks": labels.ASKS.get(name, ""),
        "hidden": {"quote_no": order.quote_no} if name == "agree" else {},
    }  # fmt: skip
    if name == "debit":
        step["confirm"] = _("Debit %(total)s from the dealer's account?", total=formats.money(order.total))
    return step


def _refused(name: str, why: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": labels.STEPS[name],
        "picture": labels.LOOKS[name][1],
        "allowed": False,
        "reason": why,
    }


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def _reasoned(step: str, ref: str, done: str) -> ResponseReturnValue:
    """A step that needs a reason; what is wrong is said on the document's page."""
    here = url_for("orders.detail", ref=ref)
    form = ReasonForm()
    if not form.validate_on_submit():
        return redirect(here, 303)
    act = getattr(actions, step)
    return perform(
        lambda session, actor, now: act(session, actor, ref, reason=form.reason.data or "", at=now), done=done, to=here, back=here
    )  # fmt: skip


@blueprint.post("/<ref>/send-back")
@requires(P.ORDER_QUOTE, side="hq")
def send_back(ref: str) -> ResponseReturnValue:
    """HQ asks for changes."""
    return _reasoned("send_back", ref, _("Sent back to the dealer."))


@blueprint.post("/<ref>/reject")
@requires(P.ORDER_REJECT, side="hq")
def reject(ref: str) -> ResponseReturnValue:
    """HQ will not deliver."""
    return _reasoned("reject", ref, _("Rejected."))


@blueprint.post("/<ref>/dispute")
@requires(P.ORDER_SUBMIT, side="dealer")
def dispute(ref: str) -> ResponseReturnValue:
    """The dealer does not agree, or asks for a new quote after the old one lapsed (R22)."""
    return _reasoned("dispute", ref, _("Back with headquarters, which makes a new version."))


@blueprint.post("/<ref>/cancel")
@requires(P.ORDER_CANCEL)
def cancel(ref: str) -> ResponseReturnValue:
    """End the order; after the debit the amount goes back whole (R24)."""
    return _reasoned("cancel", ref, _("Cancelled."))


@blueprint.post("/<ref>/agree")
@requires(P.ORDER_AGREE, side="dealer")
def agree(ref: str) -> ResponseReturnValue:
    """Agree to the version that was on the page; without funds it is allowed and says what is missing (R23)."""
    here = url_for("orders.detail", ref=ref)
    form = PlainForm()
    number = str(form.quote_no.data or "")
    if not form.validate_on_submit() or not (number.isascii() and number.isdecimal() and len(number) < 6):
        return redirect(here, 303)

    def act(session: Session, actor: Actor, now: Any) -> str:
        order = actions.agree(session, actor, ref, quote_no=int(number), at=now)
        short = lacks(order, queries.standing(session, order.dealer_id))
        if short:
            return _(
                "Agreed. The debit waits: %(amount)s are missing. Top up, then finance debits.",
                amount=formats.money(short),
            )
        return _("Agreed. Finance debits the amount next.")

    return perform(act, done=str, to=here, back=here)


@blueprint.post("/<ref>/debit")
@requires(P.ORDER_DEBIT, side="hq")
def debit(ref: str) -> ResponseReturnValue:
    """Debit this one order (R23)."""
    here = request.form.get("back") == "queue"
    back = url_for("orders.debits") if here else url_for("orders.detail", ref=ref)
    if not PlainForm().validate_on_submit():
        return redirect(back, 303)
    return perform(
        lambda session, actor, now: actions.debit(session, actor, ref, at=now),
        done=lambda order: _("%(number)s debited: %(total)s.", number=order.number, total=formats.money(order.total)),
        to=back, back=back,
    )  # fmt: skip
