"""From quote to receipt through the pages; what is kept after an error."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from portal.core import clock
from portal.orders import actions
from portal.orders.models import OrderState
from portal.orders.rules import QuoteWish
from tests.factories.world import World, at, yuan
from tests.orders.looking import find, line, text_of

S = OrderState


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    """Pages live on 2026-10-06, 10:00 in Shanghai."""
    with clock.frozen(at("2026-10-06 10:00")):
        yield


def test_an_order_goes_its_whole_road_through_the_pages(world: World, client_as) -> None:
    number = world.submitted_order(world.d1, {"P1": 4, "P2": 1})
    clerk, boss, finance = client_as(world.hq.clerk), client_as(world.d1.manager), client_as(world.hq.finance)
    store, counter = client_as(world.hq.warehouse), client_as(world.d1.clerk)
    assert "202607" in text_of(clerk.get(f"/orders/{number}/quote"))
    quoted = clerk.post(
        f"/orders/{number}/quote",
        data={
            "lines-1-quantity": "4", "lines-1-price": "12.50", "lines-1-reason": "", "lines-2-quantity": "1", "lines-2-price": "90",
            "lines-2-reason": "sample", "freight": "10", "ship_on": "2026-10-08", "note": "",
        },
    )  # fmt: skip
    assert (quoted.status_code, find(world, number).total) == (303, yuan("150.00"))
    page = text_of(boss.get(f"/orders/{number}"))
    assert "¥150.00" in page
    assert "¥850.00" in page  # what remains after agreeing
    assert boss.post(f"/orders/{number}/agree", data={"quote_no": "1"}).status_code == 303
    assert number in text_of(finance.get("/orders/debits"))
    assert finance.post(f"/orders/{number}/debit", data={"back": "queue"}).location == "/orders/debits"
    assert world.balance(world.d1) == yuan("850.00")
    assert number in text_of(store.get("/orders/shipping"))
    assert store.get(f"/orders/{number}/ship").status_code == 200
    sent = store.post(
        f"/orders/{number}/ship",
        data={"lines-1-pieces": "4", "lines-2-pieces": "1", "carrier": "德邦", "tracking": "DPK77", "note": ""},
    )
    assert (sent.status_code, find(world, number).state) == (303, S.SHIPPED)
    assert "DPK77" in text_of(counter.get("/orders/receiving"))
    parcel = find(world, number).shipments[0].number
    assert counter.get(f"/orders/shipments/{parcel}/receive").status_code == 200
    counts = {
        "lines-1-counted": "3",
        "lines-1-damaged": "1",
        "lines-2-counted": "1",
        "lines-2-damaged": "0",
        "note": "one is missing",
    }
    assert counter.post(f"/orders/shipments/{parcel}/receive", data=counts).location == f"/orders/shipments/{parcel}"
    assert find(world, number).state is S.RECEIVED
    held = text_of(counter.get("/orders/holdings"))
    assert "¥115.00" in held  # 2 × 12.50 + 1 × 90.00
    assert counter.get("/orders/holdings/P1").status_code == 200
    assert "one is missing" in text_of(clerk.get(f"/orders/{number}"))


def test_the_forms_of_quote_parcel_and_receipt_keep_what_was_typed(world: World, client_as) -> None:
    number = world.submitted_order(world.d1, {"P1": 4})
    browser = client_as(world.hq.clerk)
    raised = {
        "lines-1-quantity": "4",
        "lines-1-price": "99.00",
        "lines-1-reason": "",
        "freight": "5",
        "ship_on": "2026-10-08",
        "note": "kept",
    }
    answer = browser.post(f"/orders/{number}/quote", data=raised)
    assert answer.status_code == 422
    assert all(text in text_of(answer) for text in ('value="99.00"', "kept", "¥12.50"))
    unclear = browser.post(
        f"/orders/{number}/quote", data={**raised, "lines-1-price": "abc", "freight": "lots", "ship_on": "soon"}
    )
    assert unclear.status_code == 422
    assert all(f'value="{text}"' in text_of(unclear) for text in ("abc", "lots", "soon"))
    assert find(world, number).state is S.SUBMITTED

    shipped, parcel = world.shipped_order(world.d1, {"P1": 4})
    more = client_as(world.d1.clerk).post(
        f"/orders/shipments/{parcel}/receive", data={"lines-1-counted": "5", "lines-1-damaged": "0", "note": "hm"}
    )
    assert more.status_code == 422
    assert 'value="5"' in text_of(more)
    assert find(world, shipped).state is S.SHIPPED

    debited = world.debited_order(world.d1, {"P1": 4})
    wrong = client_as(world.hq.warehouse).post(
        f"/orders/{debited}/ship", data={"lines-1-pieces": "9", "carrier": "德邦", "tracking": "T9", "note": ""}
    )
    assert wrong.status_code == 422
    assert all(f'value="{text}"' in text_of(wrong) for text in ("9", "德邦", "T9"))
    assert find(world, debited).state is S.DEBITED


def test_R22_a_lapsed_quote_says_so_and_offers_to_ask_for_a_new_one(world: World, client_as) -> None:
    number = world.quoted_order(world.d1, when="2026-09-28 10:00")
    boss = client_as(world.d1.manager)
    page = text_of(boss.get(f"/orders/{number}"))
    assert 'id="why-agree"' in page
    assert f'action="/orders/{number}/dispute"' in page
    assert boss.post(f"/orders/{number}/agree", data={"quote_no": "1"}).status_code == 303
    assert find(world, number).state is S.QUOTED
    boss.post(f"/orders/{number}/dispute", data={"reason": "please quote anew"})
    assert find(world, number).state is S.SUBMITTED


def test_R21_the_page_shows_what_a_new_version_changes(world: World, client_as) -> None:
    number = world.quoted_order(world.d1, {"P1": 4, "P2": 1}, freight="10.00")
    with world.as_(world.d1.clerk) as session:
        actions.dispute(session, world.d1.clerk, number, reason="too dear", at=at("2026-10-05 12:00"))
    with world.as_(world.hq.clerk) as session:
        wishes = [QuoteWish(1, 3, None, "sold out"), QuoteWish(2, 1, yuan("90.00"), "sample")]
        actions.quote(
            session,
            world.hq.clerk,
            number,
            lines=wishes,
            freight=yuan("6.00"),
            ship_on=date(2026, 10, 9),
            at=at("2026-10-05 13:00"),
        )
    page = text_of(client_as(world.d1.clerk).get(f"/orders/{number}"))
    for before, after in (("4", "3"), ("100.00", "90.00"), ("50.00", "37.50"), ("150.00", "127.50"), ("10.00", "6.00")):
        assert f"<del>{before}</del> <ins>{after}</ins>" in page
    assert "<del>¥160.00</del>" in page
    assert "¥133.50" in page
    first = text_of(client_as(world.d1.clerk).get(f"/orders/{number}?version=1"))
    assert "<del>" not in first
    assert "¥160.00" in first


def test_R23_finance_debits_all_that_can_be_and_a_short_order_does_not_hold_back_the_next(
    world: World, client_as
) -> None:
    short = world.agreed_order(world.d1, {"P2": 11}, freight="0.00", when="2026-10-05 08:00")
    small = world.agreed_order(world.d1, {"P2": 1}, freight="0.00", when="2026-10-05 09:00")
    other = world.agreed_order(world.d2, {"P1": 4}, freight="0.00", when="2026-10-05 10:00")
    finance = client_as(world.hq.finance)
    page = text_of(finance.get("/orders/debits"))
    assert page.index(short) < page.index(small) < page.index(other)
    assert "¥100.00" in page  # missing for the first: 1,100.00 against 1,000.00
    assert finance.post("/orders/debits").status_code == 303
    assert [find(world, number).state for number in (short, small, other)] == [S.AGREED, S.DEBITED, S.DEBITED]
    assert (world.balance(world.d1), world.balance(world.d2)) == (yuan("900.00"), yuan("950.00"))
    left = text_of(finance.get("/orders/debits"))
    assert "¥200.00" in left
    assert small not in left.split("<main", 1)[1].split("<table", 1)[1]
    world.topup(world.d1, "200.00", "2026-10-06 09:30")
    finance.post("/orders/debits")
    assert find(world, short).state is S.DEBITED
    assert world.balance(world.d1) == yuan("0.00")


def test_a_draft_is_submitted_from_its_own_page_and_one_that_may_not_goes_back_to_its_form(
    world: World, client_as
) -> None:
    clerk = client_as(world.d1.clerk)
    form = {**line(0, "P1", 4), "act": "save", "ship_to": "", "note": ""}
    saved = clerk.post("/orders/new", data=form).location.removesuffix("/edit")
    assert f'action="{saved}/submit"' in text_of(clerk.get(saved))
    assert clerk.post(f"{saved}/submit").location == "/orders/PO2610-0001"
    old = {
        **line(0, "P1", 1, "warranty", world.product(world.d1, installed=date(2020, 1, 1))),
        "act": "save",
        "ship_to": "",
        "note": "",
    }
    out = clerk.post("/orders/new", data=old).location
    assert clerk.post(f"{out.removesuffix('/edit')}/submit").location == out
    assert clerk.get("/orders/PO2610-0001/edit").location == "/orders/PO2610-0001"


def test_a_form_that_has_had_its_time_leads_to_the_document(world: World, client_as) -> None:
    number, parcel = world.shipped_order(world.d1)
    assert client_as(world.hq.clerk).get(f"/orders/{number}/quote").location == f"/orders/{number}"
    assert client_as(world.hq.warehouse).get(f"/orders/{number}/ship").location == f"/orders/{number}"
    clerk = client_as(world.d1.clerk)
    clerk.post(f"/orders/shipments/{parcel}/receive", data={"lines-1-counted": "4", "lines-1-damaged": "0", "note": ""})
    assert clerk.get(f"/orders/shipments/{parcel}/receive").location == f"/orders/shipments/{parcel}"
    assert client_as(world.hq.finance).post("/orders/debits").location == "/orders/debits"


def test_R23_a_short_order_has_its_debit_refused_in_words_where_one_looks_for_it(world: World, client_as) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.00")
    finance = client_as(world.hq.finance)
    page = text_of(finance.get(f"/orders/{number}"))
    assert 'id="why-debit"' in page
    assert f'action="/orders/{number}/debit"' not in page
    assert finance.post(f"/orders/{number}/debit").status_code == 303
    assert find(world, number).state is S.AGREED
    assert world.balance(world.d1) == yuan("1000.00")
