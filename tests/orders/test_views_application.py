"""The application page: typed, checked, kept after an error, saved, submitted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.orders.models import Order, OrderState, Purpose
from tests.factories.world import World, at
from tests.orders.looking import find, line, text_of

S = OrderState


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    """Pages live on 2026-10-06, 10:00 in Shanghai."""
    with clock.frozen(at("2026-10-06 10:00")):
        yield


def test_an_application_is_typed_and_submitted_on_one_page(world: World, client_as) -> None:
    clerk = client_as(world.d1.clerk)
    assert clerk.get("/orders/new").status_code == 200
    form = {**line(0, "p1", "４"), **line(3, "P2", 1, "paid"), "ship_to": "福州", "note": "急", "act": "submit"}
    answer = clerk.post("/orders/new", data=form)
    assert (answer.status_code, answer.location) == (303, "/orders/PO2610-0001")
    order = find(world, "PO2610-0001")
    assert [(one.part.number, one.quantity, one.purpose) for one in order.lines] == [
        ("P1", 4, Purpose.STOCK),
        ("P2", 1, Purpose.PAID),
    ]
    assert (order.state, order.ship_to, order.note) == (S.SUBMITTED, "福州", "急")
    page = text_of(clerk.get("/orders/PO2610-0001"))
    assert "PO2610-0001" in page
    assert "进水阀" in page


def test_a_draft_is_saved_and_gone_on_with(world: World, client_as) -> None:
    clerk = client_as(world.d1.clerk)
    answer = clerk.post("/orders/new", data={**line(0, "P1", 4), "act": "save", "ship_to": "", "note": ""})
    assert answer.status_code == 303
    page = text_of(clerk.get(answer.location))
    assert 'value="P1"' in page
    seen = re.search(r'name="seen"[^>]*value="(\d+)"', page)
    assert seen is not None
    form = {**line(0, "P1", 4), **line(1, "P3", 2), "seen": seen[1], "act": "submit", "ship_to": "", "note": ""}
    done = clerk.post(answer.location, data=form)
    assert (done.status_code, done.location) == (303, "/orders/PO2610-0001")


def test_what_was_typed_stays_after_an_error_and_nothing_is_stored(world: World, client_as) -> None:
    clerk = client_as(world.d1.clerk)
    for broken in (
        line(1, "NOPE", 2),
        line(1, "P2", "x2"),
        line(1, "P2", 2, "warranty"),
        line(1, "P2", 2, "warranty", "SN-NOBODY"),
    ):
        answer = clerk.post(
            "/orders/new", data={**line(0, "P1", 4), **broken, "note": "still here", "ship_to": "", "act": "submit"}
        )
        assert answer.status_code == 422
        page = text_of(answer)
        assert "still here" in page
        assert f'value="{broken["lines-1-part"]}"' in page
        assert f'value="{broken["lines-1-quantity"]}"' in page
        assert "is-invalid" in page
    with world.as_(world.hq.auditor) as session:
        assert session.scalars(select(Order.id)).all() == []


def test_R13_a_line_out_of_warranty_is_said_while_typing_and_refused_on_submitting(world: World, client_as) -> None:
    clerk, serial = client_as(world.d1.clerk), world.product(world.d1, installed=date(2020, 1, 1))
    form = {**line(0, "P1", 1, "warranty", serial), "ship_to": "", "note": "", "act": "submit"}
    typed = clerk.post("/orders/check", data=form)
    assert typed.status_code == 200
    assert 'id="check-0"' in text_of(typed)
    assert "2025-01-01" in text_of(typed)  # the last day of cover, in the verdict's sentence
    assert 'data-set-purpose="paid"' in text_of(typed)
    answer = clerk.post("/orders/new", data=form)
    assert answer.status_code == 422
    assert serial in text_of(answer)


def test_the_order_form_is_filled_in_from_the_address(world: World, client_as) -> None:
    page = text_of(client_as(world.d1.clerk).get("/orders/new?part=P2&quantity=3"))
    assert 'value="P2"' in page
    assert 'value="3"' in page
    assert "排水阀" in page


@pytest.mark.parametrize(
    ("typed", "found"), [("p1", ["P1"]), ("psf", ["P2"]), ("密封", ["P3"]), ("M-100", ["P1", "P2", "P3"]), ("zzz", [])]
)
def test_parts_are_found_by_number_initials_name_and_model_with_todays_price(
    world: World, client_as, typed: str, found: list[str]
) -> None:
    items = client_as(world.d1.clerk).get(f"/orders/parts.json?q={typed}").get_json()["items"]
    assert [item["value"] for item in items] == found
    assert all(item["price"] in {"12.50", "100.00", "7.80"} for item in items)


def test_only_own_products_are_offered(world: World, client_as) -> None:
    mine, theirs = world.product(world.d1), world.product(world.d2)
    browser = client_as(world.d1.clerk)
    assert [item["value"] for item in browser.get(f"/orders/products.json?q={mine}").get_json()["items"]] == [mine]
    assert browser.get(f"/orders/products.json?q={theirs}").get_json()["items"] == []
