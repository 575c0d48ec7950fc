"""What the tests of loads load."""

from __future__ import annotations

from datetime import date

from portal.catalog import actions
from portal.catalog.sheets import read_prices
from portal.core.permissions import Actor
from tests.factories.brands import in_brand
from tests.factories.world import at

JANUARY = date(2027, 1, 1)


def prices(*rows: str, head: str = "配件编码,配件名称,成本价,保外价") -> bytes:
    return "\n".join([head, *rows]).encode()


def load_text(actor: Actor, text: bytes, first_day: date, *, when: str = "2026-07-20 09:00"):
    sheet = read_prices(text, "prices.csv", first_day=first_day)
    with in_brand(actor) as session:
        return actions.load_prices(session, actor, sheet, at=at(when))
