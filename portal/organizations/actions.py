"""What happens to dealers and terms. A dealer's account is the ledger's: ``portal.catalog.actions.load_dealers`` opens it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from portal.core import audit
from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission
from portal.core.terms import TermValue, value
from portal.organizations import queries
from portal.organizations.models import Dealer
from portal.organizations.rules import DealerRow, changes, values


def enter_dealers(session: Session, actor: Actor, rows: Sequence[DealerRow], *, at: datetime) -> dict[str, int]:
    """Make the dealers that are new, bring known ones up to date; returns the ids by code in capitals.

    Part of a load, which holds its lock, asks the permission and records it.
    """
    known = queries.dealer_rows(session)
    ids = {code: row.id for code, row in known.items()}
    fresh: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for row in rows:
        dealer = known.get(row.code.upper())
        if dealer is None:
            fresh.append({**values(row), "code": row.code, "created_at": at})
        elif changes(row, dealer):
            moved.append({**values(row), "brand_id": dealer.brand_id, "id": dealer.id})
    if fresh:
        made = session.execute(insert(Dealer).returning(Dealer.code, Dealer.id), fresh)
        ids |= {code.upper(): found for code, found in made}
    if moved:
        session.execute(update(Dealer), moved)
    return ids


def set_term(session: Session, actor: Actor, name: str, *, new: int, from_day: date, at: datetime) -> TermValue:
    """Give a term another value from a day on; what was decided before keeps the value of its day.

    Refuses "permission-missing", "term-out-of-limits", "term-day-past" (the past keeps its numbers) and
    "term-unchanged". The same first day again replaces what was set for it; the audit event keeps both.
    """
    if not actor.may(Permission.TERM_SET):
        raise Refused("permission-missing", step="set")
    term = queries.term(name)
    if not term.low <= new <= term.high:
        raise Refused("term-out-of-limits", field="value", low=term.low, high=term.high)
    if from_day < actor.day(at):
        raise Refused("term-day-past", field="from_day", day=from_day)
    before = value(session, term, on=from_day)
    if new == before:
        raise Refused("term-unchanged", field="value", day=from_day, value=new)
    history = queries.term_history(session, name)
    found = next((each for each in history if each.from_day == from_day), None)
    if found is None:
        found = TermValue(name=name, from_day=from_day, value=new, set_at=at, set_by=actor.name)
        session.add(found)
    else:
        found.value, found.set_at, found.set_by = new, at, actor.name
    session.flush()
    audit.record(
        session, actor, "term:set", found, at=at, public=False, before=str(before), after=str(new),
        name=name, value=new, value_before=before, from_day=from_day,
    )  # fmt: skip
    return found
