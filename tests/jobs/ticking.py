"""A tick at an instant, and what it did."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal import worker
from portal.core import clock
from portal.core.outbox import OutboxMessage
from portal.core.permissions import Actor
from portal.core.queue import Outcome
from portal.identity.models import Member
from tests.factories.world import World, at

KIRITIMATI = ZoneInfo("Pacific/Kiritimati")  # UTC+14
NEW_YORK = ZoneInfo("America/New_York")  # UTC-5 or -4


def ticked(*worlds: World, when: str | datetime) -> list[tuple[str, str, Outcome]]:
    """What one tick did for these brands: (brand's code, clockwork, outcome)."""
    moment = at(when) if isinstance(when, str) else when
    with clock.frozen(moment):
        done = worker.tick()
    assert done is not None
    codes = {world.code for world in worlds}
    return [(one.brand, one.clockwork, one.outcome) for one in done if one.brand in codes]


def did(world: World, clockwork: str, *, when: str | datetime) -> list[tuple[str, dict[str, object]]]:
    """What one piece of clockwork did for a brand."""
    return [(o.what, dict(o.facts)) for _brand, name, o in ticked(world, when=when) if name == clockwork]


def mails(world: World) -> list[tuple[str, str, dict[str, object]]]:
    with world.as_(world.hq.admin) as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
        return [(row.template, row.recipient, dict(row.facts)) for row in rows]


def login_of(world: World, actor: Actor) -> str:
    with world.as_(world.hq.system) as session:
        return str(session.scalar(select(Member.login).where(Member.id == actor.scope.member_id)))


def give_addresses(world: World) -> None:
    """Every member has one: <login>@example.com."""
    with world.as_(world.hq.system) as session:
        for member in session.scalars(select(Member)):
            member.email = f"{member.login}@example.com"
