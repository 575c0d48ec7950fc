"""What every act on a month's settlement does first and last: take turns, lock, ask the workflow, note what happened.

Whatever the act, "already-posted" is answered before anything else (R54). All acts of a brand take one
advisory lock, so that of two at once the second is told "settlement-running"; the unique (brand, month),
the row's lock and the journal's key hold without it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NoReturn

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.core import audit
from portal.core.errors import Refused
from portal.core.months import first_of
from portal.core.permissions import Actor
from portal.settlement import queries
from portal.settlement.models import Settlement, SettlementState
from portal.settlement.workflow import SETTLEMENT

_ALONE = text("SELECT pg_try_advisory_xact_lock(7301, CAST(:brand AS integer))")


def said(month: date) -> str:
    """A month as sentences and events carry it: 2026-10."""
    return f"{month:%Y-%m}"


def unposted(session: Session, month: date) -> Settlement | None:
    """The settlement of ``month``, or None; refuses "already-posted" before anything else is asked (R54)."""
    found = queries.settlement(session, month)
    if found is not None and found.state == SettlementState.POSTED:
        _already(found)
    return found


def _already(found: Settlement) -> NoReturn:
    raise Refused("already-posted", number=found.number, month=said(found.month), by=found.posted_by)


def locked(session: Session, month: date) -> Settlement | None:
    """The row under its lock, read afresh; whoever came first may have posted it by now."""
    found = queries.for_update(session, month)
    if found is not None and found.state == SettlementState.POSTED:
        _already(found)
    return found


def alone(session: Session, actor: Actor) -> None:
    """Take the brand's turn until the commit, or refuse "settlement-running"."""
    if not session.scalar(_ALONE, {"brand": actor.scope.brand_id}):
        raise Refused("settlement-running")


def for_step(
    session: Session, actor: Actor, month: date, step: str, *, lines_agree: bool = True, seen: int | None = None
) -> Settlement:
    """The locked settlement that ``step`` may be taken from; nothing has changed yet when this refuses."""
    month = first_of(month)
    if unposted(session, month) is None:
        raise Refused("not-prepared", month=said(month))
    alone(session, actor)
    if (found := locked(session, month)) is None:
        raise Refused("not-prepared", month=said(month))
    if why := SETTLEMENT.refusal(step, found, actor):
        raise Refused(why, step=step, state=str(found.state))
    if seen is not None and seen != found.ver:
        raise Refused("changed-meanwhile")
    if lines_agree and queries.statements_differ(session, found):
        raise Refused("prepare-again", number=found.number, month=said(found.month))
    return found


def void_check(found: Settlement) -> None:
    """Nobody has found it right any more."""
    found.checked_at = found.checked_by = found.checked_login = None


def given(reason: str) -> str:
    """The reason without blanks around it; refuses "reason-needed"."""
    if not (why := reason.strip()):
        raise Refused("reason-needed", field="reason")
    return why


def note(
    session: Session,
    actor: Actor,
    step: str,
    found: Settlement,
    at: datetime,
    before: str | None,
    **facts: Any,
) -> None:
    """One event on the settlement's timeline, with the figures it was taken for. HQ's own: a dealer reads its statement."""
    audit.record(
        session, actor, f"settlement:{step}", found, at=at, before=before, after=found.state.value, public=False,
        month=said(found.month), lines=found.lines, dealers=found.dealers, amount=found.amount, **facts,
    )  # fmt: skip
