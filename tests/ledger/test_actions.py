"""The only writer of money: what it posts, what it refuses, and two people at once (R23, R60–R64; CO1, CO3, CO4, MO6, MO7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import literal, select, text, union_all
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.core.audit import AuditEvent
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.ledger import actions, queries
from portal.ledger.models import TopUpState
from portal.ledger.prove import prove
from portal.ledger.rules import Entry
from portal.organizations.models import Dealer
from tests.factories.world import Shop, World, at, yuan

WHEN, LATER = at("2026-10-05 10:00"), at("2026-11-05 10:00")
JUNE, OCTOBER, NOVEMBER = date(2026, 6, 1), date(2026, 10, 1), date(2026, 11, 1)


def moved(shop: Shop, amount: str, *, other: str = "bank", out: bool = True) -> list[Entry]:
    """``amount`` out of the dealer's account (or into it)."""
    side, against = ("debit", "credit") if out else ("credit", "debit")
    return [Entry("prepayments", yuan(amount), side, dealer_id=shop.id), Entry(other, yuan(amount), against)]  # type: ignore[arg-type]


def post(world: World, entries: list[Entry], *, source: str = "order:X", purpose: str = "order", when=WHEN) -> str:
    with world.as_(world.hq.finance) as session:
        return actions.post(
            session, world.hq.finance, at=when, source=source, purpose=purpose, memo="m", entries=entries
        ).number


def enter(
    session: Session,
    actor: Actor,
    *,
    amount: str = "50.00",
    reference: str = "BK-1",
    dealer: str = "D001",
    day: date = date(2026, 10, 4),
):
    return actions.enter_topup(
        session,
        actor,
        dealer_code=dealer,
        amount=yuan(amount),
        received_on=day,
        bank_reference=reference,
        note="n",
        at=WHEN,
    )


def refused(world: World, who: Actor, act: Callable[[Session], object]) -> Refused:
    with pytest.raises(Refused) as error, world.as_(who) as session:
        act(session)
    return error.value


def journals(world: World) -> int:
    with world.as_(world.hq.auditor) as session:
        return session.scalar(text("SELECT count(*) FROM journals")) or 0


def at_once(app: Flask, *works: Callable[[], object]) -> list[object]:
    """Each in a thread of its own, all starting together: what they gave back, or the exception that ended them."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(index: int, work: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                results[index] = work()
            except Exception as error:  # noqa: BLE001 - looked at by the test
                results[index] = error

    threads = [threading.Thread(target=run, args=(index, work)) for index, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def said(result: object) -> object:
    return result.code if isinstance(result, Refused) else result


def nothing_disagrees(settings: Settings, world: World) -> None:
    with admin_engine(str(settings.proof_url)).connect() as connection:
        assert {(f.proof, f.what) for f in prove(connection, world.brand_id)} <= {
            ("journal-has-document", w) for w in _documentless(world)
        }


def _documentless(world: World) -> list[str]:
    """Journals that these tests post without a document: the proof names them, and rightly."""
    with world.as_(world.hq.auditor) as session:
        return list(
            session.scalars(text("SELECT number || ' ' || source FROM journals WHERE source !~ '^(topup|dealer):'"))
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


def reverse(world: World, *, source: str = "order:X", purpose: str = "order", when=WHEN, document: str = ""):
    with world.as_(world.hq.finance) as session:
        return actions.reverse(
            session, world.hq.finance, at=when, source=source, purpose=purpose, memo="why", document=document
        )


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


# -- accounts --


def opening(session: Session, world: World, *, amount: str | None, limit: str = "0.00"):
    dealer = session.scalars(select(Dealer).where(Dealer.code == "D001")).one()
    return actions.open_account(
        session,
        world.hq.system,
        dealer,
        credit_limit=yuan(limit),
        opening=None if amount is None else yuan(amount),
        at=WHEN,
    )


def test_section_7_an_opening_balance_is_booked_once(world: World) -> None:
    with world.as_(world.hq.system) as session:
        for amount, limit in (("1000.00", "0.00"), (None, "0.00"), ("1000.00", "250.00")):
            account = opening(session, world, amount=amount, limit=limit)
            assert (account.balance, account.credit_limit) == (yuan("1000.00"), yuan(limit))
    error = refused(world, world.hq.system, lambda session: opening(session, world, amount="999.99"))
    assert (error.code, error.facts) == (
        "opening-differs",
        {"dealer": "D001", "booked": yuan("1000.00"), "given": yuan("999.99")},
    )
    with world.as_(world.hq.auditor) as session:
        assert queries.openings(session) == {world.d1.id: yuan("1000.00"), world.d2.id: yuan("1000.00")}
    with world.as_(world.d1.clerk) as session:  # R3: once, and its dealer reads it
        wanted = select(AuditEvent.facts, AuditEvent.dealer_id).where(AuditEvent.act == "account:opening")
        assert [tuple(row) for row in session.execute(wanted)] == [({"amount": "1000.00"}, world.d1.id)]


def test_section_7_a_dealer_without_an_opening_has_an_account_all_the_same(world: World) -> None:
    with world.as_(world.hq.system) as session:
        for code, amount in (("D003", None), ("D004", yuan("0.00"))):
            dealer = Dealer(code=code, name=code, city="", contact="", phone="", address="", created_at=WHEN)
            session.add(dealer)
            session.flush()
            account = actions.open_account(
                session, world.hq.system, dealer, credit_limit=yuan("5.00"), opening=amount, at=WHEN
            )
            assert (account.balance, account.entries, account.credit_limit) == (yuan("0.00"), 0, yuan("5.00"))


# -- top-ups --


def test_R63_a_topup_is_entered_posted_and_told_in_one_act(world: World) -> None:
    finance = world.hq.finance
    with world.as_(finance) as session:
        topup = enter(session, finance, amount="1234.56")
    with world.as_(world.d1.clerk) as session:
        stored = queries.topup(session, topup.number)
        account = queries.prepayment(session, world.d1.id)
        entry = queries.entries(session, account.id, limit=1)[0]
    assert (stored.number, stored.state, stored.amount, stored.received_on, stored.bank_reference) == (
        "TU2610-0001",
        TopUpState.POSTED,
        yuan("1234.56"),
        date(2026, 10, 4),
        "BK-1",
    )
    assert (entry.credit, entry.balance_after, entry.purpose, entry.document, entry.memo) == (
        yuan("1234.56"),
        yuan("2234.56"),
        "topup",
        "TU2610-0001",
        "BK-1",
    )
    with world.as_(world.hq.auditor) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "topup:enter")).one()
    assert (event.facts["amount"], event.dealer_id, event.subject_number, event.public) == (
        "1234.56",
        world.d1.id,
        "TU2610-0001",
        True,
    )


@pytest.mark.parametrize(
    ("how", "code", "field"),
    [
        ({"amount": "0.00"}, "amount-not-positive", "amount"), ({"amount": "-5.00"}, "amount-not-positive", "amount"),
        ({"day": date(2026, 10, 6)}, "day-in-future", "received_on"), ({"dealer": "D999"}, "dealer-unknown", "dealer"),
    ],
)  # fmt: skip
def test_a_topup_that_cannot_be_is_refused_at_its_field(world: World, how: dict, code: str, field: str) -> None:
    error = refused(world, world.hq.finance, lambda session: enter(session, world.hq.finance, **how))
    assert (error.code, error.field) == (code, field)


def test_a_topup_is_finances_work(world: World) -> None:
    for actor in (world.hq.finance_manager, world.hq.admin):
        assert refused(world, actor, lambda session, actor=actor: enter(session, actor)).code == "permission-missing"
        assert (
            refused(
                world,
                actor,
                lambda session, actor=actor: actions.reverse_topup(session, actor, "TU2610-0001", reason="x", at=WHEN),
            ).code
            == "permission-missing"
        )


def test_one_advice_of_the_bank_is_entered_once_even_after_its_reversal(world: World) -> None:
    finance = world.hq.finance
    with world.as_(finance) as session:
        number = enter(session, finance).number
        actions.reverse_topup(session, finance, number, reason="wrong amount", at=WHEN)
    error = refused(world, finance, lambda session: enter(session, finance, dealer="D002", amount="7.00"))
    assert (error.code, error.field, error.facts) == ("bank-reference-known", "bank_reference", {"number": number})


def test_CO1_two_people_entering_one_advice_at_once_have_one_effect_and_the_other_is_told(
    app: Flask, world: World
) -> None:
    def one(actor: Actor) -> str:
        with unit_of_work(actor.scope) as session:
            return enter(session, actor).number

    results = at_once(
        app,
        *[
            lambda actor=actor: one(actor)
            for actor in (world.hq.finance, world.hq.finance2, world.hq.finance, world.hq.finance2)
        ],
    )
    lost = [r for r in results if isinstance(r, Refused)]
    assert [(r.code, r.facts) for r in lost] == [("bank-reference-known", {"number": "TU2610-0001"})] * 3
    assert [r for r in results if r not in lost] == ["TU2610-0001"]
    assert world.balance(world.d1) == yuan("1050.00")
    with world.as_(world.hq.finance) as session:  # the losers' numbers were given back
        assert enter(session, world.hq.finance, reference="BK-2").number == "TU2610-0002"


def test_R61_a_topup_is_taken_back_with_a_reason_once(world: World) -> None:
    finance = world.hq.finance
    with world.as_(finance) as session:
        number = enter(session, finance).number
    for reason in ("", "  "):
        error = refused(
            world,
            finance,
            lambda session, reason=reason: actions.reverse_topup(session, finance, number, reason=reason, at=WHEN),
        )
        assert (error.code, error.field) == ("reason-needed", "reason")
    with world.as_(finance) as session:
        actions.reverse_topup(session, finance, number, reason="wrong dealer", at=WHEN)
    error = refused(
        world, finance, lambda session: actions.reverse_topup(session, finance, number, reason="again", at=WHEN)
    )
    assert error.code == "already-reversed"
    with pytest.raises(NotFound), world.as_(finance) as session:
        actions.reverse_topup(session, finance, "TU2610-0099", reason="x", at=WHEN)
    with world.as_(world.hq.auditor) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "topup:reverse")).one()
    assert (event.before, event.after, event.facts["reason"]) == ("posted", "reversed", "wrong dealer")
    assert world.balance(world.d1) == yuan("1000.00")


def test_CO1_a_topup_reversed_by_two_at_once_is_reversed_once(app: Flask, world: World) -> None:
    with world.as_(world.hq.finance) as session:
        number = enter(session, world.hq.finance).number

    def one(actor: Actor) -> object:
        with unit_of_work(actor.scope) as session:
            return actions.reverse_topup(session, actor, number, reason="wrong", at=WHEN).state

    results = at_once(app, *[lambda actor=actor: one(actor) for actor in (world.hq.finance, world.hq.finance2)])
    assert {said(r) for r in results} == {TopUpState.REVERSED, "already-reversed"}
    assert world.balance(world.d1) == yuan("1000.00")


# -- credit limits --


def test_R3_a_credit_limit_is_set_by_the_finance_manager_and_told(world: World) -> None:
    manager = world.hq.finance_manager
    with world.as_(manager) as session:
        actions.set_credit_limit(session, manager, "D001", limit=yuan("300.00"), at=WHEN)
        account = actions.set_credit_limit(session, manager, "D001", limit=yuan("200.00"), at=WHEN)
    assert account.credit_limit == yuan("200.00")
    with world.as_(world.hq.auditor) as session:
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.act == "account:set-limit").order_by(AuditEvent.id)
        ).all()
    assert [(e.facts["limit_before"], e.facts["limit"], e.dealer_id, e.subject_kind) for e in events] == [
        ("0.00", "300.00", world.d1.id, "account"), ("300.00", "200.00", world.d1.id, "account"),
    ]  # fmt: skip


def test_a_credit_limit_that_cannot_be_is_refused(world: World) -> None:
    manager = world.hq.finance_manager
    cases = [(manager, "D001", "-0.01", "amount-negative"), (manager, "D999", "1.00", "dealer-unknown"), (world.hq.finance, "D001", "1.00", "permission-missing"), (world.d1.manager, "D001", "1.00", "permission-missing")]  # fmt: skip
    for actor, dealer, limit, code in cases:
        error = refused(
            world,
            actor,
            lambda session, a=actor, d=dealer, n=limit: actions.set_credit_limit(session, a, d, limit=yuan(n), at=WHEN),
        )
        assert error.code == code


def test_MO7_eight_debits_at_once_never_pass_the_limit(app: Flask, world: World, settings: Settings) -> None:
    def one(index: int) -> str:
        return post(world, moved(world.d1, "300.00", other="parts-sales"), source=f"order:X{index}")

    results = at_once(app, *[lambda index=index: one(index) for index in range(8)])
    lost = [r for r in results if isinstance(r, Refused)]
    assert [(r.code, r.facts["missing"]) for r in lost] == [("short-of-funds", yuan("200.00"))] * 5
    assert world.balance(world.d1) == yuan("100.00")
    nothing_disagrees(settings, world)


def test_CO3_opposite_postings_at_once_do_not_lock_each_other_out(app: Flask, world: World, settings: Settings) -> None:
    def swap(first: Shop, second: Shop, name: str) -> str:
        for turn in range(10):
            entries = [
                Entry("prepayments", yuan("1.00"), "debit", dealer_id=first.id),
                Entry("prepayments", yuan("1.00"), "credit", dealer_id=second.id),
            ]
            month = (
                f"2026-{10 + turn % 2}-05 10:00"  # two months: the numbers' counter alone must not keep them in line
            )
            post(world, entries, source=f"swap:{name}{turn}", purpose="swap", when=at(month))
        return "done"

    results = at_once(
        app,
        lambda: swap(world.d1, world.d2, "a"),
        lambda: swap(world.d2, world.d1, "b"),
        lambda: swap(world.d1, world.d2, "c"),
        lambda: swap(world.d2, world.d1, "d"),
    )
    assert results == ["done"] * 4
    assert (world.balance(world.d1), world.balance(world.d2)) == (yuan("1000.00"), yuan("1000.00"))
    nothing_disagrees(settings, world)


def test_two_who_open_the_same_account_of_the_brand_at_once_open_one(app: Flask, world: World) -> None:
    def one(index: int) -> str:
        return post(
            world, [Entry("bank", yuan("1.00"), "debit"), Entry("freight", yuan("1.00"), "credit")], source=f"x:{index}"
        )

    assert all(isinstance(r, str) for r in at_once(app, *[lambda index=index: one(index) for index in range(4)]))
    with world.as_(world.hq.auditor) as session:
        assert {a.code: a.balance for a in queries.brand_accounts(session)}["freight"] == yuan("4.00")


def test_R63_the_same_event_posted_by_four_at_once_is_posted_once(app: Flask, world: World) -> None:
    results = at_once(app, *[lambda: post(world, moved(world.d1, "5.00"))] * 4)
    assert sorted(str(said(r)) for r in results) == [
        "JV2610-000001",
        "already-posted",
        "already-posted",
        "already-posted",
    ]
    assert world.balance(world.d1) == yuan("995.00")


# -- months --


def close(world: World, month: date, *, who: Actor | None = None, when=LATER):
    actor = who or world.hq.finance
    with world.as_(actor) as session:
        return actions.close_month(session, actor, month, at=when)


def test_R64_R66_months_close_in_order_and_the_event_keeps_the_chains_head(world: World) -> None:
    world.topup(world.d1, "5.00")
    row = close(world, JUNE)
    assert (row.month, row.closed_at, row.closed_by) == (JUNE, LATER, "何敏")
    close(world, OCTOBER)
    with world.as_(world.hq.auditor) as session:
        head = queries.chain_head(session)
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.act == "month:close").order_by(AuditEvent.id.desc()).limit(1)
        ).one()
    assert event.facts == {"month": "2026-10", "chain_seq": 3, "chain_hash": head.hash}
    assert (head.seq, len(head.hash), event.public) == (3, 64, False)


def test_R64_a_month_that_cannot_be_closed_says_why(world: World) -> None:
    world.topup(world.d1, "5.00")
    for month, when, code, facts in (
        (NOVEMBER, LATER, "month-not-over", {"month": "2026-11"}),
        (OCTOBER, at("2026-10-31 23:59"), "month-not-over", {"month": "2026-10"}),
        (date(2026, 8, 1), LATER, "month-unknown", {"month": "2026-08"}),
        (OCTOBER, LATER, "earlier-month-open", {"month": "2026-06"}),
    ):
        with pytest.raises(Refused) as error:
            close(world, month, when=when)
        assert (error.value.code, error.value.facts) == (code, facts)
    close(world, JUNE)
    with pytest.raises(Refused, match="month-closed"):
        close(world, JUNE)
    for actor in (world.hq.finance_manager, world.d1.manager):
        with pytest.raises(Refused, match="permission-missing"):
            close(world, OCTOBER, who=actor)


def test_R64_a_month_over_in_the_brands_zone_can_be_closed_though_utc_is_behind(world: World) -> None:
    close(world, JUNE)
    world.topup(world.d1, "5.00")
    assert close(world, OCTOBER, when=at("2026-11-01 00:00")).closed_at is not None


def test_CO4_while_a_month_is_closed_what_is_posted_was_before_or_is_refused(
    app: Flask, world: World, settings: Settings
) -> None:
    close(world, JUNE)
    rounds = [date(2025, month, 1) for month in range(1, 7)]
    for month in rounds:
        when = at(f"{month:%Y-%m}-15 10:00")
        post(world, moved(world.d1, "1.00", out=False), source=f"first:{month}", purpose="topup", when=when)

        def poster(name: str, month: date = month, when=when) -> str:
            return post(world, moved(world.d1, "1.00", out=False), source=f"{name}:{month}", purpose="topup", when=when)

        results = at_once(
            app, lambda: poster("a"), lambda: poster("b"), lambda: poster("c"), lambda month=month: close(world, month)
        )
        posted = [r for r in results[:3] if isinstance(r, str)]
        assert all(isinstance(r, str) or said(r) == "month-closed" for r in results[:3])
        assert not isinstance(results[3], Exception)
        with world.as_(world.hq.auditor) as session:
            row = next(m for m in queries.months(session) if m.month == month)
            closed = session.scalars(
                select(AuditEvent).where(AuditEvent.act == "month:close").order_by(AuditEvent.id.desc()).limit(1)
            ).one()
            last = session.scalar(
                text(
                    "SELECT max(c.seq) FROM chain_entries c JOIN journals j ON j.brand_id = c.brand_id AND j.id = c.journal_id WHERE j.month = :m"
                ),
                {"m": month},
            )
        assert (row.journals, row.closed_at is not None) == (1 + len(posted), True)
        assert last <= closed.facts["chain_seq"]  # not one after the head that the closing names
    nothing_disagrees(settings, world)


def test_what_the_database_refuses_otherwise_is_no_refusal_of_the_portals(world: World) -> None:
    with pytest.raises(DBAPIError, match="NUL"), world.as_(world.hq.finance) as session:
        actions.post(
            session,
            world.hq.finance,
            at=WHEN,
            source="order:X",
            purpose="order",
            memo="\0",
            entries=moved(world.d1, "1.00"),
        )
    assert world.balance(world.d1) == yuan("1000.00")
