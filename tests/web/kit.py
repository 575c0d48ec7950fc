"""A small application around the page kit: no database, the real templates, styles, words and filters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from flask import Flask, g, render_template, request
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from portal.core.permissions import Permission
from portal.web import styleguide
from portal.web.formats import init_formats
from portal.web.i18n import CHINESE, COOKIE, init_i18n, remember_language
from portal.web.navigation import entries, navigation, tabbar

SHANGHAI = ZoneInfo("Asia/Shanghai")
ERRORS = ("403", "404", "409", "413", "500", "503")


@dataclass(frozen=True)
class Person:
    """A member as the page's frame shows it."""

    side: Literal["hq", "dealer"]
    permissions: frozenset[Permission] = frozenset(Permission)
    name: str = "Lin <Xiaoyan>"
    role_labels: tuple[str, ...] = ("Clerk",)
    brand_name: str = "Lanquan"
    brand_code: str = "lanquan"
    dealer_name: str | None = None


HQ = Person("hq")
DEALER = Person("dealer", name="Chen Jing", dealer_name="Hengda")
OTHER_ENDPOINTS = ("reports.search", "identity.sign_out", "identity.switch_place")


def make_app(*, without: tuple[str, ...] = ()) -> Flask:
    """The application; ``without`` names endpoints that do not exist in it."""
    app = Flask("portal", static_folder="static", template_folder="templates")
    app.config.update(SECRET_KEY="test", TESTING=True)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    CSRFProtect(app)
    init_i18n(app)
    init_formats(app)
    app.register_blueprint(styleguide.bp)
    known = {entry.endpoint for side in ("hq", "dealer") for entry in entries(side)} | set(OTHER_ENDPOINTS)
    for endpoint in sorted(known - set(without)):
        app.add_url_rule(f"/{endpoint}", endpoint, lambda: "", methods=["GET", "POST"])

    @app.post("/language", endpoint="identity.language")
    def language() -> Any:
        return remember_language(app.make_response("ok"), request.form["language"])

    @app.get("/error/<name>")
    def error(name: str) -> str:
        return render_template(f"errors/{name}.html", sentence="")

    @app.context_processor
    def frame() -> dict[str, Any]:
        person: Person | None = g.get("person") or {"hq": HQ, "dealer": DEALER}.get(request.args.get("as", ""))
        counts = {"orders.index": 14, "claims.index": 1284}
        return {
            "actor": person,
            "nav": navigation(person, "orders.index", counts, ("claims.index",)),
            "tabbar": tabbar(person, "orders.index", {"old_parts.index": 2}),
            "places": [("1:1", "Lanquan", "Headquarters", True), ("1:2", "Lanquan", "Hengda", False)],
            "csp_nonce": "n0nce",
            "business_now": datetime(2026, 11, 2, 16, 20, tzinfo=SHANGHAI),
        }

    return app


def draw(source: str, *, language: str = CHINESE, app: Flask | None = None, **values: Any) -> str:
    """A template's text, with the kit as ``ui`` and Decimal as ``D``, in the reader's language."""
    app = app or make_app()
    with app.test_request_context("/", headers={"Cookie": f"{COOKIE}={language}"}):
        template = app.jinja_env.from_string("{% import 'components/kit.html' as ui %}" + source)
        return template.render(D=Decimal, **values)
