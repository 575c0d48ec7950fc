"""A brand while it is played: its people, what each dealer holds, and the door to the actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.demo.known import Known, Pair
from portal.demo.names import Cast
from portal.demo.player import Player
from portal.demo.times import Times


@dataclass(slots=True)
class Old:
    """A registered old part as its story left it. ``review`` is the review's value, "" while it is not reported."""

    number: str
    day: date
    covered: bool
    quantity: int
    part: str
    review: str = ""
    gone: bool = False  # withdrawn
    claimed: bool = False
    kept: bool = False  # for the claims that are left open at now


@dataclass(slots=True)
class Shop:
    """A dealer: its people, and what it holds by part number (received and not used)."""

    id: int
    code: str
    city: str
    address: str
    clerk: Actor
    tech: Actor
    boss: Actor
    held: Counter[str] = field(default_factory=Counter)
    received_on: dict[str, date] = field(default_factory=dict)
    repaired: set[tuple[str, str]] = field(default_factory=set)
    old_parts: dict[str, Old] = field(default_factory=dict)
    named: list[Pair] = field(default_factory=list)  # warranty orders on their way: their pieces are spoken for


@dataclass(slots=True)
class Play:
    """A brand being played. ``first`` is the first day, ``now`` the portal's now."""

    cast: Cast
    player: Player
    times: Times
    first: date
    now: datetime
    system: Actor
    hq: dict[str, Actor]
    shops: list[Shop] = field(default_factory=list)
    known: Known = field(default_factory=lambda: Known((), {}))
    _advice: int = 0

    @property
    def at(self) -> datetime:
        """The instant being played, UTC."""
        return self.player.at

    @property
    def today(self) -> date:
        """Its day in the brand's zone."""
        return self.times.day(self.player.at)

    @property
    def last(self) -> date:
        """The day of the portal's now."""
        return self.times.day(self.now)

    def chance(self, *key: object) -> Random:
        """Dice of one story: the same for the same brand, now and story, whatever else is played."""
        return Random("|".join(map(str, (self.cast.seed or self.cast.code, self.now.isoformat(), *key))))  # noqa: S311 - invented data

    def wait(self, chance: Random, low: float, high: float) -> datetime:
        """An instant after so many to so many minutes of office time."""
        return self.times.later(self.at, chance.uniform(low, high))

    @contextmanager
    def as_(self, actor: Actor) -> Iterator[Session]:
        """One act of ``actor``: a unit of work of its own, as a page's request has."""
        with unit_of_work(actor.scope) as session:
            yield session

    def shop(self, code: str) -> Shop:
        """The dealer of that code; beyond the last one counting begins again."""
        return self.shops[(int(code[1:]) - 1) % len(self.shops)]

    def advice(self, bank: str) -> str:
        """The next number of a bank's advice."""
        self._advice += 1
        return f"{bank}{self.today:%y%m%d}{self._advice:04d}"


ZONE = ZoneInfo("Asia/Shanghai")
ZERO = Decimal("0.00")
