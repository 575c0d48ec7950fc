"""Eight people at once, each on a connection of their own: one of them has an effect, seven are told why not (R43, R52, R63; CO1, CO3).

Then the ledger is proved. tests/orders/test_at_once.py tries two who do different things; here eight do the same, or the opposite.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm.exc import StaleDataError

from portal.claims import actions as claims
from portal.core.audit import AuditEvent
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.ledger import actions as ledger
from portal.ledger import queries as accounts
from portal.ledger.prove import prove
from portal.orders import actions as orders
from portal.settlement import actions as settlement
from tests.factories.world import World, at, make_world, yuan
from tests.settlement.months import OCTOBER, THE_THIRD, checked, claimed

EIGHT = 8
WHEN = at("2026-10-20 12:00")
Act = Callable[..., object]


@pytest.fixture
def proved(app: Flask, settings: Settings) -> Iterator[World]:
    """A brand in which nothing disagrees afterwards, and whose trail the test has looked at."""
    world = make_world()
    yield world
    with admin_engine(str(settings.proof_url)).connect() as connection:
        assert prove(connection, world.brand_id) == []


def together(app: Flask, *acts: tuple[Actor, Act]) -> Counter[str]:
    """Each act in a thread and a transaction of its own, all let go at one barrier; "done", or the refusal's code, by how often."""
    gate, said, pids = threading.Barrier(len(acts)), Counter[str](), set[int]()

    def run(actor: Actor, act: Act) -> None:
        with app.app_context():
            try:
                with unit_of_work(actor.scope) as session:
                    pids.add(session.scalar(text("SELECT pg_backend_pid()")) or 0)  # connected before the barrier opens
                    gate.wait(30)
                    act(session, actor)
                said["done"] += 1
            except Refused as refused:
                said[refused.code] += 1
            except StaleDataError:
                said["stale"] += 1

    threads = [threading.Thread(target=run, args=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(pids) == len(acts)  # as many connections as people
    assert sum(said.values()) == len(acts)  # nobody fell over anything else, a deadlock for one
    return said


def trail(world: World, act: str) -> int:
    """How often the act stands in the audit trail."""
    with world.as_(world.hq.auditor) as session:
        return len(session.scalars(select(AuditEvent.id).where(AuditEvent.act == act)).all())


def journals(world: World, purpose: str) -> int:
    with world.as_(world.hq.auditor) as session:
        return session.scalar(text("SELECT count(*) FROM journals WHERE purpose = :p"), {"p": purpose}) or 0


def test_CO1_R21_eight_agree_to_one_quote_and_it_is_agreed_once(app: Flask, proved: World) -> None:
    number = proved.quoted_order(proved.d1)

    def agree(session, actor):
        return orders.agree(session, actor, number, quote_no=1, at=at("2026-10-06 09:00"))

    assert together(app, *[(proved.d1.manager, agree)] * EIGHT) == {"done": 1, "wrong-state": 7}
    assert trail(proved, "order:agree") == 1


def test_CO1_R63_eight_debit_one_order_and_it_is_debited_once(app: Flask, proved: World) -> None:
    number = proved.agreed_order(proved.d1, {"P1": 4}, freight="10.00")

    def debit(session, actor):
        return orders.debit(session, actor, number, at=at("2026-10-06 09:00"))

    people = [(proved.hq.finance, debit), (proved.hq.finance2, debit)] * (EIGHT // 2)
    assert together(app, *people) == {"done": 1, "wrong-state": 7}
    assert (proved.balance(proved.d1), journals(proved, "order"), trail(proved, "order:debit")) == (
        yuan("940.00"),
        1,
        1,
    )


def test_MO7_R23_eight_orders_debited_at_once_spend_no_yuan_twice(app: Flask, proved: World) -> None:
    """Each is 260.00 of the 1000.00 that are there: three go through, five are short, whoever comes first."""
    numbers = [proved.agreed_order(proved.d1, {"P2": 2, "P1": 4}, freight="10.00") for _ in range(EIGHT)]
    acts = [
        (
            proved.hq.finance,
            lambda session, actor, number=number: orders.debit(session, actor, number, at=at("2026-10-06 09:00")),
        )
        for number in numbers
    ]
    assert together(app, *acts) == {"done": 3, "short-of-funds": 5}
    assert (proved.balance(proved.d1), journals(proved, "order")) == (yuan("220.00"), 3)


def test_CO1_R26_eight_receive_one_parcel_and_its_pieces_are_there_once(app: Flask, proved: World) -> None:
    _number, parcel = proved.shipped_order(proved.d1, {"P1": 4, "P2": 3})
    counts = [{1: (4, 0)}, {1: (3, 0)}, {2: (3, 1)}, {2: (2, 0)}] * 2

    def receive(counted):
        return lambda session, actor: orders.receive(session, actor, parcel, counts=counted, at=at("2026-10-07 09:00"))

    people = [
        (proved.d1.clerk if place % 2 else proved.d1.manager, receive(counted)) for place, counted in enumerate(counts)
    ]
    assert together(app, *people) == {"done": 1, "wrong-state": 7}
    with proved.as_(proved.hq.auditor) as session:
        received = session.execute(text("SELECT received FROM layers ORDER BY id")).scalars().all()
        counted = session.execute(text("SELECT counted - damaged FROM shipment_lines ORDER BY line_id")).scalars().all()
    assert received == counted
    assert sum(received) in {7, 6}
    assert trail(proved, "shipment:receive") == 1


def decisions(world: World, claim: str) -> list[tuple[Actor, Act]]:
    """Two each of four decisions on one line that nobody had decided."""
    words = {"code": "EW", "reason": "超期"}

    def of(name: str, **how: object) -> Act:
        return lambda session, actor: getattr(claims, name)(session, actor, claim, positions=[1], at=WHEN, **how)

    ways = [
        of("approve"),
        of("reduce", quantity=1, code="PNP", reason="只认一件"),
        of("reduce", amount=yuan("5.00"), reason="价格"),
        of("refuse", **words),
    ]
    return [(world.hq.clerk if place % 2 else world.hq.manager, ways[place % 4]) for place in range(EIGHT)]


@pytest.mark.parametrize("lines", [1, 2])
def test_CO1_R43_of_eight_who_approve_reduce_and_refuse_one_line_one_decides(
    app: Flask, proved: World, lines: int
) -> None:
    """Alone on its form the decision ends the review; beside another line the claim stays in review. The pieces are as it says."""
    proved.received_order(proved.d1, {"P1": 8})
    parts = [proved.reviewed_old_part(proved.d1, quantity=3) for _ in range(lines)]
    claim = proved.submitted_claim(proved.d1, parts)
    said = together(app, *decisions(proved, claim))
    assert said["done"] == 1
    assert set(said) <= {"done", "decided-meanwhile", "wrong-state", "decisions-stand"}
    assert sum(trail(proved, f"claim:{act}") for act in ("approve", "reduce", "refuse")) == 1
    with proved.as_(proved.hq.auditor) as session:
        state, approved, pieces = session.execute(
            text("SELECT state, approved, approved_quantity FROM claim_lines ORDER BY position LIMIT 1")
        ).one()
        used = session.scalar(text("SELECT sum(used) FROM layers"))
    kept = {"approved": (3750, 3, 3), "refused": (None, None, 3)}
    assert (approved, pieces, used - 3 * (lines - 1)) in (
        {kept[state]} if state in kept else {(1250, 1, 1), (500, 3, 3)}
    )
    assert trail(proved, "claim:decide") == (lines == 1)


def test_CO1_R52_eight_post_one_month_and_every_dealer_is_paid_once(app: Flask, proved: World) -> None:
    claimed(proved, proved.d1, {"P1": 4})
    claimed(proved, proved.d2, {"P2": 1})
    before = [proved.balance(shop) for shop in (proved.d1, proved.d2)]
    checked(proved)

    def post(session, actor):
        return settlement.post(session, actor, OCTOBER, at=THE_THIRD)

    said = together(app, *[(proved.hq.finance_manager, post)] * EIGHT)
    assert said["done"] == 1
    assert set(said) <= {"done", "already-posted", "settlement-running"}
    assert [proved.balance(shop) for shop in (proved.d1, proved.d2)] == [
        before[0] + Decimal("50.00"),
        before[1] + Decimal("100.00"),
    ]
    assert (journals(proved, "settlement"), trail(proved, "settlement:post")) == (1, 1)


def test_CO1_R61_eight_take_one_topup_back_and_it_goes_back_once(app: Flask, proved: World) -> None:
    proved.topup(proved.d1, "300.00")
    with proved.as_(proved.hq.finance) as session:
        number = accounts.topups(session)[0].number

    def reverse(session, actor):
        return ledger.reverse_topup(session, actor, number, reason="错账", at=WHEN)

    assert together(app, *[(proved.hq.finance, reverse)] * EIGHT) == {"done": 1, "already-reversed": 7}
    assert (proved.balance(proved.d1), journals(proved, "topup-reversal"), trail(proved, "topup:reverse")) == (
        yuan("1000.00"),
        1,
        1,
    )


def test_CO4_R64_eight_at_once_post_into_a_month_that_is_being_closed(app: Flask, proved: World) -> None:
    """Four top-ups of June and four who close it: what was posted came before, the rest is refused, the month is closed once."""

    def close(session, actor):
        return ledger.close_month(session, actor, date(2026, 6, 1), at=at("2026-07-05 09:00"))

    def pay_in(reference: str) -> Act:
        return lambda session, actor: ledger.enter_topup(
            session, actor, dealer_code="D001", amount=yuan("10.00"), received_on=date(2026, 6, 30), bank_reference=reference, note="", at=at("2026-06-30 09:00")
        )  # fmt: skip

    acts = [(proved.hq.finance, close)] * 4 + [(proved.hq.finance2, pay_in(f"BK-{place}")) for place in range(4)]
    said = together(app, *acts)
    assert trail(proved, "month:close") == 1
    entered = trail(proved, "topup:enter")
    assert said["done"] == 1 + entered
    assert said["month-closed"] == 3 + 4 - entered
    assert proved.balance(proved.d1) == yuan("1000.00") + entered * yuan("10.00")


def test_the_control_without_the_lock_two_debits_of_one_order_get_further_than_the_state(
    app: Flask, proved: World, monkeypatch
) -> None:
    """Orders read without their lock: several believe that the order is agreed, and only the ledger's own key stops all but one (R63)."""
    from portal.orders import queries

    number = proved.agreed_order(proved.d1, {"P1": 4})
    monkeypatch.setattr(queries, "order_for_update", queries.order)
    gate = threading.Barrier(EIGHT)
    real = ledger.post

    def all_there(*given, **how):
        gate.wait(30)
        return real(*given, **how)

    monkeypatch.setattr(ledger, "post", all_there)

    def debit(session, actor):
        return orders.debit(session, actor, number, at=at("2026-10-06 09:00"))

    assert together(app, *[(proved.hq.finance, debit)] * EIGHT) == {"done": 1, "already-posted": 7}
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
