"""Chromium and a live portal: one server and one browser per worker, a clock that the test moves, people who sign in with passwords.

Without Chromium every test here is skipped; nothing is downloaded, Debian's own program is driven.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from portal.core import clock
from portal.core.permissions import Actor
from portal.core.settings import Settings
from portal.identity.edge import COOKIE
from portal.identity.passwords import hashed
from tests.browser.desk import DESK, PATIENCE, PHONE, Desk, Watch
from tests.factories.world import World, at

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PASSWORD = "a real password of an invented person"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium, quiet: it asks nobody but the portal for anything."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("there is no Chromium here")
    expect.set_options(timeout=PATIENCE)
    return {
        "executable_path": program,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-quic",
            "--no-first-run",
        ],
    }


class _Quiet(WSGIRequestHandler):
    """Says nothing about single requests."""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def base_url(app: Flask) -> Iterator[str]:
    """Where this worker's portal answers, over real HTTP."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def it_is() -> Iterator[Callable[[str], None]]:
    """Moves the portal's clock, for every thread of the process: ``it_is("2026-10-05 09:00")`` in Shanghai."""
    yield lambda words: clock.freeze_process(at(words))
    clock.freeze_process(None)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What goes wrong on any page that a test opens; the test fails of it at its end at the latest."""
    watching = Watch()
    yield watching
    watching.fine()


@pytest.fixture
def open_page(browser: Browser, base_url: str, watch: Watch) -> Iterator[Callable[..., Page]]:
    """A watched page in a browser of its own (cookies, drafts): ``open_page(phone=True)``."""
    contexts: list[BrowserContext] = []

    def opened(*, phone: bool = False, session: str | None = None) -> Page:
        context = browser.new_context(
            base_url=base_url,
            viewport=PHONE if phone else DESK,
            is_mobile=phone,
            has_touch=phone,
            locale="zh-CN",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if session is not None:
            context.add_cookies([{"name": COOKIE, "value": session, "url": base_url}])
        page = context.new_page()
        watch.over(page)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def desk_of(open_page: Callable[..., Page], client_as: Callable[[Actor], object]) -> Callable[..., Desk]:
    """Somebody already signed in, in Chinese: ``desk_of(actor)``."""

    def made(actor: Actor, *, phone: bool = False) -> Desk:
        cookie = client_as(actor).get_cookie(COOKIE)  # type: ignore[attr-defined]
        return Desk(open_page(phone=phone, session=cookie.value), actor)

    return made


@pytest.fixture(scope="session")
def password_hash() -> str:
    """One argon2 hash serves all people of a worker."""
    return hashed(PASSWORD)


@pytest.fixture
def signs_in(
    open_page: Callable[..., Page], world: World, settings: Settings, password_hash: str
) -> Callable[..., Desk]:
    """A person of ``world`` signs in with login and password through the page: ``signs_in(actor, phone=True)``."""
    with psycopg.connect(settings.admin_url.replace("+psycopg", "")) as admin:
        admin.execute(
            "UPDATE app.logins SET password_hash = %s WHERE login LIKE %s", [password_hash, f"%-{world.code}"]
        )

    def done(actor: Actor, *, phone: bool = False) -> Desk:
        desk = Desk(open_page(phone=phone), actor)
        desk.sign_in(PASSWORD)
        return desk

    return done
