"""`portal …` as people and other programs call it: one JSON object, one sentence on stderr, exit codes 1 and 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from flask import Flask

import portal.app
from portal.cli import portal as command
from portal.core import clock
from portal.core.provision import admin_engine
from portal.core.settings import ROOT, Settings
from tests.factories.world import World, make_world

Run = Callable[..., Result]
OURS = (
    "DATABASE_URL",
    "DATABASE_ADMIN_URL",
    "DATABASE_PROOF_URL",
    "PORTAL_CONTEXT_KEY",
    "PORTAL_SECRET_KEY",
    "PORTAL_HOME",
    "PORTAL_ENV",
    "PORTAL_CLOCK",
    "PORTAL_PORT",
)


def environment(settings: Settings, **changes: str | None) -> dict[str, str | None]:
    """What a real server's operator sets; a name given as None is not set."""
    return {
        **dict.fromkeys(OURS),
        "DATABASE_URL": settings.database_url,
        "DATABASE_ADMIN_URL": settings.admin_url,
        "DATABASE_PROOF_URL": settings.proof_url,
        "PORTAL_CONTEXT_KEY": settings.context_key.hex(),
        "PORTAL_SECRET_KEY": settings.secret_key,
        "PORTAL_HOME": str(settings.home),
        "PORTAL_ENV": "testing",
        **changes,
    }


@pytest.fixture
def run(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command line in this process, with the application of the tests."""
    monkeypatch.setattr(portal.app, "create_app", lambda given: app)

    def invoke(*arguments: str, **changes: str | None) -> Result:
        return CliRunner().invoke(command, list(arguments), env=environment(settings, **changes))

    yield invoke
    clock.freeze_process(None)


@pytest.fixture
def broken(settings: Settings) -> Iterator[World]:
    """A brand whose bank account was changed by force, and is right again afterwards."""
    world = make_world()

    def move(cents: int) -> None:
        with admin_engine(str(settings.admin_url)).begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE app.accounts SET balance = balance + {cents} WHERE brand_id = {world.brand_id} AND code = 'opening'"
            )

    move(1)
    yield world
    move(-1)


def one_line(text: str) -> bool:
    return len(text.strip().splitlines()) == 1


# -- gate and prove --


def test_the_gate_finds_nothing(run: Run) -> None:
    result = run("gate")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Nothing disagrees.\n", "")
    assert json.loads(run("gate", "--json").stdout) == {"ok": True, "findings": []}


def test_the_gate_says_what_is_wrong_and_ends_with_1(run: Run, settings: Settings) -> None:
    with admin_engine(str(settings.admin_url)).begin() as connection:
        connection.exec_driver_sql("CREATE VIEW app.planted AS SELECT 1")
    try:
        result, asked = run("gate"), run("gate", "--json")
    finally:
        with admin_engine(str(settings.admin_url)).begin() as connection:
            connection.exec_driver_sql("DROP VIEW app.planted")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "4 view that does not run as its reader, or a materialised one: planted\n"
    found = json.loads(asked.stdout)
    assert (asked.exit_code, found["ok"], found["findings"][0]["what"]) == (1, False, "planted")


def test_R62_prove_finds_nothing_in_an_honest_brand(run: Run) -> None:
    world = make_world()
    world.topup(world.d1, "5.00")
    result = run("prove", "--brand", world.code)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Nothing disagrees.\n", "")
    assert json.loads(run("prove", "--brand", world.code, "--json").stdout) == {"ok": True, "findings": []}


def test_R62_prove_says_what_disagrees_and_ends_with_1(run: Run, broken: World) -> None:
    result = run("prove", "--brand", broken.code)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "account-balance: opening\nbrand-sums-to-zero: 1 fen\n"
    asked = run("prove", "--json")
    assert asked.exit_code == 1
    findings = json.loads(asked.stdout)["findings"]
    assert {"proof": "brand-sums-to-zero", "brand_id": broken.brand_id, "what": "1 fen"} in findings
    honest = make_world()
    assert run("prove", "--brand", honest.code).exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("prove", "--brand", "nobody"),
        ("settle", "show", "--brand", "nobody", "--month", "2026-10"),
        ("load", "faults", __file__, "--brand", "nobody"),
    ],
)
def test_an_unknown_brand_is_wrong_use(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no brand 'nobody'" in result.stderr


# -- refusals --


def test_a_refusal_is_one_sentence_on_stderr_and_1(run: Run) -> None:
    world = make_world()
    result = run("settle", "check", "--brand", world.code, "--month", "2026-09")
    assert (result.exit_code, result.stdout) == (1, "")
    assert one_line(result.stderr)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"PORTAL_CONTEXT_KEY": None},
            "PORTAL_CONTEXT_KEY and PORTAL_SECRET_KEY must be set together with DATABASE_URL",
        ),
        ({"PORTAL_CONTEXT_KEY": "xyz"}, "PORTAL_CONTEXT_KEY must be 64 hexadecimal digits"),
        ({"PORTAL_CLOCK": "2026-11-03"}, "PORTAL_CLOCK=2026-11-03 has no offset"),
        ({"PORTAL_ENV": "prod"}, "PORTAL_ENV=prod has no config/prod.toml"),
        ({"PORTAL_PORT": "x"}, "PORTAL_PORT=x is no whole number"),
        ({"DATABASE_URL": "geheim"}, "DATABASE_URL is no database URL"),
    ],
)
def test_wrong_settings_are_said_in_one_sentence_without_a_secret(
    run: Run, changes: dict[str, str | None], words: str
) -> None:
    result = run("settle", "show", "--brand", "x", "--month", "2026-10", **changes)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(words)
    assert one_line(result.stderr)
    assert "geheim" not in result.stderr


@pytest.mark.parametrize("asked", ["gate", "prove"])
def test_the_reading_roles_address_alone_is_enough(run: Run, settings: Settings, asked: str) -> None:
    alone = {**dict.fromkeys(OURS), "DATABASE_PROOF_URL": str(settings.proof_url).replace("+psycopg", "")}
    assert json.loads(run(asked, "--json", **alone).stdout)["findings"] is not None
    away = run(asked, **{**alone, "DATABASE_PROOF_URL": "postgresql://nobody:geheim@127.0.0.1:1/x"})
    assert (away.exit_code, away.stdout, one_line(away.stderr), "geheim" in away.stderr) == (1, "", True, False)
    assert away.stderr.startswith("the database does not answer: ")
    odd = run(asked, **{**alone, "DATABASE_PROOF_URL": "geheim"})
    assert (odd.exit_code, "geheim" in odd.stderr) == (2, False)


@pytest.mark.parametrize(
    ("arguments", "changes", "words"),
    [
        (("gate",), {"DATABASE_PROOF_URL": None}, "DATABASE_PROOF_URL is not set"),
        (("prove",), {"DATABASE_PROOF_URL": None}, "DATABASE_PROOF_URL is not set"),
        (("db", "create"), {"DATABASE_ADMIN_URL": None}, "DATABASE_ADMIN_URL is not set"),
        (("db", "upgrade"), {"DATABASE_ADMIN_URL": None}, "DATABASE_ADMIN_URL is not set"),
        (("db", "create"), {"DATABASE_ADMIN_URL": "geheim"}, "is no database URL"),
        (("demo", "--fresh"), {"DATABASE_ADMIN_URL": None}, "--fresh on your own server needs DATABASE_ADMIN_URL"),
        (("serve", "--port", "0"), {}, "--port"),
        (("settle", "show"), {}, "Missing option '--brand'"),
        (("settle", "show", "--brand", "x", "--month", "2026-13"), {}, "is no month"),
        (("load", "prices", "/no/such/file", "--brand", "x"), {}, "does not exist"),
        (("fly",), {}, "No such command"),
        (("prove", "--loud"), {}, "No such option"),
    ],
)  # fmt: skip
def test_wrong_use_ends_with_2(
    run: Run, arguments: tuple[str, ...], changes: dict[str, str | None], words: str
) -> None:
    result = run(*arguments, **changes)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "geheim" not in result.stderr


def test_help_and_wrong_use_need_no_database(run: Run) -> None:
    nothing = dict.fromkeys(OURS)
    for arguments in (
        (),
        ("-h",),
        ("settle", "--help"),
        ("settle", "post", "--help"),
        ("load", "prices", "--help"),
        ("db", "create", "--help"),
        ("demo", "--help"),
    ):
        result = run(*arguments, **nothing)
        assert result.exit_code in {0, 2}
        assert "Usage: " in result.output
        assert not isinstance(result.exception, OSError)
    assert run("load", "prices", **nothing).exit_code == 2


def test_the_clock_of_the_settings_holds_for_commands(run: Run) -> None:
    world = make_world()
    early = run(
        "settle", "prepare", "--brand", world.code, "--month", "2026-10", PORTAL_CLOCK="2026-11-02T23:59:59+08:00"
    )
    assert early.exit_code == 1
    late = run(
        "settle",
        "prepare",
        "--brand",
        world.code,
        "--month",
        "2026-10",
        "--json",
        PORTAL_CLOCK="2026-11-03T00:00:00+08:00",
    )
    assert late.exit_code == 0
    assert isinstance(json.loads(late.stdout), dict)


def test_the_program_itself_runs_from_anywhere(app: Flask, settings: Settings, tmp_path) -> None:
    wanted = {name: value for name, value in environment(settings).items() if value is not None}
    env = {
        **{k: v for k, v in os.environ.items() if k not in OURS and not k.startswith("COV_")},
        **wanted,
        "PYTHONPATH": str(ROOT),
    }
    result = subprocess.run(
        [sys.executable, "-m", "portal", "gate", "--json"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, json.loads(result.stdout), result.stderr) == (0, {"ok": True, "findings": []}, "")
