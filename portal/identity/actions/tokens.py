"""Tokens by which programs act from a member's own place (AP2): made, shown once, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.core import audit, clock
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor, Permission
from portal.identity.models import ApiToken

PREFIX = "pt_"
SHOWN = 10  # characters by which a person recognises it
NAME_MOST = 60
LIVE_MOST = 50
DAYS_MOST = 730


def token_digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def make_token(
    session: Session, actor: Actor, *, name: str, scopes: Sequence[str], days: int | None = None, at: datetime
) -> tuple[ApiToken, str]:
    """A token of the actor's own place; the second value is the token itself, known nowhere else.

    ``scopes`` are permissions' values; the token never holds more than its member does at the time of a call. ``days``
    of the machine's time until it ends, None for never. Refuses "permission-missing", "token-name", "token-scopes",
    "token-days" and "token-too-many".
    """
    if not actor.may(Permission.TOKEN_MAKE) or actor.login_id is None:
        raise Refused("permission-missing")
    plain = name.strip()
    if not 1 <= len(plain) <= NAME_MOST:
        raise Refused("token-name", field="name", most=NAME_MOST)
    wanted = list(dict.fromkeys(scopes))
    if not wanted or not set(wanted) <= {permission.value for permission in actor.permissions}:
        raise Refused("token-scopes", field="scopes")
    if days is not None and not 1 <= days <= DAYS_MOST:
        raise Refused("token-days", field="days", most=DAYS_MOST)
    secret, now = PREFIX + secrets.token_urlsafe(32), clock.machine_now()
    live = select(func.count()).select_from(ApiToken).where(
        ApiToken.member_id == actor.scope.member_id, ApiToken.revoked_at.is_(None),
        ApiToken.ends_at.is_(None) | (ApiToken.ends_at > now),
    )  # fmt: skip
    if (session.scalar(live) or 0) >= LIVE_MOST:
        raise Refused("token-too-many", most=LIVE_MOST)
    made = ApiToken(
        dealer_id=actor.scope.dealer_id, member_id=actor.scope.member_id, name=plain, prefix=secret[:SHOWN],
        token_hash=token_digest(secret), scopes=wanted, created_at=now, created_by=actor.name,
        ends_at=None if days is None else now + timedelta(days=days),
    )  # fmt: skip
    session.add(made)
    session.flush()
    _note(session, actor, "token:make", made, at, scopes=wanted)
    return made, secret


def revoke_token(session: Session, actor: Actor, prefix: str, *, at: datetime) -> ApiToken:
    """End one of the actor's own tokens at once, named by the characters it is shown with. Revoking again changes nothing."""
    found = session.scalar(
        select(ApiToken)
        .where(ApiToken.member_id == actor.scope.member_id, ApiToken.prefix == prefix)
        .order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    if found.revoked_at is None:
        found.revoked_at, found.revoked_by = clock.machine_now(), actor.name
        session.flush()
        _note(session, actor, "token:revoke", found, at)
    return found


def _note(session: Session, actor: Actor, act: str, token: ApiToken, at: datetime, **facts: Any) -> None:
    audit.record(
        session, actor, act, token, at=at, public=actor.scope.dealer_id is not None, name=token.name, token=token.prefix,
        **facts,
    )  # fmt: skip
