"""What every load shares: it begins under a lock, makes the categories and models it names, and leaves one event."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from portal.catalog import queries
from portal.catalog.models import Category, ProductModel
from portal.catalog.rules import Loaded
from portal.core import audit
from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission
from portal.core.tables import Sheet

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7311, :brand)")


def begin_load(session: Session, actor: Actor) -> None:
    """One load of a brand at a time: two that meet are asked one after the other, the second sees what the first did.

    Refuses "permission-missing". The lock ends with the transaction.
    """
    if not actor.may(Permission.CATALOG_LOAD):
        raise Refused("permission-missing", step="load")
    session.execute(_ONE_AT_A_TIME, {"brand": actor.scope.brand_id})


def refuse_bad(sheet: Sheet[Any]) -> None:
    """R11: all or nothing. Refuses "load-bad-rows" with their numbers, or "load-bad-file" when no single row is to blame."""
    if sheet.ok:
        return
    if sheet.bad_rows:
        raise Refused("load-bad-rows", count=len(sheet.bad_rows), rows=sheet.bad_rows[:20])
    raise Refused("load-bad-file")


def finish_load(session: Session, actor: Actor, act: str, subject: Any, done: Loaded, *, at: datetime) -> Loaded:
    """One event for the whole load, with its counts; headquarters' own (R3)."""
    session.flush()
    session.expire_all()  # parts, models and dealers of this session are read anew: statements changed them
    if subject is not None:
        session.refresh(subject)
    facts = done.facts()
    del facts["kind"]  # the act says it
    more = {name: value for name, value in facts.pop("more").items() if name not in facts}
    audit.record(session, actor, act, subject, at=at, public=False, **facts, **more)
    return done


def ensure_categories(session: Session, names: Collection[str]) -> tuple[dict[str, int], int]:
    """Every category's id by name, those of ``names`` among them; and how many had to be made."""
    known = queries.category_ids(session)
    missing = [{"name": name} for name in dict.fromkeys(names) if name not in known]
    if missing:
        made = session.execute(insert(Category).returning(Category.name, Category.id), missing)
        known |= {row.name: row.id for row in made}
    return known, len(missing)


def ensure_models(
    session: Session, wanted: Mapping[str, str | None], categories: Mapping[str, int]
) -> tuple[dict[str, int], int]:
    """Every model's id by its name in capitals, and how many were made. ``wanted``: name → category, None where unknown.

    A model keeps the category it has; one without a category takes the one that is given.
    """
    known = {name.upper(): (found, category) for name, (found, category) in queries.model_rows(session).items()}
    missing: dict[str, dict[str, Any]] = {}
    dress: list[dict[str, Any]] = []
    for name, category in wanted.items():
        category_id = categories[category] if category else None
        found = known.get(name.upper())
        if found is None:
            made_once = missing.setdefault(name.upper(), {"name": name, "category_id": category_id})
            made_once["category_id"] = made_once["category_id"] or category_id
        elif found[1] is None and category_id is not None:
            dress.append({"id": found[0], "category_id": category_id})
    ids = {name: found for name, (found, _category) in known.items()}
    if missing:
        made = session.execute(
            insert(ProductModel).returning(ProductModel.name, ProductModel.id), list(missing.values())
        )
        ids |= {name.upper(): found for name, found in made}
    for each in dress:  # once in a model's life, and models are few
        session.execute(
            update(ProductModel).where(ProductModel.id == each["id"]).values(category_id=each["category_id"])
        )
    return ids, len(missing)
