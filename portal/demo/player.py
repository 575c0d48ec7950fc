"""The player: stories take turns in the order of time, so that numbers and balances come out as in real life.

A story is a generator that yields the instant of its next act. Whatever lies after the portal's now is never played: that
is how work is left waiting in every queue.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from datetime import datetime

from portal.core import clock

Story = Iterator[datetime]


class Player:
    """Plays stories from ``start`` until ``now`` (UTC); ``at`` is the instant being played."""

    def __init__(self, start: datetime, now: datetime) -> None:
        self.at, self.now = start, now
        self._waiting: list[tuple[datetime, int, Story]] = []
        self._order = itertools.count()

    def add(self, story: Story) -> None:
        """Let a story take part: it runs up to its first instant at once."""
        self._take_turn(story)

    def play(self, seen: Callable[[datetime], None]) -> None:
        """Play everything, telling ``seen`` each instant."""
        while self._waiting:
            at, _, story = heapq.heappop(self._waiting)
            self.at = at
            seen(at)
            with clock.frozen(at):
                self._take_turn(story)

    def _take_turn(self, story: Story) -> None:
        following = next(story, None)
        if following is not None and following <= self.now:
            heapq.heappush(self._waiting, (max(following, self.at), next(self._order), story))
