"""Top-ups: money in, entered once and taken back once (R61, R63; CO1)."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.ledger import actions, queries
from portal.ledger.models import TopUpState
from tests.factories.world import World, yuan
from tests.ledger.doing import (
    WHEN,
    at_once,
    enter,
    refused,
    said,
)


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
