"""One act, however often it is asked for: the first reply is kept and shown again (reliability.md CO2, CO6).

A request that acts names itself by a key: an API call by its ``Idempotency-Key``, a form by the one-time key it was
rendered with. The reply is stored in the act's own transaction, so the act and its reply are there together or not at all.
Keys are a member's own and kept for seven days of the machine's time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Index, UniqueConstraint, delete, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core import clock
from portal.core.db import Owned
from portal.core.errors import Refused

KEPT = timedelta(days=7)
Kind = Literal["page", "api"]

_WAIT = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7302))")
_TRY = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 7302))")


class KeptReply(Owned):
    """What a key was answered. ``fingerprint`` is SHA-256 (hex) over what was asked; ``kept_at`` the machine's instant."""

    __tablename__ = "kept_replies"

    dealer_id: Mapped[int | None]
    member_id: Mapped[int]
    kind: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[str]
    kept_at: Mapped[datetime]

    @classmethod
    def constraints(cls) -> tuple[object, ...]:
        return (
            UniqueConstraint("brand_id", "member_id", "kind", "key"),
            Index(None, "brand_id", "kept_at"),
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it is shown again."""

    status: int
    headers: dict[str, str]
    body: str


def fingerprint(*parts: bytes | str) -> str:
    """What tells one request from another: SHA-256 (hex) over its parts, each with its length."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def first_reply(session: Session, kind: Kind, key: str, asked: str) -> Reply | None:
    """The reply that this key was given, or None: then it is the caller's until its transaction ends.

    A page's second request waits for the first; an API's is refused with "still-running" (409). Refuses
    "key-reused" (422) when the key was used for something else than ``asked``.
    """
    member = session.info["scope"].member_id
    brand = session.info["scope"].brand_id
    name = {"name": f"{brand}.{member}.{kind}.{key}"}
    if kind == "page":
        session.execute(_WAIT, name)
    elif not session.scalar(_TRY, name):
        raise Refused("still-running")
    found = session.execute(
        select(KeptReply.fingerprint, KeptReply.status, KeptReply.headers, KeptReply.body).where(
            KeptReply.member_id == member,
            KeptReply.kind == kind,
            KeptReply.key == key,
            KeptReply.kept_at > clock.machine_now() - KEPT,
        )
    ).one_or_none()
    if found is None:
        return None
    if found.fingerprint != asked:
        raise Refused("key-reused")
    return Reply(found.status, dict(found.headers), found.body)


def keep(session: Session, kind: Kind, key: str, asked: str, reply: Reply) -> None:
    """Store the reply beside the act itself; what the same key was answered over seven days ago gives way."""
    scope = session.info["scope"]
    session.execute(
        delete(KeptReply).where(
            KeptReply.member_id == scope.member_id,
            KeptReply.kind == kind,
            KeptReply.key == key,
            KeptReply.kept_at <= clock.machine_now() - KEPT,
        )
    )
    session.add(
        KeptReply(
            dealer_id=scope.dealer_id,
            member_id=scope.member_id,
            kind=kind,
            key=key,
            fingerprint=asked,
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            kept_at=clock.machine_now(),
        )
    )
    session.flush()


def forget_old(session: Session) -> int:
    """Delete what was kept for over seven days, of the session's brand; returns how many."""
    gone = session.execute(delete(KeptReply).where(KeptReply.kept_at <= clock.machine_now() - KEPT))
    return int(getattr(gone, "rowcount", 0))
