# ruff: noqa: F811 - a fixture from next door is named again by the tests that ask for it
"""IE5: NUL, control characters, lone surrogates and absurd sizes in any field or address of any page: 4xx or a page, never a failure.

The portal under test raises what it cannot handle, so a 500 ends the test.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

import portal
from tests.architecture.test_routes import address, named, rules, victim, whole_side  # noqa: F401 - victim is a fixture
from tests.factories.world import World

ROOT = Path(portal.__file__).parent
HOSTILE = {
    "nul": "a\0b",
    "surrogate": "\ud800\x1b[2J",
    "long": "9" * 5000,
    "words": "' OR 1=1 --<b>{{7*7}}%s\u202e\x07",
}


def field_names() -> list[str]:
    """Every name that a template or a form class gives a field, with an index where there is one."""
    found = {"csrf_token", "page", "x"}
    for path in ROOT.rglob("*.html"):
        found |= {re.sub(r"\{\{.*?\}\}", "1", name) for name in re.findall(r'name="([^"]+)"', path.read_text())}
    for path in [*ROOT.rglob("forms.py"), *ROOT.rglob("forms/*.py")]:
        found |= set(re.findall(r"^    (\w+) = \w*Field\(", path.read_text(), re.MULTILINE))
    for index in ("0", "1"):
        found |= {
            f"lines-{index}-{name}"
            for name in ("part", "quantity", "purpose", "serial", "price", "reason", "pieces", "counted", "damaged")
        }
        found |= {f"items-{index}-{name}" for name in ("item", "unit", "amount", "remark")}
    return sorted(found - {"csrf_token", "language", "viewport", "author"})


def arguments() -> list[str]:
    """Every argument that a view reads from an address."""
    found = {"before", "q", "state", "dealer", "month"}
    for path in ROOT.rglob("*.py"):
        text = path.read_text()
        found |= set(re.findall(r"""(?:args|values)\.get(?:list)?\(\s*"([\w-]+)\"""", text))
        for call in re.findall(r"list_filters\(([^)]*)\)", text):
            found |= set(re.findall(r'"([\w-]+)"', call))
    return sorted(found)


@pytest.fixture(scope="module")
def people(app: Flask, victim: tuple[World, dict[str, str]]) -> list:
    world, _ = victim
    return [whole_side(world.d1.manager, world), whole_side(world.hq.manager, world)]


def places(app: Flask, method: str, found: dict[str, str]) -> list[tuple[str, str]]:
    every = {rule.endpoint: where for rule, where in named(app, method, found)}
    for rule in rules(app, method):
        if rule.endpoint not in every:
            where = rule.rule if not rule.arguments else address(app, rule, found)
            if where is not None:
                every[rule.endpoint] = where
    return sorted((endpoint, where) for endpoint, where in every.items() if endpoint != "identity.sign_out")


def sent(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("kind", ["nul", "surrogate", "long"])
def test_IE5_hostile_words_in_every_field_of_every_form(app: Flask, victim, people, client_as, kind: str) -> None:
    data = {name: sent(HOSTILE[kind]) for name in field_names()}
    wrong = {}
    for actor in people:
        browser = client_as(actor)
        for endpoint, where in places(app, "POST", victim[1]):
            try:
                code = browser.post(where, data=data).status_code
            except Exception as error:  # noqa: BLE001 - every one is told
                code = repr(error)[:300]
            if not (isinstance(code, int) and code < 500):
                wrong[endpoint] = code
    assert wrong == {}


@pytest.mark.parametrize("kind", ["nul", "long"])
def test_IE5_hostile_words_in_every_argument_of_every_address(app: Flask, victim, people, client_as, kind: str) -> None:
    query = {name: sent(HOSTILE[kind]) for name in arguments()}
    wrong = {}
    for actor in people:
        browser = client_as(actor)
        for endpoint, where in places(app, "GET", victim[1]):
            if where.endswith(".pdf"):
                continue  # drawn elsewhere, and reads no argument
            try:
                code = browser.get(where, query_string=query).status_code
            except Exception as error:  # noqa: BLE001
                code = repr(error)[:300]
            if not (isinstance(code, int) and code < 500):
                wrong[endpoint] = code
    assert wrong == {}


@pytest.mark.parametrize("kind", ["nul", "words"])
def test_IE5_hostile_words_in_place_of_every_part_of_an_address(
    app: Flask,
    victim,
    people,
    client_as,
    kind: str,
) -> None:
    part = "".join(f"%{byte:02x}" for byte in HOSTILE[kind].encode())
    wrong = {}
    for actor in people:
        browser = client_as(actor)
        for method in ("GET", "POST"):
            for rule in rules(app, method):
                if not rule.arguments:
                    continue
                where = re.sub(r"<[^>]+>", part, rule.rule)
                try:
                    answer = browser.get(where) if method == "GET" else browser.post(where, data={"reason": "x"})
                    code = answer.status_code
                except Exception as error:  # noqa: BLE001
                    code = repr(error)[:300]
                if not (isinstance(code, int) and code < 500):
                    wrong[f"{method} {rule.endpoint}"] = code
    assert wrong == {}
