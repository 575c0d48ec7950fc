"""The dealer asks: drafts, lines, verdicts, numbers; a refused step changes nothing."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from portal.core.errors import NotFound
from portal.orders import queries
from portal.orders.models import Order, Purpose
from portal.orders.rules import LineWish
from portal.warranty.rules import Verdict
from tests.factories.world import World
from tests.orders.doing import S, do, events, refusal


def test_a_draft_has_no_number_and_submitting_gives_the_next_of_the_month(world: World) -> None:
    wish = [LineWish("P1", 4, Purpose.STOCK)]
    order = do(world, world.d1.clerk, "draft", lines=wish, note=" hurry ", ship_to="福州", when="2026-10-31 23:00")
    assert isinstance(order, Order)
    assert (order.state, order.number, order.note, order.drafted_by) == (S.DRAFT, None, "hurry", world.d1.clerk.name)
    sent = do(world, world.d1.clerk, "submit", order.public_id, when="2026-11-01 00:10")
    assert isinstance(sent, Order)
    assert (sent.state, sent.number) == (S.SUBMITTED, "PO2611-0001")
    assert events(world, "PO2611-0001") == ["order:submit"]


def test_a_draft_may_be_changed_by_its_dealer_only_as_long_as_it_is_one(world: World) -> None:
    order = do(
        world,
        world.d1.clerk,
        "draft",
        lines=[LineWish("P1", 4, Purpose.STOCK), LineWish("P3", 1, Purpose.PAID)],
        when="2026-10-05 09:00",
    )
    do(
        world,
        world.d1.clerk,
        "amend",
        order.public_id,
        lines=[LineWish("P2", 2, Purpose.STOCK)],
        seen=1,
        when="2026-10-05 09:05",
    )
    with world.as_(world.d1.clerk) as session:
        lines = queries.order(session, order.public_id).lines
        assert [(line.position, line.part.number, line.quantity) for line in lines] == [(1, "P2", 2)]
    stale = refusal(
        lambda: do(
            world,
            world.d1.clerk,
            "amend",
            order.public_id,
            lines=[LineWish("P1", 1, Purpose.STOCK)],
            seen=1,
            when="2026-10-05 09:06",
        )
    )
    assert stale.code == "changed-meanwhile"
    with pytest.raises(NotFound):
        do(
            world,
            world.d2.clerk,
            "amend",
            order.public_id,
            lines=[LineWish("P1", 1, Purpose.STOCK)],
            when="2026-10-05 09:06",
        )
    do(world, world.d1.clerk, "submit", order.public_id, when="2026-10-05 09:07")
    late = refusal(
        lambda: do(
            world,
            world.d1.clerk,
            "amend",
            order.public_id,
            lines=[LineWish("P1", 1, Purpose.STOCK)],
            when="2026-10-05 09:08",
        )
    )
    assert late.code == "wrong-state"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (LineWish("NOPE", 1, Purpose.STOCK), "line-part-unknown"),
        (LineWish("P1", 1, Purpose.WARRANTY, "SN-NOBODY"), "line-product-unknown"),
        (LineWish("P1", 1, Purpose.WARRANTY), "order-serial-missing"),
        (LineWish("P1", 0, Purpose.STOCK), "order-line-quantity"),
        (LineWish("P1", 10_000, Purpose.STOCK), "order-line-quantity"),
        (LineWish("P1", 1, Purpose.STOCK, note="x" * 501), "order-text-too-long"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_its_position(world: World, wish: LineWish, code: str) -> None:
    why = refusal(
        lambda: do(
            world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.STOCK), wish], when="2026-10-05 09:00"
        )
    )
    assert why.code == code
    assert why.facts.get("position", 2) == 2
    with world.as_(world.hq.auditor) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_headquarters_and_technicians_draft_nothing(world: World) -> None:
    for actor in (world.hq.clerk, world.d1.technician):
        why = refusal(
            lambda actor=actor: do(
                world, actor, "draft", lines=[LineWish("P1", 1, Purpose.STOCK)], when="2026-10-05 09:00"
            )
        )
        assert why.code == "permission-missing"


def test_a_product_of_another_dealer_is_said_to_be_that(world: World) -> None:
    serial = world.product(world.d2)
    why = refusal(
        lambda: do(
            world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.WARRANTY, serial)], when="2026-10-05 09:00"
        )
    )
    assert (why.code, why.facts["serial"]) == ("line-product-elsewhere", serial)


def test_R13_a_warranty_line_keeps_the_verdict_of_the_day_it_was_submitted(world: World) -> None:
    serial = world.product(world.d1, installed=date(2025, 3, 2))
    number = world.submitted_order(world.d1, {"P1": 1}, purpose="warranty", serial=serial, when="2026-10-05 09:00")
    with world.as_(world.d1.clerk) as session:
        stored = queries.order(session, number).lines[0].verdict
    assert stored is not None
    verdict = Verdict.from_json(stored)
    assert (verdict.covered, verdict.day, verdict.last_day) == (True, date(2026, 10, 5), date(2030, 3, 2))


def test_R13_a_warranty_line_out_of_warranty_stays_a_draft_until_its_purpose_is_changed(world: World) -> None:
    serial = world.product(world.d1, installed=date(2020, 1, 1))
    order = do(
        world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.WARRANTY, serial)], when="2026-10-05 09:00"
    )
    why = refusal(lambda: do(world, world.d1.clerk, "submit", order.public_id, when="2026-10-05 09:01"))
    assert (why.code, why.facts["position"], why.facts["serial"]) == ("line-out-of-warranty", 1, serial)
    with world.as_(world.d1.clerk) as session:
        same = queries.order(session, order.public_id)
        assert (same.state, same.number) == (S.DRAFT, None)
    do(
        world,
        world.d1.clerk,
        "amend",
        order.public_id,
        lines=[LineWish("P1", 1, Purpose.PAID, serial)],
        when="2026-10-05 09:02",
    )
    sent = do(world, world.d1.clerk, "submit", order.public_id, when="2026-10-05 09:03")
    assert sent.state is S.SUBMITTED
    assert sent.lines[0].verdict is None


def test_a_part_without_a_price_today_cannot_be_submitted(world: World) -> None:
    order = do(world, world.d1.clerk, "draft", lines=[LineWish("P1", 1, Purpose.STOCK)], when="2026-06-30 09:00")
    why = refusal(lambda: do(world, world.d1.clerk, "submit", order.public_id, when="2026-06-30 09:00"))
    assert (why.code, why.facts["part"]) == ("line-no-price", "P1")
