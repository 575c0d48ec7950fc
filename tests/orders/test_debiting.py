"""Agreeing (R22), debiting (R23) and cancelling (R24), to the fen; a refused step changes nothing."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.errors import NotFound
from portal.ledger import queries as ledger
from portal.orders import queries
from portal.orders.models import Purpose
from portal.orders.rules import LineWish, QuoteWish
from tests.factories.world import World, at, yuan
from tests.orders.doing import S, do, events, layers, postings, refusal, state


def test_R22_a_quote_can_be_agreed_to_until_the_end_of_its_seventh_day_and_not_a_second_later(world: World) -> None:
    kept = world.quoted_order(world.d1, when="2026-10-05 10:00")
    lapsed = world.quoted_order(world.d1, when="2026-10-05 10:00")
    agreed = do(world, world.d1.manager, "agree", kept, quote_no=1, when="2026-10-12 23:59")
    assert agreed.state is S.AGREED
    why = refusal(lambda: do(world, world.d1.manager, "agree", lapsed, quote_no=1, when="2026-10-13 00:00"))
    assert (why.code, why.facts["lapsed_on"]) == ("quote-lapsed", date(2026, 10, 12))
    assert state(world, lapsed) is S.QUOTED
    do(world, world.d1.clerk, "dispute", lapsed, reason="lapsed, please quote anew", when="2026-10-13 00:01")
    assert state(world, lapsed) is S.SUBMITTED


def test_only_who_may_spend_agrees(world: World) -> None:
    number = world.quoted_order(world.d1)
    why = refusal(lambda: do(world, world.d1.clerk, "agree", number, quote_no=1, when="2026-10-05 11:00"))
    assert why.code == "permission-missing"
    with pytest.raises(NotFound):
        do(world, world.d2.manager, "agree", number, quote_no=1, when="2026-10-05 11:00")
    assert state(world, number) is S.QUOTED


def test_R23_a_debit_posts_goods_and_freight_and_makes_the_layers_R26(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4, "P2": 1}, freight="10.00")
    assert postings(world, number) == {
        "prepayments": (yuan("160.00"), None),
        "parts-sales": (None, yuan("150.00")),
        "freight": (None, yuan("10.00")),
    }
    assert world.balance(world.d1) == yuan("840.00")
    assert layers(world, number) == [(4, 0, 0, yuan("12.50")), (1, 0, 0, yuan("100.00"))]
    assert state(world, number) is S.DEBITED


def test_a_debit_without_freight_posts_none(world: World) -> None:
    number = world.debited_order(world.d1, {"P1": 4}, freight="0.00")
    assert postings(world, number) == {"prepayments": (yuan("50.00"), None), "parts-sales": (None, yuan("50.00"))}


def test_a_line_confirmed_with_nothing_becomes_no_layer(world: World) -> None:
    number = world.submitted_order(world.d1, {"P1": 4, "P2": 1})
    do(
        world,
        world.hq.clerk,
        "quote",
        number,
        lines=[QuoteWish(2, 0, None, "sold out")],
        freight=yuan("0"),
        ship_on=date(2026, 10, 8),
        when="2026-10-05 10:00",
    )
    do(world, world.d1.manager, "agree", number, quote_no=1, when="2026-10-05 11:00")
    do(world, world.hq.finance, "debit", number, when="2026-10-05 12:00")
    assert layers(world, number) == [(4, 0, 0, yuan("12.50"))]
    assert world.balance(world.d1) == yuan("950.00")


def test_R23_agreeing_without_funds_is_allowed_and_the_debit_says_what_is_missing_and_changes_nothing(
    world: World,
) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.01")  # 1,100.01 against 1,000.00
    why = refusal(lambda: do(world, world.hq.finance, "debit", number, when="2026-10-05 12:00"))
    assert (why.code, why.facts["missing"]) == ("short-of-funds", yuan("100.01"))
    assert state(world, number) is S.AGREED
    assert world.balance(world.d1) == yuan("1000.00")
    assert layers(world, number) == []
    assert "order:debit" not in events(world, number)
    world.topup(world.d1, "100.01", "2026-10-06 09:00")
    do(world, world.hq.finance, "debit", number, when="2026-10-06 10:00")
    assert world.balance(world.d1) == yuan("0.00")


def test_R23_the_credit_limit_bears_what_the_balance_does_not(world: World) -> None:
    number = world.agreed_order(world.d1, {"P2": 11}, freight="0.00")
    with world.as_(world.hq.finance_manager) as session:
        from portal.ledger import actions as money

        money.set_credit_limit(
            session, world.hq.finance_manager, "D001", limit=yuan("100.00"), at=at("2026-10-05 11:30")
        )
    do(world, world.hq.finance, "debit", number, when="2026-10-05 12:00")
    assert world.balance(world.d1) == yuan("-100.00")


def test_R67_reserved_is_what_is_agreed_and_undebited_and_other_reservations_do_not_hold_back_a_debit_R23(
    world: World,
) -> None:
    first = world.agreed_order(world.d1, {"P2": 8}, freight="0.00")
    second = world.agreed_order(world.d1, {"P2": 7}, freight="0.00")
    with world.as_(world.d1.clerk) as session:
        standing = queries.standing(session, world.d1.id)
        assert (standing.balance, standing.reserved, standing.available, standing.credit_limit) == (
            yuan("1000.00"), yuan("1500.00"), yuan("-500.00"), yuan("0.00"),
        )  # fmt: skip
    do(world, world.hq.finance, "debit", second, when="2026-10-05 12:00")
    with world.as_(world.d1.clerk) as session:
        standing = queries.standing(session, world.d1.id)
        assert (standing.balance, standing.reserved, standing.available) == (
            yuan("300.00"),
            yuan("800.00"),
            yuan("-500.00"),
        )
    assert refusal(lambda: do(world, world.hq.finance, "debit", first, when="2026-10-05 12:01")).facts[
        "missing"
    ] == yuan("500.00")


def test_R20_nothing_is_shipped_before_both_have_agreed_and_the_account_is_debited(world: World) -> None:
    for number in (world.submitted_order(world.d1), world.quoted_order(world.d1), world.agreed_order(world.d1)):
        why = refusal(
            lambda number=number: do(
                world,
                world.hq.warehouse,
                "ship",
                number,
                pieces={1: 1},
                carrier="德邦",
                tracking="1",
                when="2026-10-06 09:00",
            )
        )
        assert why.code == "wrong-state"


def test_an_order_is_debited_once(world: World) -> None:
    number = world.debited_order(world.d1)
    assert refusal(lambda: do(world, world.hq.finance, "debit", number, when="2026-10-05 13:00")).code == "wrong-state"
    assert world.balance(world.d1) == yuan("940.00")


def test_R24_cancelling_after_the_debit_reverses_parts_and_freight_whole_and_takes_the_layers_away(
    world: World,
) -> None:
    number = world.debited_order(world.d1, {"P1": 4}, freight="10.00")
    do(world, world.hq.clerk, "cancel", number, reason="discontinued", when="2026-11-02 10:00")
    assert state(world, number) is S.CANCELLED
    assert world.balance(world.d1) == yuan("1000.00")
    assert layers(world, number) == []
    with world.as_(world.hq.auditor) as session:
        journal = ledger.journal_of(session, f"order:{number}", "order-reversal")
        assert journal is not None
        assert {row.account: (row.debit, row.credit) for row in ledger.postings(session, journal.id)} == {
            "prepayments": (None, yuan("60.00")), "parts-sales": (yuan("50.00"), None), "freight": (yuan("10.00"), None),
        }  # fmt: skip
    assert events(world, number)[-1] == "order:cancel"


def test_a_dealer_cancels_until_it_has_agreed_and_headquarters_until_something_is_shipped(world: World) -> None:
    quoted, agreed, debited = world.quoted_order(world.d1), world.agreed_order(world.d1), world.debited_order(world.d1)
    do(world, world.d1.clerk, "cancel", quoted, reason="not needed", when="2026-10-06 09:00")
    assert state(world, quoted) is S.CANCELLED
    for number in (agreed, debited):
        why = refusal(
            lambda number=number: do(
                world, world.d1.manager, "cancel", number, reason="not needed", when="2026-10-06 09:00"
            )
        )
        assert why.code == "cancel-by-hq-only"
    do(world, world.hq.clerk, "cancel", agreed, reason="sold out", when="2026-10-06 09:00")
    assert (state(world, agreed), state(world, debited)) == (S.CANCELLED, S.DEBITED)
    shipped, _parcel = world.shipped_order(world.d1)
    assert (
        refusal(lambda: do(world, world.hq.clerk, "cancel", shipped, reason="late", when="2026-10-07 09:00")).code
        == "wrong-state"
    )


def test_an_unsent_draft_is_the_dealers_to_cancel(world: World) -> None:
    order = do(world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.STOCK)], when="2026-10-05 09:00")
    why = refusal(lambda: do(world, world.hq.clerk, "cancel", order.public_id, reason="x", when="2026-10-05 10:00"))
    assert why.code == "cancel-by-dealer-only"
    gone = do(world, world.d1.clerk, "cancel", order.public_id, reason="typed by mistake", when="2026-10-05 10:00")
    assert (gone.state, gone.number) == (S.CANCELLED, None)
