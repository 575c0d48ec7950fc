"""One's own mail address: a new one counts once the link that was mailed there is opened; clearing it counts at once (AN4)."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core import audit, outbox
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.identity import queries, rules
from portal.identity.actions import throttle
from portal.identity.actions.logins import Address, require_own, tell_login
from portal.identity.actions.sessions import token_hash
from portal.identity.rules import MAILBOX, try_key
from portal.identity.windows import outside

_SET = text("SELECT login_set_email(:login, :email)")


def take_mailbox(engine: Engine, email: str) -> None:
    """Count one link to confirm that address, whoever asks for it. Refuses "too-many-tries".

    Counted apart from forgotten passwords' links: nobody can use theirs up by claiming an address.
    """
    throttle.take(engine, [(try_key("confirm-mailbox", email), MAILBOX)])


def change_email(
    session: Session, actor: Actor, login: queries.LoginInfo, *, email: str | None, link: Address, at: datetime
) -> bool:
    """Once the password was confirmed: clear one's own address, or ask the new one by a link whether it is one's own.

    The link works once, for a day of the machine's time, and ends those before it; until then the old address counts, and is told.
    Cleared, or typed again as it is: links under way end. Returns whether a link was mailed.
    """
    require_own(actor, login)
    if email is None or email == login.email:
        with outside(session) as connection:
            connection.execute(_SET, {"login": login.id, "email": email})
        if email != login.email:
            tell_login(session, actor, "email-changed", login, at)
            _record(session, actor, "login:change-email", at)
        return False
    token = secrets.token_urlsafe(32)
    with outside(session) as connection:
        connection.execute(
            text("SELECT email_ask(:login, :email, :hash, :seconds)"),
            {"login": login.id, "email": email, "hash": token_hash(token), "seconds": rules.EMAIL_SECONDS},
        )
    outbox.add(
        session, template="email-confirm", to=email, facts={"login": login.login, "hours": rules.EMAIL_SECONDS // 3600}, secret=link(token),
        secret_seconds=rules.EMAIL_SECONDS, link_hash=token_hash(token), locale=login.locale, dealer_id=actor.scope.dealer_id, at=at,
    )  # fmt: skip
    tell_login(session, actor, "email-change-asked", login, at)
    _record(session, actor, "login:ask-email", at)
    return True


def confirm_email(session: Session, actor: Actor, login: queries.LoginInfo, token: str, *, at: datetime) -> str:
    """Take the address into use to which that link was mailed, in every place of the login; returns it.

    Links under way end; the address until now is told. Refuses "link-over".
    """
    require_own(actor, login)
    with outside(session) as connection:
        email = connection.scalar(
            text("SELECT email_confirm(:login, :hash)"), {"login": login.id, "hash": token_hash(token)}
        )
    if email is None:
        raise Refused("link-over")
    if login.email is not None:
        tell_login(session, actor, "email-changed", login, at)
    _record(session, actor, "login:change-email", at)
    return str(email)


def _record(session: Session, actor: Actor, act: str, at: datetime) -> None:
    audit.record(session, actor, act, None, at=at, dealer_id=actor.scope.dealer_id, public=False)
