"""``portal brand create`` and ``portal member add``: the first people of a brand on a server of one's own."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from portal.cli import portal
from portal.core.db import db
from portal.core.settings import Settings
from portal.identity import actions, queries


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
