"""Cookies and the tokens of forms (AN7, AN8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from portal.app import create_app
from portal.core.db import db
from portal.core.settings import Settings
from portal.identity.edge import COOKIE
from tests.factories.world import World
from tests.identity.people import (
    PASSWORD,
    inside,
    roles_of,
    token_of,
)


@pytest.fixture
def secure(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The portal as production has it, behind HTTPS."""
    other = create_app(replace(settings, secure_cookies=True, base_url="https://portal.example", behind_proxy=True))
    yield other
    with other.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("over_https", [True, False])
def test_AN7_every_cookie_is_closed_to_scripts_and_other_sites_and_over_https_only(
    app: Flask, secure: Flask, clerk: str, over_https: bool
) -> None:
    portal = secure if over_https else app
    proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"} if over_https else {}
    base = "https://localhost" if over_https else "http://localhost"
    with portal.app_context():
        browser = portal.test_client()
        page = browser.get("/sign-in", base_url=base, headers=proxy)
        form = re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))
        assert form
    with portal.app_context():
        typed = {"csrf_token": form[1], "login": clerk, "password": PASSWORD, "next": "/members"}
        answer = browser.post("/sign-in", base_url=base, data=typed, headers={**proxy, "Referer": f"{base}/sign-in"})
        turned = browser.post("/language", base_url=base, data=typed, headers=proxy)
    assert (answer.status_code, answer.headers["Location"], turned.status_code) == (
        303,
        "/members",
        400,
    )  # its token is over
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    cookies = [cookie for cookie in cookies if "Max-Age=0" not in cookie]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"portal_form", COOKIE}
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) is over_https
    assert ("Strict-Transport-Security" in answer.headers) is over_https


def test_AN8_every_change_needs_this_sessions_own_token(client_as, home: World, clerk: str) -> None:
    mine, other = client_as(home.d1.manager), client_as(home.d1.manager)
    foreign, clerk_id = token_of(other, "/members"), home.d1.clerk.scope.member_id
    before = roles_of(home, clerk_id)
    token_of(mine, "/members")
    for where in ("/sign-in", "/sign-out", "/language", "/place", f"/members/{clerk_id}", f"/members/{clerk_id}/end"):
        for data, headers in (
            ({}, {"X-Nothing": "1"}),
            ({"csrf_token": foreign}, {"X-Nothing": "1"}),
            ({"csrf_token": ""}, {"X-CSRFToken": foreign}),
            ({"csrf_token": "a\0b"}, {"X-Nothing": "1"}),
        ):
            assert mine.post(where, data={"roles": "dealer-manager", **data}, headers=headers).status_code == 400, where
        assert (
            mine.post(
                where, data='{"roles": "dealer-manager"}', content_type="text/plain", headers={"X-Nothing": "1"}
            ).status_code
            == 400
        )
        for method in ("PUT", "DELETE", "PATCH"):
            assert mine.open(where, method=method).status_code in {400, 405}
    assert roles_of(home, clerk_id) == before
    assert inside(mine)


def test_AN8_signing_somebody_in_from_another_site_is_refused(client_as, clerk: str) -> None:
    browser = client_as(None)
    answer = browser.post(
        "/sign-in", data={"login": clerk, "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 400
    assert not inside(browser)
