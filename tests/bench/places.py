"""Where is measured: a PostgreSQL server — the embedded one, or that of DATABASE_ADMIN_URL — and databases made for it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from portal.core import provision
from portal.core.local_postgres import LocalPostgres
from portal.core.scope import use_key
from portal.core.settings import ROOT, Settings, read

CLOCK = "2026-11-03T09:00:00+08:00"  # the business instant of everything that is measured
SECRET_KEY = "secret-of-the-benchmark"
OWN = provision.Secrets("web-of-the-benchmark", "proof-of-the-benchmark", "5e" * 32)  # made-up data on a socket of ours


@dataclass(frozen=True, slots=True)
class Place:
    """One database: the superuser's address (libpq's) and what the portal's processes are told of it."""

    admin_url: str
    environment: dict[str, str]

    @property
    def web_url(self) -> str:
        """portal_web's address as libpq reads it."""
        return plain(self.environment["DATABASE_URL"])

    def settings(self) -> Settings:
        """The portal's settings here, its signing key installed."""
        found = read({**os.environ, **self.environment})
        use_key(found.context_key)
        return found


@dataclass(frozen=True, slots=True)
class Server:
    """A server that databases for measuring can be made on; ``own`` is the embedded one that was started for it."""

    admin_url: str
    secrets: provision.Secrets
    own: LocalPostgres | None
    home: Path

    def fresh(self, name: str) -> Place:
        """An empty database ``name`` in the newest version; one of that name is dropped."""
        provision.drop(self.admin_url, name)
        provision.create(self.admin_url, name, self.secrets)
        inside = _with(self.admin_url, database=name)
        provision.upgrade(inside)
        web = _with(self.admin_url, database=name, username="portal_web", password=self.secrets.web_password)
        proof = _with(self.admin_url, database=name, username="portal_proof", password=self.secrets.proof_password)
        environment = {
            "PORTAL_ENV": "bench", "PORTAL_CLOCK": CLOCK, "PORTAL_HOME": str(self.home), "DATABASE_URL": web,
            "DATABASE_PROOF_URL": proof, "PORTAL_CONTEXT_KEY": self.secrets.context_key, "PORTAL_SECRET_KEY": SECRET_KEY,
        }  # fmt: skip
        return Place(plain(inside), environment)

    def version(self) -> str:
        """Which PostgreSQL, and whether it waits for the disk."""
        with psycopg.connect(plain(self.admin_url)) as connection:
            (said,) = connection.execute("SELECT version()").fetchone() or ("",)
            (flushes,) = connection.execute(
                "SELECT current_setting('fsync') || current_setting('synchronous_commit')"
            ).fetchone() or ("",)
        what = "embedded " if self.own is not None else ""
        return f"{what}{' '.join(said.split()[:2])}, {'waits' if flushes == 'onon' else 'does not wait'} for the disk at each commit"

    def close(self, *names: str) -> None:
        """Drop the databases ``names``; stop the server if it is our own."""
        for name in names:
            provision.drop(self.admin_url, name)
        if self.own is not None:
            self.own.stop()


def server() -> Server:
    """The server of DATABASE_ADMIN_URL with the secrets of DATABASE_URL and PORTAL_CONTEXT_KEY, else the embedded one.

    The embedded one lies in a folder of its own and writes to the disk as in production.
    """
    home = Path(tempfile.mkdtemp(prefix="portal-bench-"))
    if admin := os.environ.get("DATABASE_ADMIN_URL"):
        web, key = os.environ.get("DATABASE_URL"), os.environ.get("PORTAL_CONTEXT_KEY")
        made = provision.Secrets.new()  # a server that already has the roles keeps their passwords
        given = provision.Secrets(
            str(make_url(web).password) if web else made.web_password,
            str(make_url(os.environ["DATABASE_PROOF_URL"]).password)
            if "DATABASE_PROOF_URL" in os.environ
            else made.proof_password,
            key or made.context_key,
        )
        return Server(_with(admin), given, None, home)
    own = LocalPostgres(ROOT / ".portal" / "bench").start()
    return Server(_with(own.dsn("postgres")), OWN, own, home)


def plain(url: str) -> str:
    """An address as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _with(url: str, **changes: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg", **changes).render_as_string(hide_password=False)
