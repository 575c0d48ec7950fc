"""A claim of hundreds of lines, page by page: the heads of all its lines in one statement, whole only the lines that are drawn.

Up to LIVE lines all are checked as things stand now, whatever page is shown. Of a longer claim those on the page are; the others count
in its sums and under its tabs as their checks were stored when they were saved, submitted or decided (R41). Every act looks at all again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from portal.claims import queries
from portal.claims.models import Claim
from portal.claims.queries import LineHead
from portal.claims.views import shown
from portal.core.errors import NotFound
from portal.core.permissions import Actor

PAGE = 50
LIVE = 100
VIEWS = ("", "warn", "block", "wanted", "decided")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page: its lines whole, how many the view has, and after which position the pages beside it begin (None: there is none)."""

    lines: Sequence[shown.Line]
    number: int
    earlier: int | None
    later: int | None


class Spread:
    """All lines of a claim: ``heads`` by position, and the lines that were read whole so far."""

    def __init__(self, session: Session, actor: Actor, claim: Claim, *, today: date) -> None:
        self._session, self._actor, self._claim, self._today = session, actor, claim, today
        self.heads = queries.line_heads(session, claim.id)
        self._places = {head.position: place for place, head in enumerate(self.heads)}
        self.whole: dict[int, shown.Line] = {}
        self.long = len(self.heads) > LIVE
        if not self.long:
            self._read(self._places)

    def line(self, position: int) -> shown.Line:
        """One line, whole; NotFound."""
        if position not in self._places:
            raise NotFound
        self._read([position])
        return self.whole[position]

    def page(self, view: str = "", *, size: int = PAGE, after: int = 0, around: int | None = None) -> Leaf:
        """The lines that ``view`` keeps: those after the position ``after``, or the page on which ``around`` stands."""
        listed = self.listed(view)
        start = bisect_right(listed, after)
        if around is not None:
            start = min(bisect_left(listed, around), max(len(listed) - 1, 0)) // size * size
        chosen = listed[start : start + size]
        self._read(chosen)
        return Leaf(
            lines=[self.whole[position] for position in chosen],
            number=len(listed),
            earlier=None if start == 0 else 0 if start <= size else listed[start - size - 1],
            later=chosen[-1] if len(listed) > start + size else None,
        )

    def listed(self, view: str) -> list[int]:
        """The positions that a view keeps: all, by what their checks say, asked back, open, or decided."""
        return [head.position for head in self.heads if _keeps(view, head)]

    def tallies(self, views: Iterable[str] = VIEWS) -> dict[str, int]:
        """How many lines each view has."""
        return {view: sum(_keeps(view, head) for head in self.heads) for view in views}

    def sums(self) -> shown.Sums:
        """Of the whole claim."""
        return shown.sums(self.heads)

    def blocked_here(self) -> bool:
        """Whether a line that was looked at now is blocked."""
        return any(line.open and line.level == "block" for line in self.whole.values())

    def _read(self, positions: Collection[int]) -> None:
        if not (wanted := [position for position in positions if position not in self.whole]):
            return
        every = None if len(wanted) == len(self.heads) else wanted
        for line in shown.lines(self._session, self._actor, self._claim, today=self._today, positions=every):
            self.whole[line.row.position] = line
            place = self._places[line.row.position]
            self.heads[place] = replace(self.heads[place], level=line.level)


def _keeps(view: str, head: LineHead) -> bool:
    if view == "decided":
        return not head.open
    if view == "wanted":
        return head.state == "wanted"
    if view == "open":
        return head.open
    return not view or head.level == view
