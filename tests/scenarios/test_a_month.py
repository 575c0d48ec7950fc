"""A whole month as finance would tell it, to the fen, for two brands at once (R20-R26, R30-R36, R40-R44, R50-R54, R60-R67)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from portal.claims import actions as claims
from portal.claims import queries as claim_queries
from portal.core.db import db
from portal.core.errors import Refused
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.fees import actions as fees
from portal.fees import queries as fee_queries
from portal.fees.rules import FeeWish
from portal.ledger import queries as ledger
from portal.ledger.prove import prove
from portal.orders import actions as orders
from portal.orders import queries as order_queries
from portal.settlement import actions as settlement
from tests.factories.world import World, at, make_world, yuan

OCTOBER = date(2026, 10, 1)


def proof_of(settings: Settings, world: World) -> list[object]:
    with admin_engine(settings.proof_url).connect() as connection:
        return list(prove(connection, world.brand_id))


def buy(world: World, lines: dict[str, int], *, damaged: int = 0) -> str:
    """Order, confirm on both sides, debit, ship in two parcels, receive; returns the number."""
    shop = world.d1
    number = world.debited_order(shop, lines, when="2026-10-05 12:00")
    with world.as_(world.hq.warehouse) as session:
        first = orders.ship(
            session,
            world.hq.warehouse,
            number,
            pieces={1: lines["P1"]},
            carrier="德邦",
            tracking="A1",
            at=at("2026-10-06 09:00"),
        )
        second = orders.ship(
            session,
            world.hq.warehouse,
            number,
            pieces={2: lines["P2"]},
            carrier="德邦",
            tracking="A2",
            at=at("2026-10-07 09:00"),
        )
    with world.as_(shop.clerk) as session:
        orders.receive(session, shop.clerk, first.number, counts={1: (lines["P1"], 0)}, at=at("2026-10-08 09:00"))
        orders.receive(
            session, shop.clerk, second.number, counts={2: (lines["P2"], damaged)}, at=at("2026-10-08 10:00")
        )
        assert order_queries.order(session, number).state == "received"
    return number


def settle(world: World, month: date, day: str) -> None:
    with world.as_(world.hq.system) as session:
        settlement.prepare(session, world.hq.system, month, at=at(f"{day} 02:00"))
    with world.as_(world.hq.finance) as session:
        settlement.check(session, world.hq.finance, month, at=at(f"{day} 09:00"))
    with world.as_(world.hq.finance_manager) as session:
        settlement.post(session, world.hq.finance_manager, month, at=at(f"{day} 10:00"))


def test_a_month_from_application_to_reimbursement_for_two_brands_at_once(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    left, right = make_world(), make_world(opening="300.00", limit="50.00")
    left.topup(left.d1, "500.00", "2026-10-02 09:00")
    assert left.balance(left.d1) == yuan("1500.00")

    buy(left, {"P1": 4, "P2": 2}, damaged=1)  # 4 × 12.50 + 2 × 100.00 + 10.00 freight
    buy(right, {"P1": 8, "P2": 1})  # 8 × 12.50 + 100.00 + 10.00
    assert left.balance(left.d1) == yuan("1240.00")
    assert right.balance(right.d1) == yuan("90.00")

    with left.as_(left.d1.clerk) as session:
        held = {
            layer.part.number: (layer.bought, layer.received, layer.used)
            for layer in order_queries.layers(session, left.d1.id)
        }
    assert held == {"P1": (4, 4, 0), "P2": (2, 1, 0)}, "R26: the damaged piece cannot be used"

    ours = [
        left.reviewed_old_part(left.d1, part="P1", quantity=2, replaced="2026-10-10"),
        left.reviewed_old_part(left.d1, part="P2", replaced="2026-10-11"),
    ]
    theirs = [right.reviewed_old_part(right.d1, part="P1", quantity=3, replaced="2026-10-12")]
    claim = left.submitted_claim(left.d1, ours)
    other = right.approved_claim(right.d1, theirs)
    with left.as_(left.hq.clerk) as session:
        claims.approve(session, left.hq.clerk, claim, positions=[1], at=at("2026-10-21 09:00"))
        claims.reduce(
            session,
            left.hq.clerk,
            claim,
            positions=[2],
            amount=yuan("80.00"),
            code="AC",
            reason="按核准金额",
            at=at("2026-10-21 09:05"),
        )
        lines = [(line.claimed, line.approved, line.pays_in) for line in claim_queries.claim(session, claim).lines]
    assert lines == [(yuan("25.00"), yuan("25.00"), OCTOBER), (yuan("100.00"), yuan("80.00"), OCTOBER)]
    assert left.balance(left.d1) == yuan("1240.00"), "R43: no decision moves money"

    for world in (left, right):
        settle(world, OCTOBER, "2026-11-03")
    assert left.balance(left.d1) == yuan("1345.00")
    assert right.balance(right.d1) == yuan("127.50")

    with left.as_(left.d1.manager) as session:
        number, opening, closing, amount = session.execute(
            text("SELECT number, opening, closing, amount FROM statements WHERE month = :m"), {"m": OCTOBER}
        ).one()
    assert (number, opening, closing, amount) == ("ST2610-D001", 0, 134500, 10500), (
        "R53: the first statement opens at nothing"
    )
    with left.as_(left.hq.finance) as session:
        expense = next(a for a in ledger.brand_accounts(session) if a.code == "warranty-expense")
        assert expense.balance == yuan("-105.00"), "R52: one debit of warranty expense"
    for world in (left, right):
        assert proof_of(settings, world) == []
    assert other.startswith("RC2610-")


def test_R23_short_of_funds_waits_shows_what_is_missing_and_is_debited_after_a_top_up(world: World) -> None:
    number = world.agreed_order(world.d1, {"P2": 12})  # 1,210.00 against 1,000.00
    small = world.agreed_order(world.d1, {"P1": 4}, when="2026-10-05 13:00")
    with world.as_(world.hq.finance) as session:
        queue = [(row.number, row.missing) for row in order_queries.debit_queue(session)]
    assert queue == [(number, yuan("210.00")), (small, yuan("0.00"))], "oldest first; other reservations do not count"
    with pytest.raises(Refused, match="short-of-funds"), world.as_(world.hq.finance) as session:
        orders.debit(session, world.hq.finance, number, at=at("2026-10-06 09:00"))
    with world.as_(world.hq.finance) as session:
        orders.debit(session, world.hq.finance, small, at=at("2026-10-06 09:01"))
    assert world.balance(world.d1) == yuan("940.00"), "one short order does not hold back the next"
    world.topup(world.d1, "270.00", "2026-10-06 10:00")
    with world.as_(world.hq.finance) as session:
        orders.debit(session, world.hq.finance, number, at=at("2026-10-06 11:00"))
    assert world.balance(world.d1) == yuan("0.00")


def test_R24_cancelling_after_the_debit_gives_back_parts_and_freight_whole(world: World, settings: Settings) -> None:
    number = world.debited_order(world.d1, {"P1": 4, "P2": 2})
    assert world.balance(world.d1) == yuan("740.00")
    with world.as_(world.hq.manager) as session:
        orders.cancel(session, world.hq.manager, number, reason="停产", at=at("2026-10-06 09:00"))
    assert world.balance(world.d1) == yuan("1000.00")
    with world.as_(world.d1.clerk) as session:
        assert list(order_queries.layers(session, world.d1.id)) == []
    assert proof_of(settings, world) == []


def test_R67_agreeing_reserves_and_debiting_frees(world: World) -> None:
    number = world.agreed_order(world.d1, {"P1": 4})
    with world.as_(world.d1.manager) as session:
        standing = order_queries.standing(session, world.d1.id)
        assert (standing.balance, standing.reserved, standing.available) == (
            yuan("1000.00"),
            yuan("60.00"),
            yuan("940.00"),
        )
    with world.as_(world.hq.finance) as session:
        orders.debit(session, world.hq.finance, number, at=at("2026-10-06 09:00"))
    with world.as_(world.d1.manager) as session:
        standing = order_queries.standing(session, world.d1.id)
        assert (standing.balance, standing.reserved, standing.available) == (
            yuan("940.00"),
            yuan("0.00"),
            yuan("940.00"),
        )


# (service day, approved at in Shanghai, the month that pays it): R50's own examples, then the borders of UTC and Shanghai,
# leap years and the year's end. The settlement day of month M is the 3rd of M + 1, from its first instant in the brand's zone.
BORDERS = [
    ("2026-10-20", "2026-11-02 12:00", "2026-10"),
    ("2026-10-20", "2026-11-05 12:00", "2026-11"),
    ("2026-11-01", "2026-11-02 12:00", "2026-11"),
    ("2026-10-31", "2026-11-02 23:59", "2026-10"),  # 15:59 UTC on the 2nd
    ("2026-10-31", "2026-11-03 00:00", "2026-11"),  # 16:00 UTC on the 2nd: the 3rd in Shanghai
    ("2026-12-31", "2027-01-02 23:59", "2026-12"),
    ("2026-12-31", "2027-01-03 00:00", "2027-01"),
    ("2028-02-29", "2028-03-02 23:59", "2028-02"),
    ("2028-02-29", "2028-03-03 00:00", "2028-03"),
]


@pytest.mark.parametrize(("service", "approved", "month"), BORDERS)
def test_R50_a_line_is_paid_in_the_month_that_its_day_and_its_approval_say(
    service: str, approved: str, month: str
) -> None:
    from portal.claims.rules import pays_in
    from portal.core import clock
    from tests.factories.world import SHANGHAI

    approved_on = clock.day(at(approved), SHANGHAI)
    assert f"{pays_in(date.fromisoformat(service), approved_on, 3):%Y-%m}" == month


def test_R50_late_approval_waits_for_the_next_month_and_is_paid_once(world: World, settings: Settings) -> None:
    world.received_order(world.d1, {"P1": 4}, when="2026-10-05 09:00")
    early, late = (world.reviewed_old_part(world.d1, replaced=day) for day in ("2026-10-10", "2026-10-11"))
    world.approved_claim(world.d1, [early], approved="2026-11-02 23:59")
    world.approved_claim(world.d1, [late], approved="2026-11-03 00:00")
    settle(world, OCTOBER, "2026-11-03")
    assert world.balance(world.d1) == yuan("952.50")  # 1000 − 60 + 12.50
    settle(world, date(2026, 11, 1), "2026-12-03")
    assert world.balance(world.d1) == yuan("965.00")
    with pytest.raises(Refused, match="already-posted"), world.as_(world.hq.finance_manager) as session:
        settlement.post(session, world.hq.finance_manager, OCTOBER, at=at("2026-12-04 10:00"))
    assert world.balance(world.d1) == yuan("965.00")
    assert proof_of(settings, world) == []


def test_R70_a_fee_schedule_is_drafted_approved_and_replaced(world: World) -> None:
    first = {"items": [FeeWish("上门费", "次", yuan("50.00"), "")], "region": "福州市"}
    with world.as_(world.d1.clerk) as session:
        draft = fees.draft(
            session, world.d1.clerk, **first, from_day=date(2026, 11, 1), note="", at=at("2026-10-05 09:00")
        )
    with world.as_(world.d1.manager) as session:
        number = str(fees.submit(session, world.d1.manager, draft.public_id, at=at("2026-10-05 10:00")).number)
    assert number == "FS2610-0001"
    with world.as_(world.hq.manager) as session:
        fees.approve(session, world.hq.manager, number, at=at("2026-10-06 09:00"))
    with world.as_(world.d1.clerk) as session:
        assert fee_queries.in_force(session, world.d1.id, "福州市", date(2026, 10, 31)) is None
        assert fee_queries.in_force(session, world.d1.id, "福州市", date(2026, 11, 1)).number == number
        second = fees.draft(session, world.d1.clerk, region="福州市", items=[FeeWish("上门费", "次", yuan("60.00"), "")], from_day=date(2026, 12, 1), note="",
                            at=at("2026-11-05 09:00"))  # fmt: skip
    with world.as_(world.d1.manager) as session:
        newer = str(fees.submit(session, world.d1.manager, second.public_id, at=at("2026-11-05 10:00")).number)
    with world.as_(world.hq.manager) as session:
        fees.approve(session, world.hq.manager, newer, at=at("2026-11-06 09:00"))
        assert fee_queries.in_force(session, world.d1.id, "福州市", date(2026, 11, 30)).number == number
        assert fee_queries.in_force(session, world.d1.id, "福州市", date(2026, 12, 1)).number == newer


def test_T11_two_brands_with_the_same_numbers_never_meet(app) -> None:  # type: ignore[no-untyped-def]
    left, right = make_world(), make_world()
    assert left.submitted_order(left.d1) == right.submitted_order(right.d1) == "PO2610-0001"
    assert db.engine is not None
    assert left.balance(left.d1) == right.balance(right.d1) == Decimal("1000.00")
