"""What the pages of this package answer alike: a refused form, a link that is over, a browser that is let in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import current_app, make_response, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from portal.core.db import db
from portal.core.errors import Refused
from portal.core.settings import Settings
from portal.identity import actions
from portal.identity.edge import keep, own_token
from portal.web.errors import sentence
from portal.web.forms import PortalForm

_NOTHING: Mapping[str, object] = MappingProxyType({})


def settings_here() -> Settings:
    """The settings of this process."""
    settings: Settings = current_app.extensions["portal_settings"]
    return settings


def browser() -> dict[str, Any]:
    """From where somebody signs in, and for how long."""
    return {
        "address": request.remote_addr,
        "agent": request.user_agent.string,
        "seconds": settings_here().session_hours * 3600,
    }


def refused(
    error: Refused, form: PortalForm, field: str | None, template: str, shown: Mapping[str, object] = _NOTHING
) -> ResponseReturnValue:
    """The form again with the sentence at the refusal's field (else ``field``): 422, or 429 with how long to wait."""
    form.refuse(error.field if error.field in form else field, sentence(error))
    return again(form, template, shown, error)


def again(
    form: PortalForm, template: str, shown: Mapping[str, object] = _NOTHING, error: Refused | None = None
) -> ResponseReturnValue:
    """The form again with what is wrong with it."""
    page = render_template(template, form=form, **shown)
    if error is not None and error.code == "too-many-tries":
        return page, 429, {"Retry-After": str(error.facts["seconds"])}
    return page, 422


def private(answer: ResponseReturnValue) -> ResponseReturnValue:
    """A page whose address is a secret: no other page is told where one came from (AN4)."""
    response = make_response(answer)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def link_over() -> ResponseReturnValue:
    """A one-time link that is used, too old, taken back or made up: all look alike."""
    return private((render_template("identity/link_over.html"), 410))


def let_in(token: str, wanted: str | None = None) -> ResponseReturnValue:
    """Put the new session into the browser; the one that it had ends (AN1)."""
    if old := own_token():
        actions.sign_out(db.engine, old)  # a session never survives a new sign-in (fixation)
    cookie.clear()
    return keep(current_app.make_response(redirect(wanted or url_for("reports.home"), 303)), token, settings_here())
