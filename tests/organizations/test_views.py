"""The register of dealers with their balances, and the terms."""

from __future__ import annotations

import re
from datetime import date

import pytest

from portal.core import clock
from portal.core.permissions import Actor
from portal.core.terms import find, value
from portal.web.i18n import COOKIE
from tests.factories.brands import empty_brand, in_brand, load, member_of
from tests.factories.world import at


@pytest.fixture(autouse=True)
def now(app):
    clock.freeze_process(at("2026-11-16 10:00"))
    yield
    clock.freeze_process(None)


@pytest.fixture(scope="module")
def brand(app) -> Actor:
    actor = empty_brand()
    load(actor, "dealers", "dealers.xlsx")
    return actor


def words(browser, address: str, *, language: str = "en", status: int = 200) -> str:
    browser.set_cookie(COOKIE, language)
    answer = browser.get(address)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


def test_headquarters_reads_dealers_with_what_their_accounts_hold(client_as, brand):
    browser = client_as(member_of(brand, "hq-auditor"))
    page = words(browser, "/dealers?q=D001")
    assert "福州恒达卫浴经营部" in page
    assert "8,000.00" in page
    assert "2,000.00" in page
    assert "福州市建材大道306号" in words(browser, "/dealers/D001")


@pytest.mark.parametrize("language", ["en", "zh_Hans_CN"])
@pytest.mark.parametrize(
    "address", ["/dealers", "/dealers?q=nobody", "/dealers/D001", "/terms", "/terms/settlement.day"]
)
def test_pages_open_in_both_languages(client_as, brand, address, language):
    page = words(client_as(member_of(brand, "hq-admin")), address, language=language)
    assert "style=" not in page


def test_an_empty_register_says_what_to_do_next(client_as, app):
    page = words(client_as(member_of(empty_brand(), "hq-admin")), "/dealers")
    assert "There are no dealers yet" in page
    assert "Load dealers" in page


def test_R1_dealers_and_other_brands_do_not_reach_the_register(client_as, brand):
    shop = client_as(member_of(brand, "dealer-manager", dealer="D001"))
    for address in ("/dealers", "/dealers/D002", "/terms", "/terms/settlement.day"):
        words(shop, address, status=404)
    words(client_as(member_of(empty_brand(), "hq-admin")), "/dealers/D001", status=404)
    assert client_as(None).get("/dealers").status_code == 303


def test_a_term_is_set_on_its_page_and_a_mistake_keeps_what_was_typed(client_as, app):
    actor = empty_brand()
    browser = client_as(member_of(actor, "hq-manager"))
    browser.set_cookie(COOKIE, "en")
    answer = browser.post("/terms/settlement.day", data={"value": "99", "from_day": "2026-12-01"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="99"' in page
    assert "The value must lie between 1 and 28." in page
    answer = browser.post("/terms/settlement.day", data={"value": "x", "from_day": ""})
    assert answer.status_code == 422
    answer = browser.post("/terms/settlement.day", data={"value": "５", "from_day": "2026-12-01"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/terms/settlement.day")
    with in_brand(actor) as session:
        assert value(session, find("settlement.day"), on=date(2026, 12, 1)) == 5
    assert "day 5 of the month from 2026-12-01" in words(browser, "/terms")
    assert "Comes next" in words(browser, "/terms/settlement.day")


def test_a_switch_is_offered_as_on_and_off_not_as_a_number(client_as):
    actor = empty_brand()
    browser = client_as(member_of(actor, "hq-manager"))
    browser.set_cookie(COOKIE, "en")
    page = browser.get("/terms/settlement.post-by-itself").get_data(as_text=True)
    assert re.findall(r'type="radio" name="value" value="(\d)"( checked)?><span>(\w+)<', page) == [
        ("0", "", "off"),
        ("1", " checked", "on"),
    ]
    assert "between 0 and 1" not in page
    answer = browser.post("/terms/settlement.post-by-itself", data={"value": "1", "from_day": "2026-12-01"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/terms/settlement.post-by-itself")
    assert "on from 2026-12-01" in words(browser, "/terms")


def test_who_may_only_read_terms_sees_no_form(client_as, brand):
    browser = client_as(member_of(brand, "hq-auditor"))
    assert 'name="from_day"' not in words(browser, "/terms/settlement.day")
    assert browser.post("/terms/settlement.day", data={"value": "5", "from_day": "2026-12-01"}).status_code == 403
    words(browser, "/terms/nonsense", status=404)
