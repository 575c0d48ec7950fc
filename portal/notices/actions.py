"""What happens to mails and jobs: people are told, a failed mail is sent again, a failed job tried again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Table, insert, text
from sqlalchemy.orm import Session

from portal.core import audit
from portal.core.audit import plain
from portal.core.errors import NotFound, Refused
from portal.core.outbox import OutboxMessage, OutboxState
from portal.core.permissions import Actor, Permission
from portal.notices import queries

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


def send_again(session: Session, actor: Actor, message_id: int, *, at: datetime) -> OutboxMessage:
    """Let a failed mail be tried again from the beginning. Locks it; refuses "permission-missing" and "mail-not-failed"."""
    _require(actor, Permission.OUTBOX_READ)
    found = queries.message_for_update(session, message_id)
    if found.state is not OutboxState.FAILED:
        raise Refused("mail-not-failed")
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
