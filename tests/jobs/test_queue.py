"""A job is there if, and only if, its act is; it carries its tenant's signed scope or is refused (JO2, JO3, JO4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError

from portal import worker
from portal.core import clock, queue, scope
from portal.core.db import db, unit_of_work
from portal.core.scope import Scope
from portal.core.settings import Settings
from portal.notices import queries
from tests.factories.world import World, at

RAN: list[tuple[Scope, dict[str, Any]]] = []


@queue.task("test.note", tries=2)
def note(job: queue.Job, **given: Any) -> None:
    RAN.append((job.asked_by, given))


@queue.task("test.poison", tries=2)
def poison(job: queue.Job, **given: Any) -> None:
    raise ValueError("the poison\nwith 13812345678 in its second line")


@pytest.fixture(autouse=True)
def nothing_ran() -> Iterator[None]:
    RAN.clear()
    yield
    RAN.clear()


def ran(world: World) -> list[tuple[Scope, dict[str, Any]]]:
    """What ran for this brand: other tests' jobs lie in the same database."""
    return [(asked_by, given) for asked_by, given in RAN if asked_by.brand_id == world.brand_id]


def stored(world: World) -> list[queries.JobRow]:
    """The brand's own jobs of this file's tasks, the newest first."""
    with world.as_(world.hq.admin) as session:
        return [row for row in queries.job_rows(session, limit=1000) if row.task.startswith("test.")]


def plant(settings: Settings, task: str, args: dict[str, Any]) -> int:
    """A job that no act left: what somebody with the owner's rights might write."""
    with psycopg.connect(str(settings.admin_url).replace("+psycopg", "")) as connection:
        row = connection.execute(
            "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args) VALUES ('portal', %s, %s) RETURNING id",
            [task, psycopg.types.json.Jsonb(args)],
        ).fetchone()
    assert row is not None
    return int(row[0])


def looked_up(settings: Settings, job: int) -> tuple[str, int, str | None]:
    with psycopg.connect(str(settings.admin_url).replace("+psycopg", "")) as connection:
        row = connection.execute(
            "SELECT j.status::text, j.attempts, e.error FROM jobs.procrastinate_jobs j LEFT JOIN jobs.job_errors e ON e.job_id = j.id WHERE j.id = %s",
            [job],
        ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def test_JO3_a_committed_act_leaves_its_job_and_the_worker_runs_it_once(
    app: Flask, settings: Settings, world: World
) -> None:
    with world.as_(world.d1.manager) as session:
        queue.defer(session, "test.note", order="PO2610-0001", pieces=3)
    worker.run_waiting(app, settings)
    worker.run_waiting(app, settings)
    assert ran(world) == [(world.d1.manager.scope, {"order": "PO2610-0001", "pieces": 3})]
    (row,) = stored(world)
    assert (row.task, row.dealer_id, row.given, row.state, row.attempts) == (
        "test.note", world.d1.id, {"order": "PO2610-0001", "pieces": 3}, "succeeded", 1,
    )  # fmt: skip


def test_JO3_an_act_rolled_back_leaves_no_job(app: Flask, settings: Settings, world: World) -> None:
    with pytest.raises(RuntimeError, match="after all"), world.as_(world.d1.manager) as session:
        queue.defer(session, "test.note")
        raise RuntimeError("after all")
    assert stored(world) == []
    worker.run_waiting(app, settings)
    assert ran(world) == []


def test_a_job_waits_for_its_instant_of_the_machine(app: Flask, settings: Settings, world: World) -> None:
    with world.as_(world.hq.finance) as session:
        queue.defer(session, "test.note", run_at=clock.machine_now() + timedelta(hours=1))
        queue.defer(session, "test.note", run_at=clock.machine_now() - timedelta(hours=1), past=True)
    worker.run_waiting(app, settings)
    assert [given for _scope, given in ran(world)] == [{"past": True}]
    assert [row.state for row in stored(world)] == ["succeeded", "todo"]


def test_once_leaves_one_waiting_job_of_a_brand_task_and_key(app: Flask, settings: Settings, world: World) -> None:
    for _again in range(2):
        with world.as_(world.hq.finance) as session:
            queue.defer(session, "test.note", once="a")
            queue.defer(session, "test.note", once="b")
    assert [row.state for row in stored(world)] == ["todo", "todo"]
    worker.run_waiting(app, settings)
    with world.as_(world.hq.finance) as session:
        queue.defer(session, "test.note", once="a")
    assert [row.state for row in stored(world)] == ["todo", "succeeded", "succeeded"]


def test_many_jobs_of_one_kind_are_left_together(app: Flask, settings: Settings, world: World) -> None:
    with world.as_(world.hq.finance) as session:
        queue.defer_each(session, "test.note", [{"n": 1}, {"n": 2}])
        queue.defer_each(session, "test.note", [])
    worker.run_waiting(app, settings)
    assert ran(world) == [(world.hq.finance.scope, {"n": 1}), (world.hq.finance.scope, {"n": 2})]


def forged(world: World) -> dict[str, dict[str, Any]]:
    """Payloads that no act left, by what is wrong with them."""
    own, brand = scope.seal(Scope(world.brand_id)), world.brand_id
    return {
        "no seal": {"given": {}, "brand": brand, "dealer": None},
        "a seal that is no text": {"seal": 7, "given": {}, "brand": brand, "dealer": None},
        "a signature of one's own": {"seal": own.partition("|")[0] + "|" + "0" * 64, "given": {}, "brand": brand, "dealer": None},
        "another brand's number under the signature": {
            "seal": own.replace(f"job.{brand}.", f"job.{brand + 1}."), "given": {}, "brand": brand + 1, "dealer": None,
        },
        "a context in place of a seal": {"seal": scope.token(Scope(brand)), "given": {}, "brand": brand, "dealer": None},
        "another brand's true seal": {"seal": scope.seal(Scope(brand + 1)), "given": {}, "brand": brand, "dealer": None},
        "headquarters' true seal on a dealer's job": {"seal": own, "given": {}, "brand": brand, "dealer": world.d1.id},
        "no arguments": {"seal": own, "given": None, "brand": brand, "dealer": None},
    }  # fmt: skip


def test_JO4_a_job_without_its_tenants_signed_scope_is_refused_before_any_sql_and_never_tried_again(
    app: Flask, settings: Settings, world: World
) -> None:
    wrong = forged(world)
    planted = {name: plant(settings, "test.note", args) for name, args in wrong.items()}
    entered: list[str] = []

    def watch(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        entered.append(statement)

    event.listen(db.engine, "before_cursor_execute", watch)
    try:
        worker.run_waiting(app, settings)
    finally:
        event.remove(db.engine, "before_cursor_execute", watch)
    assert ran(world) == []
    ends = {name: looked_up(settings, job) for name, job in planted.items()}
    assert {name: (state, tries) for name, (state, tries, _error) in ends.items()} == dict.fromkeys(
        wrong, ("failed", 1)
    )
    assert all(str(error).startswith("Forged: test.note carries") for _state, _tries, error in ends.values())
    # the only thing said to the database is why it was refused
    assert {statement for statement in entered if "pg_catalog" not in statement} <= {
        "SELECT jobs.note_error(%(id)s, %(error)s)"
    }


def test_JO4_control_the_same_job_with_its_seal_runs(app: Flask, settings: Settings, world: World) -> None:
    sealed = {"seal": scope.seal(Scope(world.brand_id)), "given": {"n": 1}, "brand": world.brand_id, "dealer": None}
    job = plant(settings, "test.note", sealed)
    worker.run_waiting(app, settings)
    assert ran(world) == [(Scope(world.brand_id), {"n": 1})]
    assert looked_up(settings, job) == ("succeeded", 1, None)


def test_JO4_whose_a_job_is_the_database_writes_from_the_signed_context(world: World) -> None:
    with world.as_(world.d1.manager) as session:
        session.execute(text("""SELECT job_defer('test.note', '{"brand": 1, "dealer": 1, "given": {}}', NULL, NULL)"""))
    (row,) = stored(world)
    assert row.dealer_id == world.d1.id
    with db.engine.connect() as connection:
        brand = connection.scalar(
            text("SELECT args ->> 'brand' FROM jobs.procrastinate_jobs WHERE id = :id"), {"id": row.id}
        )
    assert brand == str(world.brand_id)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name) VALUES ('portal', 'test.note')",
        "UPDATE jobs.procrastinate_jobs SET args = '{}'",
        "DELETE FROM jobs.procrastinate_jobs",
        "SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[('portal', 'test.note', 0, NULL, NULL, '{}', NULL)]::jobs.procrastinate_job_to_defer_v1[])",
        "SELECT job_defer('test.note', '{}', NULL, NULL)",
        "SELECT * FROM jobs_list(NULL, NULL, 10)",
    ],
)
def test_JO4_the_portals_own_login_writes_no_job_past_the_window(app: Flask, statement: str) -> None:
    with db.engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement))


def test_a_transaction_of_a_scope_reaches_the_jobs_by_its_windows_only(world: World) -> None:
    for actor in (world.d1.manager, world.hq.admin):
        with pytest.raises(ProgrammingError, match="permission denied for schema jobs"), world.as_(actor) as session:
            session.execute(text("SELECT * FROM jobs.procrastinate_jobs"))
    with pytest.raises(ProgrammingError, match="permission denied"), world.as_(world.d1.manager) as session:
        session.execute(text("SELECT * FROM jobs_list(NULL, NULL, 10)"))


def test_JO2_a_poisoned_job_is_tried_again_later_and_ends_as_failed_with_its_reason(
    app: Flask, settings: Settings, world: World
) -> None:
    with world.as_(world.hq.finance) as session:
        queue.defer(session, "test.poison", order="PO2610-0001")
        queue.defer(session, "test.note")
    before = clock.machine_now()
    worker.run_waiting(app, settings)
    assert len(ran(world)) == 1  # it holds nobody else back
    (row,) = [row for row in stored(world) if row.task == "test.poison"]
    assert (row.state, row.attempts, row.error) == ("todo", 1, "ValueError: the poison")
    assert row.run_at is not None
    assert timedelta(seconds=9) < row.run_at - before < timedelta(seconds=70)
    due_now(settings, row.id)
    worker.run_waiting(app, settings)
    (row,) = [row for row in stored(world) if row.task == "test.poison"]
    assert (row.state, row.attempts, row.error) == ("failed", 2, "ValueError: the poison")


def due_now(settings: Settings, job: int) -> None:
    """Let a job's next try come now."""
    with psycopg.connect(str(settings.admin_url).replace("+psycopg", "")) as connection:
        connection.execute("UPDATE jobs.procrastinate_jobs SET scheduled_at = NULL WHERE id = %s", [job])


def test_JO1_a_job_whose_worker_died_is_taken_up_and_one_that_kills_every_worker_fails(
    app: Flask, settings: Settings, world: World
) -> None:
    worker.rescue(stalled_after=0)  # what a killed worker of another test left in this database
    with world.as_(world.hq.finance) as session:
        queue.defer(session, "test.note", n=1)
    (row,) = stored(world)
    with psycopg.connect(str(settings.admin_url).replace("+psycopg", ""), options="-c search_path=jobs") as connection:

        def taken_and_killed(seconds_ago: int) -> None:
            made = connection.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s)) RETURNING id",
                [seconds_ago],
            ).fetchone()
            assert made is not None
            connection.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", [made[0], row.id]
            )
            connection.commit()

        taken_and_killed(20)
        assert worker.rescue(stalled_after=30) == 0  # it may be alive yet
        connection.execute("SELECT pg_advisory_xact_lock(7304)")  # another worker is at it
        assert worker.rescue(stalled_after=10) == 0
        connection.rollback()
        assert looked_up(settings, row.id) == ("doing", 0, None)
        assert worker.rescue(stalled_after=10) == 1
        assert looked_up(settings, row.id) == ("todo", 1, None)
        worker.run_waiting(app, settings)
        assert ran(world) == [(world.hq.finance.scope, {"n": 1})]
        assert looked_up(settings, row.id) == ("succeeded", 2, None)
        connection.execute("UPDATE procrastinate_jobs SET attempts = 1, status = 'todo' WHERE id = %s", [row.id])
        taken_and_killed(60)
        assert worker.rescue(stalled_after=30) == 1
        assert looked_up(settings, row.id) == ("failed", 2, "its worker died each time it was tried")


def test_first_time_is_told_once_and_given_back_on_rollback(world: World) -> None:
    moment = at("2026-11-03 02:00")
    with pytest.raises(RuntimeError), world.as_(world.hq.system) as session:
        assert queue.first_time(session, "a", at=moment)
        raise RuntimeError
    with world.as_(world.hq.system) as session:
        assert queue.first_time(session, "a", at=moment)
        assert not queue.first_time(session, "a", at=moment)
        assert queue.first_time(session, "b", at=moment)
    with unit_of_work(Scope(world.brand_id)) as session:
        assert not queue.first_time(session, "a", at=moment)


def test_two_functions_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="two tasks"):
        queue.task("test.note")(poison)
    queue.task("test.note", tries=2)(note)
    with pytest.raises(ValueError, match="two pieces"):
        queue.clockwork("orders.lapse")(lambda _actor, _at: ())
