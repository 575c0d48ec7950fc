"""Password hashes: argon2id at OWASP's minimum (19 MiB, t=2, p=1), two at a time so that a flood cannot eat the memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.core.errors import PortalError

QUEUE = 16  # more than that many waiting in one process are sent away: a second's work, and no thread is left for pages
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_turns = threading.BoundedSemaphore(2)
_waiting = threading.BoundedSemaphore(QUEUE)
# Verified when the login is unknown, so that an answer takes the same time (AN3).
_NOBODY = _hasher.hash("nobody has this password")


class PasswordsBusy(PortalError):
    """Too many passwords are being looked at: come back in a few seconds (503)."""


@contextmanager
def _turn() -> Iterator[None]:
    if not _waiting.acquire(blocking=False):
        raise PasswordsBusy
    try:
        _turns.acquire()
    finally:
        _waiting.release()
    try:
        yield
    finally:
        _turns.release()


def hashed(password: str) -> str:
    """The argon2id hash of ``password``. Raises PasswordsBusy."""
    with _turn():
        return _hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether ``password`` is the one behind ``stored``; None (unknown login) takes as long and is False. Raises PasswordsBusy."""
    with _turn():
        try:
            return _hasher.verify(stored or _NOBODY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
