"""The children that print: started when needed, limited in time, replaced when used up or dead.

Plain subprocesses with framed pipes: a pool of the standard library breaks as a whole when one child is killed,
and cannot stop a document that takes too long. Works in threads, under gunicorn and in commands alike.
"""

import atexit
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

from portal.core.errors import PortalError
from portal.web import pdf_frames as frames

TIME_LIMIT = 30.0  # seconds of work on one document
WAIT_LIMIT = 60.0  # seconds in the queue before a child is free
WAITING = 3  # callers in that queue: each holds one of the server's threads, and other people's pages need the rest
LIFETIME = 200  # documents of one child
MEMORY = 1 << 30  # bytes of address space of one child
FONTCONFIG = "fonts.conf"  # beside the typefaces
PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class PrintingUnavailable(PortalError):
    """Nothing can be printed here; the text says what is missing."""


class PrintingFailed(PortalError):
    """One document could not be printed: "time", "memory", "ended" (the child died), "queue", or WeasyPrint's own words."""


class PrintingBusy(PrintingFailed):
    """Too many wait for a child already; worth trying again in a moment."""


class Child:
    """One engine in its own process."""

    def __init__(self, fonts: Path, *, memory: int = MEMORY) -> None:
        self.documents = 0
        path = os.pathsep.join(filter(None, (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(  # noqa: S603 - our own module, in our own Python
            [sys.executable, "-m", "portal.web.pdf_engine", str(fonts), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "FONTCONFIG_FILE": str(fonts / FONTCONFIG)},
            start_new_session=True,  # Ctrl-C ends the server first, which then closes its children
        )

    @property
    def pid(self) -> int:
        """The process number."""
        return self._process.pid

    def ask(self, html: str, *, time_limit: float) -> tuple[bytes, list[str]]:
        """Print one document within so many seconds. Raises PrintingFailed; the child may be `spent` then."""
        asks, answers = self._process.stdin, self._process.stdout
        assert asks and answers  # noqa: S101, PT018 - for mypy: both are pipes
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self._process.kill()

        timer = threading.Timer(time_limit, expire)
        timer.daemon = True
        timer.start()
        try:
            frames.write(asks, html.encode())
            report = json.loads(frames.read(answers))
            data = frames.read(answers)
        except (EOFError, OSError) as end:
            self.close()
            raise PrintingFailed("time" if expired.is_set() else "ended") from end
        finally:
            timer.cancel()
        self.documents += 1
        if report["failed"]:
            raise PrintingFailed(report["failed"])
        return data, report["notes"]

    @property
    def spent(self) -> bool:
        """Whether it is dead or has printed enough."""
        return self._process.poll() is not None or self.documents >= LIFETIME

    def close(self) -> None:
        """End it: an idle child ends by itself when its standard input closes."""
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - for mypy: both are pipes
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class Pool:
    """A few children; callers wait their turn. `owner` is the process that started them."""

    def __init__(self, fonts: Path, *, workers: int, time_limit: float = TIME_LIMIT) -> None:
        self.owner, self.time_limit = os.getpid(), time_limit
        self._fonts = fonts
        self._places: queue.LifoQueue[Child | None] = queue.LifoQueue()
        self._size = workers
        self._callers = threading.BoundedSemaphore(workers + WAITING)
        for _ in range(workers):
            self._places.put(None)
        atexit.register(self.close)

    def render(self, html: str) -> tuple[bytes, list[str]]:
        """Print one document in the first free child. Raises PrintingBusy at once when too many wait already."""
        if not self._callers.acquire(blocking=False):
            raise PrintingBusy("queue")
        try:
            return self._render(html)
        finally:
            self._callers.release()

    def _render(self, html: str) -> tuple[bytes, list[str]]:
        try:
            child = self._places.get(timeout=WAIT_LIMIT)
        except queue.Empty as full:
            raise PrintingBusy("queue") from full
        try:
            if child is not None and child.spent:  # it died while idle
                child.close()
                child = None
            if child is None:
                child = Child(self._fonts)
            return child.ask(html, time_limit=self.time_limit)
        finally:
            if child is not None and child.spent:
                child.close()
                child = None
            self._places.put(child)

    @property
    def children(self) -> list[Child]:
        """Those that are free just now."""
        return [child for child in self._places.queue if child is not None]

    def close(self) -> None:
        """End the children that are free; called at the end of the program too."""
        atexit.unregister(self.close)
        if self.owner != os.getpid():
            return
        for _ in range(self._size):
            with contextlib.suppress(queue.Empty):
                child = self._places.get(timeout=self.time_limit)
                if child is not None:
                    child.close()
        for _ in range(self._size):
            self._places.put(None)
