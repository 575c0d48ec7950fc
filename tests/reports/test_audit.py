"""The audit page of headquarters (R3)."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.core import audit, clock
from tests.factories.world import at, make_world


@pytest.fixture(autouse=True)
def _now():
    with clock.frozen(at("2026-11-01 10:00")):
        yield


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])))


def test_every_event_is_shown_with_who_when_and_from_which_address_r3(world, client_as):
    order = world.submitted_order(world.d1)
    browser = client_as(world.hq.auditor)
    browser.set_cookie("portal_lang", "en")
    page = browser.get("/audit").text
    assert f'href="/orders/{order}"' in page
    assert "Draft → For headquarters to confirm" in words(page)
    assert world.d1.manager.name in words(page)


def test_addresses_are_shown_to_headquarters_alone_r3(world, client_as):
    with world.as_(world.hq.finance) as session:
        audit.record(
            session,
            replace(world.hq.finance, address="10.1.2.3"),
            "topup:enter",
            at=at("2026-11-01 09:00"),
            dealer_id=world.d1.id,
        )
    assert "10.1.2.3" in client_as(world.hq.auditor).get("/audit").text
    assert client_as(world.d1.manager).get("/audit").status_code == 404


@pytest.mark.parametrize("role", ["clerk", "technician", "manager"])
def test_a_dealer_has_no_audit_page(world, client_as, role):
    assert client_as(getattr(world.d1, role)).get("/audit").status_code == 404


def test_the_filters_narrow_it_down(world, client_as):
    one = world.submitted_order(world.d1, when="2026-10-20 09:00")
    two = world.submitted_order(world.d2, when="2026-10-21 00:30")  # 16:30 of the 20th in UTC
    browser = client_as(world.hq.auditor)

    def shows(query: str) -> tuple[bool, bool]:
        page = browser.get(f"/audit?{query}").text
        return f"/orders/{one}" in page, f"/orders/{two}" in page

    assert shows("kind=order") == (True, True)
    assert shows(f"number={one.lower()}") == (True, False)
    assert shows("day=2026-10-20") == (True, False)
    assert shows("day=2026-10-21") == (False, True)
    assert shows("day=yesterday&kind=nothing") == (True, True)
    assert shows(f"member={world.d2.manager.name}")[1]
    assert "/orders/" not in browser.get("/audit?kind=claim").text.split("<main")[1]


def test_the_page_is_cut_by_key(world, client_as):
    with world.as_(world.hq.finance) as session:
        for _ in range(60):
            audit.record(session, world.hq.finance, "topup:enter", at=at("2026-11-01 09:00"), dealer_id=world.d1.id)
        newest = session.scalar(text("SELECT max(id) FROM audit_events"))
    browser = client_as(world.hq.auditor)
    first = browser.get("/audit?kind=topup").text
    older = re.search(r'href="(/audit\?[^"]*before=(\d+)[^"]*)"', first)
    assert int(older.group(2)) == newest - 49
    assert browser.get(html.unescape(older.group(1))).text.count("<tr>") - 1 == 10


def test_another_brands_events_are_not_there_r1(world, client_as):
    other = make_world()
    number = other.submitted_order(other.d1)
    page = client_as(world.hq.auditor).get(f"/audit?number={number}").text
    assert f"/orders/{number}" not in page
