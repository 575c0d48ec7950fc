"""Addresses that templates need: of static files (with a mark of their content) and of pages that may not exist yet."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app, has_request_context, request, url_for


@lru_cache(maxsize=256)
def _mark(path: str, _changed: float) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """The address of a static file, with a mark that changes with its content, so that it can be cached for ever."""
    known: dict[tuple[str, str], str] = current_app.extensions["portal_assets"]
    key = (request.script_root if has_request_context() else "", name)
    if (address := known.get(key)) is None:
        file = Path(current_app.static_folder or "") / name
        address = url_for("static", filename=name, v=_mark(str(file), file.stat().st_mtime))
        if not current_app.config["TEMPLATES_AUTO_RELOAD"]:  # a page names it forty times, once a picture
            known[key] = address
    return address


def url_or_none(endpoint: str, **values: object) -> str | None:
    """The address of an endpoint, or None when this installation has no such page (yet)."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None  # type: ignore[arg-type]


def init_assets(app: Flask) -> None:
    """Give templates ``asset`` and ``url_or_none``."""
    app.extensions["portal_assets"] = {}
    app.jinja_env.globals.update(asset=asset, url_or_none=url_or_none)
