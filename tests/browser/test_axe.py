"""axe finds nothing serious on any page, on a desk and on a phone (ui.md: WCAG 2.2 AA)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page

from portal.identity.roles import Role
from tests.browser.desk import DESK, PHONE, Desk
from tests.browser.lived import NOW, lived_in
from tests.browser.test_pages import _LEADS_TO, _ONE_OF_MANY, WHO, _navigation
from tests.factories.world import World

pytestmark = pytest.mark.browser

VENDOR = Path(__file__).parent / "vendor"
AXE = (VENDOR / "axe.min.js").read_text(encoding="utf-8")
BAD = {"serious", "critical"}
_RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map(
  one => ({id: one.id, impact: one.impact, help: one.help, nodes: one.nodes.slice(0, 3).map(node => node.html.slice(0, 160) + ' | ' + (node.any[0] || node.all[0] || node.none[0] || {}).message)}))"""
SIDES: dict[str, list[Role]] = {side: [role for role in Role if role.side == side] for side in ("hq", "dealer")}
OPEN = ("/sign-in", "/forgotten", "/nowhere-at-all")


@pytest.fixture(scope="module")
def brand(app: Flask) -> World:
    return lived_in()


def test_axe_is_the_file_that_was_chosen() -> None:
    told = re.search(r"`([0-9a-f]{64})`", (VENDOR / "README.md").read_text(encoding="utf-8"))
    assert told is not None
    assert hashlib.sha256(AXE.encode()).hexdigest() == told[1]


@pytest.mark.parametrize("side", SIDES)
def test_axe_finds_nothing_serious_on_any_page_of_a_side(
    side: str, brand: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]
) -> None:
    """Every page that any role of a side comes to by the navigation, a list's first row and a page's buttons."""
    it_is(NOW)
    seen: set[str] = set()
    wrong: list[str] = []
    for role in SIDES[side]:
        page = desk_of(WHO[role](brand)).page
        page.goto("/")
        waiting = _navigation(page)
        first = set(waiting)
        while waiting:
            address = waiting.pop(0)
            path = urlsplit(address).path
            place = _ONE_OF_MANY.sub("*", path)
            # a role's own home and lists differ by its buttons; one document's page stands for all of its kind
            mark = f"{role} {place}" if address in first and path == "/" else place
            if mark in seen or not path or path.endswith((".pdf", ".xlsx", ".csv")):
                continue
            seen.add(mark)
            page.goto(address)
            waiting += page.evaluate(_LEADS_TO)
            wrong += [f"{address} as {role}: {each}" for each in found(page)]
    assert len(seen) > 15
    assert not wrong, "\n".join(wrong)


def test_axe_finds_nothing_serious_where_nobody_is_signed_in(open_page: Callable[..., Page], app: Flask) -> None:
    page = open_page()
    there = {rule.rule for rule in app.url_map.iter_rules()}
    wrong = []
    for address in OPEN:
        if address in there:
            page.goto(address)
            wrong += [f"{address}: {each}" for each in found(page)]
    assert not wrong, "\n".join(wrong)


def test_control_axe_finds_what_is_planted(
    brand: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]
) -> None:
    it_is(NOW)
    page = desk_of(brand.hq.auditor).page
    page.goto("/")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/static/favicon.svg\"><button></button>')"
    )
    assert {each.split()[0] for each in found(page)} >= {"image-alt", "button-name"}


def found(page: Page) -> Iterator[str]:
    """What axe says is serious or critical, in both sizes."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        violations: list[dict[str, Any]] = page.evaluate(_RUN)
        for one in violations:
            if one["impact"] in BAD:
                yield f"{one['id']} ({one['impact']}, {size['width']} px): {one['help']}: {one['nodes']}"
