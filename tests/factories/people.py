"""Everybody of a world by name ("d1.clerk"), what is read beside the portal, and an act that must end as a model says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from tests.factories.world import World

HQ = [
    "hq.clerk",
    "hq.manager",
    "hq.warehouse",
    "hq.finance",
    "hq.finance_manager",
    "hq.admin",
    "hq.auditor",
    "hq.system",
]
PEOPLE = ["d1.clerk", "d1.technician", "d1.manager", "d2.manager", *HQ]


def person_of(world: World, person: str) -> Actor:
    side, _, role = person.partition(".")
    found: Actor = getattr(getattr(world, side), role)
    return found


def rows(proof: Connection, world: World, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in proof.execute(text(query), {"brand": world.brand_id})]


class Trying:
    """A model beside the portal: ``said`` counts by code how often it was refused."""

    world: World
    said: Counter[str]

    def attempt(self, person: str, reasons: set[str], act: Callable[[Session, Actor], object]) -> object:
        """The act happens exactly when the model knows no reason against it; otherwise it gives one of the reasons."""
        actor = person_of(self.world, person)
        try:
            with self.world.as_(actor) as session:
                done = act(session, actor)
        except Refused as refused:
            said = refused.code
        except NotFound:
            said = "not-found"
        else:
            assert not reasons, f"done, though {reasons}"
            return done
        self.said[said] += 1
        assert said in reasons, f"refused with {said}, but {reasons or 'nothing stands against it'}"
        return None
