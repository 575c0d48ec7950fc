"""Who did what, in the same transaction (R3). Nobody can edit or delete an event: the database refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Index, Table, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core.db import Owned
from portal.core.permissions import Actor


class AuditEvent(Owned):
    """One event. ``address`` is never readable by a dealer (column grant); dealers read public events of their rows."""

    __tablename__ = "audit_events"

    dealer_id: Mapped[int | None]
    at: Mapped[datetime]
    member_id: Mapped[int]
    login_id: Mapped[int | None]
    actor_name: Mapped[str]
    actor_roles: Mapped[str]
    side: Mapped[str]
    via: Mapped[str]
    act: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int | None]
    subject_number: Mapped[str | None]
    before: Mapped[str | None]
    after: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    public: Mapped[bool]
    address: Mapped[str | None]

    @classmethod
    def constraints(cls) -> tuple[object, ...]:
        return (
            Index(None, "brand_id", "subject_kind", "subject_id", "id"),
            Index(None, "brand_id", "dealer_id", "id"),
            Index(None, "brand_id", "at", "id"),
        )


# inline: no RETURNING, which would ask the reader's policy of an event that only headquarters may read
_ADD = insert(cast("Table", AuditEvent.__table__)).inline()


def record(
    session: Session,
    actor: Actor,
    act: str,
    subject: Any = None,
    *,
    at: datetime,
    kind: str | None = None,
    dealer_id: int | None = None,
    before: str | None = None,
    after: str | None = None,
    public: bool = True,
    **facts: object,
) -> None:
    """Write one event: ``act`` is "order:debit"; the subject's kind is the part before the colon unless given.

    ``subject`` is a stored row (its id, number and dealer are taken from it) or None for acts on no single row.
    """
    said = event(
        actor, act, subject, at=at, kind=kind, dealer_id=dealer_id, before=before, after=after, public=public, **facts
    )
    session.execute(_ADD, said)


def event(
    actor: Actor,
    act: str,
    subject: Any = None,
    *,
    at: datetime,
    kind: str | None = None,
    dealer_id: int | None = None,
    before: str | None = None,
    after: str | None = None,
    public: bool = True,
    **facts: object,
) -> dict[str, Any]:
    """What :func:`record` writes, by column, for a statement that writes the subject and its events at once (:data:`EVENTS`)."""
    return {
        "brand_id": actor.scope.brand_id,
        "dealer_id": dealer_id if dealer_id is not None else getattr(subject, "dealer_id", None),
        "at": at,
        "member_id": actor.scope.member_id,
        "login_id": actor.login_id,
        "actor_name": actor.name,
        "actor_roles": ",".join(actor.roles),
        "side": "system" if actor.is_system else actor.side,
        "via": actor.via,
        "act": act,
        "subject_kind": kind or act.partition(":")[0],
        "subject_id": getattr(subject, "id", None),
        "subject_number": getattr(subject, "number", None),
        "before": before,
        "after": after,
        "facts": {name: plain(value) for name, value in facts.items()},
        "public": public,
        "address": actor.address,
    }


# SQL that writes the events of ``:events`` (see :func:`as_json`) about the row that a CTE named ``made`` returns.
_SAID = [
    column.name for column in cast("Table", AuditEvent.__table__).columns if column.name not in {"id", "subject_id"}
]
EVENTS = f"""INSERT INTO audit_events (subject_id, {", ".join(_SAID)})
    SELECT made.id, {", ".join(f"said.{name}" for name in _SAID)}
    FROM made, jsonb_populate_recordset(NULL::audit_events, CAST(:events AS jsonb)) said"""  # noqa: S608 - names of ours


def as_json(events: Sequence[Mapping[str, Any]]) -> str:
    """Events as :data:`EVENTS` takes them."""
    return json.dumps(events, default=datetime.isoformat, ensure_ascii=False)


def plain(value: object) -> object:
    """A value as JSON keeps it: money and days as text."""
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | str | float) else str(value)
