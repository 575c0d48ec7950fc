"""Tries are counted in the database before they are looked at, so that two processes and a hundred requests at once count alike (AN2).

Each in a transaction of its own: a refused act leaves its try behind.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, text

from portal.core.errors import Refused
from portal.identity import rules
from portal.identity.rules import Limit, try_key

Counted = tuple[str, Limit]

_TAKE = text("SELECT tries_take(:keys, :free, :first, :most, :forget)")
_FORGIVE = text("SELECT tries_forgive(:gone, :back)")


def at_door(login: str, address: str | None, *, known: bool) -> list[Counted]:
    """Under what a sign-in is counted. From an address that is ``known`` for this login, others' guesses do not slow it down."""
    name, where = login.lower(), rules.network(address)
    counted = [(try_key("pair", name, where), rules.PAIR), (try_key("address", where), rules.ADDRESS)]
    return counted if known else [*counted, (try_key("account", name), rules.ACCOUNT)]


def let_in(engine: Engine, login: str, address: str | None) -> int:
    """The password was right: its tries are forgotten. Returns how many were wrong before it."""
    name, where = login.lower(), rules.network(address)
    gone = [try_key("pair", name, where), try_key("account", name)]
    return max(0, forgive(engine, gone, back=[try_key("address", where)]) - 1)


def take(engine: Engine, counted: Sequence[Counted]) -> None:
    """Count one try under each key. Refuses "too-many-tries" (with ``seconds`` to wait), and then counts nothing."""
    limits = [limit for _key, limit in counted]
    with engine.begin() as connection:
        wait = connection.scalar(
            _TAKE,
            {"keys": [key for key, _limit in counted], "free": [limit.free for limit in limits], "first": [limit.first for limit in limits],
             "most": [limit.most for limit in limits], "forget": rules.FORGET_SECONDS},
        )  # fmt: skip
    if wait:
        raise Refused("too-many-tries", seconds=wait)


def forgive(engine: Engine, gone: Sequence[str], back: Sequence[str] = ()) -> int:
    """Forget the keys ``gone`` and of ``back`` this one try; returns how many tries the first had."""
    with engine.begin() as connection:
        return int(connection.scalar(_FORGIVE, {"gone": list(gone), "back": list(back)}) or 0)


def forget_old(engine: Engine) -> int:
    """Delete tries, links and unconfirmed second factors that a day has passed over; returns how many rows. For the tick."""
    with engine.begin() as connection:
        return int(connection.scalar(text("SELECT people_sweep()")) or 0)
