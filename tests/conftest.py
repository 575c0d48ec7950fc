"""A real PostgreSQL, built by the migrations, one database per worker; every test works in a brand of its own.

Nothing is rolled back between tests: row-level security keeps brands apart, which is what the portal promises, so tests
commit for real and two connections can meet. ``PORTAL_TEST_PG_BIN`` runs the suite on another server's programs (>= 15).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url

from portal.app import create_app
from portal.core import provision
from portal.core.db import db
from portal.core.local_postgres import LocalPostgres
from portal.core.permissions import Actor
from portal.core.settings import Settings
from portal.identity import actions as identity
from portal.identity.edge import COOKIE
from tests.factories.world import World, make_world

# Several workers and a database share two cores: how long an example takes says nothing.
hypothesis.settings.register_profile(
    "portal", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=True
)
hypothesis.settings.load_profile("portal")
SECRETS = provision.Secrets("web-of-the-tests", "proof-of-the-tests", "5e" * 32)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The clock's own tests first: a tick goes over every brand of the database, and each test leaves one."""
    items.sort(key=lambda item: "tests/jobs/" not in item.nodeid)


def _url(url: str, **changes: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg", **changes).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def admin_url() -> str:
    """A superuser's URL of the tests' server; the server outlives the run, so that the next one starts at once."""
    bin_dir = os.environ.get("PORTAL_TEST_PG_BIN")
    tag = hashlib.sha256(f"{os.getuid()} {bin_dir or 'embedded'}".encode()).hexdigest()[:8]
    home = Path(tempfile.gettempdir()) / f"portal-tests-{tag}"
    server = LocalPostgres(home, bin_dir=Path(bin_dir) if bin_dir else None, fast=True).start()
    return _url(server.dsn("postgres"))


@pytest.fixture(scope="session")
def template(admin_url: str) -> str:
    """The name of a database that the migrations built, made once and cloned by every worker."""
    text = b"".join(
        path.read_bytes()
        for path in sorted(
            [*provision.MIGRATIONS.rglob("*.sql"), *provision.MIGRATIONS.rglob("*.py"), Path(provision.__file__)]
        )
    )
    name = f"portal_template_{hashlib.sha256(text).hexdigest()[:12]}"
    with (Path(tempfile.gettempdir()) / f"portal-tests-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with provision._connect(admin_url) as server:
            known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name]).fetchone()
            if known is None:
                provision.drop(admin_url, name)
                provision.create(admin_url, name, SECRETS)
                provision.upgrade(_url(admin_url, database=name))
                server.execute(f"ALTER DATABASE {name} IS_TEMPLATE true")
    return name


@pytest.fixture(scope="session")
def database(admin_url: str, template: str, worker_id: str) -> Iterator[str]:
    """This worker's own database."""
    name = f"portal_test_{worker_id}_{os.getpid()}"
    with provision._connect(admin_url) as server:
        for (old,) in server.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"portal_test_{worker_id}_%"]
        ).fetchall():
            pid = old.rpartition("_")[2]
            if not Path(f"/proc/{pid}").exists():
                server.execute(f"DROP DATABASE IF EXISTS {old} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        server.execute(f"GRANT CONNECT ON DATABASE {name} TO portal_web, portal_proof")
    yield name
    provision.drop(admin_url, name)


@pytest.fixture(scope="session")
def settings(admin_url: str, database: str) -> Settings:
    """What the portal under test is given: portal_web's login, as in production."""
    home = Path(tempfile.mkdtemp(prefix="portal-home-"))
    return Settings(
        environment="testing",
        database_url=_url(admin_url, database=database, username="portal_web", password=SECRETS.web_password),
        admin_url=_url(admin_url, database=database),
        proof_url=_url(admin_url, database=database, username="portal_proof", password=SECRETS.proof_password),
        context_key=bytes.fromhex(SECRETS.context_key),
        secret_key="secret-of-the-tests",
        home=home,
        base_url="http://localhost",
        host="127.0.0.1",
        port=8000,
        session_hours=12,
        session_idle_minutes=120,
        upload_megabytes=24,
        pool_size=10,
        behind_proxy=False,
        secure_cookies=False,
        clock=None,
    )


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    """The whole application; its context stays open so that actions can be called directly."""
    app = create_app(settings)
    with app.app_context():
        yield app
        db.engine.dispose()


@pytest.fixture
def world(app: Flask) -> World:
    """A fresh brand with headquarters, two dealers (D001, D002), people in every role, parts, prices, a policy."""
    return make_world()


@pytest.fixture
def client_as(app: Flask) -> ClientAs:
    """Signed-in browsers: ``client_as(actor)``."""
    return ClientAs(app)


class ClientAs:
    """Makes test clients for actors; CSRF stays on, ``client.token(page)`` reads it."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, actor: Actor | None) -> Browser:
        browser = Browser(self.app, self.app.response_class, use_cookies=True)
        if actor is not None:
            browser.set_cookie(COOKIE, open_session(actor))
        return browser


class Browser(FlaskClient):
    """A test client that sends the CSRF token of the page it saw last, as a browser's form does."""

    csrf: str | None = None

    def open(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        if str(kwargs.get("method", "GET")) == "POST" and "headers" not in kwargs:
            if self.csrf is None:
                self.csrf = self._read_token()
            kwargs["headers"] = {"X-CSRFToken": self.csrf}
        with self.application.app_context():  # of its own, or flask.g would remember the request before
            return super().open(*args, **kwargs)  # type: ignore[arg-type]

    def _read_token(self) -> str:
        with self.application.app_context():
            page = super().open("/members", method="GET").get_data(as_text=True)  # type: ignore[call-arg]
        return page.split('name="csrf_token" value="', 1)[-1].split('"', 1)[0] if "csrf_token" in page else ""


def open_session(actor: Actor) -> str:
    """A session of this actor's login, opened without a password: what sign-in would have made."""
    import secrets

    from sqlalchemy import text

    token = secrets.token_urlsafe(24)
    with db.engine.begin() as connection:
        connection.execute(
            text("SELECT session_open(:login, :hash, :brand, :member, '127.0.0.1', 'pytest', 36000)"),
            {
                "login": actor.login_id,
                "hash": identity.token_hash(token),
                "brand": actor.scope.brand_id,
                "member": actor.scope.member_id,
            },
        )
    return token
