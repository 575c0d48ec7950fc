"""`kill -9` of workers at random moments: every job is done, in effect exactly once, whoever died at it (BA1, JO1, JO3).

The jobs are those that agreeing leaves where a brand debits at once (R23). The tick does not run here: what it would do again
is no proof that no job is lost. The control: a worker that forgets the dead ones' jobs leaves some for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection, text

from portal.core.provision import admin_engine
from portal.ledger.prove import prove
from portal.notices import actions as notices
from portal.orders.terms import DEBIT_AT_ONCE
from tests.chaos.killing import ROUNDS, SEED, Zygote, chance_of, forgotten, until, zygote
from tests.factories.world import World, at, make_world, yuan
from tests.jobs.clock_terms import set_term

MINE = max(10, ROUNDS * 3 // 10)  # rounds here: a worker takes longer to start than what posts
STALLED = 0.5  # seconds without a sign of life until a job is taken from its worker


@pytest.fixture
def watch(app, settings) -> Iterator[Connection]:
    with admin_engine(str(settings.admin_url)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture(scope="module")
def forks(app, settings, tmp_path_factory) -> Iterator[Zygote]:
    with zygote(settings, tmp_path_factory.mktemp("chaos-worker")) as made:
        yield made


def brand() -> World:
    world = make_world(opening="50000.00")
    set_term(world, DEBIT_AT_ONCE.name, 1, from_day=date(2026, 6, 1))
    return world


def jobs(watch: Connection, world: World) -> dict[str, int]:
    """How many of the brand's jobs stand where."""
    rows = watch.execute(
        text("SELECT status::text, count(*) FROM jobs.procrastinate_jobs WHERE args->>'brand' = :b GROUP BY 1"),
        {"b": str(world.brand_id)},
    )
    return {row[0]: row[1] for row in rows}


def debited(watch: Connection, world: World) -> tuple[int, int]:
    """Orders that are debited, and journals that debited one."""
    row = watch.execute(
        text("SELECT (SELECT count(*) FROM app.orders WHERE brand_id = :b AND state = 'debited'),"
             " (SELECT count(*) FROM app.journals WHERE brand_id = :b AND purpose = 'order')"), {"b": world.brand_id},
    ).one()  # fmt: skip
    return row[0], row[1]


def open_jobs(watch: Connection, world: World) -> int:
    found = jobs(watch, world)
    return found.get("todo", 0) + found.get("doing", 0)


def test_BA1_JO1_JO3_workers_are_killed_again_and_again_and_every_job_is_done_once(app, settings, watch, forks) -> None:
    print(f"chaos: ROUNDS={ROUNDS} ({MINE} of workers) SEED={SEED}")  # noqa: T201 - for whoever runs it again
    chance, world, struck, made = chance_of(SEED), brand(), 0, 0
    for _ in range(MINE):
        for _order in range(chance.randint(1, 2)):
            world.agreed_order(world.d1, {"P1": 1}, freight="0.00")
            made += 1
        worker, before = forks.start("worker", stalled_after=STALLED), debited(watch, world)[0]
        wanted = before + chance.randint(0, 1)
        until(lambda wanted=wanted: debited(watch, world)[0] >= wanted or not open_jobs(watch, world))
        time.sleep(chance.uniform(0, 0.03))
        struck += open_jobs(watch, world) > 0
        worker.kill()
        forgotten(watch)
        forks.nobody_complained()
        orders, journals = debited(watch, world)
        assert orders == journals  # each at most once, and never half
    last = forks.start("worker", stalled_after=STALLED)
    until(lambda: not open_jobs(watch, world))
    given_up = watch.execute(
        text(
            "SELECT j.id, e.error FROM jobs.procrastinate_jobs j JOIN jobs.job_errors e ON e.job_id = j.id WHERE j.status = 'failed' AND j.args->>'brand' = :b"
        ),
        {"b": str(world.brand_id)},
    ).all()
    assert {row.error for row in given_up} <= {
        "its worker died each time it was tried"
    }  # six times; a person lets it run again
    for row in given_up:
        with world.as_(world.hq.admin) as session:
            notices.retry_job(session, world.hq.admin, row.id, at=at("2026-10-06 09:00"))
    until(lambda: not open_jobs(watch, world))
    last.kill()
    forgotten(watch)
    assert jobs(watch, world) == {"succeeded": made}
    assert debited(watch, world) == (made, made)
    assert world.balance(world.d1) == yuan("50000.00") - made * yuan("12.50")
    assert struck >= MINE // 4  # enough of them died with work in hand or waiting
    with admin_engine(str(settings.proof_url)).connect() as proof:
        assert prove(proof, world.brand_id) == []


def test_the_control_where_nobody_takes_up_the_jobs_of_the_dead_one_is_left_for_ever(watch, forks) -> None:
    """A job in the hands of a worker that is gone: without the rescue it stays there, with it it is done."""
    world = brand()
    world.agreed_order(world.d1, {"P1": 1}, freight="0.00")
    watch.execute(
        text("UPDATE jobs.procrastinate_jobs SET status = 'doing', worker_id = NULL WHERE args->>'brand' = :b"),
        {"b": str(world.brand_id)},
    )
    idle = forks.start("worker", stalled_after=3600, rescues=False)
    other = brand()
    other.agreed_order(other.d1, {"P1": 1}, freight="0.00")
    until(lambda: debited(watch, other)[0] == 1)  # it works, and passes the forgotten one over
    assert debited(watch, world)[0] == 0
    idle.kill()
    rescuing = forks.start("worker", stalled_after=STALLED)
    until(lambda: debited(watch, world) == (1, 1))
    until(lambda: jobs(watch, world) == {"succeeded": 1})
    rescuing.kill()
    forgotten(watch)
