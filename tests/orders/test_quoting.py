"""Headquarters quotes (R21): prices, frozen versions, ways back; a refused step changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from portal.orders import queries
from portal.orders.models import Purpose, Quote
from portal.orders.rules import LineWish, QuoteWish
from tests.factories.world import World, at, yuan
from tests.orders.doing import S, do, events, refusal, state


def test_R21_a_quote_takes_the_list_price_of_its_day_and_freezes_contents_fees_and_ship_date(world: World) -> None:
    number = world.submitted_order(world.d1, {"P1": 4, "P2": 1})
    wishes = [QuoteWish(1, 3, None, "only 3 left"), QuoteWish(2, 1, yuan("90.00"), "sample")]
    order = do(
        world, world.hq.clerk, "quote", number, lines=wishes, freight=yuan("28.00"), ship_on=date(2026, 10, 8), note="by road",
        when="2026-10-05 10:00",
    )  # fmt: skip
    assert (order.state, order.quote_no, order.total) == (S.QUOTED, 1, yuan("155.50"))  # 3 × 12.50 + 90.00 + 28.00
    assert (order.ship_on, order.lapses_on) == (date(2026, 10, 8), date(2026, 10, 12))
    with world.as_(world.d1.clerk) as session:
        quote = queries.order(session, number).quotes[0]
        assert (quote.goods, quote.freight, quote.total, quote.price_version) == (
            yuan("127.50"),
            yuan("28.00"),
            yuan("155.50"),
            "202607",
        )
        assert [(line.asked, line.quantity, line.list_price, line.price, line.reason) for line in quote.lines] == [
            (4, 3, yuan("12.50"), yuan("12.50"), "only 3 left"),
            (1, 1, yuan("100.00"), yuan("90.00"), "sample"),
        ]
        assert len(quote.fingerprint) == 16


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (QuoteWish(1, 4, yuan("12.51")), "price-raised"),
        (QuoteWish(1, 4, yuan("12.00")), "lowered-without-reason"),
        (QuoteWish(1, 4, yuan("0.00"), "gift"), "price-zero"),
        (QuoteWish(1, 5), "confirmed-more"),
        (QuoteWish(1, 0), "quote-empty"),
        (QuoteWish(9, 1), "order-line-gone"),
        (QuoteWish(1, 4, Decimal("12.499"), "odd"), "order-amount-odd"),
    ],
)
def test_R21_a_price_is_never_raised_and_nothing_odd_is_quoted(world: World, wish: QuoteWish, code: str) -> None:
    number = world.submitted_order(world.d1, {"P1": 4})
    why = refusal(
        lambda: do(
            world,
            world.hq.clerk,
            "quote",
            number,
            lines=[wish],
            freight=yuan("0.00"),
            ship_on=date(2026, 10, 8),
            when="2026-10-05 10:00",
        )
    )
    assert why.code == code
    with world.as_(world.hq.auditor) as session:
        assert session.scalar(select(func.count()).select_from(Quote)) == 0
    assert state(world, number) is S.SUBMITTED
    assert events(world, number) == ["order:submit"]


def test_a_quote_promises_no_day_that_is_over_and_no_odd_freight(world: World) -> None:
    number = world.submitted_order(world.d1, {"P1": 4})
    past = refusal(
        lambda: do(
            world,
            world.hq.clerk,
            "quote",
            number,
            lines=[],
            freight=yuan("0"),
            ship_on=date(2026, 10, 4),
            when="2026-10-05 10:00",
        )
    )
    assert past.code == "ship-day-past"
    freight = refusal(
        lambda: do(
            world,
            world.hq.clerk,
            "quote",
            number,
            lines=[],
            freight=yuan("-1"),
            ship_on=date(2026, 10, 8),
            when="2026-10-05 10:00",
        )
    )
    assert freight.code == "freight-odd"


def test_R21_the_price_is_that_of_the_list_in_force_on_the_day_of_the_quote(world: World) -> None:
    with world.as_(world.hq.admin) as session:
        session.execute(text("UPDATE price_lists SET to_day = '2026-10-06' WHERE version = '202607'"))
        session.execute(
            text(
                "INSERT INTO price_lists (version, title, from_day, loaded_at, loaded_by) VALUES ('202610', '', '2026-10-06', :at, 'x')"
            ),
            {"at": at("2026-09-01 09:00")},
        )
        session.execute(
            text(
                "INSERT INTO prices (list_id, part_id, dealer_price, out_price)"
                " SELECT id, :part, 1300, 3000 FROM price_lists WHERE version = '202610'"
            ),
            {"part": world.parts["P1"]},
        )
    number = world.submitted_order(world.d1, {"P1": 4}, when="2026-10-05 23:50")
    order = do(
        world,
        world.hq.clerk,
        "quote",
        number,
        lines=[],
        freight=yuan("0"),
        ship_on=date(2026, 10, 8),
        when="2026-10-06 00:00",
    )
    assert order.total == yuan("52.00")


def test_R21_a_dispute_returns_to_headquarters_and_the_next_version_needs_both_again(world: World) -> None:
    number = world.quoted_order(world.d1, {"P1": 4}, when="2026-10-05 10:00")
    do(world, world.d1.clerk, "dispute", number, reason="freight too high", when="2026-10-05 11:00")
    assert state(world, number) is S.SUBMITTED
    order = do(
        world,
        world.hq.clerk,
        "quote",
        number,
        lines=[],
        freight=yuan("6.00"),
        ship_on=date(2026, 10, 9),
        when="2026-10-06 10:00",
    )
    assert (order.quote_no, order.total, order.reason) == (2, yuan("56.00"), None)
    old = refusal(lambda: do(world, world.d1.manager, "agree", number, quote_no=1, when="2026-10-06 11:00"))
    assert (old.code, old.facts["quote_no"]) == ("quote-changed", 2)
    assert state(world, number) is S.QUOTED
    do(world, world.d1.manager, "agree", number, quote_no=2, when="2026-10-06 11:00")
    with world.as_(world.d1.clerk) as session:
        first, second = queries.order(session, number).quotes
        assert (first.agreed_at, second.agreed_by) == (None, world.d1.manager.name)
        assert first.fingerprint != second.fingerprint


def test_a_version_stays_as_it_was_when_the_application_is_sent_back_and_shortened(world: World) -> None:
    number = world.quoted_order(world.d1, {"P1": 4, "P2": 1}, when="2026-10-05 10:00")
    do(world, world.d1.clerk, "dispute", number, reason="we want less", when="2026-10-05 11:00")
    do(world, world.hq.clerk, "send_back", number, reason="then change it", when="2026-10-05 12:00")
    do(world, world.d1.clerk, "amend", number, lines=[LineWish("P3", 5, Purpose.STOCK)], when="2026-10-05 13:00")
    sent = do(world, world.d1.clerk, "submit", number, when="2026-10-05 13:01")
    assert sent.number == number
    do(
        world,
        world.hq.clerk,
        "quote",
        number,
        lines=[],
        freight=yuan("0"),
        ship_on=date(2026, 10, 9),
        when="2026-10-06 10:00",
    )
    with world.as_(world.d1.clerk) as session:
        first, second = queries.order(session, number).quotes
        assert [(line.part.number, line.quantity) for line in first.lines] == [("P1", 4), ("P2", 1)]
        assert [(line.part.number, line.quantity) for line in second.lines] == [("P3", 5)]
        assert second.total == yuan("39.00")


@pytest.mark.parametrize("step", ["send_back", "reject", "cancel"])
def test_a_step_back_needs_its_reason(world: World, step: str) -> None:
    number = world.submitted_order(world.d1)
    why = refusal(lambda: do(world, world.hq.manager, step, number, reason="  ", when="2026-10-05 10:00"))
    assert (why.code, why.field) == ("reason-needed", "reason")
    assert state(world, number) is S.SUBMITTED
    do(world, world.hq.manager, step, number, reason="not ours", when="2026-10-05 10:00")
    expected = {"send_back": S.DRAFT, "reject": S.REJECTED, "cancel": S.CANCELLED}
    assert state(world, number) is expected[step]


def test_R21_a_quote_for_an_application_that_changed_meanwhile_is_refused(world: World) -> None:
    number = world.submitted_order(world.d1, {"P1": 4})
    with world.as_(world.hq.clerk) as session:
        seen = queries.order(session, number).ver
    do(world, world.hq.clerk, "send_back", number, reason="x", when="2026-10-05 10:00")
    do(world, world.d1.clerk, "amend", number, lines=[LineWish("P1", 40, Purpose.STOCK)], when="2026-10-05 10:30")
    do(world, world.d1.clerk, "submit", number, when="2026-10-05 10:31")
    terms = {
        "lines": [],
        "freight": yuan("0.00"),
        "ship_on": date(2026, 10, 8),
        "seen": seen,
        "when": "2026-10-05 11:00",
    }
    assert refusal(lambda: do(world, world.hq.clerk, "quote", number, **terms)).code == "changed-meanwhile"
    assert state(world, number) is S.SUBMITTED
