"""Flask-Login over our own server-side sessions: the cookie holds a random token, the database only its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Request, Response, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import LoginManager, UserMixin, current_user

from portal.core import clock
from portal.core.db import db
from portal.core.permissions import Actor
from portal.core.settings import Settings
from portal.identity import actions, bearer, queries, sealing
from portal.identity.passwords import PasswordsBusy
from portal.identity.roles import Role, permissions_of
from portal.web.api import is_api
from portal.web.errors import page
from portal.web.i18n import speak
from portal.web.labels import ROLES
from portal.web.navigation import navigation, tabbar

COOKIE = "portal_session"
# Where a member goes whose brand asks for a second factor that it has not set up yet; the rest is behind it.
_ON_THE_WAY = frozenset({
    "identity.second_factor", "identity.start_second_factor", "identity.confirm_second_factor", "identity.profile", "identity.sign_out",
    "identity.language", "identity.switch_place",
})  # fmt: skip


class User(UserMixin):
    """The signed-in login as Flask-Login knows it."""

    def __init__(self, signed_in: queries.SignedIn) -> None:
        self.signed_in = signed_in

    def get_id(self) -> str:
        """The login's id."""
        return str(self.signed_in.login_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """The member as the page's frame shows it; attributes of the actor shine through."""

    actor: Actor
    place: queries.Place

    def __getattr__(self, name: str) -> Any:
        return getattr(self.actor, name)

    @property
    def role_labels(self) -> list[str]:
        """The roles in the reader's language."""
        return [str(ROLES.get(role, role)) for role in self.place.roles]

    @property
    def brand_name(self) -> str:
        """The brand's name, as the reader's language has it."""
        return brand_called(self.place)

    @property
    def dealer_name(self) -> str | None:
        """The dealer's name, None at headquarters."""
        return self.place.dealer_name


def brand_called(place: queries.Place) -> str:
    """The name of a place's brand in the reader's language."""
    return place.brand_name_en if str(get_locale()) == "en" else place.brand_name


def init_login(app: Flask, settings: Settings) -> None:
    """Load the session before each request and give templates who acts and where it can go."""
    manager = LoginManager()
    manager.session_protection = None  # our own sessions are revoked in the database
    manager.request_loader(_load)
    manager.init_app(app)
    app.jinja_env.globals["brand_called"] = brand_called
    app.extensions["portal_settings"] = settings
    sealing.use_key(settings.secret_key)

    @app.errorhandler(PasswordsBusy)
    def busy(_error: PasswordsBusy) -> ResponseReturnValue:
        return page("503", 503, headers={"Retry-After": "5"})

    @app.before_request
    def identify() -> ResponseReturnValue | None:
        g.actor = None
        g.place = None
        if is_api():
            bearer.identify()
            return None
        if request.endpoint in {"static", "health.alive", "health.ready"} or not current_user.is_authenticated:
            return None
        signed_in: queries.SignedIn = current_user.signed_in
        g.signed_in = signed_in
        speak(signed_in.locale)
        if signed_in.place is None:
            return None
        g.place = signed_in.place
        g.zone = ZoneInfo(signed_in.place.zone)
        g.actor = signed_in.place.actor(signed_in.login_id, address=request.remote_addr)
        g.side_may = permissions_of(role for role in Role if role.side == g.actor.side)
        if wants_second_factor(signed_in, signed_in.place) and request.endpoint not in _ON_THE_WAY:
            flash(
                _("Your brand asks everybody who handles its money for a second factor. Please set it up first."),
                "warn",
            )
            return redirect(url_for("identity.second_factor"), 303)
        return None

    @app.context_processor
    def frame() -> dict[str, Any]:
        actor: Actor | None = g.get("actor")
        if actor is None or g.place is None:
            return {"actor": None, "nav": [], "tabbar": [], "places": [], "business_now": None}
        counts = g.get("nav_counts") or {}
        return {
            "actor": Shown(actor, g.place),
            "nav": navigation(actor, request.endpoint, counts),
            "tabbar": tabbar(actor, request.endpoint, counts),
            "places": [
                (f"{p.brand_id}:{p.member_id}", brand_called(p), p.dealer_name or _("%(brand)s headquarters", brand=brand_called(p)), p == g.place)
                for p in g.signed_in.places
            ],
            "business_now": clock.now().astimezone(actor.zone),
        }  # fmt: skip


def wants_second_factor(signed_in: queries.SignedIn, place: queries.Place) -> bool:
    """Whether that place's brand asks this login for a second factor (the term identity.second-factor) and it has none."""
    return place.wants_second_factor(has=signed_in.second_factor)


def own_token() -> str:
    """The token in the cookie of this request, "" without one."""
    return request.cookies.get(COOKIE, "")


def one_time_address(endpoint: str, token: str) -> str:
    """A mailed link as a whole address: it begins with the setting ``base_url``, whatever a request calls us (AN4)."""
    settings: Settings = current_app.extensions["portal_settings"]
    return settings.base_url.rstrip("/") + url_for(endpoint, token=token, _external=False)


def _load(asked: Request) -> User | None:
    token = asked.cookies.get(COOKIE)
    if not token:
        return None
    settings: Settings = current_app.extensions["portal_settings"]
    found = queries.signed_in(db.engine, actions.token_hash(token), settings.session_idle_minutes * 60)
    return None if found is None else User(found)


def keep(response: Response, token: str, settings: Settings) -> Response:
    """Put the session's token into the browser, until the session's absolute end."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        httponly=True,
        samesite="Lax",
        secure=settings.secure_cookies,
    )
    return response
