"""``portal brand``, ``portal member`` and ``portal login``: the first people of a brand on a server of one's own, and lost keys."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from portal.cli import portal
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.settings import Settings
from portal.identity import actions, queries
from portal.identity.roles import Role
from tests.factories.world import make_world
from tests.identity.people import acts_of, give_place, in_use, inside, new_login, person, post, sign_in


@pytest.fixture
def run(app: Flask, settings: Settings):
    """Runs one command against the tests' database."""
    given = {
        "DATABASE_URL": settings.database_url,
        "PORTAL_CONTEXT_KEY": settings.context_key.hex(),
        "PORTAL_SECRET_KEY": "x",
        "PORTAL_HOME": str(settings.home),
        "PORTAL_ENV": "testing",
    }
    return lambda *words: CliRunner(env=given).invoke(portal, list(words))


def answer(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_brand_is_made_and_its_administrator_can_sign_in(run):
    code = f"c{os.getpid()}a"
    assert answer(run("brand", "create", "--code", code, "--name", "试牌", "--name-en", "Trial", "--json")) == {
        "brand": code
    }
    made = answer(
        run(
            "member",
            "add",
            "--brand",
            code,
            "--login",
            f"Admin-{code}",
            "--name",
            "王芳",
            "--role",
            "hq-admin",
            "--json",
        )
    )
    _token, signed_in = actions.sign_in(
        db.engine, str(made["login"]), str(made["password"]), address=None, agent=None, seconds=60
    )
    assert [(place.brand_code, place.roles, place.name) for place in signed_in.places] == [
        (code, ("hq-admin",), "王芳")
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--code", "A B"], "2 to 24|2 至 24"),
        (["--code", "taken"], "already|已有"),
    ],
)
def test_a_wrong_or_taken_code_is_refused_in_a_sentence(run, words, why):
    if "taken" in words:
        run("brand", "create", "--code", "taken", "--name", "x", "--name-en", "x")
    result = run("brand", "create", *words, "--name", "x", "--name-en", "x")
    assert result.exit_code == 1
    assert any(part in result.stderr for part in why.split("|"))


def test_a_zone_that_is_none_is_wrong_use(run):
    assert run("brand", "create", "--code", "zz", "--name", "x", "--name-en", "x", "--zone", "Mars/Base").exit_code == 2


def test_a_login_gets_one_more_place_but_never_the_same_twice(run, world):
    login = world.d1.clerk.name + "-more"
    first = answer(
        run(
            "member",
            "add",
            "--brand",
            world.code,
            "--dealer",
            "D001",
            "--login",
            login,
            "--name",
            "A",
            "--role",
            "dealer-clerk",
            "--json",
        )
    )
    assert first["password"]
    more = answer(
        run(
            "member",
            "add",
            "--brand",
            world.code,
            "--dealer",
            "D002",
            "--login",
            login,
            "--name",
            "A",
            "--role",
            "dealer-clerk",
            "--json",
        )
    )
    assert more["password"] is None
    again = run(
        "member",
        "add",
        "--brand",
        world.code,
        "--dealer",
        "D002",
        "--login",
        login,
        "--name",
        "A",
        "--role",
        "dealer-clerk",
    )
    assert again.exit_code == 1
    with db.engine.begin() as connection:
        held = queries.places(connection, queries.login_by_name(db.engine, login)[0])
    assert [place.dealer_code for place in held if place.brand_code == world.code] == ["D001", "D002"]


def test_a_dealer_that_is_not_there_and_a_role_of_the_other_side_are_refused(run, world):
    at_nowhere = run(
        "member",
        "add",
        "--brand",
        world.code,
        "--dealer",
        "D999",
        "--login",
        "n1",
        "--name",
        "A",
        "--role",
        "dealer-clerk",
    )
    other_side = run("member", "add", "--brand", world.code, "--login", "n2", "--name", "A", "--role", "dealer-clerk")
    assert (at_nowhere.exit_code, other_side.exit_code) == (1, 1)
    assert "D999" in at_nowhere.stderr


# -- invitations and logins --


def test_the_first_administrator_is_invited_by_mail_and_the_link_can_be_printed(run, client_as):
    code, to = f"c{os.getpid()}i", f"first.{os.getpid()}@mail.example"
    answer(run("brand", "create", "--code", code, "--name", "试牌", "--name-en", "Trial", "--json"))
    words = [
        "member",
        "invite",
        "--brand",
        code,
        "--name",
        "王芳",
        "--email",
        to.upper(),
        "--role",
        "hq-admin",
        "--json",
    ]
    invited = answer(run(*words, "--print-link"))
    assert invited["invited"] == to
    assert str(invited["link"]).startswith("http://127.0.0.1:8000/invitations/")
    again = run(*words)
    assert again.exit_code == 1
    assert to in again.stderr
    browser, login = client_as(None), f"wangfang{os.getpid()}"
    link = str(invited["link"]).removeprefix("http://127.0.0.1:8000")
    assert (
        post(browser, link, login=login, password="三月 的 雨 下了 a week", again="三月 的 雨 下了 a week").status_code
        == 303
    )
    assert inside(browser)
    assert browser.get("/members/invite").status_code == 200  # an administrator, who can invite the others


def test_an_invitation_to_a_dealer_that_is_not_there_or_a_role_of_the_other_side_is_refused(run, world):
    words = ["member", "invite", "--brand", world.code, "--name", "A", "--email", "a@mail.example"]
    nowhere = run(*words, "--dealer", "D999", "--role", "dealer-clerk")
    other_side = run(*words, "--role", "dealer-clerk")
    assert (nowhere.exit_code, other_side.exit_code) == (1, 1)
    assert "D999" in nowhere.stderr
    assert answer(run(*words, "--dealer", "D001", "--role", "dealer-clerk", "--json")) == {
        "invited": "a@mail.example",
        "link": None,
    }


def test_AN5_a_login_is_disabled_and_enabled_by_the_operator_and_each_of_its_brands_reads_it(run, home, client_as):
    actor, login = person(home, Role.HQ_CLERK)
    browser = client_as(actor)
    assert inside(browser)
    assert answer(run("login", "disable", login.upper(), "--json")) == {"login": login, "disabled": True}
    assert not inside(browser)
    assert sign_in(client_as(None), login).status_code == 422
    assert answer(run("login", "enable", login, "--json"))["disabled"] is False
    assert sign_in(client_as(None), login).status_code == 303
    assert [(act, who) for act, who, facts in acts_of(home, kind="login") if facts.get("login") == login] == [
        ("login:disable", "system"),
        ("login:enable", "system"),
    ]
    unknown = run("login", "disable", "nobody-at-all")
    assert (unknown.exit_code, "nobody-at-all" in unknown.stderr) == (1, True)


def test_AN5_disabling_is_written_down_at_every_place_of_the_login_in_every_brand(run, home):
    other = make_world()
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d1.id)
    give_place(home, login_id, login, Role.DEALER_CLERK, dealer_id=home.d2.id)
    give_place(other, login_id, login, Role.DEALER_CLERK, dealer_id=other.d1.id)
    for command, act in (("disable", "login:disable"), ("enable", "login:enable")):
        assert run("login", command, login).exit_code == 0
        for world, places in ((home, [None, home.d1.id, home.d2.id]), (other, [other.d1.id])):
            with world.as_(world.hq.auditor) as session:
                found = session.scalars(
                    select(AuditEvent.dealer_id)
                    .where(AuditEvent.act == act, AuditEvent.facts["login"].astext == login)
                    .order_by(AuditEvent.id)
                ).all()
            assert list(found) == places


def test_AN6_a_lost_second_factor_is_taken_off_by_the_operator_and_the_sessions_end(run, home, client_as):
    actor, login = person(home, Role.HQ_CLERK)
    assert run("login", "reset-second-factor", login).exit_code == 1  # there is none
    in_use(actor)
    browser = client_as(actor)
    assert answer(run("login", "reset-second-factor", login, "--json")) == {"login": login}
    assert not inside(browser)
    assert sign_in(client_as(None), login).headers["Location"] == "/"
    assert ("login:reset-second-factor", "system", {"login": login}) in acts_of(home, kind="login")


def test_a_login_without_an_address_gets_its_link_from_the_operator(run, home, client_as):
    _actor, login = person(home, Role.HQ_CLERK)
    given = answer(run("login", "reset-password", login, "--json"))
    link = str(given["link"]).removeprefix("http://127.0.0.1:8000")
    browser, new = client_as(None), "三月 的 雨 下了 a week"
    assert post(browser, link, password=new, again=new).status_code == 303
    assert sign_in(browser, login, new).status_code == 303
    assert run("login", "reset-password", "nobody-at-all").exit_code == 1
