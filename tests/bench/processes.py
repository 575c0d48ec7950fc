"""The server processes that are measured: the portal as ``portal serve`` runs it, and the bare page under the same server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.core.settings import ROOT
from tests.bench.clients import connect, exchange
from tests.bench.places import Place

PORTAL = ("-m", "portal", "serve")
BARE = ("-m", "tests.bench.bare")
START_SECONDS = 60


@contextmanager
def serving(place: Place, command: tuple[str, ...] = PORTAL) -> Iterator[int]:
    """A server process on a free port of 127.0.0.1 while the block runs; gives the port."""
    port = _free_port()
    log = Path(place.environment["PORTAL_HOME"]) / f"server-{port}.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, *command, "--port", str(port)],
            cwd=ROOT, env={**os.environ, **place.environment, "PYTHONPATH": str(ROOT)}, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _wait(process, port, log)
        yield port
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def deployed(place: Place) -> Iterator[list[int]]:
    """The portal as docs/operations.md runs it: two server processes on one database; gives their ports."""
    with serving(place) as first, serving(place) as second:
        yield [first, second]


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}")
        try:
            status, _head, _body = exchange(
                connect(port), f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
            )
        except OSError:
            time.sleep(0.1)
            continue
        if status == 200:
            return
    raise RuntimeError(f"the server does not answer: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
