"""What happens to mails and jobs: people are told, a failed mail is sent again, a failed job tried again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Table, insert, text
from sqlalchemy.orm import Session

from portal.core import audit
from portal.core.audit import plain
from portal.core.errors import NotFound, Refused
from portal.core.outbox import SECRET_SECONDS, OutboxMessage, OutboxState
from portal.core.permissions import Actor, Permission
from portal.notices import queries

LINK_OVER = "link-over"  # why a mail was not sent: its one-time link ended, was used or replaced before it could leave

_WIPE = text("""
    UPDATE outbox SET
        secret = CASE WHEN state = 'waiting' AND secret_ends_at IS NULL THEN secret END,
        secret_ends_at = coalesce(secret_ends_at, clock_timestamp() + CAST(:life AS interval)),
        state = CASE WHEN state = 'waiting' AND secret_ends_at IS NOT NULL THEN 'failed' ELSE state END,
        error = CASE WHEN state = 'waiting' AND secret_ends_at IS NOT NULL THEN concat_ws(' ', CAST(:over AS text), error) ELSE error END
    WHERE id IN (SELECT o.id FROM outbox o WHERE o.secret IS NOT NULL AND (o.secret_ends_at IS NULL OR o.secret_ends_at <= clock_timestamp())
                 FOR UPDATE SKIP LOCKED)""")
_RETRY = text("SELECT job_retry(:id)")


def tell(
    session: Session,
    template: str,
    *,
    permission: Permission,
    facts: Mapping[str, object],
    at: datetime,
    dealer_id: int | None = None,
) -> int:
    """Write a mail to every member of the dealer (None: of headquarters) who holds ``permission`` and gave an address.

    Each in its own language. In the caller's own transaction: told only if it happened. Returns to how many. Two statements, one when nobody reads.
    """
    return tell_each(session, template, permission=permission, facts={dealer_id: facts}, at=at)


def tell_each(
    session: Session,
    template: str,
    *,
    permission: Permission,
    facts: Mapping[int | None, Mapping[str, object]],
    at: datetime,
) -> int:
    """The same for many dealers at once, each with its own facts; two statements, whatever their number."""
    dealers = {dealer for dealer in facts if dealer is not None}
    readers = queries.readers(session, permission, dealers or None)
    rows = [
        {
            "brand_id": session.info["scope"].brand_id, "dealer_id": dealer, "template": template, "recipient": address, "locale": locale,
            "facts": {name: plain(value) for name, value in facts[dealer].items()}, "secret": None, "state": OutboxState.WAITING,
            "tries": 0, "created_at": at,
        }
        for dealer, addresses in readers.items()
        for address, locale in addresses.items()
    ]  # fmt: skip
    if rows:
        session.execute(insert(cast("Table", OutboxMessage.__table__)).inline(), rows)
    return len(rows)


def wipe_secrets(session: Session) -> int:
    """Blank the one-time links that have ended, and give up the mails that wait with one; returns how many it changed.

    One statement. A mail that waits and says no end (an older process wrote it) is given one, as far off as a link works.
    """
    given = {"over": LINK_OVER, "life": timedelta(seconds=SECRET_SECONDS)}
    return cast("CursorResult[Any]", session.execute(_WIPE, given)).rowcount


def give_up(found: OutboxMessage, why: str) -> None:
    """A mail that is not tried any more: why, and its one-time link goes with it."""
    found.state, found.error, found.secret = OutboxState.FAILED, why, None


def send_again(session: Session, actor: Actor, message_id: int, *, at: datetime) -> OutboxMessage:
    """Let a failed mail be tried again from the beginning. Locks it.

    Refuses "permission-missing", "mail-not-failed", and "mail-link-over" for one that carried a one-time link: it is gone, and
    whoever needs one asks for another.
    """
    _require(actor, Permission.OUTBOX_READ)
    found = queries.message_for_update(session, message_id)
    if found.state is not OutboxState.FAILED:
        raise Refused("mail-not-failed")
    if found.secret_ends_at is not None or found.secret is not None:
        raise Refused("mail-link-over")
    found.state, found.tries, found.not_before = OutboxState.WAITING, 0, None
    session.flush()
    audit.record(
        session, actor, "outbox:send_again", found, at=at, public=False, before=str(OutboxState.FAILED),
        after=str(found.state), template=found.template,
    )  # fmt: skip
    return found


def retry_job(session: Session, actor: Actor, job_id: int, *, at: datetime) -> str:
    """Let a failed job of this brand run again, with all its tries before it; returns its task's name.

    Refuses "permission-missing"; NotFound for a job that is not there, not ours, or did not fail.
    """
    _require(actor, Permission.JOB_READ)
    if job_id >= 2**63:  # no column holds it
        raise NotFound
    name = session.scalar(_RETRY, {"id": job_id})
    if name is None:
        raise NotFound
    audit.record(
        session, actor, "job:retry", None, at=at, public=False, before="failed", after="todo", job=job_id, task=name
    )
    return str(name)


def _require(actor: Actor, permission: Permission) -> None:
    if not actor.may(permission):
        raise Refused("permission-missing")
