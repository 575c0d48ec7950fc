"""The database of ``python3 run.py``: our own PostgreSQL under the home folder, with its secrets beside it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from portal.core import provision
from portal.core.local_postgres import LocalPostgres

DATABASE = "portal"


def start(home: Path, *, fresh: bool = False) -> dict[str, Any]:
    """Start it (idempotent), bring it up to date, and return the settings that reach it.

    ``fresh`` drops the database first. Raises LocalPostgresError or ProvisionError with one clear sentence.
    """
    home.mkdir(parents=True, exist_ok=True)
    server = LocalPostgres(home / "postgres").start()
    admin = _psycopg(server.dsn("postgres"))
    kept = _secrets(home / "secrets.json")
    if fresh:
        provision.drop(admin, DATABASE)
    provision.create(
        admin, DATABASE, provision.Secrets(kept["web_password"], kept["proof_password"], kept["context_key"])
    )
    inside = _psycopg(server.dsn(DATABASE))
    provision.upgrade(inside)
    return {
        "database_url": _psycopg(server.dsn(DATABASE, "portal_web", kept["web_password"])),
        "proof_url": _psycopg(server.dsn(DATABASE, "portal_proof", kept["proof_password"])),
        "admin_url": inside,
        "context_key": kept["context_key"],
        "secret_key": kept["secret_key"],
    }


def _psycopg(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _secrets(path: Path) -> dict[str, str]:
    """What was made on the first start; several starters at once agree, because the file is linked into place once."""
    if not path.exists():
        fresh = asdict(provision.Secrets.new()) | {"secret_key": secrets.token_hex(32)}
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(fresh))
        part.chmod(0o600)
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    found: dict[str, str] = json.loads(path.read_text())
    return found
