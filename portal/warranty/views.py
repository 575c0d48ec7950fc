"""Registered products with their verdict, and warranty policies. Customers are masked; opening one is logged (R3, R90)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.catalog import queries as catalog
from portal.catalog.models import Part
from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.organizations.queries import dealers_by_id
from portal.warranty import actions, labels, loads, queries, rules, sheets
from portal.warranty.forms import VerdictForm
from portal.warranty.models import Product, Use, WarrantyPolicy
from portal.warranty.rules import Days, Verdict
from portal.web import pages
from portal.web.acts import at, perform
from portal.web.auth import current_actor, requires
from portal.web.exports import answer, by_key
from portal.web.timeline import timeline

blueprint = Blueprint("warranty", __name__)

KINDS = (loads.PRODUCTS, loads.POLICY)  # the pages under /imports know these two because this module is loaded


@blueprint.get("/products")
@requires(P.PRODUCT_READ)
def products() -> ResponseReturnValue:
    """Registered products of this side, newest first; a serial number of another dealer is said to be one."""
    actor = current_actor()
    said = pages.list_filters("q", "model")
    with unit_of_work(actor.scope) as session:
        rows = queries.products_page(
            session, text=said["q"], model=said["model"], before_id=pages.before(), limit=pages.SIZE + 1
        )
        chips = [
            (words, pages.address(before=None, **{name: None}))
            for name, words in (("q", f"“{said['q']}”"), ("model", said["model"]))
            if said[name]
        ]
        return render_template(
            "warranty/products.html",
            page=pages.key_page(rows),
            wanted=said,
            models=[(row.name, row.name) for row in catalog.models(session)],
            uses=labels.USES,
            chips=chips,
            clear=pages.address(before=None, q=None, model=None),
            elsewhere=queries.sight(session, said["q"]) if said["q"] and not rows else None,
            hq=actor.side == "hq",
            may_load=actor.may(P.CATALOG_LOAD),
        )


@blueprint.get("/products.xlsx")
@requires(P.PRODUCT_READ)
def products_sheet() -> ResponseReturnValue:
    """The list as Excel, customers masked as on the page (R90)."""
    said = pages.list_filters("q", "model")
    return answer(
        sheets.PRODUCTS,
        lambda session: by_key(
            lambda before, limit: queries.products_page(
                session, text=said["q"], model=said["model"], before_id=before, limit=limit
            )
        ),
        filters=[(_("Text"), said["q"]), (_("Product model"), said["model"])],
        back="warranty.products",
    )


@blueprint.get("/policies.xlsx")
@requires(P.POLICY_READ)
def policies_sheet() -> ResponseReturnValue:
    """The versions as Excel."""
    return answer(sheets.POLICIES, queries.policies, back="warranty.policies")


@blueprint.get("/policies/<string:version>/lines.xlsx")
@requires(P.POLICY_READ)
def policy_sheet(version: str) -> ResponseReturnValue:
    """One version's lines as Excel."""
    return answer(
        sheets.POLICY_LINES,
        lambda session: queries.whole_policy(session, queries.policy(session, version).id),
        filters=[(_("Version"), version)],
        back="warranty.policy",
        version=version,
    )


@blueprint.get("/products/<string:serial>")
@requires(P.PRODUCT_READ)
def product(serial: str) -> ResponseReturnValue:
    """One product: its days, its cover today, and the verdict on a part, a cause and a day (?part=&cause=&on=)."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        return _product(session, actor, queries.product(session, serial), opened=False)


@blueprint.post("/products/<string:serial>/customer")
@requires(P.CUSTOMER_OPEN)
def open_customer(serial: str) -> ResponseReturnValue:
    """The customer's full name, phone and address, once: the opening is on record, the page is not kept."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        return _product(session, actor, actions.open_customer(session, actor, serial, at=at()), opened=True)


@dataclass(frozen=True, slots=True)
class Cover:
    """One line of the policy for this product, as it stands today."""

    group: str
    months: int
    verdict: Verdict


def _product(session: Session, actor: Actor, found: Product, *, opened: bool) -> str:
    today = clock.today(actor.zone)
    form = VerdictForm(request.args if request.args.get("part") else None)
    if not form.on.raw_data:
        form.on.data = today
    verdict, part = _asked(session, found, form) if request.args.get("part") else (None, None)
    policy = queries.policy_on(session, today)
    return render_template(
        "warranty/product.html",
        product=found,
        category=queries.category_name(session, found.model.category_id),
        dealer=dealers_by_id(session, [found.dealer_id]).get(found.dealer_id),
        use=labels.USES[found.use],
        form=form,
        part=part,
        verdict=verdict,
        sentence=labels.verdict_sentence(verdict) if verdict else "",
        policy=policy,
        cover=_cover(session, found, policy, today),
        whole=_("Whole unit"),
        opened=opened,
        may_open=actor.may(P.CUSTOMER_OPEN),
        hq=actor.side == "hq",
        events=timeline(session, "product", found.id),
        today=today,
    )


def _asked(session: Session, found: Product, form: VerdictForm) -> tuple[Verdict | None, Part | None]:
    if not form.validate():
        return None, None
    try:
        part = catalog.part(session, str(form.part.data))
    except NotFound:
        form.refuse("part", _("There is no part %(part)s. Choose it from the list.", part=form.part.data))
        return None, None
    return queries.verdict(session, found, part, form.data["cause"], on=form.data["on"]), part


def _cover(session: Session, found: Product, policy: WarrantyPolicy | None, today: date) -> list[Cover]:
    """What is covered today when the quality was at fault, line by line."""
    if policy is None:
        return []
    lines = queries.policy_lines(session, policy.id, found.model.category_id)
    days = Days(found.made_on, found.bought_on, found.installed_on)
    return [
        Cover(
            line.part_group or "",
            line.months(Use(found.use)),
            rules.verdict(
                policy_version=policy.version, lines=lines, part_group=line.part_group or "", days=days, use=found.use,
                cause=rules.QUALITY, on=today,
            ),
        )
        for line in lines
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------ policies


@blueprint.get("/policies")
@requires(P.POLICY_READ)
def policies() -> ResponseReturnValue:
    """Every version of the warranty policy, the latest first day on top."""
    actor = current_actor()
    today = clock.today(actor.zone)
    with unit_of_work(actor.scope) as session:
        rows = [(row, _state(row, today)) for row in queries.policies(session)]
        return render_template(
            "warranty/policies.html",
            rows=rows,
            states=labels.POLICY_STATES,
            last_day=_last_day,
            may_load=actor.may(P.CATALOG_LOAD),
        )


@blueprint.get("/policies/<string:version>")
@requires(P.POLICY_READ)
def policy(version: str) -> ResponseReturnValue:
    """One version with its lines by category."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        found = queries.policy(session, version)
        lines: dict[str, list[Any]] = {}
        for line in queries.whole_policy(session, found.id):
            lines.setdefault(line.category, []).append(line)
        return render_template(
            "warranty/policy.html",
            policy=found,
            state=labels.POLICY_STATES[_state(found, clock.today(actor.zone))],
            lines=lines,
            bases=labels.BASES,
            last_day=_last_day,
            covered=[labels.CAUSES[cause] for cause in sorted(rules.COVERED_CAUSES)],
            excluded=[words for cause, words in labels.CAUSES.items() if cause not in rules.COVERED_CAUSES],
            hq=actor.side == "hq",
            steps=_steps(found, clock.today(actor.zone)) if actor.may(P.CATALOG_LOAD) else [],
            events=timeline(session, "policy", found.id),
        )


@blueprint.post("/policies/<string:version>/withdraw")
@requires(P.CATALOG_LOAD, side="hq")
def withdraw_policy(version: str) -> ResponseReturnValue:
    """Take back a version that has not begun."""
    return perform(
        lambda session, actor, instant: actions.withdraw_policy(session, actor, version, at=instant),
        done=_("Policy %(version)s is withdrawn; the one before it stays in force.", version=version),
        to=url_for("warranty.policies"),
        back=url_for("warranty.policy", version=version),
    )


def _steps(found: WarrantyPolicy, today: date) -> list[dict[str, Any]]:
    return [
        {
            "name": "withdraw",
            "label": _("Withdraw this version"),
            "url": url_for("warranty.withdraw_policy", version=found.version),
            "allowed": _state(found, today) == "future",
            "reason": _("Only a version that has not begun can be withdrawn."),
            "tone": "bad",
            "picture": "x",
            "confirm": _(
                "Withdraw policy %(version)s? The version before it then stays in force.", version=found.version
            ),
        }
    ]


def _state(row: Any, today: date) -> str:
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.from_day > today:
        return "future"
    return "past" if row.to_day is not None and row.to_day <= today else "in-force"


def _last_day(to_day: date | None) -> date | None:
    return None if to_day is None else to_day - timedelta(days=1)
