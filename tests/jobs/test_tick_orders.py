"""Orders by the clock: quotes that lapse (R22), debits at once (R23)."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from portal import worker
from portal.core import queue
from portal.core.audit import AuditEvent
from portal.core.errors import Refused
from portal.core.settings import Settings
from portal.ledger import actions as ledger
from portal.ledger.rules import DEBIT_WAITING
from portal.orders import actions, queries
from portal.orders.terms import DEBIT_AT_ONCE
from tests.factories.world import World, at, make_world, yuan
from tests.jobs.clock_terms import set_term
from tests.jobs.ticking import NEW_YORK, did, give_addresses, login_of, mails, ticked


def order_state(world: World, number: str) -> str:
    with world.as_(world.hq.clerk) as session:
        return str(queries.order(session, number).state)


def test_R22_a_quote_lapses_with_the_first_tick_after_its_last_day_and_not_before(app: Flask, world: World) -> None:
    number = world.quoted_order(world.d1, when="2026-10-05 10:00")  # until the end of the 12th
    assert did(world, "orders.lapse", when="2026-10-12 23:59") == []
    assert order_state(world, number) == "quoted"
    assert did(world, "orders.lapse", when="2026-10-13 00:00") == [("lapsed", {"order": number, "quote": 1})]
    assert order_state(world, number) == "submitted"
    with world.as_(world.hq.auditor) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "order:lapse")).one()
    assert (event.side, event.actor_name, event.before, event.after, event.public, event.dealer_id) == (
        "system", "system", "quoted", "submitted", True, world.d1.id,
    )  # fmt: skip
    assert event.facts == {"quote": 1, "lapsed_on": "2026-10-12"}
    assert did(world, "orders.lapse", when="2026-10-13 00:01") == []


def test_R22_the_last_day_ends_in_the_brands_own_zone(app: Flask) -> None:
    world = make_world(zone="America/New_York")
    number = world.quoted_order(world.d1, when="2026-10-05 23:00")  # 11:00 of the 5th in New York
    assert did(world, "orders.lapse", when=datetime(2026, 10, 12, 23, 59, tzinfo=NEW_YORK)) == []
    assert did(world, "orders.lapse", when=datetime(2026, 10, 13, tzinfo=NEW_YORK)) == [
        ("lapsed", {"order": number, "quote": 1})
    ]


def test_R22_only_the_clock_lets_a_quote_lapse_and_only_when_its_day_is_over(app: Flask, world: World) -> None:
    number = world.quoted_order(world.d1, when="2026-10-05 10:00")
    with pytest.raises(Refused, match="system-only"), world.as_(world.hq.clerk) as session:
        actions.lapse(session, world.hq.clerk, number, at=at("2026-10-13 00:00"))
    with pytest.raises(Refused, match="quote-runs"), world.as_(world.hq.system) as session:
        actions.lapse(session, world.hq.system, number, at=at("2026-10-12 23:59"))
    assert order_state(world, number) == "quoted"


def test_R23_where_the_term_says_so_orders_are_debited_oldest_first_and_a_short_one_holds_nobody_back(
    app: Flask, world: World
) -> None:
    set_term(world, DEBIT_AT_ONCE.name, 1)
    large = world.agreed_order(world.d1, {"P2": 20}, when="2026-10-05 09:00")  # 2,010.00 of 1,000.00
    first = world.agreed_order(world.d1, {"P2": 6}, when="2026-10-05 10:00")  # 610.00
    second = world.agreed_order(world.d1, {"P2": 3}, when="2026-10-05 11:00")  # 310.00
    third = world.agreed_order(world.d1, {"P2": 2}, when="2026-10-05 12:00")  # 210.00: no longer
    other = world.agreed_order(world.d2, {"P1": 4}, when="2026-10-05 13:00")
    assert did(world, "orders.debit", when="2026-10-05 14:00") == [
        ("debited", {"order": first, "amount": "610.00"}),
        ("debited", {"order": second, "amount": "310.00"}),
        ("refused", {"order": third, "code": "short-of-funds"}),
        ("debited", {"order": other, "amount": "60.00"}),
    ]
    assert [order_state(world, one) for one in (large, first, second, third, other)] == [
        "agreed", "debited", "debited", "agreed", "debited",
    ]  # fmt: skip
    assert world.balance(world.d1) == yuan("80.00")
    assert did(world, "orders.debit", when="2026-10-05 14:01") == []


def test_R23_by_default_finance_debits_by_hand(app: Flask, world: World) -> None:
    number = world.agreed_order(world.d1, {"P1": 4})
    assert did(world, "orders.debit", when="2026-10-05 14:00") == []
    assert order_state(world, number) == "agreed"


def test_R23_agreeing_and_a_topup_each_leave_the_job_that_debits(app: Flask, settings: Settings, world: World) -> None:
    set_term(world, DEBIT_AT_ONCE.name, 1)
    funded = world.agreed_order(world.d1, {"P1": 4})
    short = world.agreed_order(world.d1, {"P2": 20})
    worker.run_waiting(app, settings)
    assert (order_state(world, funded), order_state(world, short)) == ("debited", "agreed")
    world.topup(world.d1, "2000.00")
    assert order_state(world, short) == "agreed"
    worker.run_waiting(app, settings)
    assert order_state(world, short) == "debited"


def test_R23_a_higher_credit_limit_leaves_it_too(app: Flask, settings: Settings, world: World) -> None:
    set_term(world, DEBIT_AT_ONCE.name, 1)
    short = world.agreed_order(world.d1, {"P2": 20})
    with world.as_(world.hq.finance_manager) as session:
        ledger.set_credit_limit(
            session, world.hq.finance_manager, "D001", limit=yuan("1010.00"), at=at("2026-10-06 09:00")
        )
    worker.run_waiting(app, settings)
    assert order_state(world, short) == "debited"
    assert world.balance(world.d1) == yuan("-1010.00")


def test_R23_a_dealers_job_looks_at_that_dealer_only_whatever_its_arguments_say(
    app: Flask, settings: Settings, world: World
) -> None:
    theirs, own = world.agreed_order(world.d2, {"P1": 4}), world.agreed_order(world.d1, {"P1": 4})
    set_term(world, DEBIT_AT_ONCE.name, 1)
    with world.as_(world.d1.manager) as session:
        queue.defer(session, DEBIT_WAITING, dealer_id=world.d2.id)
    worker.run_waiting(app, settings)
    assert (order_state(world, theirs), order_state(world, own)) == ("agreed", "debited")


def test_R23_a_dealer_short_of_funds_is_told_once_a_version(app: Flask, world: World) -> None:
    give_addresses(world)
    number = world.agreed_order(world.d1, {"P2": 20})
    for _minute in range(2):
        ticked(world, when="2026-10-05 14:00")
    told = [(to, facts) for template, to, facts in mails(world) if template == "order-short"]
    assert told == [
        (
            f"{login_of(world, world.d1.manager)}@example.com",
            {"number": number, "total": "2010.00", "missing": "1010.00"},
        )
    ]
