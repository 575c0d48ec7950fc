"""The only writer of money: what it posts, what it refuses, what it takes back (R23, R52, R60–R64; CO1, MO6, MO8)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import literal, select, union_all
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.core.errors import NotFound, Refused
from portal.ledger import actions, queries
from portal.ledger.models import TopUpState
from portal.ledger.rules import Entry
from tests.factories.world import World, at, yuan
from tests.ledger.doing import (
    JUNE,
    LATER,
    NOVEMBER,
    OCTOBER,
    WHEN,
    at_once,
    close,
    journals,
    moved,
    post,
    refused,
    reverse,
    said,
)

# -- posting --


def test_R60_a_posted_journal_has_its_number_month_memo_and_both_sides(world: World) -> None:
    number = post(world, moved(world.d1, "100.00", other="parts-sales"))
    with world.as_(world.hq.auditor) as session:
        journal = queries.journal(session, number)
        rows = queries.postings(session, journal.id)
    assert (number, journal.month, journal.booked_on, journal.at, journal.actor_name) == (
        "JV2610-000001",
        OCTOBER,
        date(2026, 10, 5),
        WHEN,
        "何敏",
    )
    assert [(r.account, r.dealer, r.debit, r.credit, r.memo) for r in rows] == [
        ("prepayments", "D001", yuan("100.00"), None, "m"), ("parts-sales", None, None, yuan("100.00"), "m"),
    ]  # fmt: skip
    assert world.balance(world.d1) == yuan("900.00")


@pytest.mark.parametrize(
    ("when", "month"),
    [("2026-10-31 23:59:59", OCTOBER), ("2026-11-01 00:00:00", NOVEMBER), ("2026-12-31 23:59:59", date(2026, 12, 1))],
)
def test_R64_a_journal_is_booked_on_the_day_of_the_brands_zone(world: World, when: str, month: date) -> None:
    number = post(world, moved(world.d1, "1.00"), when=at(when))
    with world.as_(world.hq.auditor) as session:
        assert queries.journal(session, number).month == month


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [Entry("bank", yuan("1.00"), "debit")],
        [Entry("bank", yuan("1.00"), "debit"), Entry("freight", yuan("0.99"), "credit")],
    ],
)
def test_R60_what_does_not_balance_is_refused_and_leaves_nothing(world: World, entries: list[Entry]) -> None:
    before = journals(world)
    with pytest.raises(Refused, match="unbalanced"):
        post(world, entries)
    assert journals(world) == before


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_R60_an_entry_moves_something_forward(world: World, amount: str) -> None:
    with pytest.raises(Refused, match="amount-not-positive"):
        post(world, moved(world.d1, amount))


def test_MO8_an_amount_beyond_a_hundred_thousand_million_is_a_failure_not_a_journal(world: World) -> None:
    before = journals(world)
    with pytest.raises(Exception, match="out of bounds"):
        post(world, moved(world.d1, "100000000000.00", out=False))
    assert journals(world) == before


def test_an_account_of_the_brand_is_opened_by_its_first_posting_a_dealers_is_not(world: World) -> None:
    with world.as_(world.hq.auditor) as session:
        assert "freight" not in {account.code for account in queries.brand_accounts(session)}
    post(world, [Entry("bank", yuan("2.00"), "debit"), Entry("freight", yuan("2.00"), "credit")])
    with world.as_(world.hq.auditor) as session:
        assert {a.code: a.balance for a in queries.brand_accounts(session)} == {
            "opening": yuan("-2000.00"),
            "bank": yuan("-2.00"),
            "freight": yuan("2.00"),
        }
    for entry in (
        Entry("prepayments", yuan("1.00"), "debit", dealer_id=999_999),
        Entry("prepayments", yuan("1.00"), "debit"),
        Entry("bank", yuan("1.00"), "debit", dealer_id=world.d1.id),
    ):
        with pytest.raises(NotFound):
            post(world, [entry, Entry("freight", yuan("1.00"), "credit")], source="order:Y")


def test_R23_short_of_funds_says_how_much_is_missing_and_leaves_nothing(world: World) -> None:
    before = journals(world)
    error = refused(
        world, world.hq.finance,
        lambda session: actions.post(session, world.hq.finance, at=WHEN, source="order:X", purpose="order", memo="", entries=moved(world.d1, "1234.56", other="parts-sales")),
    )  # fmt: skip
    assert (error.code, error.facts) == ("short-of-funds", {"missing": Decimal("234.56")})
    assert journals(world) == before


def test_R1_a_dealer_cannot_post_whatever_it_calls(world: World) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), world.as_(world.d1.manager) as session:
        actions.post(
            session,
            world.d1.manager,
            at=WHEN,
            source="topup:T",
            purpose="topup",
            memo="",
            entries=moved(world.d1, "9.00", out=False),
        )
    assert world.balance(world.d1) == yuan("1000.00")


# -- very many at once --


def shares(*rows: tuple[int, str]):
    return union_all(*[
        select(literal(dealer).label("dealer_id"), literal(yuan(amount), queries.Posting.debit.type).label("amount"), literal(f"ST2610-{dealer}").label("document"))
        for dealer, amount in rows
    ])  # fmt: skip


def pay(session: Session, world: World, *rows: tuple[int, str], when=WHEN, source: str = "settlement:ST2610"):
    return actions.post_many(
        session, world.hq.finance_manager, at=when, source=source, purpose="settlement", memo="2026-10", debit_account="warranty-expense", document="ST2610",
        credit_select=shares(*rows),  # type: ignore[arg-type]
    )  # fmt: skip


def test_R52_many_dealers_are_credited_by_one_journal(world: World) -> None:
    with world.as_(world.hq.finance_manager) as session:
        journal = pay(session, world, (world.d1.id, "12.50"), (world.d2.id, "0.01"))
    with world.as_(world.hq.auditor) as session:
        rows = queries.postings(session, journal.id)
    assert [(r.account, r.dealer, r.debit, r.credit, r.document) for r in rows] == [
        ("warranty-expense", None, yuan("12.51"), None, "ST2610"),
        ("prepayments", "D001", None, yuan("12.50"), f"ST2610-{world.d1.id}"),
        ("prepayments", "D002", None, yuan("0.01"), f"ST2610-{world.d2.id}"),
    ]
    assert (world.balance(world.d1), world.balance(world.d2)) == (yuan("1012.50"), yuan("1000.01"))


def test_R52_it_is_posted_once_whole_or_not_at_all(world: World) -> None:
    with pytest.raises(NotFound), world.as_(world.hq.finance_manager) as session:
        pay(session, world, (world.d1.id, "1.00"), (999_999, "1.00"))
    with world.as_(world.hq.finance_manager) as session:
        pay(session, world, (world.d1.id, "1.00"))
    error = refused(world, world.hq.finance_manager, lambda session: pay(session, world, (world.d2.id, "1.00")))
    assert (error.code, error.facts) == ("already-posted", {"source": "settlement:ST2610"})
    assert (world.balance(world.d1), world.balance(world.d2)) == (yuan("1001.00"), yuan("1000.00"))


def test_R64_not_into_a_closed_month(world: World) -> None:
    close(world, JUNE)
    error = refused(
        world,
        world.hq.finance_manager,
        lambda session: pay(session, world, (world.d1.id, "1.00"), when=at("2026-06-30 23:59")),
    )
    assert (error.code, error.facts) == ("month-closed", {"month": "2026-06"})


# -- reversals --


def test_R61_a_reversal_mirrors_every_side_and_names_what_it_reverses(world: World) -> None:
    entries = [
        Entry("prepayments", yuan("30.00"), "debit", dealer_id=world.d1.id, document="PO1"),
        Entry("parts-sales", yuan("20.00"), "credit"),
        Entry("freight", yuan("10.00"), "credit"),
    ]
    original = post(world, entries)
    journal = reverse(world, document="PO1-C")
    with world.as_(world.hq.auditor) as session:
        first = queries.journal(session, original)
        assert (journal.reverses, journal.purpose, journal.source) == (first.id, "order-reversal", "order:X")
        assert queries.reversal_of(session, first.id).number == journal.number  # type: ignore[union-attr]
        assert queries.journal_by_id(session, first.id).number == original  # type: ignore[union-attr]
        rows = queries.postings(session, journal.id)
    assert {(r.account, r.debit, r.credit, r.document, r.memo) for r in rows} == {
        ("prepayments", None, yuan("30.00"), "PO1-C", "why"), ("parts-sales", yuan("20.00"), None, "PO1-C", "why"), ("freight", yuan("10.00"), None, "PO1-C", "why"),
    }  # fmt: skip
    assert world.balance(world.d1) == yuan("1000.00")


def test_MO6_a_journal_is_reversed_once_and_what_was_never_posted_is_not_there(world: World) -> None:
    post(world, moved(world.d1, "5.00"))
    reverse(world)
    with pytest.raises(Refused, match="already-reversed"):
        reverse(world)
    with pytest.raises(NotFound):
        reverse(world, source="order:never")


def test_MO6_a_reversal_of_a_closed_month_lands_in_the_open_one_beyond_the_limit_too(world: World) -> None:
    world.topup(world.d1, "500.00")
    with world.as_(world.hq.finance) as session:
        number = queries.topups(session)[0].number
    post(world, moved(world.d1, "1400.00", other="parts-sales"))
    close(world, JUNE)
    close(world, OCTOBER)
    with world.as_(world.hq.finance) as session:
        topup = actions.reverse_topup(session, world.hq.finance, number, reason="wrong dealer", at=LATER)
    assert topup.state is TopUpState.REVERSED
    assert world.balance(world.d1) == yuan("-400.00")  # the limit binds order debits only
    with world.as_(world.hq.auditor) as session:
        assert {m.month: m.journals for m in queries.months(session)}[NOVEMBER] == 1


def test_CO1_two_reversals_at_once_have_one_effect(app: Flask, world: World) -> None:
    post(world, moved(world.d1, "5.00"))
    results = at_once(app, *[lambda: reverse(world)] * 4)
    assert sorted(said(r) for r in results if isinstance(r, Refused)) == ["already-reversed"] * 3  # type: ignore[type-var]
    assert world.balance(world.d1) == yuan("1000.00")
