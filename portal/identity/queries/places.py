"""Who somebody is, read before a brand is known through narrow functions: logins, places, sessions, brands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from portal.core.errors import NotFound
from portal.core.permissions import Actor
from portal.core.scope import Scope
from portal.identity.roles import Role, permissions_of
from portal.identity.rules import GUARDED_ROLES


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a login, with what the shell shows of it."""

    brand_id: int
    member_id: int
    dealer_id: int | None
    name: str
    roles: tuple[str, ...]
    brand_code: str
    brand_name: str
    brand_name_en: str
    zone: str
    hotline: str
    dealer_code: str | None
    dealer_name: str | None
    guarded: bool = False  # its brand asks who handles its money for a second factor (the term identity.second-factor)

    def wants_second_factor(self, *, has: bool) -> bool:
        """Whether its brand asks this member for a second factor that the login does not have: then neither pages nor tokens open."""
        return self.guarded and not has and self.dealer_id is None and not GUARDED_ROLES.isdisjoint(self.roles)

    def actor(
        self, login_id: int, *, address: str | None, via: Literal["page", "command", "system", "api"] = "page"
    ) -> Actor:
        """This login acting from this place. Roles of the other side, however they got into the row, give nothing."""
        side = "hq" if self.dealer_id is None else "dealer"
        roles = tuple(role for role in self.roles if role.partition("-")[0] == side)
        return Actor(
            scope=Scope(self.brand_id, self.dealer_id, self.member_id),
            name=self.name,
            zone=ZoneInfo(self.zone),
            permissions=permissions_of(roles),
            roles=roles,
            login_id=login_id,
            address=address,
            via=via,
            brand_code=self.brand_code,
            dealer_code=self.dealer_code,
        )


_PLACE = tuple(field.name for field in fields(Place))
_SESSION = """
    SELECT s.login_id AS own_id, s.login, s.brand_id AS in_brand, s.member_id AS as_member, s.second_factor, s.locale, p.*
    FROM session_load(%(hash)s, %(idle)s) s LEFT JOIN LATERAL login_places(s.login_id) p ON true"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session: the login, its places, and the chosen one (None when it must choose); ``locale`` is the login's language."""

    login_id: int
    login: str
    places: tuple[Place, ...]
    place: Place | None
    second_factor: bool = False
    locale: str = "zh_Hans_CN"


@dataclass(frozen=True, slots=True)
class BrandInfo:
    """What is known of a brand before anybody is inside it."""

    id: int
    code: str
    name: str
    name_en: str
    zone: str
    hotline: str


def login_by_name(engine: Engine, login: str) -> tuple[int, str, bool] | None:
    """(id, password hash, disabled) of a login, or None."""
    with engine.begin() as connection:
        row = connection.execute(
            text("SELECT id, password_hash, disabled FROM login_find(:login)"), {"login": login}
        ).first()
    return None if row is None else (row.id, row.password_hash, row.disabled)


def places(connection: Connection, login_id: int) -> tuple[Place, ...]:
    """All places of a login, by brand and dealer."""
    rows = connection.execute(text("SELECT * FROM login_places(:id)"), {"id": login_id}).mappings()
    return tuple(Place(**{**row, "roles": tuple(row["roles"])}) for row in rows)


def signed_in(engine: Engine, token_hash: str, idle_seconds: int) -> SignedIn | None:
    """The live session behind a cookie's hash, or None. One statement, which commits itself: it stands before every page."""
    with _committing(engine) as connection:
        rows = connection.exec_driver_sql(_SESSION, {"hash": token_hash, "idle": idle_seconds}).mappings().all()
    if not rows:
        return None
    session = rows[0]
    held = tuple(
        Place(**{name: row[name] for name in _PLACE} | {"roles": tuple(row["roles"])})
        for row in rows
        if row["member_id"] is not None
    )
    chosen = next((p for p in held if (p.brand_id, p.member_id) == (session["in_brand"], session["as_member"])), None)
    if chosen is None and len(held) == 1:
        chosen = held[0]
    return SignedIn(session["own_id"], session["login"], held, chosen, session["second_factor"], session["locale"])


@contextmanager
def _committing(engine: Engine) -> Iterator[Connection]:
    """A connection whose statements commit themselves. SQLAlchemy's own switch (AUTOCOMMIT) asks the driver four times as much."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.autocommit = True
        try:
            yield connection
        finally:
            if not driver.closed:
                driver.autocommit = False


def brand_by_code(engine: Engine, code: str) -> BrandInfo:
    """The brand of that code; NotFound when there is none."""
    with engine.begin() as connection:
        row = connection.execute(text("SELECT * FROM brand_by_code(:code)"), {"code": code}).mappings().first()
    if row is None:
        raise NotFound
    return BrandInfo(**row)


def brand_codes(engine: Engine) -> list[str]:
    """The codes of all brands on this installation."""
    with engine.begin() as connection:
        return list(connection.scalars(text("SELECT * FROM brand_codes()")))


def system_of(session: Session) -> Actor:
    """The system at the headquarters of the session's brand, for what a job does there."""
    row = session.execute(text("SELECT id, code, name, name_en, zone, hotline FROM brands")).mappings().one()
    return system_actor(BrandInfo(**row))


def system_actor(brand: BrandInfo, *, via: Literal["command", "system"] = "system") -> Actor:
    """The system at a brand's headquarters: every permission of that side's roles, no login, member 0."""
    return Actor(
        scope=Scope(brand.id),
        name="system",
        zone=ZoneInfo(brand.zone),
        permissions=permissions_of(role for role in Role if role.side == "hq"),
        roles=(),
        via=via,
        brand_code=brand.code,
    )
