"""What is measured in a process of its own, so that its memory is its own: ``run(function, …)`` gives what the function returns."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(act: Callable[..., Result], *given: Any) -> Result:
    """``act(*given)`` in a fresh interpreter."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_told, args=(there, act, given))
    process.start()
    there.close()
    try:
        done, result = here.recv()
    except EOFError:
        raise RuntimeError(f"{act.__name__} ended without a word") from None
    finally:
        process.join()
    if not done:
        raise RuntimeError(f"{act.__name__}: {result}")
    return result  # type: ignore[no-any-return]


def _told(there: Connection, act: Callable[..., Any], given: tuple[Any, ...]) -> None:
    try:
        there.send((True, act(*given)))
    except Exception as problem:  # noqa: BLE001 - told to the process that measures
        there.send((False, f"{type(problem).__name__}: {problem}"))


def begin_peak() -> float:
    """What this process holds now, in MB; :func:`peak` is measured from here on."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _memory("self", "VmRSS:")


def peak() -> float:
    """The most memory that this process held since :func:`begin_peak`, in MB."""
    return _memory("self", "VmHWM:")


def held(pid: int) -> float:
    """What a process holds now, in MB."""
    return _memory(str(pid), "VmRSS:")


def _memory(process: str, what: str) -> float:
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"this system does not say {what}")
