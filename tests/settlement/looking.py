"""How the tests of the settlement look at what is there."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text

from portal.core.errors import Refused
from portal.settlement import queries
from portal.settlement.models import Settlement, Statement
from tests.factories.world import World
from tests.settlement.months import OCTOBER, THE_THIRD


def found(world: World, month: date = OCTOBER) -> Settlement | None:
    with world.as_(world.hq.auditor) as session:
        return queries.settlement(session, month)


def statements(world: World) -> dict[int, Statement]:
    with world.as_(world.hq.auditor) as session:
        return {row.dealer_id: row for row in session.scalars(select(Statement))}


def journals(world: World) -> int:
    with world.as_(world.hq.auditor) as session:
        return session.scalar(text("SELECT count(*) FROM journals WHERE purpose = 'settlement'"))


def refused(world: World, who, step, *args, when=THE_THIRD, **facts) -> Refused:
    with pytest.raises(Refused) as error, world.as_(who) as session:
        step(session, who, *args, at=when, **facts)
    return error.value
