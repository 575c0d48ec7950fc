"""Parts and what they cost on a day: the list that dealers order from, one part, and the typeahead behind forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Generic, TypeVar

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.catalog import queries
from portal.catalog.views import blueprint
from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.web import pages
from portal.web.auth import current_actor, requires

Row = TypeVar("Row")
PRINTED_MOST = 5000
FOUND_MOST = 20


@dataclass(frozen=True, slots=True)
class Names(Generic[Row]):
    """One page of a list that is ordered by a number or code, with the addresses of its neighbours ('' for none)."""

    rows: Sequence[Row]
    first: str
    older: str


def by_name(rows: Sequence[Row], *, key: str = "number", size: int = pages.SIZE) -> Names[Row]:
    """A page out of ``size + 1`` fetched rows: the extra one only says that there are more."""
    shown = rows[:size]
    older = pages.address(after=getattr(shown[-1], key)) if len(rows) > size else ""
    return Names(shown, pages.address(after=None) if after() else "", older)


def after() -> str:
    """The number after which this page starts ('' for the first page)."""
    return request.args.get("after", "")[:60]


def asked_day(actor: Actor) -> date:
    """The day that the page is asked about: ?on=, today without; a dealer sees no day to come, which is HQ's to prepare."""
    today = clock.today(actor.zone)
    try:
        asked = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return today
    return today if actor.side == "dealer" and asked > today else asked


@blueprint.get("/parts")
@requires(P.PART_READ)
def parts() -> ResponseReturnValue:
    """The parts with their two prices on a day; ``?all=1`` is the whole list, to be printed."""
    actor = current_actor()
    said = pages.list_filters("q", "model")
    on, whole = asked_day(actor), request.args.get("all") == "1"
    with unit_of_work(actor.scope) as session:
        rows = queries.parts_page(
            session, day=on, text=said["q"], model=said["model"], after="" if whole else after(),
            priced=actor.side == "dealer", limit=PRINTED_MOST if whole else pages.SIZE + 1,
        )  # fmt: skip
        clear = {"q": None, "model": None, "after": None}
        chips = [
            (words, pages.address(after=None, **{name: None}))
            for name, words in (("q", _("Contains “%(text)s”", text=said["q"])), ("model", said["model"]))
            if said[name]
        ]
        return render_template(
            "catalog/parts.html",
            page=Names(rows, "", "") if whole else by_name(rows),
            whole=whole,
            wanted=said,
            on=on,
            today=clock.today(actor.zone),
            version=queries.list_on(session, on),
            models=[(row.name, row.name) for row in queries.models(session)],
            chips=chips,
            clear=pages.address(**clear),
            print_url=pages.address(all="1", after=None),
            back_url=pages.address(all=None),
            hq=actor.side == "hq",
            may_load=actor.may(P.CATALOG_LOAD),
        )


@blueprint.get("/parts.json")
@requires(P.PART_READ)
def part_choices() -> Response:
    """Parts for a typeahead (README of components: combo), with the dealer price of today."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        found = queries.find_parts(
            session, request.args.get("q", "")[:60], day=clock.today(actor.zone), limit=FOUND_MOST
        )
        items: list[dict[str, Any]] = [
            {
                "value": part.number, "number": part.number, "name": part.name, "spec": part.spec,
                "price": None if part.dealer_price is None else str(part.dealer_price),
                "sub": _("Fits %(models)s", models=_(", ").join(part.models)) if part.models else "",
            }
            for part in found
        ]  # fmt: skip
    answer = jsonify({"items": items, "more": 0})
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.get("/parts/<string:number>")
@requires(P.PART_READ)
def part(number: str) -> ResponseReturnValue:
    """One part: what it is, which models it fits, its prices over time."""
    actor = current_actor()
    today = clock.today(actor.zone)
    with unit_of_work(actor.scope) as session:
        found = queries.part(session, number)
        prices = queries.part_prices(session, found.id, begun_by=today if actor.side == "dealer" else None)
        return render_template(
            "catalog/part.html",
            part=found,
            category=queries.category_name(session, found.category_id),
            models=queries.models_of(session, [found.id]).get(found.id, ()),
            prices=[(row, list_state(row.from_day, row.to_day, today)) for row in prices],
            price=queries.price_on(session, found.id, today),
            last_day=last_day,
            hq=actor.side == "hq",
            may_order=actor.may(P.ORDER_DRAFT),
        )


def list_state(from_day: date, to_day: date | None, today: date, *, withdrawn: bool = False) -> str:
    """Where a version stands today: in-force, future, past or withdrawn."""
    if withdrawn:
        return "withdrawn"
    if from_day > today:
        return "future"
    return "past" if to_day is not None and to_day <= today else "in-force"


def last_day(to_day: date | None) -> date | None:
    """The last day of force of a version that ends before ``to_day``."""
    return None if to_day is None else to_day - timedelta(days=1)
