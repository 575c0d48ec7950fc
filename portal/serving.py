"""gunicorn as ``portal serve`` starts it: one process, threads; two or more behind nginx in production (docs/operations.md)."""

from __future__ import annotations

import threading
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from portal.core.settings import Settings, SettingsError
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


def serve(app: Flask, settings: Settings, *, host: str, port: int) -> None:
    """Serve until interrupted; SettingsError when what printing needs is not on this machine."""
    if lacking := pdf.check_libraries():
        raise SettingsError(lacking)
    options = {
        "bind": f"{host}:{port}", "worker_class": "gthread", "workers": 1, "threads": 8, "timeout": 60, "graceful_timeout": 20,
        "accesslog": None, "loglevel": "warning", "control_socket_disable": True, "limit_request_line": 8190,
        # In the worker, after the fork: the children that print belong to the process that started them.
        "post_worker_init": lambda _worker: threading.Thread(target=pdf.warm, daemon=True).start(),
    }  # fmt: skip
    print(f"The portal serves at http://{host}:{port}  (stop with Ctrl-C)", flush=True)  # noqa: T201
    _Server(app, options).run()
