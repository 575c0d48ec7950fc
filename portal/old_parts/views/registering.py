"""Registering on the phone: the form and what it says while it is filled in, typeaheads, the photos, the dealer's steps."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.catalog import queries as catalog
from portal.core import clock, terms
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.files import queries as files
from portal.files.rules import BYTES_LIMIT
from portal.old_parts import actions, labels, queries, rules
from portal.old_parts.forms import RegisterForm
from portal.old_parts.models import Cause, OldPartState, Review
from portal.old_parts.terms import REPORT_DAYS
from portal.old_parts.views import base
from portal.old_parts.views.base import blueprint
from portal.old_parts.workflow import OLD_PART
from portal.orders import queries as orders
from portal.warranty import labels as warranty_labels
from portal.warranty import queries as warranty
from portal.warranty.rules import Verdict
from portal.web import qr
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence
from portal.web.formats import mask_name, money

FOUND_MOST = 20
FIELDS = ("serial", "part_number", "fault_code", "cause", "quantity", "replaced_on")


@blueprint.get("/new")
@requires(P.OLD_PART_REGISTER, side="dealer")
def new() -> ResponseReturnValue:
    """The form; a line that waits for its registration fills it in."""
    form = RegisterForm(formdata=None)
    form.serial.data = base.typed("serial")
    form.part_number.data = base.typed("part_number")
    quantity = request.args.get("quantity", "1")
    form.quantity.data = int(quantity) if quantity.isascii() and quantity.isdecimal() and len(quantity) < 5 else 1
    form.cause.data = Cause.QUALITY.value
    today = clock.today(current_actor().zone)
    form.replaced_on.data = _typed_day(base.typed("replaced_on"), today)
    return _form_page(form)


@blueprint.post("/new")
@requires(P.OLD_PART_REGISTER, side="dealer")
def register() -> ResponseReturnValue:
    """Register, then take the photos; a refusal shows the form again with all that was typed."""
    form = RegisterForm()
    if not form.validate_on_submit():
        return _form_page(form), 422

    def refused(error: Refused) -> ResponseReturnValue:
        form.refuse(error.field, sentence(error))
        return _form_page(form), 422

    typed: dict[str, Any] = {name: form[name].data for name in FIELDS}
    return perform(
        lambda session, actor, at: actions.register(session, actor, **typed, note=form.note.data or "", at=at),
        done=lambda found: _(
            "%(number)s is registered. Write the number on the old part and take the photos.", number=found.number
        ),
        to=lambda found: url_for("old_parts.photos", number=found.number),
        refused=refused,
    )


def _form_page(form: RegisterForm) -> str:
    return render_template(
        "old_parts/new.html",
        form=form,
        causes=[(cause.value, words) for cause, words in labels.CAUSES.items()],
        today=clock.today(current_actor().zone),
    )


# ---------------------------------------------------------------- what is said while the form is filled in


@blueprint.get("/outlook")
@requires(P.OLD_PART_REGISTER, side="dealer")
def outlook() -> ResponseReturnValue:
    """A part of the form: in or out of warranty, whether it must come back, which pieces it takes, what will be reimbursed."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        return render_template("old_parts/_outlook.html", **_outlook(session, actor))


def _outlook(session: Session, actor: Actor) -> dict[str, object]:
    typed = {name: base.typed(name) for name in ("serial", "part_number", "cause", "replaced_on", "quantity")}
    checks: list[tuple[str, str]] = []
    said: dict[str, object] = {"checks": checks, "verdict": None, "covered": False, "returns": None, "amount": None}
    today = clock.today(actor.zone)
    day, quantity = _typed_day(typed["replaced_on"], today), _typed_quantity(typed["quantity"])
    product = part = None
    if typed["serial"]:
        try:
            product = warranty.served_product(session, typed["serial"])
            checks.append(("pass", f"{product.model.name} · {mask_name(product.customer_name)}"))
        except Refused as refused:
            checks.append(("block", sentence(refused)))
    if typed["part_number"]:
        try:
            part = catalog.part(session, typed["part_number"])
        except NotFound:
            checks.append(("block", sentence(Refused("old-part-part-unknown", part=typed["part_number"]))))
    if part is not None and actor.scope.dealer_id is not None:
        said["returns"] = part.must_return
        layers = [
            layer for layer in orders.layers(session, actor.scope.dealer_id, part.id) if layer.received > layer.used
        ]
        held = queries.as_held(layers)
        taken = rules.take_oldest(held, quantity)
        if taken is None:
            checks.append(
                ("block", sentence(Refused("not-enough-held", part=part.number, left=rules.held(held), asked=quantity)))
            )
        elif day < held[0].first_received_on:
            checks.append(
                ("block", sentence(Refused("replaced-before-received", received_on=held[0].first_received_on)))
            )
        else:
            said["amount"] = rules.amount(taken)
            checks.append(
                (
                    "pass",
                    _("%(left)s pieces received and not used yet; the oldest are taken first", left=rules.held(held)),
                )
            )
    if day > today:
        checks.append(("block", sentence(Refused("replaced-in-future", today=today))))
    else:
        last_day = rules.report_by(day, terms.value(session, REPORT_DAYS, on=day))
        checks.append(("pass" if last_day >= today else "warn", labels.countdown(today, last_day)))
    if product is not None and part is not None:
        verdict = warranty.verdict(session, product, part, typed["cause"] or Cause.QUALITY, on=day)
        said["verdict"], said["covered"] = warranty_labels.verdict_sentence(verdict), verdict.covered
    return said


def _typed_day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today


def _typed_quantity(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= rules.QUANTITY_LIMIT else 1


# ---------------------------------------------------------------- typeaheads


def _items(items: list[dict[str, object]]) -> Response:
    """What a typeahead reads (templates/components/README.md)."""
    return jsonify({"items": items, "more": 0})


@blueprint.get("/products.json")
@requires(P.OLD_PART_REGISTER, side="dealer")
def products_json() -> ResponseReturnValue:
    """The dealer's own products by serial number, model, customer or phone; customers masked."""
    with unit_of_work(current_actor().scope) as session:
        found = warranty.find_products(session, base.typed("q"), limit=FOUND_MOST)
        return _items(
            [
                {
                    "value": product.serial,
                    "number": product.serial,
                    "name": product.model,
                    "spec": mask_name(product.customer_name),
                    "sub": _("installed on %(day)s", day=product.installed_on) if product.installed_on
                    else _("bought on %(day)s", day=product.bought_on) if product.bought_on else "",
                }
                for product in found
            ]
        )  # fmt: skip


@blueprint.get("/parts.json")
@requires(P.OLD_PART_REGISTER, side="dealer")
def parts_json() -> ResponseReturnValue:
    """Parts that the dealer holds, by number, name or pinyin initials, with how many are left."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        held = orders.held_parts(session, actor.scope.dealer_id or 0, text=base.typed("q"), limit=200)
        return _items(
            [
                {
                    "value": part.number,
                    "number": part.number,
                    "name": part.name,
                    "spec": part.spec,
                    "note": _("%(left)s left", left=part.usable),
                    "tone": "good",
                }
                for part in held
                if part.usable > 0
            ][:FOUND_MOST]
        )


@blueprint.get("/faults.json")
@requires(P.OLD_PART_REGISTER, side="dealer")
def faults_json() -> ResponseReturnValue:
    """Fault codes by code or words."""
    with unit_of_work(current_actor().scope) as session:
        found = catalog.find_faults(session, base.typed("q"))
        return _items([{"value": fault.code, "number": fault.code, "name": fault.name} for fault in found[:FOUND_MOST]])


# ---------------------------------------------------------------- photos, and what follows


@blueprint.get("/<string:number>/photos")
@requires(P.OLD_PART_REGISTER, side="dealer")
def photos(number: str) -> ResponseReturnValue:
    """The number in big digits, whether the part must come back, the photos in order, and the button to report."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        old_part = queries.old_part(session, number)
        shown = queries.photos(session, old_part)
        verdict = Verdict.from_json(old_part.verdict)
        wanted = old_part.state == OldPartState.REPORTED and old_part.review == Review.WANTED
        today = clock.today(actor.zone)
        filled = {photo.slot for photo in shown}
        refusal = OLD_PART.refusal("report", old_part, actor)
        label, tone = labels.standing(old_part.state, old_part.review)
        return render_template(
            "old_parts/photos.html",
            old_part=old_part,
            label=label,
            tone=tone,
            turn=labels.mine(old_part.state, old_part.review, actor.side),
            digits=old_part.number.rpartition("-")[2],
            qr=qr.svg(qr.address(actor, old_part.number)),
            today=today,
            slots=base.slots(shown, old_part.number, more=wanted),
            taken=len(filled & set(rules.SLOTS)),
            whole=len(rules.SLOTS),
            open=old_part.state == OldPartState.REGISTERED or wanted,
            wanted=wanted,
            tiles=base.tiles(shown),
            covered=verdict.covered,
            verdict=warranty_labels.verdict_sentence(verdict),
            amount=money(old_part.amount),
            due=base.due(old_part, today),
            out_price=base.out_price_said(queries.out_price(session, old_part), old_part.quantity),
            may_report=refusal is None,
            why="" if refusal is None else sentence(Refused(refusal)),
            registered=old_part.state == OldPartState.REGISTERED,
            space=files.used(session, old_part.dealer_id, on=today),
        )


@blueprint.post("/<string:number>/photos")
@requires(P.OLD_PART_REGISTER, side="dealer")
def add_photo(number: str) -> ResponseReturnValue:
    """One photo. portal.js gets 201 or 422 with the sentence; without script the page comes back."""
    sent = request.files.get("photo")
    data = sent.read(BYTES_LIMIT + 1) if sent else b""
    slot = request.form.get("kind") or None
    scripted = request.headers.get("X-Requested-With") == "fetch"
    page = url_for("old_parts.photos", number=number)

    def refused(error: Refused) -> ResponseReturnValue:
        return {"error": sentence(error)}, 422

    answer = perform(
        lambda session, actor, at: actions.add_photo(session, actor, number, data=data, slot=slot, at=at),
        done="" if scripted else _("The photo is stored."),
        to=page,
        back=page,
        refused=refused if scripted else None,
    )
    return answer if isinstance(answer, tuple) or not scripted else ({"stored": True}, 201)


@blueprint.post("/<string:number>/photos/<string:photo>/remove")
@requires(P.OLD_PART_REGISTER, side="dealer")
def remove_photo(number: str, photo: str) -> ResponseReturnValue:
    """Take a photo away before it is reported."""
    page = url_for("old_parts.photos", number=number)
    return perform(
        lambda session, actor, at: actions.remove_photo(session, actor, number, photo=photo, at=at),
        done=_("The photo is removed."), to=page, back=page,
    )  # fmt: skip


@blueprint.post("/<string:number>/report")
@requires(P.OLD_PART_REGISTER, side="dealer")
def report(number: str) -> ResponseReturnValue:
    """Report it to headquarters."""
    return perform(
        lambda session, actor, at: actions.report(session, actor, number, seen=base.seen(), at=at),
        done=lambda old_part: (
            _("Reported after the last day; it is marked late.")
            if old_part.reported_late
            else _("Reported. Headquarters reviews it now.")
        ),
        to=lambda old_part: url_for("old_parts.detail", number=old_part.number),
        back=url_for("old_parts.photos", number=number),
    )


@blueprint.post("/<string:number>/withdraw")
@requires(P.OLD_PART_REGISTER, side="dealer")
def withdraw(number: str) -> ResponseReturnValue:
    """Withdraw the registration; its pieces can be used again."""
    page = url_for("old_parts.detail", number=number)
    return perform(
        lambda session, actor, at: actions.withdraw(session, actor, number, reason=base.reason(), seen=base.seen(), at=at),
        done=_("Withdrawn; the pieces can be used again."), to=page, back=page,
    )  # fmt: skip


@blueprint.post("/<string:number>/answer")
@requires(P.OLD_PART_REGISTER, side="dealer")
def answer(number: str) -> ResponseReturnValue:
    """Answer what headquarters wanted."""
    page = url_for("old_parts.detail", number=number)
    return perform(
        lambda session, actor, at: actions.answer(session, actor, number, note=base.reason(), seen=base.seen(), at=at),
        done=_("Answered. Headquarters reviews it again."), to=page, back=page,
    )  # fmt: skip
