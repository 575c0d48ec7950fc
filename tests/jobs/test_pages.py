"""Headquarters' pages of mails and jobs: its own brand's only, readable in both languages, with a button for what failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from portal.core import clock, outbox, queue
from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.core.outbox import OutboxMessage, OutboxState
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.notices import actions, mail, queries
from tests.factories.world import World, at, make_world, yuan

CANARY = "CANARY-Ж-7731"


def write(world: World, *, to: str = "boss@example.com", secret: str | None = None, number: str = "PO2610-0007") -> int:
    with world.as_(world.hq.system) as session:
        outbox.add(
            session, template="order-short", to=to, at=at("2026-10-05 09:00"), secret=secret,
            facts={"number": number, "total": yuan("2010.00"), "missing": yuan("1010.00")},
        )  # fmt: skip
        return int(session.scalar(text("SELECT max(id) FROM outbox")))


def fail(world: World, message: int) -> None:
    with world.as_(world.hq.system) as session:
        session.execute(
            update(OutboxMessage).where(OutboxMessage.id == message)
            .values(state=OutboxState.FAILED, tries=12, error="Away: nobody there").execution_options(synchronize_session=False)
        )  # fmt: skip


def left(world: World, settings: Settings, state: str, *, error: str | None = None, seconds_ago: int = 0) -> int:
    """A job in that state."""
    with world.as_(world.hq.system) as session:
        queue.defer(session, "orders.debit_waiting", dealer_id=world.d1.id)
        job = int(session.scalar(text("SELECT id FROM jobs_list(NULL, NULL, 1)")))
    with admin_engine(str(settings.admin_url)).begin() as connection:
        connection.execute(
            text(
                "UPDATE jobs.procrastinate_jobs SET status = CAST(:state AS jobs.procrastinate_job_status), attempts = 6 WHERE id = :job"
            ),
            {"state": state, "job": job},
        )
        connection.execute(
            text("UPDATE jobs.procrastinate_events SET at = at - make_interval(secs => :ago) WHERE job_id = :job"),
            {"ago": seconds_ago, "job": job},
        )
        if error:
            connection.execute(text("SELECT jobs.note_error(:job, :error)"), {"job": job, "error": error})
    return job


def test_the_outbox_lists_mails_with_their_subject_and_filters_by_state(world: World, client_as: Callable) -> None:  # type: ignore[type-arg]
    write(world, to="first@example.com")
    fail(world, write(world, to="second@example.com"))
    browser = client_as(world.hq.admin)
    page = browser.get("/outbox").get_data(as_text=True)
    assert "订单 PO2610-0007 待扣款" in page
    assert "first@example.com" in page
    assert "Away: nobody there" in page
    assert "此处不会真正发送邮件" in page
    failed = browser.get("/outbox?state=failed").get_data(as_text=True)
    assert "second@example.com" in failed
    assert "first@example.com" not in failed
    assert "没有邮件" in browser.get("/outbox?state=sent").get_data(as_text=True)
    assert browser.get("/outbox?state=nonsense").status_code == 200


def test_a_failed_mail_is_sent_again_by_its_button_once(world: World, client_as: Callable) -> None:  # type: ignore[type-arg]
    message = write(world)
    fail(world, message)
    browser = client_as(world.hq.admin)
    assert "重新发送" in browser.get(f"/outbox/{message}").get_data(as_text=True)
    answer = browser.post(f"/outbox/{message}/again")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/outbox/{message}")
    with world.as_(world.hq.admin) as session:
        row = queries.message(session, message)
        assert (row.state, row.tries, row.not_before) == (OutboxState.WAITING, 0, None)
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "outbox:send_again")).one()
        assert (event.actor_name, event.public) == (world.hq.admin.name, False)
    with pytest.raises(Refused, match="mail-not-failed"), world.as_(world.hq.admin) as session:
        actions.send_again(session, world.hq.admin, message, at=at("2026-10-06 09:00"))


@pytest.mark.parametrize(("environment", "shown"), [("development", True), ("production", False), ("testing", False)])
def test_a_one_time_link_stands_on_the_page_on_a_developers_machine_only(
    app: Flask,
    settings: Settings,
    world: World,
    client_as: Callable,
    environment: str,
    shown: bool,  # type: ignore[type-arg]
) -> None:
    with world.as_(world.hq.system) as session:
        outbox.add(
            session, template="password-reset", to="boss@example.com", at=at("2026-10-05 09:00"),
            secret="https://portal.example.com/reset/SECRET", facts={"login": "boss", "minutes": 30},
        )  # fmt: skip
        message = int(session.scalar(text("SELECT max(id) FROM outbox")))
    before = app.extensions["portal-mail"]
    mail.init_mail(app, replace(settings, environment=environment))
    try:
        page = client_as(world.hq.admin).get(f"/outbox/{message}").get_data(as_text=True)
    finally:
        app.extensions["portal-mail"] = before
    assert ("reset/SECRET" in page) is shown


def test_jobs_show_their_state_their_reason_and_how_long_the_oldest_waits(
    settings: Settings,
    world: World,
    client_as: Callable,  # type: ignore[type-arg]
) -> None:
    browser = client_as(world.hq.admin)
    assert "没有任务" in browser.get("/jobs").get_data(as_text=True)
    left(world, settings, "failed", error="ValueError: the poison")
    left(world, settings, "todo", seconds_ago=15 * 60)
    page = browser.get("/jobs").get_data(as_text=True)
    assert "ValueError: the poison" in page
    assert "为待扣款订单扣款" in page
    assert "最早的任务已等待 15 分钟" in page
    assert "重试" in page or "again" in page
    waiting = browser.get("/jobs?state=todo").get_data(as_text=True)
    assert "ValueError" not in waiting
    assert "机器时间" not in waiting
    with clock.frozen(at("2026-10-05 09:00")):
        page = browser.get("/jobs").get_data(as_text=True)
    assert "业务时间停在 10-05 09:00" in page  # a frozen clock stands in the outbox, not here


def test_JO2_a_failed_job_runs_again_by_its_button_with_all_its_tries(
    settings: Settings,
    world: World,
    client_as: Callable,  # type: ignore[type-arg]
) -> None:
    job, done = left(world, settings, "failed"), left(world, settings, "succeeded")
    browser = client_as(world.hq.admin)
    assert browser.post(f"/jobs/{job}/again").status_code == 303
    with world.as_(world.hq.admin) as session:
        (row,) = [row for row in queries.job_rows(session) if row.id == job]
        assert (row.state, row.attempts) == ("todo", 0)
        assert session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "job:retry")).all() == [
            {"job": job, "task": "orders.debit_waiting"}
        ]
    assert browser.post(f"/jobs/{job}/again").status_code == 404  # it waits already
    assert browser.post(f"/jobs/{done}/again").status_code == 404
    assert browser.post(f"/jobs/{10**20}/again").status_code == 404  # a number that no column holds


def test_T1_another_brands_mails_and_jobs_are_not_there(settings: Settings, world: World, client_as: Callable) -> None:  # type: ignore[type-arg]
    message, job = write(world, to="victim@example.com", number=CANARY), left(world, settings, "failed", error=CANARY)
    fail(world, message)
    other = make_world()
    browser = client_as(other.hq.admin)
    for where in ("/outbox", "/jobs", "/outbox?state=failed", "/jobs?state=failed"):
        page = browser.get(where).get_data(as_text=True)
        assert CANARY not in page, where
        assert "victim@example.com" not in page, where
    assert browser.get(f"/outbox/{message}").status_code == 404
    assert browser.post(f"/outbox/{message}/again").status_code == 404
    assert browser.post(f"/jobs/{job}/again").status_code == 404
    with pytest.raises(NotFound), other.as_(other.hq.admin) as session:
        actions.retry_job(session, other.hq.admin, job, at=at("2026-10-06 09:00"))


def test_nobody_but_the_administrator_opens_them(world: World, client_as: Callable) -> None:  # type: ignore[type-arg]
    for actor in (world.hq.finance, world.hq.auditor, world.d1.manager):
        browser = client_as(actor)
        for where in ("/outbox", "/jobs"):
            assert browser.get(where).status_code in {403, 404}, (actor.name, where)
        with pytest.raises(Refused, match="permission-missing"), world.as_(world.hq.system) as session:
            actions.retry_job(session, actor, 1, at=at("2026-10-06 09:00"))
        with pytest.raises(Refused, match="permission-missing"), world.as_(world.hq.system) as session:
            actions.send_again(session, actor, 1, at=at("2026-10-06 09:00"))


def test_JO5_with_another_brands_100000_jobs_waiting_a_page_reads_its_own_from_the_index(
    settings: Settings,
    world: World,
    client_as: Callable,  # type: ignore[type-arg]
) -> None:
    """By the plan and not by the clock. The crowded brand's own page answers too."""
    small = make_world()
    left(small, settings, "todo")
    with admin_engine(str(settings.admin_url)).begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # without a notice for each
        connection.execute(
            text("INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args, scheduled_at)"
                 " SELECT 'portal', 'orders.debit_waiting', jsonb_build_object('brand', CAST(:brand AS bigint), 'given', jsonb_build_object()), now() + interval '1 year'"
                 " FROM generate_series(1, 100000)"),
            {"brand": world.brand_id},
        )  # fmt: skip
    try:
        with admin_engine(str(settings.admin_url)).begin() as connection:
            connection.execute(text("ANALYZE jobs.procrastinate_jobs"))
            plan = "\n".join(
                connection.scalars(
                    text("EXPLAIN SELECT id FROM jobs.procrastinate_jobs j WHERE (j.args ->> 'brand')::bigint = :brand"
                         " AND j.status = 'todo' ORDER BY j.id DESC LIMIT 51"), {"brand": small.brand_id},
                )
            )  # fmt: skip
        assert "using job_brand" in plan, plan
        assert client_as(world.hq.admin).get("/jobs").status_code == 200
    finally:
        with admin_engine(str(settings.admin_url)).begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(
                text("DELETE FROM jobs.procrastinate_jobs WHERE (args ->> 'brand')::bigint = :brand"),
                {"brand": world.brand_id},
            )
