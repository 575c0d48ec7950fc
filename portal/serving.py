"""gunicorn as ``portal serve`` starts it: one process, threads; two or more behind nginx in production (docs/operations.md)."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from portal.core.settings import CONFIG, ROOT, Settings, SettingsError
from portal.web import pdf


class _Server(BaseApplication):
    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app, self._options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


def serve(app: Flask, settings: Settings, *, host: str, port: int, worker: bool = False) -> None:
    """Serve until interrupted; SettingsError when what printing needs is not on this machine. ``worker``: with one beside it."""
    if lacking := pdf.check_libraries():
        raise SettingsError(lacking)
    options = {
        **_configured(),
        "bind": f"{host}:{port}",
        # In the worker, after the fork: the children that print belong to the process that started them.
        "post_worker_init": lambda _worker: threading.Thread(target=pdf.warm, daemon=True).start(),
    }
    print(f"The portal serves at http://{host}:{port}  (stop with Ctrl-C)", flush=True)  # noqa: T201
    with _beside(settings.home / "worker.log") if worker else nullcontext():
        _Server(app, options).run()


def _configured() -> dict[str, Any]:
    """What config/gunicorn.conf.py says; the same file serves whoever starts gunicorn by itself."""
    found = runpy.run_path(str(CONFIG / "gunicorn.conf.py"))
    return {name: value for name, value in found.items() if not name.startswith("__")}


@contextmanager
def _beside(log: Path) -> Iterator[None]:
    """A worker as a program of its own, which says what it does in the file ``log``. However this server ends, its end of the pipe is closed, and the worker goes too."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with log.open("a", encoding="utf-8") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "portal", "worker", "--beside"],
            stdin=subprocess.PIPE,
            stderr=said,
            env={**os.environ, "PYTHONPATH": path},
        )
    try:
        yield
    finally:
        if child.stdin is not None:
            child.stdin.close()
        child.terminate()
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
