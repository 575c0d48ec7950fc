"""A program that has everything loaded and forks on demand, so that a killed process costs milliseconds and not seconds.

Reads pickles on standard input: first (settings,), then one (what, arguments) per child; answers each with the child's pid.
It has no thread and no connection, so that its children may have their own.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import Any, BinaryIO

from flask import Flask

from portal import worker
from portal.app import create_app
from portal.core.db import db
from portal.core.settings import Settings
from tests.chaos import posting


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Until standard input closes."""
    (settings,) = pickle.load(orders)  # noqa: S301 - from the test that started us
    app = create_app(settings)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead
    answers.write(b"ready\n")
    answers.flush()
    while True:
        try:
            what, given = pickle.load(orders)  # noqa: S301 - as above
        except EOFError:
            return
        if what == "warm":
            _warm(app, given["work"])
            answers.write(b"warm\n")
            answers.flush()
            continue
        pid = os.fork()
        if pid == 0:
            _child(app, settings, what, given)
        answers.write(b"%d\n" % pid)
        answers.flush()


def _warm(app: Flask, work: posting.Work) -> None:
    """Do a little of everything here, so that no child has to learn tables and statements anew; the connections are closed."""
    with app.app_context():
        posting.run(work, 0, lambda _: None)
        db.engine.dispose()


def _child(app: Flask, settings: Settings, what: str, given: dict[str, Any]) -> None:
    """Never returns. What it says goes to the file ``log``."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(given["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        null = os.open(os.devnull, os.O_RDONLY)
        for stream, to in ((0, null), (1, log), (2, log)):
            os.dup2(to, stream)
        os.environ["PGAPPNAME"] = given["name"]
        with app.app_context():
            {"posting": _post, "worker": _work}[what](app, settings, given)
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _post(_app: Flask, _settings: Settings, given: dict[str, Any]) -> None:
    posting.run(given["work"], given["seed"], posting.told_to(given["acks"]))


def _work(app: Flask, settings: Settings, given: dict[str, Any]) -> None:
    """The portal's own worker, without its clock: what the tick would do again is no proof that no job is lost."""
    worker.tick = lambda: None
    worker.BEAT_SECONDS = 0.2  # type: ignore[assignment]
    if not given.get("rescues", True):
        worker.rescue = lambda **_: 0
    worker.run(app, settings, concurrency=2, stalled_after=given["stalled_after"], tick_seconds=3600)


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
