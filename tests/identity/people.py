"""Logins with real passwords, and what the tables say of them: for the tests of signing in."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import select, text

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.db import db, unit_of_work
from portal.core.outbox import OutboxMessage
from portal.core.permissions import Actor
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.identity import actions, passwords, queries
from portal.identity.edge import COOKIE
from portal.identity.models import Member
from portal.identity.roles import Role
from tests.factories.world import World, at

PASSWORD = "修配-Portal-2026"
BORN = at("2026-06-01 08:00")
_count = itertools.count(1)
_lines = itertools.count(1)


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


def line_of(browser: FlaskClient) -> dict[str, str]:
    """A network address of this browser's own: what one test tries must not slow the next one's address."""
    if not hasattr(browser, "line"):
        number = next(_lines)
        browser.line = {"REMOTE_ADDR": f"10.8.{number // 250}.{number % 250 + 1}"}
    return browser.line


def sign_in(browser: FlaskClient, login: str, password: str = PASSWORD, **fields: str):
    """What the sign-in form sends."""
    typed = {"csrf_token": token_of(browser), "login": login, "password": password, **fields}
    return browser.post("/sign-in", data=typed, headers={}, environ_overrides=line_of(browser))


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


def person(world: World, *roles: Role, dealer_id: int | None = None, email: str | None = None) -> tuple[Actor, str]:
    """Somebody with PASSWORD, one place and, if given, an address: (the actor there, the login)."""
    login_id, login = new_login()
    give_place(world, login_id, login, *roles, dealer_id=dealer_id)
    with db.engine.begin() as connection:
        if email is not None:
            connection.execute(text("SELECT login_set_email(:id, :email)"), {"id": login_id, "email": email})
        (place,) = queries.places(connection, login_id)
    return place.actor(login_id, address="10.0.0.7"), login


def in_use(actor: Actor) -> tuple[str, list[str]]:
    """Give the actor's login a second factor: its secret and recovery codes. The step before this one is used up by it."""
    with unit_of_work(actor.scope) as session:
        actions.start_second_factor(session, actor, at=BORN)
    secret = str(queries.unconfirmed_factor(db.engine, int(actor.login_id or 0)))
    now = clock.machine_now() - timedelta(seconds=60)
    with unit_of_work(actor.scope) as session:
        codes = actions.confirm_second_factor(session, actor, code_at(secret, now), now=now, at=BORN)
    return secret, codes


def code_at(secret: str, when: datetime) -> str:
    """What the telephone shows at that instant."""
    return pyotp.TOTP(secret).at(for_time=when)


def mails(world: World, to: str) -> list[OutboxMessage]:
    """What waits in that brand's outbox for an address, the oldest first."""
    with world.as_(world.hq.system) as session:
        return list(
            session.scalars(select(OutboxMessage).where(OutboxMessage.recipient == to).order_by(OutboxMessage.id))
        )


def acts_of(world: World, *, kind: str) -> list[tuple[str, str, dict]]:
    """(act, who, facts) of the brand's audit events of that kind, the oldest first."""
    with world.as_(world.hq.auditor) as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.subject_kind == kind).order_by(AuditEvent.id)).all()
        return [(row.act, row.actor_name, row.facts) for row in rows]


def post(browser: FlaskClient, where: str, *, page: str = "", **data: object):
    """What a form on ``page`` (else on ``where`` itself) sends."""
    typed = {"csrf_token": token_of(browser, page or where), **data}
    return browser.post(where, data=typed, headers={}, environ_overrides=line_of(browser))


def asks(settings: Settings, world: World, value: int = 1) -> None:
    """The brand's term, from long ago on."""
    by_force(
        settings,
        "INSERT INTO term_values (brand_id, name, from_day, value, set_at, set_by) VALUES (:brand, 'identity.second-factor', '2020-01-01', :value, clock_timestamp(), 'x')",
        brand=world.brand_id,
        value=value,
    )
