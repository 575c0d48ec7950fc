"""One act, however often it is asked for: the first reply is kept and shown again (reliability.md CO2, CO6).

A request that acts names itself by a key: an API call by its ``Idempotency-Key``, a form by the one-time key it was
rendered with. The reply is stored in the act's own transaction, so the act and its reply are there together or not at all.
Keys are a member's own and kept for seven days of the machine's time.
"""

from __future__ import annotations

import hashlib
import json
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

# As the driver takes them: they stand in every act, and there is nothing to compile.
_TAKE = """
    INSERT INTO kept_replies AS k (dealer_id, member_id, kind, key, fingerprint, status, headers, body, kept_at)
    VALUES (%(dealer)s, %(member)s, %(kind)s, %(key)s, %(asked)s, 0, '{}', '', %(now)s)
    ON CONFLICT (brand_id, member_id, kind, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, status = 0, headers = '{}', body = '', kept_at = excluded.kept_at
        WHERE k.kept_at <= %(over)s
    RETURNING id"""
_KEEP = """
    UPDATE kept_replies SET status = %(status)s, headers = CAST(%(headers)s AS jsonb), body = %(body)s
    WHERE member_id = %(member)s AND kind = %(kind)s AND key = %(key)s"""
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
    """The reply that this key was given, or None: then the key is the caller's, who calls :func:`keep` before the commit.

    A page's second request waits for the first; an API's is refused with "still-running" (409). Refuses
    "key-reused" (422) when the key was used for something else than ``asked``.
    """
    scope = session.info["scope"]
    if kind == "api" and not session.scalar(_TRY, {"name": f"{scope.brand_id}.{scope.member_id}.{key}"}):
        raise Refused("still-running")
    now = clock.machine_now()
    # The first writer's row makes others wait here until it is committed or gone; a row past its time is taken over.
    mine = session.connection().exec_driver_sql(
        _TAKE,
        {"dealer": scope.dealer_id, "member": scope.member_id, "kind": kind, "key": key, "asked": asked, "now": now, "over": now - KEPT},
    )  # fmt: skip
    if mine.first() is not None:
        return None
    found = session.execute(
        select(KeptReply.fingerprint, KeptReply.status, KeptReply.headers, KeptReply.body).where(
            KeptReply.member_id == scope.member_id, KeptReply.kind == kind, KeptReply.key == key
        )
    ).one()
    if found.fingerprint != asked:
        raise Refused("key-reused")
    return Reply(found.status, dict(found.headers), found.body)


def keep(session: Session, kind: Kind, key: str, reply: Reply) -> None:
    """Write down what the key is answered, in the act's own transaction."""
    session.connection().exec_driver_sql(
        _KEEP,
        {
            "member": session.info["scope"].member_id, "kind": kind, "key": key, "status": reply.status,
            "headers": json.dumps(reply.headers), "body": reply.body,
        },
    )  # fmt: skip


def forget_old(session: Session) -> int:
    """Delete what was kept for over seven days, of the session's brand; returns how many."""
    gone = session.execute(delete(KeptReply).where(KeptReply.kept_at <= clock.machine_now() - KEPT))
    return int(getattr(gone, "rowcount", 0))
