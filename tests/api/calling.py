"""A program that calls the API with a token of some member's place."""

from __future__ import annotations

import itertools
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from portal.core.permissions import Actor
from portal.identity.actions.tokens import make_token
from tests.factories.world import World, at

PROBLEM = "application/problem+json"
_keys = itertools.count(1)


def token_of(world: World, actor: Actor, *scopes: str, days: int | None = None) -> str:
    """A token of that member: all it may, or only these permissions."""
    wanted = list(scopes) or [permission.value for permission in actor.permissions]
    with world.as_(actor) as session:
        return make_token(session, actor, name="a program", scopes=wanted, days=days, at=at("2026-10-01 08:00"))[1]


def new_key() -> str:
    return f"key-{next(_keys)}"


class Program:
    """Calls under /api/v1; each act gets a key of its own unless one is given."""

    def __init__(self, app: Flask, token: str | None, *, language: str = "en") -> None:
        self.app, self.token, self.language = app, token, language

    def call(self, method: str, path: str, **how: Any) -> TestResponse:
        headers = {"Accept-Language": self.language, **how.pop("headers", {})}
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        with self.app.app_context():
            return self.app.test_client(use_cookies=False).open(f"/api/v1{path}", method=method, headers=headers, **how)

    def get(self, path: str, *, etag: str | None = None) -> TestResponse:
        return self.call("GET", path, headers={"If-None-Match": etag} if etag else {})

    def act(
        self, path: str, said: Any = None, *, key: str | None = "", seen: str | int | None = None, **how: Any
    ) -> TestResponse:
        """A POST; ``seen`` is the version seen (or its whole ETag), ``key`` None sends none."""
        headers = dict(how.pop("headers", {}))
        if key is not None:
            headers["Idempotency-Key"] = key or new_key()
        if seen is not None:
            headers["If-Match"] = seen if isinstance(seen, str) else f'"{seen}"'
        if said is not None:
            how["json"] = said
        return self.call("POST", path, headers=headers, **how)

    def on(self, path: str, step: str, said: Any = None) -> TestResponse:
        """An act on a document, as it is now: read for its ETag first."""
        return self.act(f"{path}/{step}", said, seen=self.get(path).headers["ETag"])


def program(app: Flask, world: World, actor: Actor, *scopes: str) -> Program:
    """A program with a fresh token of that member."""
    return Program(app, token_of(world, actor, *scopes))


def told(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem that the answer must be."""
    assert (answer.status_code, answer.content_type) == (status, PROBLEM), answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json(force=True)
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
    return body
