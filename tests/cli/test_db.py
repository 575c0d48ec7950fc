"""`portal db create|upgrade` on a real server of its own: roles, database, schema, and secrets that work, shown once."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from portal.cli import portal as command
from portal.core import gate, provision, scope
from portal.core.local_postgres import LocalPostgres
from portal.core.scope import Scope

OURS = (
    "DATABASE_URL",
    "DATABASE_ADMIN_URL",
    "DATABASE_PROOF_URL",
    "PORTAL_CONTEXT_KEY",
    "PORTAL_SECRET_KEY",
    "PORTAL_HOME",
    "PORTAL_ENV",
    "PORTAL_CLOCK",
)
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalPostgres]:
    """A server of these tests' own: `db create` gives its roles new passwords."""
    folder = Path(tempfile.mkdtemp(prefix="portal-db-"))
    folder.chmod(0o755)
    bin_dir = os.environ.get("PORTAL_TEST_PG_BIN")
    postgres = LocalPostgres(folder / "pg", bin_dir=Path(bin_dir) if bin_dir else None, fast=True)
    try:
        yield postgres.start()
    finally:
        postgres.stop("immediate")
        shutil.rmtree(folder)


def call(admin: str | None, *arguments: str, **changes: str | None) -> Result:
    return CliRunner().invoke(
        command, ["db", *arguments], env={**dict.fromkeys(OURS), "DATABASE_ADMIN_URL": admin, **changes}
    )


@pytest.fixture(scope="module")
def run(server: LocalPostgres) -> Run:
    """`portal db …` as the server's superuser; the URL is written as operators write it."""
    return lambda *arguments, **changes: call(server.dsn("postgres"), *arguments, **changes)


@pytest.fixture(scope="module")
def shown(run: Run) -> dict[str, str]:
    """What the first `db create` printed."""
    result = run("create", "--database", "brand_new", "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, str] = json.loads(result.stdout)
    return found


def ask(url: str, question: str) -> object:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return connection.scalar(text(question))


def test_create_prints_four_secrets_and_each_works(shown: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(shown) == {"DATABASE_URL", "DATABASE_PROOF_URL", "PORTAL_CONTEXT_KEY", "PORTAL_SECRET_KEY"}
    assert ask(shown["DATABASE_URL"], "SELECT current_user || ' ' || current_database()") == "portal_web brand_new"
    assert ask(shown["DATABASE_PROOF_URL"], "SELECT count(*) FROM brands") == 0
    assert (len(bytes.fromhex(shown["PORTAL_CONTEXT_KEY"])), len(bytes.fromhex(shown["PORTAL_SECRET_KEY"]))) == (32, 32)
    monkeypatch.setattr(scope, "_key", [bytes.fromhex(shown["PORTAL_CONTEXT_KEY"])])
    with create_engine(shown["DATABASE_URL"], poolclass=NullPool).connect() as connection:
        connection.execute(text("SELECT app.brand_create('x', 'x', 'x', 'Asia/Shanghai', '', now())"))
        scope.enter(connection, Scope(1))
        assert connection.scalar(text("SELECT count(*) FROM app.dealers")) == 0
        connection.rollback()


def test_a_context_signed_with_another_key_is_refused_there(
    shown: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "_key", [b"x" * 32])
    with (
        create_engine(shown["DATABASE_URL"], poolclass=NullPool).connect() as connection,
        pytest.raises(DBAPIError, match="bad context"),
    ):
        scope.enter(connection, Scope(1))
        connection.execute(text("SELECT count(*) FROM app.dealers"))


def test_the_new_database_is_at_this_codes_version_and_passes_the_gate(shown: dict[str, str]) -> None:
    assert ask(shown["DATABASE_PROOF_URL"], "SELECT version_num FROM schema_version") == provision.head()
    with create_engine(shown["DATABASE_PROOF_URL"], poolclass=NullPool).connect() as connection:
        assert gate.gate(connection) == []


def test_the_roles_can_do_what_they_are_for_and_no_more(shown: dict[str, str]) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        ask(shown["DATABASE_URL"], "SELECT count(*) FROM brands")
    with pytest.raises(DBAPIError, match="permission denied"):
        ask(shown["DATABASE_URL"], "CREATE TABLE app.x (y int)")
    for statement in ("INSERT INTO brands DEFAULT VALUES", "UPDATE journals SET memo = ''"):
        with pytest.raises(DBAPIError, match="permission denied"):
            ask(shown["DATABASE_PROOF_URL"], statement)
    for role, option in (
        ("portal_owner", "rolcanlogin"),
        ("portal_guard", "rolcanlogin"),
        ("portal_web", "rolbypassrls"),
        ("portal_web", "rolsuper"),
        ("portal_proof", "rolsuper"),
    ):
        assert ask(shown["DATABASE_PROOF_URL"], f"SELECT {option} FROM pg_roles WHERE rolname = '{role}'") is False


def test_create_again_keeps_the_data_and_makes_new_passwords(
    run: Run, shown: dict[str, str], server: LocalPostgres
) -> None:
    admin = make_url(server.dsn("other")).set(drivername="postgresql+psycopg")
    first = json.loads(run("create", "--database", "other", "--json").stdout)
    with create_engine(admin, poolclass=NullPool).begin() as connection:
        connection.execute(
            text("INSERT INTO app.brands (code, name, name_en, created_at) VALUES ('kept', 'x', 'x', now())")
        )
    again = run("create", "--database", "other")
    assert again.exit_code == 0
    lines = dict(re.findall(r"^export (\w+)='([^']*)'$", again.stdout, re.MULTILINE))
    assert (set(lines), len(again.stdout.splitlines())) == (set(first), 4)
    assert ask(lines["DATABASE_PROOF_URL"], "SELECT code FROM brands") == "kept"
    assert ask(lines["DATABASE_URL"], "SELECT 1") == 1
    with pytest.raises(DBAPIError, match="password authentication failed"):
        ask(first["DATABASE_URL"], "SELECT 1")
    assert first["PORTAL_CONTEXT_KEY"] != lines["PORTAL_CONTEXT_KEY"]


def test_the_databases_name_is_the_one_of_DATABASE_URL_unless_given(run: Run, shown: dict[str, str]) -> None:
    result = run("upgrade", "--json", DATABASE_URL="postgresql://portal_web:x@elsewhere/brand_new")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"version": provision.head()})
    assert run("upgrade", "--database", "brand_new").stdout == f"The schema is at {provision.head()}.\n"


def test_upgrade_brings_an_older_schema_up_and_keeps_its_rows(run: Run, server: LocalPostgres) -> None:
    admin = make_url(server.dsn("older")).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    provision.create(server.dsn("postgres"), "older", provision.Secrets.new())
    assert provision.upgrade(admin, revision="0001") == "0001"
    with create_engine(admin, poolclass=NullPool).begin() as connection:
        connection.execute(
            text("INSERT INTO app.brands (code, name, name_en, created_at) VALUES ('kept', 'x', 'x', now())")
        )
    assert run("upgrade", "--database", "older").exit_code == 0
    assert ask(admin, "SELECT code FROM app.brands") == "kept"
    assert ask(admin, "SELECT version_num FROM app.schema_version") == provision.head()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://postgres:geheim@127.0.0.1:1/postgres", "the database server does not answer"),
        ("postgresql://nobody:geheim@/postgres?host=/no/such/folder", "the database server does not answer"),
    ],
)
def test_a_server_that_does_not_answer_is_one_sentence(url: str, words: str) -> None:
    result = call(url, "create", "--database", "x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(words)
    assert "geheim" not in result.stderr


def test_only_a_superuser_makes_roles(run: Run, shown: dict[str, str], server: LocalPostgres) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE nobody LOGIN PASSWORD 'x'")
    result = call(server.dsn("postgres", "nobody", "x"), "create", "--database", "never")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("the database refuses: ")
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_database_that_is_not_there_or_not_ours_is_not_upgraded(run: Run, server: LocalPostgres) -> None:
    result = run("upgrade", "--database", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert 'database "nowhere" does not exist' in result.stderr
    foreign = run("upgrade", "--database", "postgres")
    assert (foreign.exit_code, foreign.stdout) == (1, "")
    assert len(foreign.stderr.strip().splitlines()) == 1


def test_a_server_that_is_too_old_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        info = SimpleNamespace(server_version=140012)

        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(provision, "_connect", lambda url: Old())
    result = call("postgresql://postgres@old/postgres", "create", "--database", "x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "PostgreSQL 15 or newer is needed, this server is 14\n"


def test_a_database_can_be_dropped_and_made_anew(run: Run, server: LocalPostgres) -> None:
    for _ in range(2):
        assert run("create", "--database", "fresh", "--json").exit_code == 0
        provision.drop(server.dsn("postgres"), "fresh")
        with psycopg.connect(server.dsn("postgres")) as connection:
            assert connection.execute("SELECT 1 FROM pg_database WHERE datname = 'fresh'").fetchone() is None
