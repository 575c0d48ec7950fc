"""Products with their verdict and their masked customers (R3, R13, R90), and the policies."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.permissions import Actor
from portal.warranty.models import Product
from portal.web.i18n import COOKIE
from tests.factories.brands import empty_brand, in_brand, lanquan, member_of
from tests.factories.world import at

SERIAL = "LQB60220200000"  # D002's: 何艳, 18700000391, commercial use, installed on 2022-06-06


@pytest.fixture(autouse=True)
def now(app):
    clock.freeze_process(at("2026-11-16 10:00"))
    yield
    clock.freeze_process(None)


@pytest.fixture(scope="module")
def brand(app) -> Actor:
    return lanquan()


@pytest.fixture(scope="module")
def clerk(brand) -> Actor:
    return member_of(brand, "hq-clerk")


@pytest.fixture(scope="module")
def shop(brand) -> Actor:
    return member_of(brand, "dealer-technician", dealer="D002")


def words(browser, address: str, *, language: str = "en", status: int = 200) -> str:
    browser.set_cookie(COOKIE, language)
    answer = browser.get(address)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


def test_R90_customers_are_masked_on_every_page(client_as, clerk, shop):
    for actor in (clerk, shop):
        browser = client_as(actor)
        for address in (f"/products?q={SERIAL}", f"/products/{SERIAL}"):
            page = words(browser, address)
            assert "何*" in page
            assert "187****0391" in page
            assert "何艳" not in page
            assert "18700000391" not in page
            assert "厦门市江北区158号" not in page


def test_R3_opening_a_customer_is_a_button_and_leaves_an_event(client_as, brand, shop):
    browser = client_as(shop)
    answer = browser.post(f"/products/{SERIAL}/customer")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "何艳" in page
    assert "18700000391" in page
    with in_brand(brand) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "product:open")).one()
        product = session.scalars(select(Product).where(Product.serial == SERIAL)).one()
        assert (event.subject_id, event.actor_name, event.member_id) == (product.id, shop.name, shop.scope.member_id)
    assert browser.get(f"/products/{SERIAL}/customer").status_code == 405


def test_who_may_not_open_customers_sees_no_button(client_as, brand):
    browser = client_as(member_of(brand, "hq-finance"))
    assert "/customer" not in words(browser, f"/products/{SERIAL}")
    assert browser.post(f"/products/{SERIAL}/customer").status_code == 403


def test_R1_another_dealers_product_is_said_to_be_one_and_not_shown(client_as, brand):
    browser = client_as(member_of(brand, "dealer-manager", dealer="D001"))
    words(browser, f"/products/{SERIAL}", status=404)
    assert browser.post(f"/products/{SERIAL}/customer").status_code == 404
    page = words(browser, f"/products?q={SERIAL}")
    assert "is registered with another dealer" in page
    assert "何艳" not in page
    rival = client_as(member_of(empty_brand(), "hq-clerk"))
    words(rival, f"/products/{SERIAL}", status=404)
    assert "is registered with another dealer" not in words(rival, f"/products?q={SERIAL}")


@pytest.mark.parametrize(
    ("typed", "found"), [("0391", True), ("何艳", True), ("LQB602202", True), ("9999x", False), ("LQ-B60", True)]
)
def test_products_are_found_by_serial_model_phones_end_and_name(client_as, shop, typed, found):
    page = words(client_as(shop), f"/products?q={typed}")
    assert (f'href="/products/{SERIAL}"' in page) is found


def test_R13_the_verdict_is_a_sentence_with_version_line_and_last_day(client_as, clerk):
    browser = client_as(clerk)
    page = words(browser, f"/products/{SERIAL}?part=BC03&cause=quality&on=2023-06-06")
    assert "no warranty policy was in force on 2023-06-06." in page
    page = words(browser, f"/products/{SERIAL}?part=BC03&cause=quality&on=2026-11-01")
    assert "from installation on 2022-06-06 until 2023-06-06, commercial use: out of warranty" in page
    assert "By warranty policy v20260701, line" in page
    page = words(browser, "/products/LQK08220400055?part=KF04&cause=quality&on=2026-11-01")
    assert "72 months, from installation on 2022-08-21 until 2028-08-21, home use: in warranty." in page
    page = words(browser, "/products/LQK08220400055?part=KF04&cause=use&on=2026-11-01")
    assert "the cause “Wrong use” is not covered." in page


def test_a_question_that_is_not_complete_keeps_what_was_typed(client_as, clerk):
    browser = client_as(clerk)
    page = words(browser, f"/products/{SERIAL}?part=NOPE&cause=quality&on=2026-11-01")
    assert "There is no part NOPE." in page
    assert 'value="NOPE"' in page
    assert 'value="31 October"' in words(browser, f"/products/{SERIAL}?part=BC03&cause=quality&on=31 October")


def test_a_part_of_another_category_is_pointed_out(client_as, clerk):
    page = words(client_as(clerk), f"/products/{SERIAL}?part=ST01&cause=quality&on=2026-11-01")
    assert "products of another category" in page


@pytest.mark.parametrize("language", ["en", "zh_Hans_CN"])
@pytest.mark.parametrize(
    "address", ["/products", "/products?q=nothing", f"/products/{SERIAL}", "/policies", "/policies/20260701"]
)
def test_pages_open_in_both_languages(client_as, clerk, address, language):
    assert "style=" not in words(client_as(clerk), address, language=language)


@pytest.mark.parametrize("address", ["/products", "/policies"])
def test_a_brand_with_nothing_is_told_what_to_do_next(client_as, app, address):
    assert 'class="empty"' in words(client_as(member_of(empty_brand(), "hq-admin")), address)


def test_a_dealer_reads_the_policy_that_covers_its_customers(client_as, shop):
    browser = client_as(shop)
    assert "20260701" in words(browser, "/policies")
    page = words(browser, "/policies/20260701")
    assert page.count("<tr>") >= 53
    words(browser, "/policies/209901", status=404)
