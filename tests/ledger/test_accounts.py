"""Accounts: opening balances are booked once, credit limits are set by the finance manager."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.audit import AuditEvent
from portal.ledger import actions, queries
from portal.organizations.models import Dealer
from tests.factories.world import World, yuan
from tests.ledger.doing import (
    WHEN,
    refused,
)


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
