"""create_app: the only module that knows every package."""

from __future__ import annotations

import importlib
import secrets
from typing import Any

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.openapi import OpenAPI
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from sqlalchemy import text
from werkzeug.middleware.proxy_fix import ProxyFix

import portal.models  # noqa: F401 - every mapper, before the first query
from portal.core import clock, logs, scope
from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound
from portal.core.permissions import Permission
from portal.core.settings import Settings
from portal.files import store
from portal.identity.actions import choose_place
from portal.identity.edge import COOKIE, brand_called, init_login
from portal.identity.queries import Place
from portal.notices.mail import init_mail
from portal.web import pdf
from portal.web.api import document as api_document
from portal.web.api.problems import Problem
from portal.web.auth import public, requires
from portal.web.errors import init_errors, register_words
from portal.web.formats import init_formats
from portal.web.i18n import init_i18n

PACKAGES = (
    "identity", "organizations", "notices", "catalog", "ledger", "files", "warranty", "fees", "orders", "old_parts", "claims", "settlement", "reports",
)  # fmt: skip
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
health = Blueprint("health", __name__)


class Portal(OpenAPI):
    """Flask with the API's document, whose whole addresses (QR codes on papers) start with the setting ``base_url``, not with what a request calls us."""

    base_url = ""

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        """As Flask's; on a developer's machine whole addresses follow the request, so that any port works."""
        if not (self.base_url and values.get("_external")):
            return super().url_for(endpoint, **values)
        return self.base_url + super().url_for(endpoint, **{**values, "_external": False})


def create_app(settings: Settings) -> Flask:
    """The portal as a WSGI application. Opens no connection by itself."""
    app = Portal(
        "portal", static_folder="static", template_folder="templates", doc_ui=False, info=api_document.INFO,
        security_schemes=api_document.SECURITY, validation_error_model=Problem,
    )  # fmt: skip
    app.base_url = settings.base_url.rstrip("/") if settings.environment not in {"development", "testing"} else ""
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": settings.pool_size,
            "max_overflow": 4,
            "pool_timeout": 5,
            "pool_use_lifo": True,
            "hide_parameters": True,  # a failing statement is logged without what people typed
            "connect_args": {"options": "-c search_path=app"},
        },
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="portal_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session; a clerk's form may stay open over lunch
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=settings.upload_megabytes * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=5000,
        TEMPLATES_AUTO_RELOAD=settings.environment == "development",
        TESTING=settings.environment == "testing",
        PREFERRED_URL_SCHEME="https" if settings.base_url.startswith("https") else "http",
    )
    logs.configure()
    scope.use_key(settings.context_key)
    clock.freeze_process(settings.clock)
    store.use(settings)
    pdf.configure(home=settings.home)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    db.init_app(app)
    csrf = CSRFProtect(app)
    init_i18n(app)
    init_formats(app)
    init_login(app, settings)
    init_mail(app, settings)
    init_errors(app)
    _secure(app, settings)
    for package in PACKAGES:
        _add(app, csrf, package)
    app.register_blueprint(api_document.blueprint)
    app.register_blueprint(health)
    app.add_url_rule("/q/<code>/<path:number>", "qr", qr, methods=["GET", "POST"])
    if settings.environment != "production":
        from portal.web import styleguide

        app.register_blueprint(styleguide.bp)
    if settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign]
    return app


def _add(app: OpenAPI, csrf: CSRFProtect, package: str) -> None:
    for module in ("terms", "labels", "views", "api"):
        try:
            found: Any = importlib.import_module(f"portal.{package}.{module}")
        except ModuleNotFoundError as error:
            if error.name != f"portal.{package}.{module}":
                raise
            continue
        if module == "labels":
            register_words(refusals=getattr(found, "REFUSALS", None), acts=getattr(found, "ACTS", None))
        for blueprint in (getattr(found, name, None) for name in ("bp", "blueprint")):
            if module == "views" and isinstance(blueprint, Blueprint):
                app.register_blueprint(blueprint)
        if module == "api" and isinstance(found.api, APIBlueprint):
            csrf.exempt(found.api)  # no cookie is asked there, so nobody's browser can be made to call it
            app.register_api(found.api)


def _secure(app: Flask, settings: Settings) -> None:
    @app.before_request
    def nonce() -> None:
        g.csp_nonce = secrets.token_urlsafe(16)

    @app.context_processor
    def give_nonce() -> dict[str, str]:
        return {"csp_nonce": g.get("csp_nonce", "")}

    @app.after_request
    def headers(response: Any) -> Any:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        nonce = g.get("csp_nonce", "")
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
            "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'",
        )
        if request.endpoint == "static":
            response.headers["Cache-Control"] = (
                "public, max-age=31536000, immutable" if "v" in request.args else "public, max-age=300"
            )
        else:
            response.headers.setdefault("Cache-Control", "private, no-store")
        if settings.secure_cookies:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response


@health.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@health.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """The database answers too."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return {"status": "ok"}


@requires(Permission.HOME_READ)
def qr(code: str, number: str) -> ResponseReturnValue:
    """What a paper's QR code opens, from the place that may see it, or 404 (domain.md section 12).

    A link changes nobody's place, wherever it stands: where another of one's places has to be chosen, a button asks.
    """
    here = g.place
    for place in sorted(g.signed_in.places, key=lambda place: place != here):  # the one acted from first
        if place.brand_code != code:
            continue
        with unit_of_work(place.actor(g.signed_in.login_id, address=request.remote_addr).scope) as session:
            address = _document_address(session, number)
        if address is None:
            continue
        if place != here and request.method == "GET":
            return render_template(
                "identity/change_place.html", number=number, there=_called(place), here=_called(here)
            )
        if place != here:
            choose_place(db.engine, request.cookies.get(COOKIE, ""), place.brand_id, place.member_id)
        return redirect(address, 303)
    raise NotFound


def _called(place: Place) -> str:
    return f"{brand_called(place)} · {place.dealer_name or _('Headquarters')}"


_DOCUMENTS = {
    "PO": ("orders", "orders.detail", "ref"),
    "OP": ("old_parts", "old_parts.detail", "number"),
    "RC": ("claims", "claims.detail", "ref"),
    "FS": ("fee_schedules", "fees.detail", "ref"),
    "SH": ("shipments", "orders.shipment", "number"),
    "TU": ("topups", "ledger.topup", "number"),
    "ST": ("statements", "settlement.statement", "number"),
}


def _document_address(session: Any, number: str) -> str | None:
    found = _DOCUMENTS.get(number[:2])
    if found is None:
        return None
    table, endpoint, argument = found
    if not session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table} WHERE number = :number)"), {"number": number}):  # noqa: S608 - from the table above
        return None
    values: dict[str, Any] = {argument: number}
    return url_for(endpoint, **values)
