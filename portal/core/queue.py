"""Work that runs by itself: jobs left by a business act, and what the clock makes due (ADR 0012, docs/concepts/jobs.md).

A job is a row written in the act's own transaction, so it is there if, and only if, the act is (JO3). It carries the sealed
scope of whoever left it, and is refused before any SQL without one (JO4). Packages name their jobs in ``jobs.py``:
``@task`` for what is left to do, ``@clockwork`` for what becomes due by the brand's own clock. ``portal/worker.py`` runs both.

A job may run twice (its worker was killed after the commit): what it does must be there once all the same, by a document's
state, a unique key, or :func:`first_time`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core import scope as scopes
from portal.core.db import CURRENT_BRAND, Base
from portal.core.errors import PortalError
from portal.core.permissions import Actor
from portal.core.scope import Scope

TRIES = 6  # at 10 s, 40 s, 2:40, 10:40, 42:40 after the first: then it is failed, and people see it (JO2)

_DEFER = text("SELECT job_defer(:task, :args, :once, :run_at)").bindparams(bindparam("args", type_=JSONB))


class Forged(PortalError):
    """A job without the signed scope of a tenant, or with another's: never run, never tried again (JO4)."""


class DoneOnce(Base):
    """A mark that something was done: written with it, so that a job that runs twice does it once."""

    __tablename__ = "done_once"

    brand_id: Mapped[int] = mapped_column(server_default=CURRENT_BRAND)
    key: Mapped[str]
    at: Mapped[datetime]
    __table_args__ = (
        PrimaryKeyConstraint("brand_id", "key"),
        ForeignKeyConstraint(["brand_id"], ["brands.id"]),
    )


@dataclass(frozen=True, slots=True)
class Job:
    """Whose job it is, as the seal says: ``asked_by`` is the scope of the act that left it."""

    asked_by: Scope
    task: str
    given: Mapping[str, Any]

    @property
    def headquarters(self) -> Scope:
        """The system at the brand's headquarters: as what most jobs act, also those that a dealer's act left."""
        return Scope(self.asked_by.brand_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a piece of clockwork did, or why it could not: ``what`` is a code, ``facts`` plain values.

    ``again``: said before, and not written to the log every minute.
    """

    what: str
    facts: Mapping[str, Any]
    well: bool = True
    again: bool = False


Act = Callable[..., None]
Clockwork = Callable[[Actor, datetime], Iterable[Outcome]]


@dataclass(frozen=True, slots=True)
class Task:
    """``act(job, **given)`` opens its own unit of work. ``tries`` counts the first."""

    name: str
    act: Act
    tries: int


TASKS: dict[str, Task] = {}
CLOCKWORK: dict[str, Clockwork] = {}


def task(name: str, *, tries: int = TRIES) -> Callable[[Act], Act]:
    """Name a function that runs jobs: "package.what"."""

    def named(act: Act) -> Act:
        if name in TASKS and TASKS[name].act is not act:
            raise ValueError(f"two tasks are called {name}")
        TASKS[name] = Task(name, act, tries)
        return act

    return named


def clockwork(name: str) -> Callable[[Clockwork], Clockwork]:
    """Name a function that the tick asks for every brand: it looks for what is due and not done, and does it.

    It gets the brand's system actor and the portal's instant, opens its own units of work, and yields what it did.
    """

    def named(act: Clockwork) -> Clockwork:
        if name in CLOCKWORK and CLOCKWORK[name] is not act:
            raise ValueError(f"two pieces of clockwork are called {name}")
        CLOCKWORK[name] = act
        return act

    return named


def defer(
    session: Session, name: str, *, run_at: datetime | None = None, once: str | None = None, **given: Any
) -> None:
    """Leave a job in the session's own transaction: it runs after the commit, and never when that does not come (JO3).

    ``once`` is a key: while a job of this brand, task and key waits, a second one adds nothing. Only for work that looks
    at everything there is when it starts. ``run_at`` is an instant of the machine. ``given`` are plain JSON values.
    """
    payload = {"seal": scopes.seal(session.info["scope"]), "given": given}
    session.execute(_DEFER, {"task": name, "args": payload, "once": once, "run_at": run_at})


def defer_each(session: Session, name: str, given: Sequence[Mapping[str, Any]]) -> None:
    """Leave many jobs of one kind in the session's own transaction."""
    if given:
        seal = scopes.seal(session.info["scope"])
        rows = [
            {"task": name, "args": {"seal": seal, "given": dict(one)}, "once": None, "run_at": None} for one in given
        ]
        session.execute(_DEFER, rows)


def opened(name: str, payload: Mapping[str, Any]) -> Job:
    """The job in a stored payload. Raises Forged unless its seal is ours and of the brand and dealer that stored it."""
    seal, given = payload.get("seal"), payload.get("given")
    if not isinstance(seal, str) or not isinstance(given, dict):
        raise Forged(f"{name} carries no scope")
    try:
        scope = scopes.unseal(seal)
    except ValueError as error:
        raise Forged(f"{name} carries a scope that nobody signed") from error
    if (payload.get("brand"), payload.get("dealer")) != (scope.brand_id, scope.dealer_id):
        raise Forged(f"{name} carries another tenant's scope")
    return Job(scope, name, given)


def first_time(session: Session, key: str, *, at: datetime) -> bool:
    """Whether ``key`` is marked now for the first time in the session's brand (headquarters only).

    The mark stands or falls with the caller's transaction; whoever comes second waits for the first one's end.
    """
    done = insert(DoneOnce).values(brand_id=session.info["scope"].brand_id, key=key, at=at)
    return session.scalar(done.on_conflict_do_nothing().returning(DoneOnce.key)) is not None
