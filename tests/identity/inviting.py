"""Invitations as the tests of sending and of taking them up need them."""

from __future__ import annotations

import os
from itertools import count

from flask.testing import FlaskClient

from portal.core.permissions import Actor
from portal.identity import actions, queries
from portal.identity.models import Invitation, Member
from portal.identity.roles import Role
from tests.factories.world import World, at
from tests.identity.people import (
    mails,
    post,
)

AT = at("2026-10-05 10:00")
NEW = "三月 的 雨 下了 a whole week"
_number = count(1)


def address() -> str:
    return f"new{next(_number)}.{os.getpid()}@mail.example"


def invited(
    world: World, actor: Actor, *roles: Role, to: str, dealer_id: int | None = None, name: str = "赵新"
) -> Invitation:
    with world.as_(actor) as session:
        return actions.invite(
            session,
            actor,
            name=name,
            email=to,
            roles=[role.value for role in roles],
            dealer_id=dealer_id,
            link=lambda token: f"http://localhost/invitations/{token}",
            locale="zh_Hans_CN",
            at=AT,
        )


def link_to(world: World, to: str) -> str:
    """The path of the newest mailed link."""
    secret = mails(world, to)[-1].secret
    assert secret is not None
    return secret.removeprefix("http://localhost")


def accept(browser: FlaskClient, link: str, login: str, password: str = NEW):
    return post(browser, link, login=login, password=password, again=password)


def brand_of(world: World) -> str:
    with world.as_(world.hq.system) as session:
        return queries.brand_name_of(session, english=False)


def new_name() -> str:
    return f"zhao{next(_number)}.{os.getpid()}"


def members_of(world: World, login: str) -> list[Member]:
    with world.as_(world.hq.auditor) as session:
        return [member for member in queries.members(session) if member.login == login]
