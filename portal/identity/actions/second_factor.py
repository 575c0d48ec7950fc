"""The second factor (TOTP, RFC 6238): set up, asked for, removed. What it protects with is the machine's time, never the frozen one."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from portal.core import audit
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.identity import rules, sealing
from portal.identity.actions import throttle
from portal.identity.rules import CODE, try_key
from portal.identity.windows import outside

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without I, O, 0, 1
_KEEP = text("SELECT codes_keep(:login, :hashes)")


def prove_code(engine: Engine, login_id: int, code: str, *, now: datetime) -> str:
    """Look at a code: returns "app" or "recovery". ``now`` is the machine's instant; a code holds for its step and its neighbours.

    A code works once (AN6). Refuses "code-wrong", "too-many-tries" (five tries whoever asks, from wherever), "factor-unreadable".
    """
    key = try_key("code", str(login_id))
    throttle.take(engine, [(key, CODE)])
    typed = "".join(code.split()).replace("-", "").upper()
    with engine.begin() as connection:
        how = _right(connection, login_id, typed, now)
    if how is None:
        raise Refused("code-wrong", field="code")
    throttle.forgive(engine, [key])
    return how


def _right(connection: Connection, login_id: int, typed: str, now: datetime) -> str | None:
    row = connection.execute(text("SELECT sealed, confirmed FROM factor_read(:login)"), {"login": login_id}).first()
    if row is None or not row.confirmed:
        return None
    if len(typed) == 6:
        return "app" if _take_step(connection, login_id, row.sealed, typed, now) else None
    used = connection.scalar(
        text("SELECT code_use(:login, :hash)"), {"login": login_id, "hash": sealing.code_hash(login_id, typed)}
    )
    return "recovery" if used else None


def _take_step(connection: Connection, login_id: int, sealed: str, typed: str, now: datetime) -> bool:
    """Whether ``typed`` is the code of a step that was not used yet; then it is now."""
    try:
        clockwork = pyotp.TOTP(sealing.unseal(login_id, sealed), interval=rules.STEP_SECONDS)
    except sealing.Unreadable as error:
        raise Refused("factor-unreadable") from error
    step = int(now.timestamp()) // rules.STEP_SECONDS
    for one in (step, step - 1, step + 1):  # a telephone's clock may be half a minute off
        if hmac.compare_digest(clockwork.generate_otp(one).encode(), typed.encode()):
            return bool(connection.scalar(text("SELECT factor_step(:login, :step)"), {"login": login_id, "step": one}))
    return False


def start_second_factor(session: Session, actor: Actor, *, at: datetime) -> None:
    """Make a secret, which does nothing until it is confirmed. Refuses "factor-on" when one is in use."""
    sealed = sealing.seal(_login(actor), pyotp.random_base32())
    with outside(session) as connection:
        kept = connection.scalar(
            text("SELECT factor_keep(:login, :sealed)"), {"login": actor.login_id, "sealed": sealed}
        )
    if not kept:
        raise Refused("factor-on")


def confirm_second_factor(session: Session, actor: Actor, code: str, *, now: datetime, at: datetime) -> list[str]:
    """Take the secret into use by a code of it; returns the recovery codes, shown once. ``now`` is the machine's instant.

    Refuses "factor-not-started", "factor-on", "code-wrong".
    """
    login_id = _login(actor)
    with outside(session) as connection:
        row = connection.execute(text("SELECT sealed, confirmed FROM factor_read(:login)"), {"login": login_id}).first()
        if row is None or row.confirmed:
            raise Refused("factor-not-started" if row is None else "factor-on")
        if not _take_step(connection, login_id, row.sealed, "".join(code.split()), now):
            raise Refused("code-wrong", field="code")
        codes = _new_codes(connection, login_id)
    _record(session, actor, "login:set-second-factor", at)
    return codes


def new_recovery_codes(session: Session, actor: Actor, *, at: datetime) -> list[str]:
    """Replace the recovery codes; the old ones are worth nothing from now on. Refuses "factor-off"."""
    login_id = _login(actor)
    with outside(session) as connection:
        row = connection.execute(text("SELECT confirmed FROM factor_read(:login)"), {"login": login_id}).first()
        if row is None or not row.confirmed:
            raise Refused("factor-off")
        codes = _new_codes(connection, login_id)
    _record(session, actor, "login:new-codes", at)
    return codes


def remove_second_factor(session: Session, actor: Actor, *, at: datetime) -> None:
    """Sign in by password alone again; the edge has asked for password and code. Refuses "factor-off"."""
    with outside(session) as connection:
        gone = connection.scalar(text("SELECT factor_remove(:login)"), {"login": _login(actor)})
    if not gone:
        raise Refused("factor-off")
    _record(session, actor, "login:remove-second-factor", at)


def reset_second_factor(
    session: Session, actor: Actor, *, login_id: int, login: str, dealer_id: int | None, at: datetime
) -> None:
    """The operator's way for who lost phone and codes. Ends the login's sessions. Refuses "factor-off"."""
    with outside(session) as connection:
        gone = connection.scalar(text("SELECT factor_remove(:login)"), {"login": login_id})
        connection.execute(text("SELECT sessions_end(:login, NULL, NULL, NULL, NULL)"), {"login": login_id})
    if not gone:
        raise Refused("factor-off")
    audit.record(
        session, actor, "login:reset-second-factor", None, at=at, dealer_id=dealer_id, public=False, login=login
    )


def _new_codes(connection: Connection, login_id: int) -> list[str]:
    codes = ["".join(secrets.choice(_ALPHABET) for _sign in range(12)) for _code in range(rules.RECOVERY_CODES)]
    connection.execute(_KEEP, {"login": login_id, "hashes": [sealing.code_hash(login_id, code) for code in codes]})
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def _login(actor: Actor) -> int:
    if actor.login_id is None:
        raise Refused("permission-missing")
    return actor.login_id


def _record(session: Session, actor: Actor, act: str, at: datetime) -> None:
    audit.record(session, actor, act, None, at=at, dealer_id=actor.scope.dealer_id, public=False)
