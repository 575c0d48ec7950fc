"""One's own login: the password, changed or forgotten, the language; logins disabled by the operator (AN4, AN5)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core import audit, outbox
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.identity import passwords, queries, rules
from portal.identity.actions import throttle
from portal.identity.actions.second_factor import prove_code
from portal.identity.actions.sessions import token_hash
from portal.identity.rules import CONFIRM, MAILBOX, RESET_ADDRESS, RESET_PAIR, try_key
from portal.identity.windows import outside

Address = Callable[[str], str]  # a one-time token as a whole address, from the settings and never from a request


def create_login(engine: Engine, login: str, password_hash: str, *, at: datetime, email: str | None = None) -> int:
    """Create a login; returns its id. ``email``: an address that is known to be its own. Raises IntegrityError when the name is taken."""
    with engine.begin() as connection:
        created = int(
            connection.scalar(
                text("SELECT login_create(:login, :hash, :at)"), {"login": login, "hash": password_hash, "at": at}
            )
            or 0
        )
        if email is not None:
            connection.execute(text("SELECT login_set_email(:login, :email)"), {"login": created, "email": email})
        return created


def fit_password(password: str, login: str, *, field: str = "password") -> None:
    """Refuses "password-short", "password-long", "password-common", "password-is-login"."""
    if fault := rules.password_fault(password, login):
        raise Refused(fault, field=field, least=rules.PASSWORD_LEAST)


def confirm_password(engine: Engine, login_id: int, password: str, *, field: str = "password") -> queries.LoginInfo:
    """Somebody who is signed in types the password again; returns the login. Refuses "password-wrong" and "too-many-tries"."""
    key = try_key("confirm", str(login_id))
    throttle.take(engine, [(key, CONFIRM)])
    found = queries.login(engine, login_id)
    if not passwords.matches(password, found.password_hash):
        raise Refused("password-wrong", field=field)
    throttle.forgive(engine, [key])
    return found


def confirm_person(engine: Engine, login_id: int, password: str, code: str, *, now: datetime) -> queries.LoginInfo:
    """The same before what outlasts the session: the password and, where the login has a second factor, a code of it or a recovery code.

    ``now`` is the machine's instant. Refuses as :func:`confirm_password`, "code-needed", and as :func:`prove_code`.
    """
    found = confirm_password(engine, login_id, password)
    if found.second_factor is not None:
        if not code.strip():
            raise Refused("code-needed", field="code")
        prove_code(engine, login_id, code, now=now)
    return found


def change_password(
    session: Session, actor: Actor, login: queries.LoginInfo, *, password_hash: str, keep: str, at: datetime
) -> None:
    """Set one's own new password, once the old one was confirmed; ends all other sessions (``keep`` is this one's token) and links.

    Its programs' tokens are revoked, in all its places (AN5). A mail says so.
    """
    require_own(actor, login)
    with outside(session) as connection:
        connection.execute(text("SELECT login_set_password(:login, :hash)"), {"login": login.id, "hash": password_hash})
        connection.execute(
            text("SELECT sessions_end(:login, :but, NULL, NULL, NULL)"), {"login": login.id, "but": token_hash(keep)}
        )
    tell_login(session, actor, "password-changed", login, at)
    _record(session, actor, "login:change-password", at)


def choose_language(session: Session, actor: Actor, locale: str, *, at: datetime) -> bool:
    """From now on one's own mails come in this language, and pages where a browser has chosen none; whether it is another one."""
    if actor.login_id is None or locale not in rules.LOCALES:
        raise Refused("permission-missing")
    with outside(session) as connection:
        changed = bool(
            connection.scalar(
                text("SELECT login_set_locale(:login, :locale)"), {"login": actor.login_id, "locale": locale}
            )
        )
    if changed:
        _record(session, actor, "login:choose-language", at, language=locale)
    return changed


def ask_reset(engine: Engine, typed: str, *, address: str | None) -> None:
    """Count one "forgot your password?"; the same for a login that is not there. Refuses "too-many-tries"."""
    where = rules.network(address)
    throttle.take(
        engine,
        [
            (try_key("reset", typed.strip().lower(), where), RESET_PAIR),
            (try_key("reset-address", where), RESET_ADDRESS),
        ],
    )


def may_mail(engine: Engine, email: str) -> bool:
    """Count one mail with a link to that mailbox; False when it has had too many lately. Said to nobody but the log."""
    try:
        throttle.take(engine, [(try_key("mailbox", email), MAILBOX)])
    except Refused:
        return False
    return True


def send_reset(session: Session, actor: Actor, found: queries.ToReset, *, link: Address, at: datetime) -> None:
    """Put the mail with the one-time link into the outbox, in the person's language, whoever asked for it.

    The link works for 30 minutes of the machine's time; only its hash is kept.
    """
    token = new_reset(session, actor, found.id, found.login, dealer_id=found.dealer_id, at=at)
    outbox.add(
        session, template="password-reset", to=found.email, facts={"login": found.login, "minutes": rules.LINK_SECONDS // 60},
        secret=link(token), link_hash=token_hash(token), dealer_id=found.dealer_id, locale=found.locale, at=at,
    )  # fmt: skip


def new_reset(session: Session, actor: Actor, login_id: int, login: str, *, dealer_id: int | None, at: datetime) -> str:
    """A one-time token by which that login's password can be set anew."""
    token = secrets.token_urlsafe(32)
    with outside(session) as connection:
        connection.execute(
            text("SELECT link_open('reset', :login, :hash, :seconds)"),
            {"login": login_id, "hash": token_hash(token), "seconds": rules.LINK_SECONDS},
        )
    audit.record(session, actor, "login:ask-reset", None, at=at, dealer_id=dealer_id, public=False, login=login)
    return token


def reset_password(
    session: Session, actor: Actor, login: queries.LoginInfo, token: str, *, password_hash: str, at: datetime
) -> None:
    """Set a new password by a mailed link, once; ends every session, token and other link. Refuses "link-over"."""
    require_own(actor, login)
    with outside(session) as connection:
        used = connection.scalar(text("SELECT link_use('reset', :hash)"), {"hash": token_hash(token)})
        if used != login.id:
            raise Refused("link-over")
        connection.execute(text("SELECT login_set_password(:login, :hash)"), {"login": login.id, "hash": password_hash})
        connection.execute(text("SELECT sessions_end(:login, NULL, NULL, NULL, NULL)"), {"login": login.id})
    tell_login(session, actor, "password-changed", login, at)
    _record(session, actor, "login:reset-password", at)


def disable_login(engine: Engine, login: str, *, disabled: bool, at: datetime) -> int:
    """Disable or enable a login everywhere: its sessions end, its tokens are nobody's, on the next request (AN5). NotFound."""
    with engine.begin() as connection:
        found = connection.scalar(
            text("SELECT login_disable(:login, :at)"), {"login": login, "at": at if disabled else None}
        )
    if found is None:
        raise NotFound
    return int(found)


def note_disabled(
    session: Session, actor: Actor, login: str, *, disabled: bool, dealer_id: int | None, at: datetime
) -> None:
    """Write it down in a brand where the login has a place."""
    act = "login:disable" if disabled else "login:enable"
    audit.record(session, actor, act, None, at=at, dealer_id=dealer_id, public=False, login=login)


def require_own(actor: Actor, login: queries.LoginInfo) -> None:
    """Refuses "permission-missing" for somebody else's login."""
    if actor.login_id != login.id:
        raise Refused("permission-missing")


def tell_login(session: Session, actor: Actor, template: str, login: queries.LoginInfo, at: datetime) -> None:
    """A mail to the login's address, if it has one, in its language."""
    if login.email is not None:
        outbox.add(
            session, template=template, to=login.email, facts={"login": login.login}, locale=login.locale,
            dealer_id=actor.scope.dealer_id, at=at,
        )  # fmt: skip


def _record(session: Session, actor: Actor, act: str, at: datetime, **facts: Any) -> None:
    audit.record(session, actor, act, None, at=at, dealer_id=actor.scope.dealer_id, public=False, **facts)
