"""Audit events as JSON, for headquarters."""

from __future__ import annotations

from typing import Any

from portal.web.api import Day, Given, Instant, Line, ListQuery


class AuditQuery(ListQuery):
    """Which events: of a kind of document, of a document's number, by a member's name, of a day."""

    kind: Line = ""
    number: Line = ""
    member: Line = ""
    day: Day | None = None


class EventOut(Given):
    """Who did what, when, from where, what stood before and after, and what else was noted (R3)."""

    at: Instant
    by: str
    roles: list[str]
    side: str
    via: str
    act: str
    kind: str
    number: str | None
    dealer: str | None
    before: str | None
    after: str | None
    facts: dict[str, Any]
    public: bool
    address: str | None

    @classmethod
    def of(cls, row: Any) -> EventOut:
        """From the trail's row."""
        return cls(
            at=row.at, by=row.actor_name, roles=[role for role in row.actor_roles.split(",") if role], side=row.side, via=row.via,
            act=row.act, kind=row.subject_kind, number=row.subject_number, dealer=row.dealer_code, before=row.before, after=row.after,
            facts=row.facts, public=row.public, address=row.address,
        )  # fmt: skip
