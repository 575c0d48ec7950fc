"""A brand with nothing in it, and the brands' own workbooks."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

import portal.demo
from portal.catalog import actions as catalog
from portal.catalog.rules import Loaded
from portal.catalog.sheets import read_faults, read_prices
from portal.core.db import db, unit_of_work
from portal.core.permissions import Actor
from portal.identity import actions as people
from portal.identity import queries as identity
from portal.organizations.models import Dealer
from portal.organizations.sheets import read_dealers
from portal.warranty import actions as warranty
from portal.warranty.sheets import read_policy, read_products
from tests.factories.world import at

DATA = Path(portal.demo.__file__).parent / "data"
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
_count = itertools.count(1)


def empty_brand() -> Actor:
    """The system of a fresh brand without dealers, parts or prices."""
    code = f"e{os.getpid()}x{next(_count)}"
    with db.engine.begin() as connection:
        connection.execute(
            text("SELECT brand_create(:code, :code, :code, 'Asia/Shanghai', '400-000-0000', :at)"),
            {"code": code, "at": at("2026-06-01 08:00")},
        )
    return identity.system_actor(identity.brand_by_code(db.engine, code))


def member_of(system: Actor, role: str, *, dealer: str | None = None) -> Actor:
    """A person of that brand who can sign in, at headquarters or at the dealer of that code."""
    login = f"{role}-{system.brand_code}-{next(_count)}"
    born = at("2026-06-01 08:00")
    login_id = people.create_login(db.engine, login, "no password", at=born)
    with unit_of_work(system.scope) as session:
        dealer_id = session.scalar(select(Dealer.id).where(Dealer.code == dealer)) if dealer else None
        people.add_member(
            session,
            system,
            login_id=login_id,
            login=login,
            name="林晓燕",
            roles=[str(role)],
            dealer_id=dealer_id,
            at=born,
        )
    with db.engine.begin() as connection:
        return identity.places(connection, login_id)[0].actor(login_id, address="127.0.0.1")


def bytes_of(name: str) -> bytes:
    """A workbook of the demo."""
    return (DATA / name).read_bytes()


@contextmanager
def in_brand(actor: Actor) -> Iterator[Session]:
    """A unit of work of that brand."""
    with unit_of_work(actor.scope) as session:
        yield session


def count(session: Session, model: Any) -> int:
    """How many rows of that table this side sees."""
    return session.scalar(select(func.count()).select_from(model)) or 0


def load(
    actor: Actor, kind: str, name: str, *, first_day: date | None = None, when: str = "2026-07-20 09:00"
) -> Loaded:
    """Load one of the demo's workbooks in a unit of work of its own."""
    data = bytes_of(name)
    sheet: Any
    match kind:
        case "prices":
            sheet, act = read_prices(data, name, first_day=first_day), catalog.load_prices
        case "dealers":
            sheet, act = read_dealers(data, name), catalog.load_dealers
        case "faults":
            sheet, act = read_faults(data, name), catalog.load_faults
        case "products":
            sheet, act = read_products(data, name), warranty.load_products
        case _:
            sheet, act = read_policy(data, name, first_day=first_day), warranty.load_policy
    with in_brand(actor) as session:
        return act(session, actor, sheet, at=at(when))


def lanquan() -> Actor:
    """The bathroom brand, loaded from its own workbooks as they are."""
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    load(actor, "dealers", "dealers.xlsx")
    load(actor, "policy", "warranty-policy.csv", first_day=JULY)
    load(actor, "faults", "fault-codes.csv")
    load(actor, "products", "registered-products.csv")
    return actor


def muyu() -> Actor:
    """The furniture brand, loaded from its own files as they are."""
    actor = empty_brand()
    load(actor, "prices", "muyu-price-list.csv", first_day=AUGUST)
    load(actor, "dealers", "muyu-dealers.xlsx")
    load(actor, "policy", "muyu-warranty-policy.csv")
    load(actor, "faults", "muyu-fault-codes.csv")
    load(actor, "products", "muyu-registered-products.csv")
    return actor
