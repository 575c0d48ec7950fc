"""Starting processes that work and killing them at random moments; every number comes from one seed, which is printed."""

from __future__ import annotations

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from portal.core.settings import ROOT, Settings
from tests.chaos.posting import Work
from tests.factories.world import make_world
from tests.settlement.months import OCTOBER, claimed

PATIENCE = 60.0  # seconds until something that must come has come; a busy machine is slow
ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 100)
SEED = int(os.environ.get("CHAOS_SEED") or 20261103)


def chance_of(seed: int) -> random.Random:
    """All that is random in a test."""
    return random.Random(seed)  # noqa: S311 - chance, no secret


class Zygote:
    """The program that forks; see :mod:`tests.chaos.zygote`."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.zygote"], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )  # fmt: skip
        self._send((settings,))
        assert self._said() == b"ready\n"

    def start(self, what: str, **given: Any) -> Child:
        """A child at work; its name is also its connections' in the database."""
        self.count += 1
        name = f"chaos-{os.getpid()}-{self.count}"
        acks = self.folder / f"{name}.acks"
        acks.touch()
        self._send((what, {**given, "name": name, "acks": str(acks), "log": str(self.folder / "log")}))
        return Child(int(self._said()), name, acks)

    def warm(self, work: Work) -> None:
        """Let the program itself do this much, once, before it forks."""
        self._send(("warm", {"work": work}))
        assert self._said() == b"warm\n"

    def nobody_complained(self) -> None:
        """A child may be killed; it may not fail."""
        log = self.folder / "log"
        assert not log.exists() or "Traceback" not in log.read_text(), log.read_text()

    def _send(self, what: object) -> None:
        assert self.process.stdin is not None
        pickle.dump(what, self.process.stdin)
        self.process.stdin.flush()

    def _said(self) -> bytes:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the zygote died with {self.process.wait()}"
        return line

    def close(self) -> None:
        """Let it end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(PATIENCE)


class Child:
    """One process at work."""

    def __init__(self, pid: int, name: str, acks: Path) -> None:
        self.pid, self.name, self._acks = pid, name, acks

    @property
    def acked(self) -> list[str]:
        """What it told after its commits; a line is there whole or not at all."""
        return self._acks.read_text().splitlines()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """At once, and until it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        until(lambda: not self.alive)


def until(true: Callable[[], object], *, patience: float = PATIENCE) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


def at_a_random_moment(chance: random.Random, child: Child, *, most_acks: int, spread: float) -> bool:
    """Kill it once it has told so many times and a little later; whether it was still at work."""
    wanted = chance.randint(0, most_acks)
    until(lambda: not child.alive or len(child.acked) >= wanted)
    time.sleep(chance.uniform(0, spread))
    struck = child.alive
    child.kill()
    return struck


def forgotten(connection: Connection) -> None:
    """Until the database has noticed that the killed are gone, and has ended what they had begun one way or the other."""
    mine = text("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE :name")
    until(lambda: not connection.scalar(mine, {"name": f"chaos-{os.getpid()}-%"}))


@contextmanager
def zygote(settings: Settings, folder: Path) -> Iterator[Zygote]:
    """One for a test's rounds."""
    made = Zygote(settings, folder)
    try:
        world = make_world()
        claimed(world, world.d1, {"P1": 1})
        made.warm(Work(world, 1, 1, (OCTOBER,)))
        yield made
    finally:
        made.close()
