"""Logins with real passwords, and what the tables say of them: for the tests of signing in."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from functools import cache

from flask.testing import FlaskClient
from sqlalchemy import select, text

from portal.core.db import db, unit_of_work
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.identity import actions, passwords
from portal.identity.edge import COOKIE
from portal.identity.models import Member
from portal.identity.roles import Role
from tests.factories.world import World, at

PASSWORD = "修配-Portal-2026"
BORN = at("2026-06-01 08:00")
_count = itertools.count(1)


@cache
def password_hash() -> str:
    """One hash serves all: hashing is slow on purpose."""
    return passwords.hashed(PASSWORD)


def new_login(*, name: str = "person") -> tuple[int, str]:
    """A login with PASSWORD: (id, name)."""
    login = f"{name}{next(_count)}.{os.getpid()}@example.com"
    return actions.create_login(db.engine, login, password_hash(), at=BORN), login


def give_place(
    world: World, login_id: int, login: str, *roles: Role, dealer_id: int | None = None, name: str = "陈静"
) -> Member:
    """A place in that world."""
    with unit_of_work(world.hq.system.scope) as session:
        return actions.add_member(
            session,
            world.hq.system,
            login_id=login_id,
            login=login,
            name=name,
            roles=[role.value for role in roles],
            dealer_id=dealer_id,
            at=BORN,
        )


def token_of(browser: FlaskClient, address: str = "/sign-in") -> str:
    """The form token of a page."""
    return browser.get(address).get_data(as_text=True).split('name="csrf_token" value="', 1)[1].split('"', 1)[0]


def sign_in(browser: FlaskClient, login: str, password: str = PASSWORD, **fields: str):
    """What the sign-in form sends."""
    return browser.post(
        "/sign-in", data={"csrf_token": token_of(browser), "login": login, "password": password, **fields}, headers={}
    )


def by_force(settings: Settings, statement: str, **values: object) -> Sequence[object]:
    """As a superuser: what no page could do (a clock that ran on, a disabled login)."""
    with admin_engine(str(settings.admin_url)).begin() as connection:
        connection.exec_driver_sql("SET search_path = app")
        result = connection.execute(text(statement), values)
        return result.all() if result.returns_rows else []


def inside(browser: FlaskClient) -> bool:
    """Whether this browser is signed in."""
    return browser.get("/members").status_code == 200


def session_of(browser: FlaskClient) -> str:
    """The token in this browser's cookie, or ""."""
    cookie = browser.get_cookie(COOKIE)
    return cookie.value if cookie else ""


def roles_of(world: World, member_id: int) -> list[str]:
    with world.as_(world.hq.auditor) as session:
        return session.scalars(select(Member.roles).where(Member.id == member_id)).one()


def place_of(world: World, login_id: int, dealer_id: int) -> str:
    with world.as_(world.hq.auditor) as session:
        return f"{world.brand_id}:{session.scalars(select(Member.id).where(Member.login_id == login_id, Member.dealer_id == dealer_id)).one()}"


EVIL = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "evil", "/\t/evil.example",
    "/\n//evil.example", "/orders\r\nSet-Cookie: a=b", "\t//evil.example", " //evil.example", "/\0", "", "http:/evil.example", "//", "/\x7f/evil.example",
]  # fmt: skip
