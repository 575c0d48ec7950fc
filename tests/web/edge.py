"""A small application with the real edge — who may, refusals in words, error pages — and no database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g, request

from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.scope import Scope
from portal.identity.roles import HOLDS, Role
from portal.web.errors import init_errors
from tests.web.kit import make_app

ZONE = ZoneInfo("Asia/Shanghai")


def actor(role: Role) -> Actor:
    """Somebody who holds that one role."""
    dealer = None if role.side == "hq" else 7
    return Actor(Scope(1, dealer, 3), "林晓燕", ZONE, HOLDS[role], roles=(role.value,), login_id=5)


def edge(**views: Callable[..., Any]) -> Flask:
    """Each view at ``/<its name>``; ``?as=<role>`` says who asks, nobody without it."""
    app = make_app()
    init_errors(app)

    @app.before_request
    def identify() -> None:
        g.csp_nonce = "n0nce"
        role = request.args.get("role")
        g.actor = actor(Role(role)) if role else None
        if g.actor is not None:
            g.side_may = frozenset[P]().union(*(held for one, held in HOLDS.items() if one.side == g.actor.side))

    app.add_url_rule("/sign-in", "identity.sign_in", lambda: "sign in")
    for name, view in views.items():
        app.add_url_rule(f"/{name}", f"edge.{name}", view, methods=["GET", "POST"])
    return app
