"""The tick itself: one at a time (BA2), what it clears away, terms that are off until they are set."""

from __future__ import annotations

from datetime import date

from flask import Flask
from sqlalchemy import text

from portal import worker
from portal.core import terms
from portal.core.db import db
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.orders.terms import DEBIT_AT_ONCE
from portal.settlement.terms import POST_ALONE
from tests.factories.world import World


def test_BA2_of_two_ticks_at_once_one_is_told_that_the_other_is_at_it(app: Flask) -> None:
    with db.engine.connect() as other:
        assert other.scalar(text("SELECT pg_try_advisory_lock(7303)"))
        assert worker.tick() is None
        other.execute(text("SELECT pg_advisory_unlock(7303)"))
    assert worker.tick() is not None


def test_replies_kept_for_repeated_requests_ended_sessions_and_old_jobs_go(
    app: Flask, settings: Settings, world: World
) -> None:
    with admin_engine(str(settings.admin_url)).begin() as connection:
        connection.execute(text("SET search_path = app"))
        for days in (8, 6):
            connection.execute(
                text("INSERT INTO kept_replies (brand_id, member_id, kind, key, fingerprint, status, headers, body, kept_at)"
                     " VALUES (:brand, 1, 'api', :key, '', 200, '{}', '', now() - make_interval(days => :days))"),
                {"brand": world.brand_id, "key": f"{days}", "days": days},
            )  # fmt: skip
        for days in (31, 29):
            connection.execute(
                text("INSERT INTO login_sessions (token_hash, login_id, created_at, seen_at, ends_at, ended_at)"
                     " VALUES (:hash, :login, now(), now(), now(), now() - make_interval(days => :days))"),
                {"hash": f"{world.code} {days}", "login": world.d1.clerk.login_id, "days": days},
            )  # fmt: skip
        for state, days in (("succeeded", 15), ("succeeded", 13), ("failed", 89), ("failed", 91), ("todo", 400)):
            job = connection.scalar(
                text("INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args, status, scheduled_at)"
                     " VALUES ('portal', :task, jsonb_build_object('brand', CAST(:brand AS bigint)), CAST(:state AS jobs.procrastinate_job_status), now() + interval '1 year') RETURNING id"),
                {"task": f"old.{state}{days}", "brand": world.brand_id, "state": state},
            )  # fmt: skip
            connection.execute(text("DELETE FROM jobs.procrastinate_events WHERE job_id = :id"), {"id": job})
            connection.execute(
                text("INSERT INTO jobs.procrastinate_events (job_id, type, at) VALUES (:id, 'deferred', now() - make_interval(days => :days))"),
                {"id": job, "days": days},
            )  # fmt: skip
    worker.tick()
    with admin_engine(str(settings.proof_url)).connect() as connection:
        connection.execute(text("SET search_path = app"))
        kept = set(
            connection.scalars(text("SELECT key FROM kept_replies WHERE brand_id = :brand"), {"brand": world.brand_id})
        )
        open_ones = set(
            connection.scalars(
                text("SELECT token_hash FROM login_sessions WHERE token_hash LIKE :code"), {"code": f"{world.code} %"}
            )
        )
        jobs = set(
            connection.scalars(
                text("SELECT task_name FROM jobs.procrastinate_jobs WHERE (args ->> 'brand')::bigint = :brand"),
                {"brand": world.brand_id},
            )
        )
    assert kept == {"6"}
    assert open_ones == {f"{world.code} 29"}
    assert jobs == {"old.succeeded13", "old.failed89", "old.todo400"}


def test_a_term_of_the_clock_is_off_until_a_brand_sets_it(app: Flask, world: World) -> None:
    with world.as_(world.hq.system) as session:
        assert [terms.value(session, one, on=date(2026, 11, 3)) for one in (DEBIT_AT_ONCE, POST_ALONE)] == [0, 0]
