"""What the database was asked while a block ran."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from portal.core.db import db


@contextmanager
def counted(*without: str) -> Iterator[list[str]]:
    """The statements of the block, but for those in which one of these words stands (what opens a scope, for example)."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not any(word in statement for word in without):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
