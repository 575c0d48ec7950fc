"""Brands are tenants of their own, so they are played side by side, each in a process of its own.

What is played is the same as one after the other: every number, state and amount belongs to one brand, whose stories keep
their order of time.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Sequence
from datetime import date, datetime
from multiprocessing.connection import Connection, wait
from typing import Any

from sqlalchemy import event

from portal.core.db import db
from portal.demo import script
from portal.demo.script import Size
from portal.demo.world import Play

Seen = Callable[[datetime], None]


def perform(plays: Sequence[Play], sizes: Sequence[Size], seen: Seen) -> None:
    """Play all brands; ``seen`` is told the instant that all have reached. Raises RuntimeError when one breaks off."""
    if len(plays) == 1:
        _stories(plays[0], sizes[0], seen)
        return
    db.engine.dispose()  # a connection must not be shared with a child
    fork = multiprocessing.get_context("fork")  # children keep the application, its key and its clock
    reached: dict[Connection, datetime | None] = {}
    children = []
    for play, size in zip(plays, sizes, strict=True):
        ours, theirs = fork.Pipe(duplex=False)
        child = fork.Process(target=_alone, args=(play, size, theirs))
        child.start()
        theirs.close()
        reached[ours] = play.player.at
        children.append(child)
    try:
        _listen(reached, seen)
    finally:
        for child in children:
            child.join(5)
            if child.is_alive():
                child.terminate()
                child.join()
    if any(child.exitcode for child in children):
        raise RuntimeError("the demo broke off: see the error above; start over with: portal demo --fresh")


def _stories(play: Play, size: Size, seen: Seen) -> None:
    for story in script.stories(play, size):
        play.player.add(story)
    play.player.play(seen)


def _alone(play: Play, size: Size, pipe: Connection) -> None:
    """A child's whole life: play one brand, telling each new day; closing the pipe says that it is over."""
    event.listen(db.engine, "connect", _without_waiting)
    gc.freeze()
    shown: list[date] = []

    def seen(at: datetime) -> None:
        if (day := play.times.day(at)) not in shown[-1:]:
            shown.append(day)
            pipe.send(at)

    try:
        _stories(play, size, seen)
    finally:
        pipe.close()
        db.engine.dispose()


def _without_waiting(connection: Any, _record: object) -> None:
    """Acts of the demo need not reach the disk one by one: the parent's own commit at the end makes them all safe."""
    connection.execute("SET synchronous_commit TO off")
    connection.commit()


def _listen(reached: dict[Connection, datetime | None], seen: Seen) -> None:
    while running := [pipe for pipe, at in reached.items() if at is not None]:
        ready = wait(running)
        for pipe in running:
            if pipe not in ready:
                continue
            try:
                reached[pipe] = pipe.recv()
            except EOFError:
                reached[pipe] = None
        if left := [at for at in reached.values() if at is not None]:
            seen(min(left))
