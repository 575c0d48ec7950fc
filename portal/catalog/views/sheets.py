"""The lists of this package as Excel: each as its page is filtered, all rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.catalog import labels, queries, sheets
from portal.catalog.views import blueprint
from portal.catalog.views.parts import asked_day
from portal.catalog.views.prices import compared, compared_with
from portal.core import clock
from portal.core.errors import NotFound
from portal.core.permissions import Permission as P
from portal.web import pages
from portal.web.auth import current_actor, requires
from portal.web.exports import answer, by_key


@blueprint.get("/parts.xlsx")
@requires(P.PART_READ)
def parts_sheet() -> ResponseReturnValue:
    """The parts with their two prices on a day."""
    actor, said = current_actor(), pages.list_filters("q", "model")
    on = asked_day(actor)
    return answer(
        sheets.PARTS,
        lambda session: by_key(
            lambda after, limit: queries.parts_page(
                session,
                day=on,
                text=said["q"],
                model=said["model"],
                after=after or "",
                priced=actor.side == "dealer",
                limit=limit,
            ),
            key="number",
        ),
        filters=[(_("Prices of"), on), (_("Text"), said["q"]), (_("Product model"), said["model"])],
        back="catalog.parts",
    )


@blueprint.get("/prices.xlsx")
@requires(P.PRICE_READ)
def prices_sheet() -> ResponseReturnValue:
    """Every version of the price list."""
    return answer(sheets.PRICE_LISTS, queries.price_lists, back="catalog.prices")


@blueprint.get("/prices/<string:version>/rows.xlsx")
@requires(P.PRICE_READ)
def price_list_sheet(version: str) -> ResponseReturnValue:
    """One version's prices; compared with another, what changes."""
    said = pages.list_filters("q", "with", "move")
    filters = [(_("Version"), version), (_("Text"), said["q"])]
    if request.args.get("compare") == "1":
        return _changes(version, said, filters)

    def read(session: Session) -> Iterable[Any]:
        listed = queries.price_list(session, version)
        return by_key(
            lambda after, limit: queries.list_page(session, listed.id, text=said["q"], after=after or "", limit=limit),
            key="number",
        )

    return answer(sheets.PRICES, read, filters=filters, back="catalog.price_list", version=version)


def _changes(version: str, said: dict[str, str], filters: list[tuple[Any, Any]]) -> ResponseReturnValue:
    def read(session: Session) -> Iterable[Any]:
        listed = queries.price_list(session, version)
        base = compared_with(session, listed, said["with"], clock.today(current_actor().zone))
        if base is None:
            raise NotFound
        return compared(session, base, listed, said["move"], said["q"])

    move = labels.MOVES[said["move"]][1] if said["move"] in labels.MOVES else ""
    filters = [*filters, (_("Compared with"), said["with"]), (_("Change"), move)]
    return answer(sheets.CHANGES, read, filters=filters, back="catalog.price_list", version=version)


@blueprint.get("/imports.xlsx")
@requires(P.CATALOG_LOAD, side="hq")
def imports_sheet() -> ResponseReturnValue:
    """What came in by files."""
    return answer(
        sheets.UPLOADS,
        lambda session: by_key(lambda before, limit: queries.uploads(session, before_id=before, limit=limit)),
        back="catalog.imports",
    )
