"""Every acting route asks for the CSRF token, and the API, which asks for none, looks at no cookie (AN1)."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from portal.web.api import PREFIX
from tests.conftest import COOKIE, open_session
from tests.factories.world import World

OPEN_FOR_TOO_LONG = "这个页面打开太久"


def acting(app: Flask, *, api: bool) -> list[str]:
    """The addresses that act, each with something in place of its words (the first of those that are named)."""
    return sorted(
        re.sub(r"<(?:any\((\w+)[^>]*|[^>]*)>", lambda word: word[1] or "1", rule.rule)
        for rule in app.url_map.iter_rules()
        if {"POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set()) and rule.rule.startswith(PREFIX) is api
    )


def answers(app: Flask, world: World, addresses: list[str]) -> dict[str, tuple[int, str]]:
    found = {}
    token = open_session(world.hq.auditor)
    for address in addresses:
        browser = app.test_client()
        browser.set_cookie(COOKIE, token)
        with app.app_context():
            answer = browser.post(address, data={"form_key": "k"}, headers={"Idempotency-Key": "k"})
        found[address] = (answer.status_code, answer.get_data(as_text=True))
    return found


def test_no_route_acts_for_a_signed_in_browser_without_the_token(app: Flask, world: World) -> None:
    addresses = acting(app, api=False)
    assert len(addresses) > 80
    passed = [
        address
        for address, (status, page) in answers(app, world, addresses).items()
        if status != 400 or OPEN_FOR_TOO_LONG not in page
    ]
    assert passed == []


def test_the_control_without_the_guard_they_answer_otherwise(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_CHECK_DEFAULT", False)
    addresses = acting(app, api=False)[:10]
    assert all(OPEN_FOR_TOO_LONG not in page for _status, page in answers(app, world, addresses).values())


def test_the_api_lets_nobody_in_by_a_session(app: Flask, world: World) -> None:
    addresses = acting(app, api=True)
    assert len(addresses) > 30
    assert {status for status, _page in answers(app, world, addresses).values()} == {401}
