"""The worker as a program: it stops when told, survives being killed, and goes with the server it stands beside (JO1, BA1)."""

from __future__ import annotations

import json
import os
import queue as lines
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.core import outbox, queue
from portal.core.db import db
from portal.core.outbox import OutboxMessage
from portal.core.settings import ROOT, Settings
from portal.notices import queries
from portal.orders.terms import DEBIT_AT_ONCE
from tests.factories.world import World, at
from tests.jobs.clock_terms import set_term

PATIENCE = 120  # seconds; a busy machine takes long to start a Python


@dataclass
class Running:
    """A worker and what it says, line by line."""

    process: subprocess.Popen[bytes]
    said: lines.Queue[dict[str, Any]]
    early: list[dict[str, Any]] = field(
        default_factory=list
    )  # its loops run, and may speak, before it says that it started

    def started(self) -> None:
        """Wait until it says so; what it said before counts as said after."""
        while (line := self.said.get(timeout=PATIENCE)).get("event") != "worker-started":
            if line == {"over": True}:
                pytest.fail(f"the worker never started; it said {self.early}")
            self.early.append(line)

    def until(self, **wanted: Any) -> dict[str, Any]:
        """The next line that says ``wanted``; fails when it does not come."""
        seen: list[dict[str, Any]] = []
        for line in self.early:
            if wanted.items() <= line.items():
                self.early.remove(line)
                return line
        while True:
            try:
                line = self.said.get(timeout=PATIENCE)
            except lines.Empty:
                pytest.fail(f"the worker never said {wanted}; it said {seen}")
            if line == {"over": True}:
                pytest.fail(f"the worker ended without saying {wanted}; it said {seen}")
            if wanted.items() <= line.items():
                return line
            seen.append(line)


def environment(settings: Settings) -> dict[str, str]:
    """What a worker of the tests' database is given."""
    return {
        **os.environ, "PORTAL_ENV": "testing", "DATABASE_URL": settings.database_url, "PORTAL_CONTEXT_KEY": settings.context_key.hex(),
        "PORTAL_SECRET_KEY": settings.secret_key, "PORTAL_HOME": str(settings.home), "PYTHONPATH": str(ROOT),
    }  # fmt: skip


@contextmanager
def worker(settings: Settings, *options: str, stdin: int | None = subprocess.DEVNULL, **more: str) -> Iterator[Running]:
    """A worker that runs; ``more`` joins its environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "portal", "worker", "--stalled-after", "2", "--tick-every", "0.5", *options],
        env={**environment(settings), **more}, stdin=stdin, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    running = Running(process, lines.Queue())

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            try:
                running.said.put(json.loads(line))
            except ValueError:
                running.said.put({"text": line.decode()})
        running.said.put({"over": True})

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()
    try:
        running.started()
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=PATIENCE)
        ear.join(timeout=PATIENCE)
        for pipe in (process.stderr, process.stdin):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def state(settings: Settings, job: int) -> tuple[str, int]:
    with psycopg.connect(str(settings.admin_url).replace("+psycopg", "")) as connection:
        row = connection.execute(
            "SELECT status::text, attempts FROM jobs.procrastinate_jobs WHERE id = %s", [job]
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def newest_job(world: World) -> int:
    with world.as_(world.hq.admin) as session:
        return int(session.scalar(text("SELECT id FROM jobs_list(NULL, NULL, 1)")))


def test_a_job_is_heard_of_at_once_run_and_the_worker_stops_when_told(
    app: Flask, settings: Settings, world: World
) -> None:
    set_term(world, DEBIT_AT_ONCE.name, 1)
    with worker(settings) as running:
        number = world.agreed_order(world.d1, {"P1": 4})
        done = running.until(event="job-done", task="orders.debit_waiting", job=newest_job(world))
        until(lambda: state(settings, done["job"]) == ("succeeded", 1))
        running.process.send_signal(signal.SIGTERM)
        running.until(event="worker-stopped")
        assert running.process.wait(timeout=PATIENCE) == 0
    with world.as_(world.hq.clerk) as session:
        assert session.scalar(text("SELECT state FROM orders WHERE number = :number"), {"number": number}) == "debited"
    with psycopg.connect(str(settings.admin_url).replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM jobs.procrastinate_workers").fetchone() == (0,)  # it signed off


def test_JO1_BA1_a_worker_killed_in_the_middle_of_a_job_is_followed_by_another_and_the_effect_is_there_once(
    app: Flask, settings: Settings, world: World
) -> None:
    set_term(world, DEBIT_AT_ONCE.name, 1)
    number = world.agreed_order(world.d1, {"P1": 4})
    job = newest_job(world)
    with psycopg.connect(str(settings.admin_url).replace("+psycopg", "")) as holding:
        holding.execute(
            "SELECT 1 FROM app.orders WHERE number = %s AND brand_id = %s FOR UPDATE", [number, world.brand_id]
        )
        with worker(settings) as running:  # it takes the job, and its debit waits for the order that we hold
            waits = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            with psycopg.connect(str(settings.admin_url).replace("+psycopg", ""), autocommit=True) as watching:
                until(lambda: state(settings, job)[0] == "doing" and watching.execute(waits).fetchone() != (0,))
            running.process.kill()
            running.process.wait(timeout=PATIENCE)
        holding.rollback()
    assert state(settings, job)[0] == "doing"
    with worker(settings) as second:
        second.until(event="job-rescued", job=job)
        second.until(event="job-done", job=job)
        until(lambda: state(settings, job) == ("succeeded", 2))
    with world.as_(world.hq.auditor) as session:
        assert (
            session.scalar(text("SELECT count(*) FROM journals WHERE source = :source"), {"source": f"order:{number}"})
            == 1
        )


def until(true: Any) -> None:
    """Look again and again, without a fixed wait, for at most PATIENCE seconds."""
    pause = threading.Event()
    for _look in range(PATIENCE * 20):
        if true():
            return
        pause.wait(0.05)
    pytest.fail("it never came")


def test_a_worker_whose_connections_are_cut_goes_on(app: Flask, settings: Settings, world: World) -> None:
    with worker(settings) as running:
        with psycopg.connect(str(settings.admin_url).replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'portal_web' AND datname = current_database()"
            )
        db.engine.dispose()  # ours were cut too
        world.topup(world.d1, "5.00")
        running.until(event="job-done", task="orders.debit_waiting", job=newest_job(world))


def test_mail_leaves_within_a_beat(app: Flask, settings: Settings, world: World) -> None:
    with world.as_(world.hq.system) as session:
        outbox.add(
            session,
            template="settlement-waits",
            to="a@example.com",
            facts={"month": "2026-11", "earlier": "2026-10"},
            at=at("2026-12-03 02:00"),
        )
    with worker(settings) as running:
        running.until(event="mail-sent", brand_id=world.brand_id)
    with world.as_(world.hq.system) as session:
        assert session.scalars(select(OutboxMessage.state)).one().value == "sent"


def test_JO1_a_mail_server_that_says_nothing_keeps_no_job_from_being_taken_up(
    app: Flask, settings: Settings, world: World
) -> None:
    with world.as_(world.hq.system) as session:
        outbox.add(
            session, template="settlement-waits", to="a@example.com", facts={"month": "2026-11", "earlier": "2026-10"},
            at=at("2026-12-03 02:00"),
        )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        with worker(settings, PORTAL_MAIL_URL=f"smtp://127.0.0.1:{silent.getsockname()[1]}") as running:
            asked, _address = silent.accept()  # it waits for our greeting now
            with world.as_(world.hq.finance) as session:
                queue.defer(session, "orders.debit_waiting", run_at=at("2999-01-01 00:00"))
            job = newest_job(world)
            with psycopg.connect(str(settings.admin_url).replace("+psycopg", "")) as connection:
                connection.execute("UPDATE jobs.procrastinate_jobs SET status = 'doing' WHERE id = %s", [job])
            running.until(event="job-rescued", job=job)
            asked.close()
            running.until(event="mail-not-sent", template="settlement-waits")  # and not before


def test_a_worker_beside_a_server_goes_when_the_server_is_gone(app: Flask, settings: Settings) -> None:
    with worker(settings, "--beside", stdin=subprocess.PIPE) as running:
        assert running.process.stdin is not None
        running.process.stdin.close()  # what a killed server's end of the pipe does
        running.until(event="worker-stopped")
        assert running.process.wait(timeout=PATIENCE) == 0


def test_a_poisoned_job_reaches_the_page_of_its_brand(app: Flask, settings: Settings, world: World) -> None:
    with world.as_(world.hq.system) as session:
        queue.defer(session, "orders.debit_waiting", dealer_id="no number")
    job = newest_job(world)
    with worker(settings) as running:
        line = running.until(event="job-failed", job=job)
        until(lambda: state(settings, job) == ("todo", 1))
    assert line["tries"] == 1
    with world.as_(world.hq.admin) as session:
        assert [row.error for row in queries.job_rows(session)] == [line["why"]]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["told to stop", "killed"])
def test_a_server_brings_its_worker_and_takes_it_along(
    app: Flask, settings: Settings, tmp_path: Path, end: signal.Signals
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "worker.log"
    server = subprocess.Popen(
        [sys.executable, "-m", "portal", "serve", "--worker", "--port", str(port)],
        env={**environment(settings), "PORTAL_HOME": str(tmp_path)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    try:
        until(lambda: log.exists() and "worker-started" in log.read_text())
        until(lambda: answers(port))
        server.send_signal(end)
        server.wait(timeout=PATIENCE)
        until(lambda: "worker-stopped" in log.read_text())
        until(lambda: not answers(port))
    finally:
        if server.poll() is None:
            server.kill()
            server.wait(timeout=PATIENCE)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_portal_tick_does_once_by_hand_what_is_due_and_says_it(app: Flask, settings: Settings, world: World) -> None:
    number = world.quoted_order(world.d1, when="2026-10-05 10:00")
    moment = {**environment(settings), "PORTAL_CLOCK": "2026-10-13T00:00:00+08:00"}
    done = subprocess.run(
        [sys.executable, "-m", "portal", "tick", "--json"], env=moment, capture_output=True, cwd=ROOT, check=False
    )
    said = json.loads(done.stdout)
    assert done.returncode == (0 if said["ok"] else 1)  # other tests' brands may have something that is refused
    assert [row for row in said["done"] if row["brand"] == world.code] == [
        {"brand": world.code, "clockwork": "orders.lapse", "what": "lapsed", "order": number, "quote": 1}
    ]
