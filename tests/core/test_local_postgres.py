"""The portal's own PostgreSQL: started, found running, after a crash, and over an older version's data."""

import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import create_engine, text

from portal.core.local_postgres import LocalPostgres, LocalPostgresError
from portal.core.local_postgres.system import serves

DEBIANS = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(autouse=True)
def no_programs_named(monkeypatch):
    """These tests are about the wheel's programs, whatever the rest of the suite runs on."""
    monkeypatch.delenv("PORTAL_PG_BIN", raising=False)
    monkeypatch.delenv("PORTAL_PG_BIN_OLD", raising=False)


@contextmanager
def open_folder():
    """A temporary folder that other users may enter: pytest's own are closed, also to the user root picks."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made_once():
    """A home folder that was started once and stopped, for copies: initdb takes the longest."""
    with open_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.delenv("PORTAL_PG_BIN", raising=False)
        server = LocalPostgres(folder / "home", fast=True).start()
        server.stop()
        yield server.home


@pytest.fixture
def new_home():
    """A home folder that does not exist yet; whatever runs in it at the end is stopped."""
    with open_folder() as folder:
        yield folder / "home"
        stop(folder / "home")


@pytest.fixture
def home(made_once, new_home):
    """A stopped server's home folder of the test's own."""
    subprocess.run(["cp", "-a", str(made_once), str(new_home)], check=True)
    return new_home


def stop(home):
    for programs in (None, DEBIANS):
        if programs is None or programs.exists():
            LocalPostgres(home, bin_dir=programs).stop("immediate")


def one_value(dsn, query):
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


def change(dsn, statement):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def server_pid(server):
    return int((server.home / "pgdata" / "postmaster.pid").read_text().splitlines()[0])


def test_a_new_home_gets_a_server_that_answers_over_its_socket_only(new_home):
    server = LocalPostgres(new_home, fast=True).start()
    assert one_value(server.dsn(), "SELECT current_user::text") == "postgres"
    assert one_value(server.dsn(), "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
    assert one_value(server.dsn(), "SHOW listen_addresses") == ""
    assert one_value(server.dsn(), "SHOW shared_preload_libraries") == "pg_stat_statements"
    assert one_value(server.dsn(), "SHOW timezone") == "UTC"
    with pytest.raises(LocalPostgresError, match="listens on its socket only"):
        server.dsn(tcp=True)
    engine = create_engine(server.dsn())
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 42")) == 42
    engine.dispose()
    for private in (server.home / ".superuser", server.home / "pgdata"):
        assert private.stat().st_mode & 0o077 == 0


def test_without_the_password_nobody_gets_in(home):
    server = LocalPostgres(home, fast=True).start()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn(password="guessed"))


def test_what_was_written_is_there_after_a_restart(home):
    server = LocalPostgres(home, fast=True).start()
    change(server.dsn(), "CREATE TABLE kept AS SELECT 7 AS number")
    server.stop()
    assert not server.running
    again = LocalPostgres(home, fast=True).start()
    assert again.running
    assert one_value(again.dsn(), "SELECT number FROM kept") == 7


def test_starting_a_running_server_changes_nothing(home):
    first = LocalPostgres(home, fast=True).start()
    second = LocalPostgres(home, fast=True).start()
    assert server_pid(first) == server_pid(second)
    assert first.dsn() == second.dsn()


def start_and_tell(home, told):
    server = LocalPostgres(Path(home), fast=True).start()
    told.put((server_pid(server), one_value(server.dsn(), "SELECT 1")))


def test_two_starters_at_once_get_the_same_server(new_home):
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    starters = [context.Process(target=start_and_tell, args=(str(new_home), told)) for _ in range(2)]
    for starter in starters:
        starter.start()
    heard = [told.get(timeout=60) for _ in starters]
    for starter in starters:
        starter.join(timeout=60)
    assert [starter.exitcode for starter in starters] == [0, 0]
    assert heard[0] == heard[1]


def test_after_a_crash_it_starts_again_and_nothing_is_lost(home):
    server = LocalPostgres(home).start()
    change(server.dsn(), "CREATE TABLE kept AS SELECT 8 AS number")
    killed = server_pid(server)
    os.kill(killed, signal.SIGKILL)
    again = LocalPostgres(home).start()
    assert server_pid(again) != killed
    assert one_value(again.dsn(), "SELECT number FROM kept") == 8


def test_a_pid_file_whose_number_is_somebody_elses_now_does_not_matter(home):
    """As after a restart of a container, where the same numbers come again."""
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        stale = f"{stranger.pid}\n{home}/pgdata\n1700000000\n5432\n{home}/run\n\n  1 1\nready   \n"
        (home / "pgdata" / "postmaster.pid").write_text(stale)
        (home / "run" / ".s.PGSQL.5432.lock").write_text(stale)
        server = LocalPostgres(home, fast=True)
        assert not server.running
        server.start()
        assert one_value(server.dsn(), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_zombie_serves_nothing(tmp_path):
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet waited for
    assert serves(ended.pid, tmp_path) is False
    ended.wait()
    assert serves(ended.pid, tmp_path) is False


def test_with_a_port_it_answers_there_too_and_the_next_starter_learns_it(home):
    with socket.create_server(("127.0.0.1", 0)) as asked:
        port = asked.getsockname()[1]
    LocalPostgres(home, port=port, fast=True).start()
    found = LocalPostgres(home, fast=True).start()
    assert one_value(found.dsn(tcp=True), "SELECT inet_server_port()") == port
    with pytest.raises(LocalPostgresError, match=f"runs already, on port {port}, not on port {port + 1}"):
        LocalPostgres(home, port=port + 1, fast=True).start()


def test_a_taken_port_is_said_in_one_sentence(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalPostgresError, match=f"Port {port} on 127.0.0.1 is taken by another program"):
            LocalPostgres(home, port=port, fast=True).start()


def test_data_of_a_version_without_programs_is_met_with_what_to_do(home):
    (home / "pgdata" / "PG_VERSION").write_text("13\n")
    with pytest.raises(LocalPostgresError, match=r"written by PostgreSQL 13.*set PORTAL_PG_BIN_OLD to"):
        LocalPostgres(home, fast=True).start()
    assert (home / "pgdata" / "PG_VERSION").read_text() == "13\n"


def test_data_of_a_newer_version_is_left_alone(home):
    (home / "pgdata" / "PG_VERSION").write_text("99\n")
    with pytest.raises(LocalPostgresError, match=r"written by PostgreSQL 99.*PORTAL_PG_BIN.*99 or newer"):
        LocalPostgres(home, fast=True).start()


@pytest.mark.skipif(not DEBIANS.exists(), reason="no PostgreSQL 15 of Debian's here")
def test_data_of_an_older_version_is_carried_over(new_home, monkeypatch):
    old = LocalPostgres(new_home, bin_dir=DEBIANS, fast=True).start()
    assert one_value(old.dsn(), "SHOW server_version_num").startswith("15")
    change(old.dsn(), "CREATE ROLE portal_web LOGIN PASSWORD 'kept'")
    change(old.dsn(), "CREATE DATABASE portal OWNER portal_web")
    change(old.dsn("portal"), "CREATE TABLE kept AS SELECT '售后' AS word")
    change(old.dsn("portal"), "GRANT SELECT ON kept TO portal_web")
    secret = old.password
    old.stop()
    monkeypatch.setenv("PORTAL_PG_BIN_OLD", str(DEBIANS))
    new = LocalPostgres(new_home, fast=True).start()
    assert one_value(new.dsn(), "SHOW server_version_num").startswith("18")
    assert one_value(new.dsn("portal", "portal_web", "kept"), "SELECT word FROM kept") == "售后"
    assert new.password == secret
    assert (new_home / "pgdata.15" / "PG_VERSION").read_text() == "15\n"
    assert not (new_home / "carry-over.sql").exists()


def test_a_socket_path_too_long_for_the_kernel_goes_to_the_temporary_folder(new_home, made_once, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(new_home.parent))
    deep = new_home.parent / ("d" * 100) / "home"
    deep.parent.mkdir()
    subprocess.run(["cp", "-a", str(made_once), str(deep)], check=True)
    server = LocalPostgres(deep, fast=True).start()
    try:
        assert f"host={quote(str(new_home.parent), safe='')}%2Fportal-postgres-" in server.dsn()
        assert one_value(server.dsn(), "SELECT 1") == 1
    finally:
        server.stop("immediate")


def test_a_folder_without_programs_is_named(tmp_path):
    with pytest.raises(LocalPostgresError, match="There are no PostgreSQL programs in"):
        LocalPostgres(tmp_path, bin_dir=tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_for_root_the_server_runs_as_an_ordinary_user(home):
    server = LocalPostgres(home, fast=True).start()
    assert Path(f"/proc/{server_pid(server)}").stat().st_uid != 0


def test_a_stopped_server_may_be_stopped_again(home):
    server = LocalPostgres(home, fast=True)
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 5
    assert not server.running
