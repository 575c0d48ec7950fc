"""What the tests of orders' pages type and read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from portal.core.db import db
from portal.orders import queries
from portal.orders.models import Order
from tests.factories.world import World


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database was asked meanwhile, without what opens a scope or a session."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if "set_config" not in statement and "session_load" not in statement and "login_places" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def every_statement() -> Iterator[list[str]]:
    """Everything the database was asked meanwhile, the session and the scope too."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def line(index: int, part: str, quantity: object, purpose: str = "stock", serial: str = "") -> dict[str, str]:
    stem = f"lines-{index}-"
    return {f"{stem}part": part, f"{stem}quantity": str(quantity), f"{stem}purpose": purpose, f"{stem}serial": serial}


def text_of(answer) -> str:
    return answer.get_data(as_text=True)


def find(world: World, number: str) -> Order:
    with world.as_(world.hq.auditor) as session:
        return queries.order(session, number)
