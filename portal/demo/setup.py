"""Before the first order: the brand, its people, its workbooks, its dealers and theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalog import actions as catalog
from portal.catalog import sheets
from portal.catalog.rules import Loaded
from portal.core.db import db, unit_of_work
from portal.core.months import add_months
from portal.core.permissions import Actor
from portal.core.scope import Scope
from portal.core.tables import Sheet
from portal.demo import known, names
from portal.demo.names import Cast
from portal.demo.player import Player, Story
from portal.demo.times import Times
from portal.demo.world import ZONE, Play, Shop
from portal.identity import actions as identity
from portal.identity import queries as identity_queries
from portal.identity.roles import Role, permissions_of
from portal.organizations import sheets as organization_sheets
from portal.organizations.models import Dealer
from portal.warranty import actions as warranty
from portal.warranty import sheets as warranty_sheets

DATA = Path(__file__).parent / "data"
Reader = Callable[[bytes, str], Sheet[Any]]
Taker = Callable[..., Loaded]


def brand(cast: Cast, player: Player, *, first: date, now: datetime, password_hash: str) -> Play:
    """Make the brand and its headquarters, early on the first day."""
    times = Times(ZONE)
    born = times.at(first, 7, 30)
    identity.create_brand(
        db.engine, code=cast.code, name=cast.name, name_en=cast.name_en, zone=ZONE.key, hotline=cast.hotline, at=born
    )
    system = identity_queries.system_actor(identity_queries.brand_by_code(db.engine, cast.code))
    play = Play(cast, player, times, first, now, system, hq={})
    with unit_of_work(system.scope) as session:
        for staff in cast.staff:
            login = f"{cast.code}-{staff.login}"
            play.hq[staff.login] = person(session, play, system, login, staff.name, staff.role, password_hash, at=born)
    return play


def person(
    session: Session, play: Play, by: Actor, login: str, name: str, role: Role, password_hash: str, *,
    dealer: Dealer | None = None, login_id: int | None = None, at: datetime,
) -> Actor:  # fmt: skip
    """A login with one place; a known ``login_id`` gets another place."""
    if login_id is None:
        login_id = identity.create_login(db.engine, login, password_hash, at=at, email=f"{login}@example.com")
    member = identity.add_member(
        session, by, login_id=login_id, login=login, name=name, roles=[role.value],
        dealer_id=None if dealer is None else dealer.id, email=f"{login}@example.com", at=at,
    )  # fmt: skip
    return Actor(
        scope=Scope(by.scope.brand_id, None if dealer is None else dealer.id, member.id), name=name, zone=play.times.zone,
        permissions=permissions_of([role.value]), roles=(role.value,), login_id=login_id,
        address=f"10.{by.scope.brand_id % 200}.{member.id // 250}.{member.id % 250 + 1}",
        brand_code=play.cast.code, dealer_code=None if dealer is None else dealer.code,
    )  # fmt: skip


def load(play: Play) -> None:
    """The administrator loads the brand's workbooks as they came; all are in force from the first day."""
    admin, cast, first = play.hq["admin"], play.cast, play.first
    at = play.times.at(first, 8)
    steps: tuple[tuple[str, str, Reader, Taker], ...] = (
        (
            "prices",
            cast.prices,
            lambda data, name: sheets.read_prices(data, name, first_day=first),
            catalog.load_prices,
        ),
        ("dealers", cast.dealers, organization_sheets.read_dealers, catalog.load_dealers),
        (
            "policy",
            cast.policy,
            lambda data, name: warranty_sheets.read_policy(data, name, first_day=first),
            warranty.load_policy,
        ),
        ("faults", cast.faults, sheets.read_faults, catalog.load_faults),
        ("products", cast.products, warranty_sheets.read_products, warranty.load_products),
    )
    for minute, (kind, name, read, take) in enumerate(steps):
        data, when = (DATA / name).read_bytes(), at + timedelta(minutes=4 * minute)
        sheet = read(data, name)
        with play.as_(admin) as session:
            done = take(session, admin, sheet, at=when)
            catalog.record_load(session, admin, kind, done, filename=name, data=data, at=when)


def load_next_prices(play: Play, start: datetime) -> Story:
    """The list of the next half-year comes in as a future version: from the first of the second month after now."""
    name, admin = play.cast.next_prices, play.hq["admin"]
    if name is None:
        return
    yield start
    data = (DATA / name).read_bytes()
    from_day = add_months(play.last.replace(day=1), 2)
    sheet = sheets.read_prices(data, name, first_day=from_day)
    with play.as_(admin) as session:
        done = catalog.load_prices(session, admin, sheet, at=play.at)
        catalog.record_load(session, admin, "prices", done, filename=name, data=data, at=play.at)


def open_shops(play: Play, password_hash: str) -> None:
    """Every dealer gets a clerk, a technician and its manager; then what the catalogue says is read once."""
    admin, at = play.hq["admin"], play.times.at(play.first, 8, 25)
    with play.as_(admin) as session:
        for dealer in session.scalars(select(Dealer).order_by(Dealer.code)):
            chance = play.chance("people", dealer.code)
            stem = play.cast.stem + dealer.code.lower()

            def hire(job: str, role: Role, name: str, dealer: Dealer = dealer, stem: str = stem) -> Actor:
                return person(session, play, admin, f"{stem}-{job}", name, role, password_hash, dealer=dealer, at=at)

            surname = dealer.contact[:1] or chance.choice(names.SURNAMES)
            given = names.GIVEN_F if dealer.contact.endswith("女士") else names.GIVEN_M
            play.shops.append(
                Shop(
                    dealer.id, dealer.code, dealer.city, dealer.address,
                    clerk=hire("clerk", Role.DEALER_CLERK, chance.choice(names.SURNAMES) + chance.choice(names.GIVEN_F)),
                    tech=hire("tech", Role.DEALER_TECHNICIAN, chance.choice(names.SURNAMES) + chance.choice(names.GIVEN_M)),
                    boss=hire("boss", Role.DEALER_MANAGER, surname + chance.choice(given)),
                )
            )  # fmt: skip
        play.known = known.read(session, play.first)


def many_places(plays: list[Play], password_hash: str, at: datetime) -> None:
    """Logins with several places; who marks the end arrives last."""
    by_code = {play.cast.seed or play.cast.code: play for play in plays}
    for login, name, places in reversed(names.MANY_PLACES):
        login = plays[0].cast.stem + login  # noqa: PLW2901 - the login as it is here
        login_id = identity.create_login(db.engine, login, password_hash, at=at, email=f"{login}@example.com")
        for code, dealer_code, role in places:
            if (play := by_code.get(code)) is None:
                continue
            admin = play.hq["admin"]
            with play.as_(admin) as session:
                dealer = session.scalar(select(Dealer).where(Dealer.code == dealer_code)) if dealer_code else None
                person(session, play, admin, login, name, role, password_hash, dealer=dealer, login_id=login_id, at=at)
