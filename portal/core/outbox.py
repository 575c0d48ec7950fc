"""What leaves the portal: written in the business act's own transaction, sent after its commit (architecture.md, section 3).

A message is a template's name and plain facts; its words are made when it is sent or shown, in ``locale``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CheckConstraint, Index, Table, func, insert, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core.audit import plain
from portal.core.db import Owned, states

SECRET_SECONDS = 30 * 60  # as long as the links of an invitation and of a forgotten password work


class OutboxState(StrEnum):
    """Waiting to be sent, sent, or given up after its last try."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class OutboxMessage(Owned):
    """One mail to one address. ``not_before`` and ``secret_ends_at`` are the machine's instants.

    ``secret`` (a one-time link) is blanked once it was sent, given up or over; ``secret_ends_at`` and ``link_hash`` stay and
    say that there was one.
    """

    __tablename__ = "outbox"

    dealer_id: Mapped[int | None]  # whose people it is for; None: headquarters'
    template: Mapped[str]
    recipient: Mapped[str]
    locale: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secret: Mapped[str | None]
    secret_ends_at: Mapped[datetime | None]
    link_hash: Mapped[str | None]
    state: Mapped[OutboxState] = mapped_column(states(OutboxState))
    tries: Mapped[int]
    not_before: Mapped[datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    @classmethod
    def constraints(cls) -> tuple[object, ...]:
        return (
            CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at_its_instant"),
            Index(None, "brand_id", "state", "id"),
            Index("ix_outbox_live_secrets", "brand_id", "secret_ends_at", postgresql_where=text("secret IS NOT NULL")),
        )


def add(
    session: Session,
    *,
    template: str,
    to: str,
    facts: dict[str, object],
    at: datetime,
    locale: str = "zh_Hans_CN",
    secret: str | None = None,
    secret_seconds: int = SECRET_SECONDS,
    link_hash: str | None = None,
    dealer_id: int | None = None,
) -> None:
    """Put one mail into the outbox: it leaves if, and only if, the caller's transaction commits.

    ``template`` names ``templates/mail/<template>.txt``; ``locale`` is the reader's language; ``secret`` is what the mail carries
    and nobody may read afterwards, worth nothing after ``secret_seconds`` of the machine's time. With ``link_hash`` the mail leaves
    only while that link opens something.
    """
    # inline: no RETURNING, for a dealer may write what it may not read
    session.execute(
        insert(cast("Table", OutboxMessage.__table__))
        .inline()
        .values(
            brand_id=session.info["scope"].brand_id,
            dealer_id=dealer_id,
            template=template,
            recipient=to,
            locale=locale,
            facts={name: plain(value) for name, value in facts.items()},
            secret=secret,
            secret_ends_at=None if secret is None else func.clock_timestamp() + timedelta(seconds=secret_seconds),
            link_hash=link_hash,
            state=OutboxState.WAITING,
            tries=0,
            created_at=at,
        )
    )
