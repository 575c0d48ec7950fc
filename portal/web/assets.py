"""Addresses that templates need: of static files (with a mark of their content) and of pages that may not exist yet."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app, url_for


@lru_cache(maxsize=256)
def _mark(path: str, _changed: float) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """The address of a static file, with a mark that changes with its content, so that it can be cached for ever."""
    file = Path(current_app.static_folder or "") / name
    return url_for("static", filename=name, v=_mark(str(file), file.stat().st_mtime))


def url_or_none(endpoint: str, **values: object) -> str | None:
    """The address of an endpoint, or None when this installation has no such page (yet)."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None  # type: ignore[arg-type]


def init_assets(app: Flask) -> None:
    """Give templates ``asset`` and ``url_or_none``."""
    app.jinja_env.globals.update(asset=asset, url_or_none=url_or_none)
