"""Roles, database, schema and passwords: what an administrator does once, and on every upgrade (reliability.md 3.1).

``portal_owner`` owns the tables; ``portal_guard`` owns the functions that must see everything; ``portal_web`` logs in and
may nothing until a transaction becomes ``scope_hq`` or ``scope_dealer``; ``portal_proof`` reads, for dumps and proofs.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"
MINIMUM_MAJOR = 15


class ProvisionError(Exception):
    """What the administrator must put right, in one sentence."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What ``create`` made; shown once. The key signs contexts (hex, 32 bytes)."""

    web_password: str
    proof_password: str
    context_key: str

    @staticmethod
    def new() -> Secrets:
        return Secrets(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_hex(32))


_POWERFUL = text("""
    SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = to_regnamespace('app'))
    FROM pg_roles r WHERE r.rolname = session_user""")


def refuse_powerful(engine: Engine) -> None:
    """Asked before anything is served: DATABASE_URL must be portal_web's, not a superuser's or the tables' owner's (R1).

    Leaves no connection open, since the server forks its workers afterwards. Raises ProvisionError.
    """
    with engine.connect() as connection:
        powerful = connection.scalar(_POWERFUL)
    engine.dispose()
    if powerful:
        raise ProvisionError(
            f"DATABASE_URL names {engine.url.username}, who can look past row-level security: it must name portal_web"
        )


def admin_engine(url: str) -> Engine:
    """An engine for administration: no pool, so nothing is left open behind."""
    return create_engine(url, poolclass=NullPool)


def create(admin_url: str, database: str, given: Secrets) -> bool:
    """Make roles and the database ``database`` on the server of ``admin_url`` (a superuser's); True if it is new.

    Existing roles get the passwords of ``given``. Raises ProvisionError for a server that is too old.
    """
    url = make_url(admin_url)
    with _connect(admin_url) as server:
        if server.info.server_version // 10000 < MINIMUM_MAJOR:
            raise ProvisionError(
                f"PostgreSQL {MINIMUM_MAJOR} or newer is needed, this server is {server.info.server_version // 10000}"
            )
        # One creator at a time, until this connection ends: roles and grants are rows that two cannot write at once.
        server.execute("SELECT pg_advisory_lock(7299)")
        _roles(server, given)
        new = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None
        if new:
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(database))
            )
        server.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        server.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO portal_web, portal_proof").format(sql.Identifier(database))
        )
        with _connect(url.set(database=database).render_as_string(hide_password=False)) as inside:
            _schemas(inside, given)
    return new


def drop(admin_url: str, database: str) -> None:
    """Drop the database whole (``portal demo --fresh``)."""
    with _connect(admin_url) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def upgrade(database_url: str, *, revision: str = "head") -> str:
    """Bring the schema of the database in ``database_url`` (a superuser's) to ``revision``; returns what it is now."""
    engine = admin_engine(database_url)
    with engine.connect() as connection:
        command.upgrade(_config(connection), revision)
        connection.commit()
        return current(connection) or ""


def current(connection: Any) -> str | None:
    """The schema's version."""
    connection.execute(text("SET search_path = app, public"))
    return MigrationContext.configure(connection, opts={"version_table": "schema_version"}).get_current_revision()


def head() -> str:
    """The version that this code wants."""
    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


def _config(connection: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _connect(url: str) -> psycopg.Connection[Any]:
    plain = make_url(url).set(drivername="postgresql")
    try:
        return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)
    except psycopg.OperationalError as error:
        raise ProvisionError(f"the database server does not answer: {str(error).strip()}") from error


def _roles(server: psycopg.Connection[Any], given: Secrets) -> None:
    wanted = {
        "portal_owner": "NOLOGIN NOBYPASSRLS",
        "portal_guard": "NOLOGIN BYPASSRLS",
        "scope_hq": "NOLOGIN NOBYPASSRLS",
        "scope_dealer": "NOLOGIN NOBYPASSRLS",
        "portal_web": "LOGIN NOINHERIT NOBYPASSRLS",
        "portal_proof": "LOGIN NOINHERIT BYPASSRLS",
    }
    with server.transaction():
        for role, options in wanted.items():
            known = server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            verb = "ALTER" if known else "CREATE"
            server.execute(sql.SQL(f"{verb} ROLE {{}} {options}").format(sql.Identifier(role)))
        for role, password in (("portal_web", given.web_password), ("portal_proof", given.proof_password)):
            server.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
            server.execute(sql.SQL("ALTER ROLE {} SET search_path = app").format(sql.Identifier(role)))
        server.execute("GRANT scope_hq, scope_dealer TO portal_web")
        server.execute("ALTER ROLE portal_web SET statement_timeout = '30s'")
        server.execute("ALTER ROLE portal_web SET lock_timeout = '5s'")
        server.execute("ALTER ROLE portal_web SET idle_in_transaction_session_timeout = '60s'")


def _schemas(inside: psycopg.Connection[Any], given: Secrets) -> None:
    with inside.transaction():
        inside.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        inside.execute("CREATE SCHEMA IF NOT EXISTS app AUTHORIZATION portal_owner")
        inside.execute("CREATE SCHEMA IF NOT EXISTS sec AUTHORIZATION portal_guard")
        inside.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        inside.execute(
            "GRANT USAGE ON SCHEMA public TO portal_owner, portal_guard, scope_hq, scope_dealer, portal_web, portal_proof"
        )
        inside.execute("GRANT USAGE ON SCHEMA app TO portal_guard, scope_hq, scope_dealer, portal_web, portal_proof")
        inside.execute(
            "CREATE TABLE IF NOT EXISTS sec.ctx_key (kid int PRIMARY KEY, ipad bytea NOT NULL, opad bytea NOT NULL)"
        )
        inside.execute("ALTER TABLE sec.ctx_key OWNER TO portal_guard")
        key = bytes.fromhex(given.context_key)
        block = key.ljust(64, b"\0")
        inside.execute(
            "INSERT INTO sec.ctx_key VALUES (1, %s, %s) ON CONFLICT (kid) DO UPDATE SET ipad = excluded.ipad, opad = excluded.opad",
            [bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)],
        )
