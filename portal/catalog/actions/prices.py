"""A price list comes in as a new version, or a future one is withdrawn (R10, R11). Set by set, never row by row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from portal.catalog import queries, rules
from portal.catalog.actions.names import begin_load, ensure_categories, ensure_models, finish_load, refuse_bad
from portal.catalog.models import Part, PartModel, Price, PriceList
from portal.catalog.rules import Examined, Loaded, Place, PriceRow, Span
from portal.core import audit
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.tables import Problem, Sheet


@dataclass(frozen=True, slots=True)
class _Plan:
    """A list weighed against the catalogue as it stands."""

    sheet: Sheet[PriceRow]
    place: Place | None
    version: str
    stands: bool  # this very version is there already
    known: dict[str, Any]
    category_ids: dict[str, int]
    effect: Loaded


def examine_prices(session: Session, actor: Actor, sheet: Sheet[PriceRow], *, at: datetime) -> Examined[PriceRow]:
    """What loading this list would do, and what stands against it; changes nothing."""
    plan = _plan(session, sheet, today=actor.day(at))
    return Examined(plan.sheet, plan.effect)


def load_prices(session: Session, actor: Actor, sheet: Sheet[PriceRow], *, at: datetime) -> Loaded:
    """Take a price list as a new version from its first day, whole or not at all (R10, R11).

    Makes the categories, models and parts it names and brings known parts up to date: their names, groups and
    ``must_return`` (R34) follow the list that was loaded last. The version in force on the first day ends there, a
    future version with that very first day is replaced. The same list again changes nothing. Refuses "load-bad-rows",
    and "load-bad-file" when the first day belongs to a version that has begun.
    """
    begin_load(session, actor)
    plan = _plan(session, sheet, today=actor.day(at))
    refuse_bad(plan.sheet)
    part_ids = _parts(session, plan)
    if plan.stands:
        listed = queries.price_list(session, plan.version)
        return (
            plan.effect
            if plan.effect.nothing
            else finish_load(session, actor, "price-list:load", listed, plan.effect, at=at)
        )
    listed = _version(session, actor, plan, at=at)
    session.execute(
        insert(Price).returning(Price.id),  # returning makes it a few long statements
        [
            {
                "list_id": listed.id, "part_id": part_ids[row.number.upper()],
                "dealer_price": row.dealer_price, "out_price": row.out_price,
            }
            for row in sheet.rows
        ],
    )  # fmt: skip
    return finish_load(session, actor, "price-list:load", listed, plan.effect, at=at)


def withdraw_list(session: Session, actor: Actor, version: str, *, at: datetime) -> PriceList:
    """Withdraw a version that has not begun (R10); the one before it stays in force for its days too.

    Refuses "price-list-withdrawn" and "price-list-begun".
    """
    begin_load(session, actor)
    listed = queries.price_list(session, version)
    session.refresh(listed, with_for_update=True)
    if listed.withdrawn_at is not None:
        raise Refused("price-list-withdrawn", version=version)
    if listed.from_day <= actor.day(at):
        raise Refused("price-list-begun", version=version, from_day=listed.from_day)
    listed.withdrawn_at = at
    session.flush()
    before = next((each for each in queries.live_lists(session) if each.to_day == listed.from_day), None)
    if before is not None:
        before.to_day = listed.to_day
        session.flush()
    audit.record(
        session, actor, "price-list:withdraw", listed, at=at, public=False, version=version, from_day=listed.from_day
    )
    return listed


# ------------------------------------------------------------------------------------------------ weighing


def _plan(session: Session, sheet: Sheet[PriceRow], *, today: date) -> _Plan:
    lists = queries.live_lists(session)
    spans = [Span(each.id, each.version, each.from_day, each.to_day) for each in lists]
    known = queries.part_rows(session)
    categories = queries.category_ids(session)
    problems: list[Problem] = []
    place, stands, version = None, False, ""
    compared: dict[str, int] = {}
    if sheet.first_day is not None:
        after = {row.number.upper(): (row.name, row.dealer_price, row.out_price) for row in sheet.rows}
        placed = rules.place(sheet.first_day, today=today, spans=spans)
        same_day = next((span for span in spans if span.from_day == sheet.first_day), None)
        stands = same_day is not None and _same(queries.list_prices(session, same_day.key), after)
        if same_day is not None and stands:
            version = same_day.version
        elif isinstance(placed, Span):
            facts = {"day": sheet.first_day, "version": placed.version, "since": placed.from_day}
            problems.append(Problem(None, None, "first-day-covered", facts))
        else:
            place = placed
            version = rules.version_name(sheet.version, sheet.first_day, queries.version_names(session))
        before = queries.list_on(session, sheet.first_day - timedelta(days=1))
        if before is not None and not stands:
            old = queries.list_prices(session, before.id)
            compared = rules.tally(rules.compare({number.upper(): row for number, row in old.items()}, after))
    new = sum(row.number.upper() not in known for row in sheet.rows)
    changed = sum(_changes(row, known, categories) for row in sheet.rows)
    models = {model.upper() for row in sheet.rows for model in row.models}
    new_models = len(models - {name.upper() for name in queries.model_rows(session)})
    new_categories = len({row.category for row in sheet.rows if row.category} - categories.keys())
    effect = Loaded(
        "prices", len(sheet.rows), new=new, changed=changed, same=len(sheet.rows) - new - changed, version=version or None,
        first_day=sheet.first_day, nothing=stands and not (new or changed or new_models or new_categories),
        more={
            "models": new_models, "categories": new_categories,
            **({"ends": place.ends.version} if place and place.ends else {}),
            **({"replaces": place.replaces.version} if place and place.replaces else {}),
            **({f"prices_{move}": count for move, count in compared.items()}),
        },
    )  # fmt: skip
    return _Plan(rules.with_problems(sheet, problems), place, version, stands, known, categories, effect)


def _same(stored: rules.Prices, given: rules.Prices) -> bool:
    return {number.upper(): row[1:] for number, row in stored.items()} == {
        number: row[1:] for number, row in given.items()
    }


def _values(row: PriceRow) -> dict[str, Any]:
    return {
        "name": row.name, "spec": row.spec, "part_group": row.group or "", "unit": row.unit, "must_return": row.must_return,
    }  # fmt: skip


def _changes(row: PriceRow, known: dict[str, Any], categories: dict[str, int]) -> bool:
    """Whether a known part would be brought up to date; a list without categories leaves the part's own."""
    part = known.get(row.number.upper())
    if part is None:
        return False
    moved = row.category is not None and categories.get(row.category, -1) != part.category_id
    return moved or any(getattr(part, name) != value for name, value in _values(row).items())


# ------------------------------------------------------------------------------------------------ writing


def _parts(session: Session, plan: _Plan) -> dict[str, int]:
    """Make and bring up to date what the list names; returns the parts' ids by number in capitals."""
    rows = plan.sheet.rows
    categories, _made = ensure_categories(session, [row.category for row in rows if row.category])
    wanted: dict[str, str | None] = {}
    for row in rows:
        for model in row.models:
            wanted[model] = wanted.get(model) or row.category
    models, _made = ensure_models(session, wanted, categories)
    ids = {number: part.id for number, part in plan.known.items()}
    fresh, moved = [], []
    for row in rows:
        part = plan.known.get(row.number.upper())
        values = _values(row)
        if part is None:
            initials, full = rules.pinyin(row.name)
            category_id = categories[row.category] if row.category else None
            fresh.append(
                {**values, "number": row.number, "category_id": category_id, "initials": initials, "pinyin": full}
            )
        elif _changes(row, plan.known, plan.category_ids):
            initials, full = rules.pinyin(row.name)
            category_id = categories[row.category] if row.category else part.category_id
            moved.append(
                {
                    **values,
                    "brand_id": part.brand_id,
                    "id": part.id,
                    "category_id": category_id,
                    "initials": initials,
                    "pinyin": full,
                }
            )
    if fresh:
        made = session.execute(insert(Part).returning(Part.number, Part.id), fresh)
        ids |= {number.upper(): found for number, found in made}
    if moved:
        session.execute(update(Part), moved)
    fits = {(ids[row.number.upper()], models[model.upper()]) for row in rows for model in row.models}
    missing = sorted(fits - queries.fits(session))
    if missing:
        session.execute(
            insert(PartModel).returning(PartModel.id),
            [{"part_id": part_id, "model_id": model_id} for part_id, model_id in missing],
        )
    return ids


def _version(session: Session, actor: Actor, plan: _Plan, *, at: datetime) -> PriceList:
    """The new version in its place; what it ends or replaces gives way first, or their days would meet."""
    place, first_day = plan.place, plan.sheet.first_day
    if place is None or first_day is None:  # refused before: a sheet without either has problems
        raise Refused("load-bad-file")
    if place.replaces is not None:
        session.execute(update(PriceList).where(PriceList.id == place.replaces.key).values(withdrawn_at=at))
    if place.ends is not None:
        session.execute(update(PriceList).where(PriceList.id == place.ends.key).values(to_day=first_day))
    listed = PriceList(
        version=plan.version, title=plan.sheet.title, from_day=first_day, to_day=place.to_day, loaded_at=at,
        loaded_by=actor.name, withdrawn_at=None,
    )  # fmt: skip
    session.add(listed)
    session.flush()
    return listed
