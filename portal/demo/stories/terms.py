"""A brand changes one of its terms."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta

from portal.claims.terms import LATE_DAYS
from portal.demo.world import Play
from portal.organizations import actions


def longer(play: Play, start: datetime) -> Generator[datetime, None, None]:
    """From the day after, dealers have 90 days to claim."""
    manager = play.hq["manager"]
    yield start
    with play.as_(manager) as session:
        from_day = play.today + timedelta(days=1)
        actions.set_term(session, manager, LATE_DAYS.name, new=90, from_day=from_day, at=play.at)
