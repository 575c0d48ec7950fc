"""The command line: ``python3 run.py portal …``. Errors on stderr in one sentence; exit code 2 for wrong use, 1 for a refusal."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
import psycopg
from flask import Flask
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

from portal.core import clock, embedded, provision
from portal.core import gate as catalogue
from portal.core.db import db as database
from portal.core.local_postgres import LocalPostgresError
from portal.core.settings import ROOT, Settings, SettingsError, read

COMMAND_PACKAGES = ("catalog", "organizations", "warranty", "settlement")


class App:
    """The application of this command, made when it is first needed."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._flask: Flask | None = None

    def settings(self, *, fresh: bool = False) -> Settings:
        """The settings; without DATABASE_URL the embedded database is started first."""
        if self._settings is None:
            if os.environ.get("PORTAL_ENV") == "production" and not os.environ.get("DATABASE_URL"):
                raise SettingsError(
                    "DATABASE_URL is not set: in production the portal does not start a database of its own"
                )
            given = {} if os.environ.get("DATABASE_URL") else embedded.start(home(), fresh=fresh)
            self._settings = read(**given)
            if self._settings.clock is not None:
                clock.freeze_process(self._settings.clock)
        return self._settings

    def flask(self) -> Flask:
        """The Flask application."""
        if self._flask is None:
            from portal.app import create_app

            self._flask = create_app(self.settings())
        return self._flask


def home() -> Path:
    """Where the embedded database lives: PORTAL_HOME, else .portal beside the code."""
    return (ROOT / os.environ.get("PORTAL_HOME", ".portal")).resolve()


class Commands(click.Group):
    """Opens the application's context for packages' commands; says known failures in one sentence."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (SettingsError, provision.ProvisionError, LocalPostgresError) as error:
            click.echo(str(error), err=True)
        except OperationalError as error:
            click.echo(f"the database does not answer: {_first_line(error.orig)}", err=True)
        except (ProgrammingError, psycopg.Error) as error:
            click.echo(f"the database refuses: {_first_line(getattr(error, 'orig', error))}", err=True)
        sys.exit(1)


def _first_line(error: object) -> str:
    return (str(error).strip() or "no reason given").splitlines()[0]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def portal(context: click.Context) -> None:
    """The dealer portal."""
    context.obj = App()


class InApp(click.Group):
    """A group whose commands run inside the application; help and wrong use need no database."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        if (act := cmd.callback) is not None:
            cmd.callback = self._inside(act)
        super().add_command(cmd, name)

    @staticmethod
    def _inside(act: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(act)
        def within(*args: Any, **kwargs: Any) -> Any:
            app = click.get_current_context().find_object(App)
            if app is None:  # called from within the application already
                return act(*args, **kwargs)
            with app.flask().test_request_context():
                try:
                    return act(*args, **kwargs)
                finally:
                    database.engine.dispose()

        return within


@portal.group(cls=InApp)
def load() -> None:
    """Load a brand's workbooks: what was understood, every bad row, then all or nothing."""


@portal.group(cls=InApp)
def settle() -> None:
    """Prepare, show, check and post a month's settlement."""


@portal.group(cls=InApp)
def brand() -> None:
    """Make a brand on a server of one's own."""


@portal.group(cls=InApp)
def member() -> None:
    """Give people places, or invite them by mail."""


@portal.group(cls=InApp)
def login() -> None:
    """Disable or enable a login, take a lost second factor off it, set a password anew."""


@portal.group(cls=InApp)
def token() -> None:
    """Give programs a way into the API: tokens of a member's place, listed and revoked."""


@portal.group(cls=InApp)
def files() -> None:
    """Sweep stored files that nothing names; check that every file is there."""


def _register() -> None:
    for package in COMMAND_PACKAGES:
        try:
            module = importlib.import_module(f"portal.{package}.cli")
        except ModuleNotFoundError as error:
            if error.name != f"portal.{package}.cli":
                raise
            continue
        module.register(settle if package == "settlement" else load)
    importlib.import_module("portal.files.cli").register(files)
    people = importlib.import_module("portal.identity.cli")
    people.register(brand, member, login, token)
    importlib.import_module("portal.worker_cli").register(portal)


@portal.command()
@click.option("--fresh", is_flag=True, help="Start over: drop what is there and play again.")
@click.option(
    "--from", "from_month", metavar="YYYY-MM", help="The first month played (default: three months before now)."
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def demo(app: App, fresh: bool, from_month: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Play two brands' months through the same actions that pages use."""
    _fresh(app, fresh=fresh)
    from portal.demo import play

    with app.flask().test_request_context():
        result = play.play(app.settings(), from_month=from_month, quiet=as_json)
    click.echo(json.dumps(result, ensure_ascii=False, default=str) if as_json else play.said(result))


def _fresh(app: App, *, fresh: bool) -> None:
    if not fresh or not os.environ.get("DATABASE_URL"):
        app.settings(fresh=fresh)
        return
    settings = app.settings()
    if settings.admin_url is None:
        raise click.UsageError(
            "--fresh on your own server needs DATABASE_ADMIN_URL: it drops the database and makes it anew"
        )
    name = str(make_url(settings.database_url).database)
    given = provision.Secrets(
        str(make_url(settings.database_url).password), _password(settings.proof_url), settings.context_key.hex()
    )
    provision.drop(settings.admin_url, name)
    provision.create(settings.admin_url, name, given)
    provision.upgrade(make_url(settings.admin_url).set(database=name).render_as_string(hide_password=False))


def _password(url: str | None) -> str:
    return provision.Secrets.new().proof_password if url is None else str(make_url(url).password)


@portal.command()
@click.option("--port", type=click.IntRange(1, 65535), default=None)
@click.option("--worker/--no-worker", default=None, help="Run a worker beside the server (default: in development).")
@click.pass_obj
def serve(app: App, port: int | None, worker: bool | None) -> None:  # noqa: FBT001
    """Serve the portal with gunicorn until it is interrupted."""
    from portal import serving

    _stands_at(port)
    settings, flask = app.settings(), app.flask()
    with flask.app_context():
        provision.refuse_powerful(database.engine)
    beside = settings.environment == "development" if worker is None else worker
    serving.serve(flask, settings, host=settings.host, port=port or settings.port, worker=beside)


@portal.command()
@click.option("--port", type=click.IntRange(1, 65535), default=None)
@click.pass_context
def run(context: click.Context, port: int | None) -> None:
    """Set up the embedded database, play the demo, serve it, and say who can log in (what ``python3 run.py`` does)."""
    _stands_at(port)
    context.invoke(demo, fresh=False, from_month=None, as_json=False)
    context.invoke(serve, port=port, worker=None)


def _stands_at(port: int | None) -> None:
    """On a developer's machine the links in mails and the QR codes follow ``--port``, in the worker beside it too."""
    if port is not None and os.environ.get("PORTAL_ENV", "development") == "development":
        os.environ.setdefault("PORTAL_BASE_URL", f"http://127.0.0.1:{port}")


@portal.group()
def db() -> None:
    """Make and upgrade the database of a real server (DATABASE_ADMIN_URL, a superuser's)."""


def _admin(database: str | None) -> tuple[str, str]:
    url = os.environ.get("DATABASE_ADMIN_URL")
    if not url:
        raise click.UsageError("DATABASE_ADMIN_URL is not set: it names a superuser's connection to the server")
    try:
        admin = make_url(url).set(drivername="postgresql+psycopg")
        web = os.environ.get("DATABASE_URL")
        name = database or (str(make_url(web).database) if web else "portal")
    except ArgumentError:  # its own words would show the password
        raise click.UsageError(
            "DATABASE_ADMIN_URL or DATABASE_URL is no database URL, for example postgresql://postgres:…@host/postgres"
        ) from None
    return admin.render_as_string(hide_password=False), name


@db.command("create")
@click.option("--database", help="Its name (default: the one in DATABASE_URL, else portal).")
@click.option("--json", "as_json", is_flag=True)
def db_create(database: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Make roles, database and passwords; these are printed once and kept nowhere."""
    admin, name = _admin(database)
    import secrets as random

    given = provision.Secrets.new()
    provision.create(admin, name, given)
    inside = make_url(admin).set(database=name)
    provision.upgrade(inside.render_as_string(hide_password=False))
    shown = {
        "DATABASE_URL": inside.set(username="portal_web", password=given.web_password).render_as_string(
            hide_password=False
        ),
        "DATABASE_PROOF_URL": inside.set(username="portal_proof", password=given.proof_password).render_as_string(
            hide_password=False
        ),
        "PORTAL_CONTEXT_KEY": given.context_key,
        "PORTAL_SECRET_KEY": random.token_hex(32),
    }
    click.echo(json.dumps(shown) if as_json else "\n".join(f"export {key}='{value}'" for key, value in shown.items()))


@db.command("upgrade")
@click.option("--database", help="Its name (default: the one in DATABASE_URL, else portal).")
@click.option("--json", "as_json", is_flag=True)
def db_upgrade(database: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Bring the schema up to this version of the code."""
    admin, name = _admin(database)
    version = provision.upgrade(make_url(admin).set(database=name).render_as_string(hide_password=False))
    click.echo(json.dumps({"version": version}) if as_json else f"The schema is at {version}.")


def _reading(app: App) -> Engine:
    """The reading role's connection: DATABASE_PROOF_URL alone is enough, else the embedded database's."""
    url = os.environ.get("DATABASE_PROOF_URL")
    if not url:
        url = app.settings().proof_url
    if not url:
        raise click.UsageError("DATABASE_PROOF_URL is not set: it names the reading role's connection")
    try:
        plain = make_url(url).set(drivername="postgresql+psycopg")
    except ArgumentError:  # its own words would show the password
        raise click.UsageError(
            "DATABASE_PROOF_URL is no database URL, for example postgresql://portal_proof:…@host/portal"
        ) from None
    return provision.admin_engine(plain.render_as_string(hide_password=False))


@portal.command()
@click.option("--brand", metavar="CODE", help="Only this brand.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def prove(app: App, brand: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Recompute everything from the postings and documents; exit 1 and what disagrees, if anything."""
    from portal.ledger import prove as proofs

    with _reading(app).connect() as connection:
        brand_id = None
        if brand is not None:
            brand_id = connection.scalar(text("SELECT id FROM brands WHERE code = :code"), {"code": brand})
            if brand_id is None:
                raise click.UsageError(f"there is no brand {brand!r}")
        found = proofs.prove(connection, brand_id)
    _answer([{"proof": f.proof, "brand_id": f.brand_id, "what": f.what} for f in found], "proof", as_json=as_json)


@portal.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def gate(app: App, as_json: bool) -> None:  # noqa: FBT001
    """The catalogue gate: ten queries about the database itself that must find nothing."""
    with _reading(app).connect() as connection:
        found = catalogue.gate(connection)
    _answer([{"query": f.query, "what": f.what} for f in found], "query", as_json=as_json)


def _answer(found: list[dict[str, Any]], key: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"ok": not found, "findings": found}, ensure_ascii=False))
    elif not found:
        click.echo("Nothing disagrees.")
    else:
        for finding in found:
            click.echo(f"{finding[key]}: {finding['what']}", err=True)
    if found:
        sys.exit(1)


@portal.command()
def i18n() -> None:
    """Build the catalogue of translations and say what lacks one."""
    from portal.web import i18n as words
    from portal.web import i18n_checks

    words.compile_catalogs(force=True)
    found = i18n_checks.problems()
    for problem in found:
        click.echo(str(problem), err=True)
    if found:
        sys.exit(1)
    click.echo("Every word is translated.")


@portal.command()
@click.option("--check", is_flag=True, help="Only say whether docs/flows is up to date.")
def flows(check: bool) -> None:  # noqa: FBT001
    """Draw every workflow into docs/flows from the tables that decide."""
    from portal.reports import flows as drawing

    changed = drawing.write(ROOT / "docs" / "flows", check=check)
    click.echo("\n".join(changed) if changed else "Every flow is drawn as it is.")
    if check and changed:
        sys.exit(1)


_register()


def main() -> None:
    """The entry of ``python -m portal``."""
    portal(prog_name="portal")
