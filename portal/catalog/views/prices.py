"""Price lists: the versions, one version, what it changes against another, and withdrawing one that has not begun (R10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.catalog import actions, labels, queries, rules
from portal.catalog.models import PriceList
from portal.catalog.views import blueprint
from portal.catalog.views.parts import after, by_name, last_day, list_state
from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.permissions import Permission as P
from portal.web import pages
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.timeline import timeline


@blueprint.get("/prices")
@requires(P.PRICE_READ)
def prices() -> ResponseReturnValue:
    """Every version, the latest first day on top: future, in force, past and withdrawn."""
    actor = current_actor()
    today = clock.today(actor.zone)
    with unit_of_work(actor.scope) as session:
        rows = [(row, _state(row, today)) for row in queries.price_lists(session)]
        return render_template(
            "catalog/prices.html",
            rows=rows,
            states=labels.LIST_STATES,
            last_day=last_day,
            may_load=actor.may(P.CATALOG_LOAD),
        )


@blueprint.get("/prices/<string:version>")
@requires(P.PRICE_READ)
def price_list(version: str) -> ResponseReturnValue:
    """One version: its prices, and with ?with= what rises, falls, is new and is gone against another."""
    actor = current_actor()
    today = clock.today(actor.zone)
    said = pages.list_filters("q", "with", "move")
    with unit_of_work(actor.scope) as session:
        listed = queries.price_list(session, version)
        state = list_state(listed.from_day, listed.to_day, today, withdrawn=listed.withdrawn_at is not None)
        others = _others(session, listed)
        base = _base(session, listed, said["with"], others, today)
        values: dict[str, Any] = {"changes": None, "page": None, "counts": {}}
        if request.args.get("compare") == "1" and base is not None:
            changes = _changes(session, base, listed)
            chosen = [change for change in _chosen(changes, said["move"], said["q"]) if change.number > after()]
            values |= {"counts": rules.tally(changes), "changes": by_name(chosen)}
        else:
            rows = queries.list_page(session, listed.id, text=said["q"], after=after(), limit=pages.SIZE + 1)
            values["page"] = by_name(rows)
        return render_template(
            "catalog/price_list.html",
            listed=listed,
            state=state,
            state_words=labels.LIST_STATES[state],
            wanted=said,
            base=base,
            others=[
                (row.version, _("%(version)s, from %(day)s", version=row.version, day=row.from_day)) for row in others
            ],
            moves=labels.MOVES,
            last_day=last_day,
            steps=_steps(listed, state) if actor.may(P.CATALOG_LOAD) else [],
            events=timeline(session, "price-list", listed.id),
            kinds=_kinds(values["counts"], said["move"]),
            **values,
        )


@blueprint.post("/prices/<string:version>/withdraw")
@requires(P.CATALOG_LOAD, side="hq")
def withdraw_list(version: str) -> ResponseReturnValue:
    """Take back a version that has not begun."""
    here = url_for("catalog.price_list", version=version)
    return perform(
        lambda session, actor, at: actions.withdraw_list(session, actor, version, at=at),
        done=_("Version %(version)s is withdrawn; the one before it stays in force.", version=version),
        to=url_for("catalog.prices"),
        back=here,
    )


def _state(row: Any, today: date) -> str:
    return list_state(row.from_day, row.to_day, today, withdrawn=row.withdrawn_at is not None)


def compared_with(session: Session, listed: PriceList, asked: str, today: date) -> Any:
    """The version that a comparison is made with: the one asked for, else the one in force today or the one before; None without."""
    return _base(session, listed, asked, _others(session, listed), today)


def compared(session: Session, base: Any, listed: PriceList, move: str, text: str) -> list[rules.Change]:
    """What of ``base`` changes with ``listed``, of one kind (all that differ without), all of it."""
    return _chosen(_changes(session, base, listed), move, text)


def _changes(session: Session, base: Any, listed: PriceList) -> list[rules.Change]:
    return rules.compare(queries.list_prices(session, base.id), queries.list_prices(session, listed.id))


def _others(session: Session, listed: PriceList) -> list[Any]:
    """The versions that were not withdrawn, this one apart."""
    return [row for row in queries.price_lists(session) if row.id != listed.id and row.withdrawn_at is None]


def _base(session: Session, listed: PriceList, asked: str, others: Sequence[Any], today: date) -> Any:
    """What a version is compared with: the one asked for; else the one in force today, or the one before it."""
    if asked:
        return next((row for row in others if row.version == asked), None)
    wanted = today if listed.from_day > today else listed.from_day - timedelta(days=1)
    before = queries.list_on(session, wanted)
    return before if before is not None and before.id != listed.id else None


def _kinds(counts: Mapping[str, int], move: str) -> list[tuple[str, str, bool]]:
    """The kinds of changes to choose from, with how many there are of each."""
    if not counts:
        return []
    differ = sum(number for kind, number in counts.items() if kind != "same")
    kinds = [
        (_("All that differs"), None, differ),
        *((labels.MOVES[kind][0], kind, counts[kind]) for kind in rules.MOVES),
    ]
    return [
        (f"{label} {number}", pages.address(move=kind, after=None), (kind or "") == move)
        for label, kind, number in kinds
    ]


def _chosen(changes: Sequence[rules.Change], move: str, text: str) -> list[rules.Change]:
    """Those of one kind (all that differ without) whose number or name says the text."""
    low = text.lower()
    return [
        change
        for change in changes
        if (change.move == move if move in rules.MOVES else change.move != "same")
        and (not low or low in change.number.lower() or text in change.name)
    ]


def _steps(listed: PriceList, state: str) -> list[dict[str, Any]]:
    return [
        {
            "name": "withdraw",
            "label": _("Withdraw this version"),
            "url": url_for("catalog.withdraw_list", version=listed.version),
            "allowed": state == "future",
            "reason": _("Only a version that has not begun can be withdrawn."),
            "tone": "bad",
            "picture": "x",
            "confirm": _(
                "Withdraw version %(version)s? The version before it then stays in force.", version=listed.version
            ),
        }
    ]
