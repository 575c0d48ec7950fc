"""Whose rows a transaction may see: the signed context that row-level security checks (R1).

A transaction becomes ``scope_hq`` or ``scope_dealer`` and carries ``app.ctx`` = ``side.brand.dealer.member.expiry|hmac``.
The database checks the signature with a key that only its guard can read, so SQL injected into a
request cannot forge another brand's context (reliability.md T6).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from portal.core import clock

LIFETIME_SECONDS = 900  # longer than any request or command step; a leaked context dies with it

_ENTER = "SELECT set_config('role', %(role)s, true), set_config('app.ctx', %(ctx)s, true)"
_SEALED = "job."
_key: list[bytes] = []


@dataclass(frozen=True, slots=True)
class Scope:
    """One brand's headquarters (``dealer_id`` None) or one of its dealers; ``member_id`` 0 is the system."""

    brand_id: int
    dealer_id: int | None = None
    member_id: int = 0

    @property
    def side(self) -> Literal["hq", "dealer"]:
        """Which of the two sides: it names the database role."""
        return "hq" if self.dealer_id is None else "dealer"

    @property
    def role(self) -> str:
        """The database role that a transaction of this scope becomes."""
        return f"scope_{self.side}"


def use_key(key: bytes) -> None:
    """Install the 32-byte signing key (setting ``PORTAL_CONTEXT_KEY``); once at start."""
    if len(key) != 32:
        raise ValueError("the context key has 32 bytes")
    _key[:] = [key]


def token(scope: Scope, *, lifetime: int = LIFETIME_SECONDS) -> str:
    """The signed context of ``scope``, good for ``lifetime`` seconds of the machine's time."""
    expiry = int(clock.machine_now().timestamp()) + lifetime
    body = f"{scope.side}.{scope.brand_id}.{scope.dealer_id or 0}.{scope.member_id}.{expiry}"
    return f"{body}|{_sign(body)}"


def seal(scope: Scope) -> str:
    """``scope`` as a job carries it: signed, without an end, and of no use as a transaction's context."""
    body = f"{_SEALED}{scope.brand_id}.{scope.dealer_id or 0}.{scope.member_id}"
    return f"{body}|{_sign(body)}"


def unseal(text: str) -> Scope:
    """The scope that :func:`seal` signed. Raises ValueError for anything else: a job without it is refused (JO4)."""
    body, bar, signature = str(text).partition("|")
    if not bar or not body.startswith(_SEALED) or not hmac.compare_digest(_sign(body).encode(), signature.encode()):
        raise ValueError("no signed scope")
    brand, dealer, member = (int(part) for part in body.removeprefix(_SEALED).split("."))
    return Scope(brand, dealer or None, member)


def _sign(body: str) -> str:
    if not _key:
        raise RuntimeError("no context key: PORTAL_CONTEXT_KEY is not set")
    return hmac.new(_key[0], body.encode(), hashlib.sha256).hexdigest()


def enter(connection: Connection, scope: Scope) -> None:
    """Bind the running transaction to ``scope``; both settings die with the transaction."""
    connection.exec_driver_sql(
        _ENTER, {"role": scope.role, "ctx": token(scope)}
    )  # in every transaction: nothing to compile
