"""The pages of orders: whole roads through forms, what is kept after an error, who sees what, statements per page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import event, select

from portal.core import clock
from portal.core.db import db
from portal.orders import actions, queries
from portal.orders.models import Order, OrderState, Purpose
from portal.orders.rules import LineWish, QuoteWish
from tests.factories.world import World, at, yuan

S = OrderState


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    """Pages live on 2026-10-06, 10:00 in Shanghai."""
    with clock.frozen(at("2026-10-06 10:00")):
        yield


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database was asked meanwhile, without what opens a scope or a session."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if "set_config" not in statement and "session_load" not in statement and "login_places" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def line(index: int, part: str, quantity: object, purpose: str = "stock", serial: str = "") -> dict[str, str]:
    stem = f"lines-{index}-"
    return {f"{stem}part": part, f"{stem}quantity": str(quantity), f"{stem}purpose": purpose, f"{stem}serial": serial}


def text_of(answer) -> str:
    return answer.get_data(as_text=True)


def find(world: World, number: str) -> Order:
    with world.as_(world.hq.auditor) as session:
        return queries.order(session, number)


# ---------------------------------------------------------------- the application


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


# ---------------------------------------------------------------- from quote to receipt


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


# ---------------------------------------------------------------- lists


def test_the_list_filters_by_state_text_dealer_and_month_and_pages_by_key(world: World, client_as) -> None:
    first = world.submitted_order(world.d1, {"P1": 4}, when="2026-09-30 23:30")
    second = world.quoted_order(world.d1, {"P2": 1}, when="2026-10-01 00:10")
    third = world.submitted_order(world.d2, {"P3": 1}, when="2026-10-02 09:00")
    hq = client_as(world.hq.clerk)

    def shown(query: str) -> list[str]:
        return re.findall(r'class="code" href="/orders/(PO[0-9-]+)"', text_of(hq.get(f"/orders{query}")))

    assert shown("") == [third, second, first]
    assert shown("?tab=quoted") == [second]
    assert shown("?dealer=D002") == [third]
    assert shown("?q=P1") == [first]
    assert shown(f"?q={second.lower()}") == [second]
    assert shown("?month=2026-10") == [third, second]
    assert shown("?month=2026-09") == [first]
    assert shown("?month=garbage&tab=garbage&before=x") == [third, second, first]
    assert shown("?q=%25") == []
    with world.as_(world.hq.auditor) as session:
        page = queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6), limit=2)
        assert [row.number for row in page] == [third, second]
        rest = queries.listed(
            session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6), before_id=page[-1].id, limit=2
        )
        assert [row.number for row in rest] == [first]


def test_the_list_shows_purposes_lines_amounts_and_what_is_missing(world: World) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.00")
    with world.as_(world.hq.auditor) as session:
        row = queries.listed(session, queries.Filters(tab="agreed"), zone=world.hq.clerk.zone, on=date(2026, 10, 6))[0]
        counted = queries.counts(session)
    assert (row.number, row.purposes, row.lines, row.amount, row.missing) == (
        number,
        ("stock",),
        1,
        yuan("1100.00"),
        yuan("100.00"),
    )
    assert (counted.of("agreed"), counted.of("quoted"), counted.of("received"), counted.of("all")) == (1, 0, None, None)


def test_headquarters_does_not_see_what_a_dealer_has_not_sent(world: World, client_as) -> None:
    with world.as_(world.d1.clerk) as session:
        draft = actions.draft(
            session, world.d1.clerk, lines=[LineWish("P1", 1, Purpose.STOCK)], at=at("2026-10-05 09:00")
        )
    hq = client_as(world.hq.clerk)
    assert draft.public_id not in text_of(hq.get("/orders"))
    assert hq.get(f"/orders/{draft.public_id}").status_code == 404
    assert hq.get(f"/orders/{draft.public_id}.pdf").status_code == 404
    mine = client_as(world.d1.clerk)
    assert draft.public_id in text_of(mine.get("/orders"))
    assert mine.get(f"/orders/{draft.public_id}").status_code == 200


def test_another_dealers_order_parcel_and_paper_are_not_there(world: World, client_as) -> None:
    number, parcel = world.shipped_order(world.d1)
    rival = client_as(world.d2.manager)
    for address in (
        f"/orders/{number}",
        f"/orders/{number}.pdf",
        f"/orders/{number}/edit",
        f"/orders/shipments/{parcel}",
        f"/orders/shipments/{parcel}/receive",
    ):
        assert rival.get(address).status_code == 404, address
    assert number not in text_of(rival.get("/orders"))


@pytest.mark.parametrize(
    ("who", "address"), [("clerk", "/orders"), ("finance", "/orders/debits"), ("warehouse", "/orders/shipping")]
)
def test_a_list_asks_at_most_five_statements_of_its_own(world: World, client_as, who: str, address: str) -> None:
    for quantity in (1, 2, 11):
        world.agreed_order(world.d1, {"P2": quantity})
    world.debited_order(world.d2)
    browser = client_as(getattr(world.hq, who))
    browser.get(address)
    with statements() as seen:
        assert browser.get(address).status_code == 200
    own = [one for one in seen if "FROM orders" in one or "FROM dealers" in one or "FROM accounts" in one]
    assert len(own) <= 5, own
    with world.as_(world.hq.auditor) as session, statements() as listed:
        queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6))
    assert len(listed) == 2


@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
def test_every_page_stands_in_both_languages_empty_too(world: World, client_as, language: str) -> None:
    def looked(actor, *addresses: str) -> None:
        browser = client_as(actor)
        browser.set_cookie("portal_lang", language)
        for address in addresses:
            assert browser.get(address).status_code == 200, address

    dealer = (
        "/orders",
        "/orders?tab=draft",
        "/orders?q=nothing",
        "/orders/new",
        "/orders/receiving",
        "/orders/receiving?tab=received",
        "/orders/holdings",
        "/orders/holdings?q=zz",
    )
    looked(world.d1.manager, *dealer)
    looked(world.hq.finance, "/orders", "/orders?dealer=D001", "/orders/debits")
    looked(world.hq.warehouse, "/orders/shipping")
    serial = world.product(world.d1)
    numbers = [
        world.submitted_order(world.d1, {"P1": 1}, purpose="warranty", serial=serial), world.quoted_order(world.d1),
        world.agreed_order(world.d1, {"P2": 12}), world.debited_order(world.d1), world.shipped_order(world.d1)[0], world.received_order(world.d1),
    ]  # fmt: skip
    pages = [f"/orders/{number}" for number in numbers]
    parcel = find(world, numbers[-1]).shipments[0].number
    looked(world.d1.manager, *pages, *dealer, f"/orders/shipments/{parcel}")
    looked(world.hq.clerk, *pages, "/orders", f"/orders/{numbers[0]}/quote", f"/orders/shipments/{parcel}")
    looked(world.hq.finance, *pages, "/orders/debits")
    looked(world.hq.warehouse, *pages, "/orders/shipping", f"/orders/{numbers[3]}/ship")


def test_a_cancelled_order_and_a_rejected_one_show_their_reason(world: World, client_as) -> None:
    number = world.submitted_order(world.d1)
    manager = client_as(world.hq.manager)
    manager.post(f"/orders/{number}/reject", data={"reason": "not our product"})
    assert find(world, number).state is S.REJECTED
    assert "not our product" in text_of(client_as(world.d1.clerk).get(f"/orders/{number}"))
    other = world.debited_order(world.d1)
    manager.post(f"/orders/{other}/cancel", data={"reason": "sold out"})
    assert find(world, other).state is S.CANCELLED
    assert "sold out" in text_of(manager.get(f"/orders/{other}"))


def test_the_application_prints_with_both_confirmations_and_the_debit(world: World, client_as) -> None:
    from portal.orders import printing
    from portal.web.pdf import text_of as html

    number = world.debited_order(world.d1, {"P1": 4}, freight="10.00")
    with world.as_(world.hq.clerk) as session:
        order = queries.order(session, number)
        paper = printing.paper(session, order, world.hq.clerk, at=at("2026-10-06 10:00"), url="http://localhost/q/x/y")
    assert (paper.version, paper.total, paper.freight) == (1, yuan("60.00"), yuan("10.00"))
    assert paper.hq_confirmed is not None
    assert paper.dealer_confirmed is not None
    assert paper.debit is not None
    assert (paper.hq_confirmed.name, paper.dealer_confirmed.name, paper.debit.name) == (
        world.hq.clerk.name, world.d1.manager.name, world.hq.finance.name,
    )  # fmt: skip
    assert paper.debit.journal.startswith("JV2610-")
    printed = html(paper.template, paper)
    assert "陆拾元整" in printed
    assert number in printed
    answer = client_as(world.d1.clerk).get(f"/orders/{number}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF")
    assert number in answer.headers["Content-Disposition"]


def test_before_the_first_quote_amounts_are_those_of_todays_list_and_said_to_be(world: World, client_as) -> None:
    number = world.submitted_order(world.d1, {"P1": 4, "P2": 1})
    browser = client_as(world.hq.clerk)
    browser.set_cookie("portal_lang", "en")
    assert "about ¥150.00" in text_of(browser.get("/orders"))
    assert "¥150.00" in text_of(browser.get(f"/orders/{number}"))
    with world.as_(world.hq.auditor) as session:
        row = queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 10, 6))[0]
        assert (row.amount, row.estimate) == (None, yuan("150.00"))
        early = queries.listed(session, queries.Filters(), zone=world.hq.clerk.zone, on=date(2026, 6, 30))[0]
        assert early.estimate is None  # no list was in force


def test_a_clerk_who_may_not_spend_is_told_who_agrees(world: World, client_as) -> None:
    number = world.quoted_order(world.d1)
    page = text_of(client_as(world.d1.clerk).get(f"/orders/{number}"))
    assert 'id="why-agree"' in page
    assert f"/orders/{number}/agree" not in page
    assert client_as(world.d1.clerk).post(f"/orders/{number}/agree", data={"quote_no": "1"}).status_code == 403
    assert find(world, number).state is S.QUOTED


def test_an_agreement_without_funds_is_taken_and_says_what_is_missing(world: World, client_as) -> None:
    number = world.quoted_order(world.d1, {"P2": 11}, freight="0.00", when="2026-10-05 10:00")
    boss = client_as(world.d1.manager)
    assert "¥100.00" in text_of(boss.get(f"/orders/{number}"))
    boss.post(f"/orders/{number}/agree", data={"quote_no": "1"})
    assert find(world, number).state is S.AGREED
    page = text_of(boss.get(f"/orders/{number}"))
    assert page.count("¥100.00") >= 2  # the message, and what stands beside the state


def test_what_nobody_can_read_changes_nothing(world: World, client_as) -> None:
    number = world.quoted_order(world.d1)
    boss = client_as(world.d1.manager)
    for data in ({}, {"quote_no": "x"}, {"quote_no": "9" * 30}, {"quote_no": "2"}):
        assert boss.post(f"/orders/{number}/agree", data=data).status_code == 303
    assert boss.post(f"/orders/{number}/dispute", data={"reason": "\x00"}).status_code == 303
    assert find(world, number).state is S.QUOTED
    assert boss.get("/orders/PO2610-9999").status_code == 404
    assert boss.get("/orders/%00").status_code == 400
    assert boss.get("/orders/holdings/NOPE").status_code == 404
    assert boss.get("/orders/parts.json?q=%00").status_code == 200
