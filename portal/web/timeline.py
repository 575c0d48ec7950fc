"""A document's audit events as its timeline, newest first (R3): who, when, what, in the reader's language."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from portal.core.audit import AuditEvent
from portal.web.errors import ACTS, _Facts, _said
from portal.web.formats import moment, money
from portal.web.labels import roles_said

LIMIT = 200
_BAD = ("send_back", "dispute", "reject", "refuse", "cancel", "withdraw", "want", "reverse")
_REASONS = ("reason", "note", "answer")
_COLUMNS = (
    AuditEvent.id, AuditEvent.at, AuditEvent.actor_name, AuditEvent.actor_roles, AuditEvent.side, AuditEvent.via, AuditEvent.act,
    AuditEvent.subject_kind, AuditEvent.subject_number, AuditEvent.before, AuditEvent.after, AuditEvent.facts, AuditEvent.public,
)  # fmt: skip


def timeline(session: Session, kind: str, subject_id: int) -> list[dict[str, Any]]:
    """Events of one document for the ``log`` macro. One statement, at most 200 events; a dealer sees the public ones."""
    rows = session.execute(
        select(*_COLUMNS)
        .where(AuditEvent.subject_kind == kind, AuditEvent.subject_id == subject_id)
        .order_by(AuditEvent.id.desc())
        .limit(LIMIT)
    ).all()
    return [event(row) for row in rows]


def event(row: Row[Any]) -> dict[str, Any]:
    """One event in words: ``what``, ``who``, ``role``, ``quote`` (a reason given), ``when``, ``tone``."""
    step = row.act.partition(":")[2]
    facts = row.facts or {}
    quote = next((str(facts[name]) for name in _REASONS if facts.get(name)), "")
    return {
        "what": said(row.act, facts),
        "who": who(row),
        "role": roles_said(row.actor_roles.split(",")) if row.actor_roles else "",
        "quote": quote,
        "when": moment(row.at),
        "tone": "bad" if step in _BAD else "",
    }


def who(row: Row[Any]) -> str:
    """The name behind an event; the system and the command line are said so."""
    if row.side == "system":
        return _("System") if row.via != "command" else _("Command line")
    return _("Command line, for %(name)s", name=row.actor_name) if row.via == "command" else str(row.actor_name)


def said(act: str, facts: dict[str, Any]) -> str:
    """An act in words; its code where a package forgot them (a test finds that)."""
    words = ACTS.get(act)
    return act if words is None else str(words) % _Facts({name: _fact(name, value) for name, value in facts.items()})


_AMOUNTS = ("amount", "total", "freight", "limit", "limit_before", "claimed", "approved", "goods", "missing")


def _fact(name: str, value: object) -> str:
    if name in _AMOUNTS and isinstance(value, str):
        try:
            return money(Decimal(value))
        except ArithmeticError:
            return value
    return _said(value)
