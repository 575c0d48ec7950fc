"""What can be seen of mails and jobs: every SELECT. Headquarters reads its own brand's; dealers read neither."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.core.errors import NotFound
from portal.core.outbox import OutboxMessage, OutboxState
from portal.core.permissions import Permission
from portal.identity.models import Member
from portal.identity.roles import permissions_of

_LIVES = text("SELECT link_lives(:hash)")
_JOBS = text("SELECT * FROM jobs_list(:wanted, :before, :most)")
_JOB_COUNTS = text("SELECT state, jobs, waiting_seconds FROM jobs_count()")


def readers(
    session: Session, permission: Permission, dealer_ids: Collection[int] | None
) -> dict[int | None, dict[str, str]]:
    """The members who hold ``permission`` and gave an address: by dealer (None: headquarters) each address with its language.

    An address that several people share is written to once, in the language of who came first.
    """
    side = Member.dealer_id.is_(None) if dealer_ids is None else Member.dealer_id.in_(sorted(dealer_ids))
    rows = session.execute(
        select(Member.dealer_id, Member.email, Member.locale, Member.roles)
        .where(side, Member.left_at.is_(None), Member.email.is_not(None))
        .order_by(Member.id)
    )
    found: dict[int | None, dict[str, str]] = {}
    for row in rows:
        if permission in permissions_of(row.roles):
            found.setdefault(row.dealer_id, {}).setdefault(row.email, row.locale)
    return found


def messages(
    session: Session, *, state: str = "", before: int | None = None, limit: int = 51
) -> Sequence[OutboxMessage]:
    """Mails, the newest first; ``before`` is the last id of the page before."""
    wanted = select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(limit)
    if state:
        wanted = wanted.where(OutboxMessage.state == OutboxState(state))
    if before is not None:
        wanted = wanted.where(OutboxMessage.id < before)
    return session.scalars(wanted).all()


def message(session: Session, message_id: int) -> OutboxMessage:
    """One mail; NotFound."""
    found = session.scalar(select(OutboxMessage).where(OutboxMessage.id == message_id))
    if found is None:
        raise NotFound
    return found


def message_for_update(session: Session, message_id: int) -> OutboxMessage:
    """The same, locked and read afresh."""
    found = session.scalar(
        select(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def next_to_send(session: Session, *, now: datetime) -> OutboxMessage | None:
    """The oldest mail to send now, locked; what another worker is sending is passed over. ``now`` is the machine's."""
    return session.scalar(
        select(OutboxMessage)
        .where(
            OutboxMessage.state == OutboxState.WAITING,
            OutboxMessage.not_before.is_(None) | (OutboxMessage.not_before <= now),
        )
        .order_by(OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def link_lives(session: Session, found: OutboxMessage) -> bool:
    """Whether the one-time link in a mail still opens something; True for a mail without one."""
    return found.link_hash is None or bool(session.scalar(_LIVES, {"hash": found.link_hash}))


def message_counts(session: Session) -> Mapping[str, int]:
    """How many mails are in each state."""
    rows = session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state))
    return {row[0].value: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as headquarters sees it. ``given`` are its plain arguments, ``error`` why it failed the last time."""

    id: int
    task: str
    dealer_id: int | None
    given: Mapping[str, Any]
    state: str
    attempts: int
    run_at: datetime | None
    queued_at: datetime | None
    ended_at: datetime | None
    error: str | None


def job_rows(session: Session, *, state: str = "", before: int | None = None, limit: int = 51) -> list[JobRow]:
    """The brand's jobs, the newest first."""
    rows = session.execute(_JOBS, {"wanted": state or None, "before": before, "most": limit})
    return [JobRow(**{**row, "given": row["given"] or {}}) for row in rows.mappings()]


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many jobs are in each state, and for how many seconds the longest has been waiting (JO5)."""

    by_state: Mapping[str, int]
    waiting_seconds: float


def job_counts(session: Session) -> JobCounts:
    """What stands over the list of jobs."""
    rows = session.execute(_JOB_COUNTS).all()
    return JobCounts(
        {row.state: row.jobs for row in rows}, max((row.waiting_seconds or 0.0 for row in rows), default=0.0)
    )
