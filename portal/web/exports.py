"""A list of the portal as Excel: what the page shows as it is filtered, all rows of it, under the reader's own policies (R1).

Rows are read in batches by key and leave for the file at once, so that 100,000 of them take no more memory than a page.
Every export is an audit event with its filter and its number of rows (IE6).
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.exceptions import ServiceUnavailable

from portal.core import audit, clock
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.web.auth import current_actor
from portal.web.errors import ACTS, REFUSALS, sentence
from portal.web.labels import roles_said
from portal.web.pages import beside
from portal.web.responses import XLSX, download_file
from portal.web.sheets import Column, Sheet, write

Row = TypeVar("Row")
Filter = tuple[Any, Any]

MOST_ROWS = 100_000
BATCH = 1_000
AT_ONCE = 2  # exports that one process writes side by side: the others' pages need its threads
WAIT_SECONDS = 10.0

_slots = threading.BoundedSemaphore(AT_ONCE)

REFUSALS["export-too-long"] = _l(
    "The list has more than %(limit)s rows, too many for one workbook. Narrow it with the filters and take it in parts."
)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """A list: its ``name`` (the audit's "list:<name>"), its title (the tab's and the file's), its columns."""

    name: str
    title: Any
    columns: tuple[Column[Row], ...]

    def __post_init__(self) -> None:
        ACTS[self.act] = _l("took “%(list)s” to Excel, rows: %%(rows)s", list=self.title)

    @property
    def act(self) -> str:
        """How the audit calls its export."""
        return f"list:{self.name}"


def by_key(fetch: Callable[[Any, int], Sequence[Row]], *, key: str = "id", batch: int = BATCH) -> Iterator[Row]:
    """All rows of a list that pages by key: ``fetch(key of the last row or None, limit)`` until nothing is left. No OFFSET."""
    before: Any = None
    while True:
        rows = fetch(before, batch)
        yield from rows
        if len(rows) < batch:
            return
        before = getattr(rows[-1], key)


def answer(
    listing: Listing[Row],
    read: Callable[[Session], Iterable[Row]],
    *,
    filters: Iterable[Filter] = (),
    back: str,
    most: int = MOST_ROWS,
    **facts: Any,
) -> ResponseReturnValue:
    """The workbook of a list; ``read`` is asked within the reader's scope. ``filters`` are those in force, in words.

    ``back`` is the list's endpoint: a list too long for a workbook says so there, and nothing is recorded. ``facts`` join the audit
    event (the dealer whose account it is). 503 while too many are being written.
    """
    actor, at = current_actor(), clock.now()
    said = [(label, words) for label, words in filters if words not in (None, "")]
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise ServiceUnavailable(retry_after=int(WAIT_SECONDS))
    out = tempfile.TemporaryFile(prefix="portal-export-")  # noqa: SIM115 - the answer closes it, when it has been sent
    try:
        with unit_of_work(actor.scope) as session:
            rows = _book(out, listing, read(session), actor, at, said, most)
            audit.record(
                session, actor, listing.act, at=at, dealer_id=actor.scope.dealer_id, public=False,
                rows=rows, filter=_asked(), **facts,
            )  # fmt: skip
    except BaseException as error:
        out.close()
        if isinstance(error, Refused):
            flash(sentence(error), "bad")
            return redirect(beside(back), 303)
        raise
    finally:
        _slots.release()
    return download_file(out, f"{listing.title}-{at.astimezone(actor.zone):%Y%m%d-%H%M}.xlsx", XLSX)


def _book(
    out: Any, listing: Listing[Row], rows: Iterable[Row], actor: Actor, at: datetime, said: Sequence[Filter], most: int
) -> int:
    counted = _Counted(rows, most)
    columns = [column for column in listing.columns if column.only in ("", actor.side)]
    who = f"{actor.name} ({roles_said(actor.roles)})"
    return write(
        out,
        [
            Sheet(listing.title, columns, counted),
            Sheet(_("About this list"), title=listing.title, head=_about(counted, at, who, said)),
        ],
        at=at, zone=actor.zone, author=actor.name, footer=f"{listing.title} {at.astimezone(actor.zone):%Y-%m-%d %H:%M} {actor.name}",
    )[0]  # fmt: skip


def _about(counted: _Counted, at: datetime, who: str, said: Sequence[Filter]) -> Iterator[Filter]:
    """Made after the rows were written, so that their number is known."""
    yield _("Taken on"), at
    yield _("Taken by"), who
    yield _("Rows"), counted.rows
    if said:
        yield from ((_("Filter: %(name)s", name=label), words) for label, words in said)
    else:
        yield _("Filters"), _("none")


class _Counted:
    """The rows, counted as they pass; more than ``most`` are refused with "export-too-long"."""

    def __init__(self, rows: Iterable[Any], most: int) -> None:
        self.rows, self._source, self._most = 0, rows, most

    def __iter__(self) -> Iterator[Any]:
        for row in self._source:
            if self.rows == self._most:
                raise Refused("export-too-long", limit=self._most)
            self.rows += 1
            yield row


def _asked() -> dict[str, str]:
    """The filter as the address says it, the page of the list apart; short, for the audit."""
    known = request.view_args or {}
    return {
        name[:40]: text[:100]
        for name, text in list(request.args.items())[:20]
        if name != "before" and name not in known and text
    }
