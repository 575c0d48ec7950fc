"""How urgent what waits is, and in which order it stands (ui.md: oldest and most urgent first)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol, TypeVar

Tone = Literal["", "amber", "red"]
SOON_DAYS = 3  # from here on a deadline is amber; on its last day red
SLOW = timedelta(days=1)  # HQ answers within a day; what waits longer is amber, three times as long red

_NUMBER = re.compile(r"(PO|SH|OP|RC|FS|TU|JV)\d{4}-\d{4,12}|ST\d{4}(-[A-Z0-9-]{1,20})?", re.ASCII)
_SPACES = re.compile(r"\s+")


class Ranked(Protocol):
    """A row of a queue."""

    @property
    def tone(self) -> Tone: ...

    @property
    def since(self) -> datetime | None: ...


Row = TypeVar("Row", bound=Ranked)


def by_deadline(days_left: int) -> Tone:
    """Days until the last day: 0 is the last one, below zero it is over."""
    return "red" if days_left <= 0 else "amber" if days_left <= SOON_DAYS else ""


def by_age(since: datetime | None, now: datetime) -> Tone:
    """How long something has waited for headquarters."""
    if since is None:
        return ""
    waited = now - since
    return "red" if waited > 3 * SLOW else "amber" if waited > SLOW else ""


def ranked(rows: Iterable[Row]) -> list[Row]:
    """The most urgent first, then what has waited longest; what has no age comes last."""
    order = {"red": 0, "amber": 1, "": 2}
    return sorted(
        rows, key=lambda row: (order[row.tone], row.since is None, row.since.timestamp() if row.since else 0.0)
    )


def typed(text: str) -> str:
    """What somebody searches for: full-width signs as half-width ones, single spaces, nothing that cannot be stored."""
    plain = unicodedata.normalize("NFKC", text)
    kept = "".join(sign for sign in plain if unicodedata.category(sign) not in {"Cc", "Cs"} or sign in "\t\n\r")
    return _SPACES.sub(" ", kept).strip()[:100]


def as_number(text: str) -> str | None:
    """The document's number in what was typed or scanned (an address of a QR code too), None when it is none."""
    last = text.rstrip("/").rpartition("/")[2].replace(" ", "").upper()
    return last if _NUMBER.fullmatch(last) else None


@dataclass(frozen=True, slots=True)
class Cycle:
    """The reimbursement that comes next: ``month`` is paid on ``settles_on``; decisions count until the day before (R50)."""

    month: date
    settles_on: date

    @property
    def last_day(self) -> date:
        """The last day on which an approval still counts."""
        return self.settles_on - timedelta(days=1)

    @property
    def before(self) -> date:
        """Service days before this one count."""
        return (self.month.replace(day=28) + timedelta(days=4)).replace(day=1)
