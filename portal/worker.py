"""The worker: runs the jobs that acts left, does what the clock makes due, and sends the mail (docs/concepts/jobs.md).

``portal worker`` runs until SIGTERM or SIGINT: it finishes the jobs in hand and goes. Killed at any instant it loses
nothing: a job whose worker shows no sign of life is taken up by another (JO1), and the tick asks the database what is due
and not done, never a calendar of its own. Several workers may run; the tick has a lock, jobs and mails are taken one by one.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import logging
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import procrastinate
import psycopg
import structlog
from flask import Flask
from procrastinate import exceptions, jobs, retry
from procrastinate.worker import Worker
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from portal.app import PACKAGES
from portal.core import clock, queue
from portal.core.db import db
from portal.core.errors import PortalError
from portal.core.settings import Settings
from portal.identity import queries as identity
from portal.identity.actions import forget_old
from portal.notices import jobs as notices
from portal.notices import mail

log = structlog.get_logger()

QUEUE = "portal"
TICK_SECONDS = 60
BEAT_SECONDS = 5
SUCCEEDED_DAYS, FAILED_DAYS, SESSION_DAYS = 14, 90, 30
_FIRST_WAIT = 10  # seconds after the first failure; four times as long after each further one
_LONGEST_PAUSE = 30  # seconds between two attempts to reach the database again

_TICK_ALONE = text("SELECT pg_try_advisory_lock(7303)")
_TICK_DONE = text("SELECT pg_advisory_unlock(7303)")
_RESCUE_ALONE = text("SELECT pg_try_advisory_xact_lock(7304)")
_STALLED = text("""
    SELECT j.id, j.task_name, j.attempts FROM jobs.procrastinate_jobs j LEFT JOIN jobs.procrastinate_workers w ON w.id = j.worker_id
    WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => :seconds)) ORDER BY j.id""")
_AGAIN = text("SELECT jobs.procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)")
_GIVE_UP = text("SELECT jobs.procrastinate_finish_job_v1(:id, 'failed', false)")
_NOTE = text("SELECT jobs.note_error(:id, :error)")


# ---------------------------------------------------------------- jobs


class _Backoff(retry.BaseRetryStrategy):
    """Again after 10 s, 40 s, 2:40 …; a poisoned job ends as failed, a forged one at once (JO2, JO4)."""

    def __init__(self, tries: int) -> None:
        self.tries = tries

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> procrastinate.RetryDecision | None:
        if isinstance(exception, queue.Forged) or job.attempts + 1 >= self.tries:
            return None
        return procrastinate.RetryDecision(retry_in={"seconds": _FIRST_WAIT * 4**job.attempts})


class _Worker(Worker):
    """Procrastinate's worker; it stops when its heartbeat or its ear fails, and :func:`run` starts it anew."""

    async def _periodic_deferrer(self) -> NoReturn:
        # The portal hangs nothing on cron slots (stack.md). Ending here would end the watch over the other side tasks.
        await asyncio.Event().wait()
        raise AssertionError


class _Bridge(logging.Handler):
    """Procrastinate's warnings among the portal's own lines; how a job failed is logged by :func:`_runner`."""

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "action", "") not in {"job_error", "job_error_retry"}:
            log.warning("procrastinate", said=record.getMessage())


def said(error: BaseException) -> str:
    """A failure in one line, without the values that a statement was given."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    words = (str(cause).strip() or "no reason given").splitlines()[0]
    return f"{type(cause).__name__}: {words}"


def _runner(flask: Flask, base_url: str, task: queue.Task) -> Callable[..., None]:
    def run(context: procrastinate.JobContext, **payload: Any) -> None:
        number = context.job.id
        with flask.test_request_context(base_url=base_url):  # papers carry whole addresses in their QR codes
            try:
                job = queue.opened(task.name, payload)
                task.act(job, **job.given)
            except Exception as error:
                log.warning(
                    "job-failed",
                    job=number,
                    task=task.name,
                    tries=context.job.attempts + 1,
                    why=said(error),
                    **_trace(error),
                )
                with db.engine.begin() as connection:
                    connection.execute(_NOTE, {"id": number, "error": said(error)})
                raise
        log.info("job-done", job=number, task=task.name)

    return run


def application(flask: Flask, settings: Settings) -> procrastinate.App:
    """Procrastinate with every task of every package, on the portal's own database."""
    know_packages()
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=url, kwargs={"options": "-c search_path=jobs"}, min_size=1, max_size=4
    )
    app = procrastinate.App(connector=connector)
    for task in queue.TASKS.values():
        app.task(name=task.name, queue=QUEUE, pass_context=True, retry=_Backoff(task.tries))(
            _runner(flask, settings.base_url, task)
        )
    return app


def know_packages() -> None:
    """Import every package's ``jobs.py``, where tasks and clockwork are named."""
    for package in PACKAGES:
        try:
            importlib.import_module(f"portal.{package}.jobs")
        except ModuleNotFoundError as error:
            if error.name != f"portal.{package}.jobs":
                raise


def rescue(*, stalled_after: float) -> int:
    """Put back jobs whose worker showed no sign of life for so many seconds; those that killed theirs every time fail (JO1, JO2)."""
    with db.engine.begin() as connection:
        if not connection.scalar(_RESCUE_ALONE):
            return 0
        found = connection.execute(_STALLED, {"seconds": stalled_after}).all()
        for row in found:
            known = queue.TASKS.get(row.task_name)
            if known is not None and row.attempts + 1 < known.tries:
                connection.execute(_AGAIN, {"id": row.id})
                log.warning("job-rescued", job=row.id, task=row.task_name)
            else:
                connection.execute(_NOTE, {"id": row.id, "error": "its worker died each time it was tried"})
                connection.execute(_GIVE_UP, {"id": row.id})
                log.error("job-given-up", job=row.id, task=row.task_name)
    return len(found)


# ---------------------------------------------------------------- the tick


@dataclass(frozen=True, slots=True)
class Ticked:
    """What the tick did, or could not do, for a brand ("" for what belongs to none)."""

    brand: str
    clockwork: str
    outcome: queue.Outcome


def tick() -> list[Ticked] | None:
    """Do for every brand what is due by its own clock and not done; None when another worker is at it.

    Each piece of clockwork stands alone: one that fails is logged and holds back neither the next nor the next brand.
    """
    know_packages()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lock:
        if not lock.scalar(_TICK_ALONE):
            return None
        try:
            done = list(_everything())
        finally:
            if not lock.invalidated:
                lock.execute(_TICK_DONE)
    return done


def _everything() -> Iterator[Ticked]:
    at = clock.now()
    for code in identity.brand_codes(db.engine):
        try:
            actor = identity.system_actor(identity.brand_by_code(db.engine, code))
        except Exception as error:  # noqa: BLE001 - a brand whose own row is wrong holds back no other
            yield _told(code, "brand", _failed(error))
            continue
        for name, act in queue.CLOCKWORK.items():
            for outcome in _guarded(partial(act, actor, at)):
                yield _told(code, name, outcome)
    for outcome in _guarded(_sweep):
        yield _told("", "worker.sweep", outcome)


def _told(brand: str, clockwork: str, outcome: queue.Outcome) -> Ticked:
    if not outcome.again:
        level = log.info if outcome.well else log.warning
        level("tick", brand=brand, clockwork=clockwork, what=outcome.what, **outcome.facts)
    return Ticked(brand, clockwork, outcome)


def _guarded(act: Callable[[], Iterable[queue.Outcome]]) -> Iterator[queue.Outcome]:
    try:
        yield from act()
    except Exception as error:  # noqa: BLE001 - one brand's trouble is not the next one's
        yield _failed(error)


def _failed(error: Exception) -> queue.Outcome:
    return queue.Outcome("failed", {"why": said(error), **_trace(error)}, well=False)


def _trace(error: BaseException) -> dict[str, str]:
    """Where an unforeseen error came from, without its words: the database's repeat the values that a statement was given."""
    return {} if isinstance(error, PortalError) else {"trace": "".join(traceback.format_tb(error.__traceback__))}


def _sweep() -> Iterator[queue.Outcome]:
    """Delete what nobody asks for any more and no brand owns: finished jobs, ended sessions, old tries at the door."""
    with db.engine.begin() as connection:
        jobs_gone = connection.scalar(
            text("SELECT jobs.sweep(:good, :bad)"), {"good": SUCCEEDED_DAYS, "bad": FAILED_DAYS}
        )
        sessions_gone = connection.scalar(text("SELECT sessions_sweep(:days)"), {"days": SESSION_DAYS})
    tries_gone = forget_old(db.engine)
    if jobs_gone or sessions_gone or tries_gone:
        yield queue.Outcome("swept", {"jobs": jobs_gone, "sessions": sessions_gone, "tries": tries_gone})


# ---------------------------------------------------------------- running


def check_mail() -> None:
    """Raises SettingsError where nobody has said how mail leaves."""
    mail.sender()


def run(
    flask: Flask,
    settings: Settings,
    *,
    concurrency: int = 2,
    stalled_after: float = 30,
    tick_seconds: float = TICK_SECONDS,
    beside: bool = False,
) -> None:
    """Run until SIGTERM or SIGINT; with ``beside`` also until the server that started it closes our standard input."""
    stop = threading.Event()
    loops = [  # the mail in a loop of its own: a mail server that takes its time keeps nobody's job from being taken up
        threading.Thread(target=_loop, args=(flask, stop, seconds, act), name=name, daemon=True)
        for name, seconds, act in (
            ("tick", tick_seconds, tick),
            ("rescue", BEAT_SECONDS, lambda: rescue(stalled_after=stalled_after)),
            ("mail", BEAT_SECONDS, notices.send_mail),
        )
    ]
    for loop in loops:
        loop.start()
    try:
        asyncio.run(_jobs(flask, settings, stop, concurrency=concurrency, stalled_after=stalled_after, beside=beside))
    finally:
        stop.set()
        for loop in loops:
            loop.join(timeout=_LONGEST_PAUSE)


def run_waiting(flask: Flask, settings: Settings) -> None:
    """Run the jobs that may run now and return: what tests and ``portal tick --jobs`` do."""

    async def once() -> None:
        app = application(flask, settings)
        async with app.open_async():
            await _worker(app, concurrency=1, stalled_after=30, wait=False).run()

    _hush()
    # In a thread of its own, which sees what this one sees (its clock): whoever calls may have a loop running.
    with ThreadPoolExecutor(1) as alone:
        alone.submit(contextvars.copy_context().run, asyncio.run, once()).result()


def _worker(app: procrastinate.App, *, concurrency: int, stalled_after: float, wait: bool = True) -> _Worker:
    return _Worker(
        app,
        queues=[QUEUE],
        name="portal",
        concurrency=concurrency,
        wait=wait,
        fetch_job_polling_interval=BEAT_SECONDS,
        abort_job_polling_interval=3600,  # nobody aborts a job: it is done whole or not at all
        install_signal_handlers=False,
        update_heartbeat_interval=stalled_after / 3,
        stalled_worker_timeout=stalled_after,
        listen_notify=wait,
    )


async def _jobs(
    flask: Flask, settings: Settings, stop: threading.Event, *, concurrency: int, stalled_after: float, beside: bool
) -> None:
    """Run procrastinate's worker, and again whenever the database was away, until asked to stop."""
    _hush()
    loop, running = asyncio.get_running_loop(), list[_Worker]()

    def ask() -> None:
        stop.set()
        wake.set()
        for worker in running:
            worker.stop()

    wake = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    if beside:
        threading.Thread(target=_until_closed, args=(loop, ask), daemon=True).start()
    log.info("worker-started")
    pause = 1
    while not stop.is_set():
        app = application(flask, settings)
        try:
            async with app.open_async():
                worker = _worker(app, concurrency=concurrency, stalled_after=stalled_after)
                running[:] = [worker]
                if not stop.is_set():
                    await worker.run()
                pause = 1
        except (exceptions.ConnectorException, psycopg.OperationalError) as error:
            log.warning("worker-without-database", why=said(error), again_in=pause)
        if not stop.is_set():
            try:
                await asyncio.wait_for(wake.wait(), pause)
            except TimeoutError:
                pause = min(2 * pause, _LONGEST_PAUSE)
    log.info("worker-stopped")


def _until_closed(loop: asyncio.AbstractEventLoop, ask: Callable[[], None]) -> None:
    while sys.stdin.buffer.read(1):
        pass
    loop.call_soon_threadsafe(ask)


def _loop(flask: Flask, stop: threading.Event, seconds: float, act: Callable[[], object]) -> None:
    """Do ``act`` at once and then every so many seconds; the database may be away for a while."""
    with flask.app_context():
        while not stop.is_set():
            try:
                act()
            except Exception as error:  # noqa: BLE001 - it is tried again in a moment
                log.warning("worker-loop-failed", loop=threading.current_thread().name, why=said(error))
            stop.wait(seconds)


def _hush() -> None:
    """Procrastinate speaks through our log, and only when something is wrong."""
    spoken = logging.getLogger("procrastinate")
    if not any(isinstance(handler, _Bridge) for handler in spoken.handlers):
        spoken.addHandler(_Bridge(level=logging.WARNING))
        spoken.propagate = False
