"""A brand's terms, set straight away."""

from __future__ import annotations

from datetime import date

from portal.core.terms import TermValue
from tests.factories.world import World, at


def set_term(world: World, name: str, value: int, from_day: date = date(2026, 1, 1)) -> None:
    """The term's value from that day on."""
    with world.as_(world.hq.system) as session:
        session.add(
            TermValue(name=name, from_day=from_day, value=value, set_at=at("2026-01-01 00:00"), set_by="system")
        )
