"""The portal's only source of now and today (domain.md section 11).

Business time may be frozen (``PORTAL_CLOCK``, tests, the demo); what protects — expiry of contexts,
sessions, throttling — always asks :func:`machine_now`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_frozen: ContextVar[datetime | None] = ContextVar("portal_clock", default=None)
_process_wide: list[datetime] = []
_lock = threading.Lock()


def machine_now() -> datetime:
    """The machine's instant in UTC, never frozen."""
    return datetime.now(UTC)


def now() -> datetime:
    """The portal's instant in UTC: frozen if somebody froze it, else the machine's."""
    if (here := _frozen.get()) is not None:
        return here
    return _process_wide[0] if _process_wide else machine_now()


def stands() -> bool:
    """Whether somebody froze business time, so that it is not the machine's."""
    return _frozen.get() is not None or bool(_process_wide)


def today(zone: ZoneInfo) -> date:
    """The business day in ``zone``."""
    return day(now(), zone)


def day(at: datetime, zone: ZoneInfo) -> date:
    """The day on which the instant ``at`` falls in ``zone``."""
    return at.astimezone(zone).date()


def start_of(on: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of the day ``on`` in ``zone``."""
    return datetime(on.year, on.month, on.day, tzinfo=zone).astimezone(UTC)


def freeze_process(at: datetime | None) -> None:
    """Freeze business time for the whole process (the ``PORTAL_CLOCK`` setting); None lets it run."""
    if at is not None and at.tzinfo is None:
        raise ValueError("the clock needs an instant with an offset, for example 2026-11-03T02:00:00+08:00")
    with _lock:
        _process_wide[:] = [] if at is None else [at.astimezone(UTC)]


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Freeze business time within this context only (tests and the demo's player)."""
    if at.tzinfo is None:
        raise ValueError("the clock needs an instant with an offset")
    token = _frozen.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
