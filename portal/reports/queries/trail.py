"""The audit trail of a brand, newest first (R3). Only headquarters may read the addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.organizations.models import Dealer

Event = Row[Any]


@dataclass(frozen=True, slots=True)
class TrailFilters:
    """What the address of the page asks for; "" and None ask for everything."""

    kind: str = ""
    number: str = ""
    member: str = ""
    day: date | None = None


def trail(
    session: Session, filters: TrailFilters, *, zone: ZoneInfo, before_id: int | None = None, limit: int = 51
) -> list[Event]:
    """Events older than ``before_id``, with the dealer they belong to and the address they came from. One statement."""
    wanted: Any = select(
        AuditEvent.id, AuditEvent.at, AuditEvent.actor_name, AuditEvent.actor_roles, AuditEvent.side, AuditEvent.via, AuditEvent.act,
        AuditEvent.subject_kind, AuditEvent.subject_number, AuditEvent.before, AuditEvent.after, AuditEvent.facts, AuditEvent.public,
        AuditEvent.address, Dealer.code.label("dealer_code"), Dealer.name.label("dealer_name"),
    ).outerjoin(Dealer, and_(Dealer.brand_id == AuditEvent.brand_id, Dealer.id == AuditEvent.dealer_id))  # fmt: skip
    if filters.kind:
        wanted = wanted.where(AuditEvent.subject_kind == filters.kind)
    if filters.number:
        wanted = wanted.where(AuditEvent.subject_number == filters.number.upper())
    if filters.member:
        wanted = wanted.where(AuditEvent.actor_name.contains(filters.member, autoescape=True))
    if filters.day is not None:
        begin, end = clock.start_of(filters.day, zone), clock.start_of(filters.day + timedelta(days=1), zone)
        wanted = wanted.where(AuditEvent.at >= begin, AuditEvent.at < end)
    if before_id is not None:
        wanted = wanted.where(AuditEvent.id < before_id)
    return list(session.execute(wanted.order_by(AuditEvent.id.desc()).limit(limit)))
