"""Typed settings: config/default.toml, then config/<environment>.toml, then environment variables."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "config"


NO_MAIL = "null:"  # the mail_url of who sends none


class SettingsError(Exception):
    """What is wrong with the configuration, in one sentence."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``database_url`` is portal_web's; ``context_key`` 32 bytes; ``clock`` freezes business time (never in production).

    ``mail_url``: smtp://user:password@host:587, smtps://…:465, or null: for none; "" until somebody chooses.
    """

    environment: str
    database_url: str = field(repr=False)  # what carries a secret is not shown when somebody prints the settings (OP5)
    admin_url: str | None = field(repr=False)
    proof_url: str | None = field(repr=False)
    context_key: bytes = field(repr=False)
    secret_key: str = field(repr=False)
    home: Path
    base_url: str
    host: str
    port: int
    session_hours: int
    session_idle_minutes: int
    upload_megabytes: int
    pool_size: int
    behind_proxy: bool
    secure_cookies: bool
    clock: datetime | None
    files_url: str = ""  # s3://bucket/prefix; empty: the folder files_dir
    files_endpoint: str = ""
    files_region: str = ""
    files_key_id: str = ""
    files_secret: str = field(default="", repr=False)
    mail_url: str = field(default=NO_MAIL, repr=False)
    mail_from: str = "portal@localhost"

    @property
    def files_dir(self) -> Path:
        """Where files lie that no bucket keeps."""
        return self.home / "files"


def read(environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """The settings of this process. ``given`` (the embedded database's URLs and keys) yields to the environment."""
    env = os.environ if environ is None else environ
    environment = env.get("PORTAL_ENV", "development")
    if environment != "development" and not (CONFIG / f"{environment}.toml").exists():
        # never the defaults of a developer's machine by a slip of the pen: their cookies go over plain HTTP
        raise SettingsError(
            f"PORTAL_ENV={environment} has no config/{environment}.toml; see config/production.example.toml"
        )
    values: dict[str, Any] = _toml("default") | _toml(environment) | given
    for name in (
        "home",
        "base_url",
        "host",
        "port",
        "session_hours",
        "session_idle_minutes",
        "pool_size",
        "upload_megabytes",
        "mail_url",
        "mail_from",
    ):
        if (text := env.get(f"PORTAL_{name.upper()}")) is not None:
            values[name] = _whole(name, text) if isinstance(values[name], int) else text
    for name in ("behind_proxy", "secure_cookies"):
        if (text := env.get(f"PORTAL_{name.upper()}")) is not None:
            values[name] = _switch(name, text)
    for name, variable in _SECRETS.items():
        values[name] = env.get(variable) or values.get(name)
    values |= _files(values, env)
    for name in ("database_url", "admin_url", "proof_url"):
        values[name] = _url(_SECRETS[name], values[name])
    if not values["database_url"]:
        raise SettingsError("DATABASE_URL is not set")
    if not values["context_key"] or not values["secret_key"]:
        raise SettingsError("PORTAL_CONTEXT_KEY and PORTAL_SECRET_KEY must be set together with DATABASE_URL")
    try:
        values["context_key"] = bytes.fromhex(values["context_key"])
    except ValueError as error:
        raise SettingsError("PORTAL_CONTEXT_KEY must be 64 hexadecimal digits") from error
    if len(values["context_key"]) != 32:
        raise SettingsError("PORTAL_CONTEXT_KEY must be 64 hexadecimal digits")
    values["home"] = (ROOT / values["home"]).resolve()
    values["clock"] = read_clock(env, environment)
    return Settings(environment=environment, **values)


def read_clock(environ: Mapping[str, str], environment: str) -> datetime | None:
    """``PORTAL_CLOCK`` as an instant; refused in production and without an offset."""
    if not (text := environ.get("PORTAL_CLOCK")):
        return None
    if environment == "production":
        raise SettingsError("PORTAL_CLOCK is refused in production: business time is the machine's there")
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"PORTAL_CLOCK={text} is no instant, for example 2026-11-03T02:00:00+08:00") from error
    if at.tzinfo is None:
        raise SettingsError(f"PORTAL_CLOCK={text} has no offset, for example 2026-11-03T02:00:00+08:00")
    return at


_SECRETS = {
    "database_url": "DATABASE_URL",
    "admin_url": "DATABASE_ADMIN_URL",
    "proof_url": "DATABASE_PROOF_URL",
    "context_key": "PORTAL_CONTEXT_KEY",
    "secret_key": "PORTAL_SECRET_KEY",
}


def _files(values: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """Where photos and documents are kept (PORTAL_FILES_…); the keys of a bucket come from the environment only."""
    names = ("files_url", "files_endpoint", "files_region")
    found = {name: str(env.get(f"PORTAL_{name.upper()}", values.get(name, ""))) for name in names}
    found |= {name: env.get(f"PORTAL_{name.upper()}", "") for name in ("files_key_id", "files_secret")}
    if found["files_url"] and not re.fullmatch(
        r"s3://[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._/-]*)?", found["files_url"]
    ):
        raise SettingsError(
            "PORTAL_FILES_URL is no bucket, for example s3://bucket/prefix; leave it empty for a folder"
        )
    if found["files_endpoint"] and not found["files_endpoint"].startswith(("http://", "https://")):
        raise SettingsError("PORTAL_FILES_ENDPOINT is no address, for example https://s3.example.com")
    if bool(found["files_key_id"]) != bool(found["files_secret"]):
        raise SettingsError("PORTAL_FILES_KEY_ID and PORTAL_FILES_SECRET must be set together")
    return found


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise SettingsError(f"PORTAL_{name.upper()}={text} is no whole number")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise SettingsError(f"PORTAL_{name.upper()}={text} is no switch; write true or false")
    return text == "true"


def _url(variable: str, url: str | None) -> str | None:
    """A database's URL as psycopg's, however it was written (postgres://, postgresql://)."""
    if not url:
        return None
    try:
        return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    except ArgumentError as error:  # without the text: it may hold a password
        raise SettingsError(
            f"{variable} is no database URL, for example postgresql://portal_web:…@host/portal"
        ) from error


def _toml(name: str) -> dict[str, Any]:
    path = CONFIG / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
