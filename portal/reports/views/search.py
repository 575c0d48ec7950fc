"""One search for everything: a document's number leads straight there; a serial number, part, dealer, phone or name finds it."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from portal.catalog.queries import find_parts
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.old_parts.labels import standing
from portal.old_parts.models import OldPartState, Review
from portal.reports import queries, rules
from portal.reports.labels import document, state
from portal.reports.queries import Hit
from portal.reports.views import blueprint
from portal.reports.views.links import to_number, to_subject
from portal.warranty.queries import products_page
from portal.web.acts import at
from portal.web.auth import current_actor, requires

MOST = 8
SHORTEST = 3  # how a number begins; anything shorter is a name or a code


@blueprint.get("/search")
@requires(P.HOME_READ)
def search() -> ResponseReturnValue:
    """Straight to the page when only one thing can be meant, else what was found, by kind."""
    actor = current_actor()
    typed = rules.typed(request.args.get("q", ""))
    if not typed:
        return render_template("reports/search.html", q="", groups=None, hq=actor.side == "hq")
    number = rules.as_number(typed)
    with unit_of_work(actor.scope) as session:
        if number is not None and queries.exists(session, number, hq=actor.side == "hq"):
            return redirect(to_number(number, actor.side), 303)
        groups = _found(session, actor, number or typed)
        only = [row for _kind, rows in groups for row in rows]
        if len(only) == 1 and only[0]["exact"]:
            return redirect(only[0]["url"], 303)
        return render_template(
            "reports/search.html",
            q=typed,
            groups=[(kind, rows) for kind, rows in groups if rows],
            hq=actor.side == "hq",
        )


def _found(session: Session, actor: Actor, typed: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """At most two statements for documents, one for products, two for parts, one for dealers."""
    money = actor.side == "hq" and actor.may(P.ACCOUNT_READ)
    hits = queries.documents(session, typed, money=money) if len(typed) >= SHORTEST and typed.isascii() else []
    return [
        ("documents", [_hit(hit, actor) for hit in hits]),
        ("products", _products(session, typed) if actor.may(P.PRODUCT_READ) else []),
        ("parts", _parts(session, actor, typed) if actor.may(P.PART_READ) else []),
        ("dealers", _dealers(session, typed) if actor.side == "hq" and actor.may(P.DEALER_READ) else []),
    ]


def _hit(hit: Hit, actor: Actor) -> dict[str, Any]:
    label, tone = state(hit.kind, hit.state)
    if hit.kind == "old-part":
        label, tone = standing(OldPartState(hit.state), Review(hit.second))
    return {
        "name": hit.number, "sub": document(hit.kind), "dealer": f"{hit.dealer_name} {hit.dealer_code}" if actor.side == "hq" else "",
        "url": to_subject(hit.kind, hit.number, actor.side), "label": label, "tone": tone, "at": hit.at, "exact": False,
    }  # fmt: skip


def _products(session: Session, typed: str) -> list[dict[str, Any]]:
    return [
        {
            "name": row.serial, "sub": row.model, "customer": row.customer_name, "phone": row.customer_phone,
            "dealer": f"{row.dealer_name} {row.dealer_code}", "url": url_for("warranty.product", serial=row.serial),
            "exact": row.serial.upper() == typed.upper(),
        }
        for row in products_page(session, text=typed, limit=MOST)
    ]  # fmt: skip


def _parts(session: Session, actor: Actor, typed: str) -> list[dict[str, Any]]:
    return [
        {
            "name": part.number, "sub": f"{part.name} {part.spec}".strip(), "price": part.dealer_price,
            "url": url_for("catalog.part", number=part.number), "exact": part.number.upper() == typed.upper(),
        }
        for part in find_parts(session, typed, day=actor.day(at()), limit=MOST)
    ]  # fmt: skip


def _dealers(session: Session, typed: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "sub": f"{code} {city}",
            "url": url_for("organizations.dealer", code=code),
            "exact": code == typed.upper(),
        }
        for code, name, city in queries.dealers(session, typed)
    ]
