"""Fault codes come in: new ones are made, known ones brought up to date, none is ever removed (documents name them)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from portal.catalog import queries
from portal.catalog.actions.names import begin_load, ensure_categories, finish_load, refuse_bad
from portal.catalog.models import FaultCode
from portal.catalog.rules import Examined, FaultRow, Loaded
from portal.core.permissions import Actor
from portal.core.tables import Sheet


def examine_faults(session: Session, actor: Actor, sheet: Sheet[FaultRow], *, at: datetime) -> Examined[FaultRow]:
    """What loading these codes would do; changes nothing."""
    known = queries.fault_rows(session)
    categories = queries.category_ids(session)
    new = sum(row.code.upper() not in known for row in sheet.rows)
    changed = sum(_changes(row, known, categories) for row in sheet.rows)
    made = len({row.category for row in sheet.rows if row.category} - categories.keys())
    effect = Loaded(
        "faults", len(sheet.rows), new=new, changed=changed, same=len(sheet.rows) - new - changed,
        nothing=not (new or changed), more={"categories": made},
    )  # fmt: skip
    return Examined(sheet, effect)


def load_faults(session: Session, actor: Actor, sheet: Sheet[FaultRow], *, at: datetime) -> Loaded:
    """Take the fault codes whole or not at all (R11, R15); categories they name are made. Refuses "load-bad-rows"."""
    begin_load(session, actor)
    examined = examine_faults(session, actor, sheet, at=at)
    refuse_bad(examined.sheet)
    if examined.effect.nothing:
        return examined.effect
    known, before = queries.fault_rows(session), queries.category_ids(session)
    categories, _made = ensure_categories(session, [row.category for row in sheet.rows if row.category])
    fresh, moved = [], []
    for row in sheet.rows:
        values = {"name": row.name, "category_id": categories[row.category] if row.category else None}
        if (fault := known.get(row.code.upper())) is None:
            fresh.append({**values, "code": row.code})
        elif _changes(row, known, before):
            moved.append({**values, "brand_id": actor.scope.brand_id, "id": fault[0]})
    if fresh:
        session.execute(insert(FaultCode).returning(FaultCode.id), fresh)
    if moved:
        session.execute(update(FaultCode), moved)
    return finish_load(session, actor, "faults:load", None, examined.effect, at=at)


def _changes(row: FaultRow, known: dict[str, tuple[int, str, int | None]], categories: dict[str, int]) -> bool:
    fault = known.get(row.code.upper())
    if fault is None:
        return False
    category_id = categories.get(row.category, -1) if row.category else None
    return fault[1:] != (row.name, category_id)
