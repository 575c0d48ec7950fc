"""The way out of a brand and back within one transaction: logins belong to none, yet their acts are audited where they happen (R3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from portal.core import scope as scopes

_LEAVE = text("SELECT set_config('role', 'none', true)")


@contextmanager
def outside(session: Session) -> Iterator[Connection]:
    """The session's own transaction as portal_web, which alone may call the windows on logins; afterwards it is in its brand again."""
    session.flush()
    connection = session.connection()
    connection.execute(_LEAVE)
    yield connection
    scopes.enter(connection, session.info["scope"])
