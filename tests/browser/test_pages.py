"""Every page of the navigation and what it leads to, for every role, in both languages, on a desk and on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from flask import Flask
from playwright.sync_api import Page

from portal.core.permissions import Actor
from portal.core.settings import Settings
from portal.identity.roles import Role
from tests.browser.desk import DESK, PHONE, Desk
from tests.browser.lived import NOW, lived_in
from tests.factories.world import World

pytestmark = pytest.mark.browser

WHO: dict[Role, Callable[[World], Actor]] = {
    Role.HQ_CLERK: lambda world: world.hq.clerk,
    Role.HQ_MANAGER: lambda world: world.hq.manager,
    Role.HQ_WAREHOUSE: lambda world: world.hq.warehouse,
    Role.HQ_FINANCE: lambda world: world.hq.finance,
    Role.HQ_FINANCE_MANAGER: lambda world: world.hq.finance_manager,
    Role.HQ_ADMIN: lambda world: world.hq.admin,
    Role.HQ_AUDITOR: lambda world: world.hq.auditor,
    Role.DEALER_CLERK: lambda world: world.d1.clerk,
    Role.DEALER_TECHNICIAN: lambda world: world.d1.technician,
    Role.DEALER_MANAGER: lambda world: world.d1.manager,
}
HAN = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
# A segment of an address that names one of many: a document, a month, a dealer, a public id, a row, a term.
_ONE_OF_MANY = re.compile(r"(?<=/)(?=[^/]*[\d.])[^/]+")
# What a page of a list leads to: the document in its first row, and what stands as a button.
_LEADS_TO = """() => {
  const first = document.querySelector('main table tbody a[href]');
  const links = [first, ...document.querySelectorAll('main a.btn[href]')];
  return links.filter(link => link && !link.target && !link.download).map(link => link.getAttribute('href'));
}"""
# Every text with Chinese in sight or read aloud, but not a round badge's letter and what is marked as another language.
_TEXTS = """() => {
  const texts = [document.title], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest('script, style, template, .avatar, body [lang]')) texts.push(walker.currentNode.data);
  for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-l', 'data-confirm'])
    for (const one of document.querySelectorAll(`body [${name}]`)) if (!one.closest('body [lang]')) texts.push(one.getAttribute(name));
  return texts.filter(text => /[\\u3000-\\u303f\\u3400-\\u9fff\\uff00-\\uffef]/.test(text));
}"""


@pytest.fixture(scope="module")
def brand(app: Flask) -> World:
    """One brand for all roles of a worker: they only look."""
    return lived_in()


@pytest.fixture(scope="module")
def stored(brand: World, settings: Settings) -> re.Pattern[str]:
    """Every text with Chinese that the database holds for this brand: data, which no language switch changes."""
    found: set[str] = set()
    with psycopg.connect(settings.admin_url.replace("+psycopg", "")) as admin:
        columns = admin.execute(
            "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c JOIN information_schema.columns b "
            "ON b.table_schema = c.table_schema AND b.table_name = c.table_name AND b.column_name = 'brand_id' "
            "WHERE c.table_schema = 'app' AND c.data_type IN ('text', 'json', 'jsonb', 'ARRAY')"
        ).fetchall()
        for table, column, kind in columns:
            for (value,) in admin.execute(
                f'SELECT DISTINCT to_json("{column}")::text FROM app."{table}" WHERE brand_id = %s', [brand.brand_id]
            ):
                if value is not None:
                    found.update(_strings(json.loads(value), kind))
        found.update(admin.execute("SELECT name FROM app.brands WHERE id = %s", [brand.brand_id]).fetchone() or ())
    texts = sorted((text for text in found if HAN.search(text)), key=len, reverse=True)
    masked = r"[\u3400-\u9fff]\*+"  # R90: 张**
    return re.compile("|".join([*map(re.escape, texts), masked]))


def _strings(value: object, kind: str) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if kind == "text" and value[:1] in "{[":
            try:
                yield from _strings(json.loads(value), "json")
            except ValueError:
                return
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each, kind)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each, kind)


@pytest.mark.parametrize("role", list(Role))
def test_every_page_of_the_navigation_answers_in_chinese_and_fits_both_widths(
    role: Role, brand: World, desk_of: Callable[..., Desk], it_is: Callable[[str], None]
) -> None:
    """Every link of the side navigation: 200, nothing wider than the window."""
    it_is(NOW)
    page = desk_of(WHO[role](brand)).page
    page.goto("/")
    links = _navigation(page)
    assert len(links) >= 8
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    wrong = [each for address in links for each in _look(page, address)]
    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_every_page_of_a_role_is_wholly_english_in_english_and_fits_both_widths(
    role: Role, brand: World, stored: re.Pattern[str], desk_of: Callable[..., Desk], it_is: Callable[[str], None]
) -> None:
    """The navigation, the first document of each list and what is done there: no Chinese but the brand's own data."""
    it_is(NOW)
    page = desk_of(WHO[role](brand)).page
    page.goto("/")
    page.get_by_role("button", name="English").click()
    page.get_by_label("Main navigation").wait_for()
    waiting = _navigation(page)
    seen: set[str] = set()
    wrong: list[str] = []
    while waiting:
        address = waiting.pop(0)
        path = urlsplit(address).path
        place = _ONE_OF_MANY.sub("*", path)
        if place in seen or not path or path.endswith((".pdf", ".xlsx", ".csv")):
            continue
        seen.add(place)
        wrong += _look(page, address)
        left = {text.strip() for text in page.evaluate(_TEXTS) if HAN.search(stored.sub("", text))}
        wrong += [f"{address} says {text!r} in English" for text in sorted(left)]
        waiting += page.evaluate(_LEADS_TO)
    assert wrong == []
    assert len(seen) > len(_navigation(page)), "no document was opened"


def _navigation(page: Page) -> list[str]:
    """Where the side navigation leads."""
    links: list[str] = page.eval_on_selector_all("nav a.nav", "links => links.map(link => link.getAttribute('href'))")
    return links


def _look(page: Page, address: str) -> list[str]:
    """What is wrong with one page, whatever its language."""
    answer = page.goto(address)
    wrong = [] if answer is not None and answer.status == 200 else [f"{address}: {answer and answer.status}"]
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > size["width"]:
            wrong.append(f"{address} is {wide} px wide in {size['width']} px")
    return wrong
