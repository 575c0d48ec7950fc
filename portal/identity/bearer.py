"""Who calls the API: a bearer token, never a cookie; it acts with those of its member's permissions that it was given."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from flask import g, request

from portal.core.db import db
from portal.identity.actions.tokens import token_digest
from portal.identity.queries import tokens
from portal.identity.roles import Role, permissions_of
from portal.web.i18n import CHINESE, ENGLISH

_SAID = {"zh": CHINESE, "zh-cn": CHINESE, "zh-hans": CHINESE, "en": ENGLISH}


def identify() -> None:
    """Put the token's member into ``g.actor``; nobody for a token that is missing, unknown, revoked or ended.

    Nor for one whose brand asks its member for a second factor that the login lacks (``g.api_refused`` says so).
    """
    wish = request.accept_languages.best_match(list(_SAID), default="zh")
    g.language = _SAID[wish]
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 10 <= len(token := token.strip()) <= 200:
        return
    held = tokens.holder(db.engine, token_digest(token), address=request.remote_addr)
    if held is None:
        return
    if held.place.wants_second_factor(has=held.second_factor):  # as its pages: whenever the token was made
        g.api_refused = "second-factor-missing"
        return
    actor = held.place.actor(held.login_id, address=request.remote_addr, via="api")
    g.place = held.place
    g.zone = ZoneInfo(held.place.zone)
    g.actor = replace(actor, permissions=actor.permissions & held.scopes)
    g.side_may = permissions_of(role for role in Role if role.side == actor.side)
    g.api_calls = held.calls
