"""Once a day of the machine's, in the brand's zone, files that nothing names are swept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from portal.core import clock, queue
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.files import actions, queries


@queue.clockwork("files.sweep")
def sweep(actor: Actor, at: datetime) -> Iterator[queue.Outcome]:
    """Sweep the brand's store when the day has not been swept yet."""
    with unit_of_work(actor.scope) as session:
        if queries.swept_on(session, clock.day(clock.machine_now(), actor.zone)):
            return
        swept = actions.sweep(session, actor, at=at)
    if swept.count:
        yield queue.Outcome("swept", {"files": swept.count, "bytes": swept.bytes})
