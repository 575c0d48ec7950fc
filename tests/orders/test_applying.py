"""Drafted and submitted by one press of the button: the same as drafting and then submitting, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.core.audit import AuditEvent
from portal.orders import actions
from portal.orders.models import Order, OrderLine, Purpose
from portal.orders.rules import LineWish
from tests.factories.statements import counted
from tests.factories.world import World, at
from tests.orders.doing import S, do, refusal

WHEN = "2026-10-05 09:00"
_OWN = {
    "id",
    "public_id",
    "number",
    "ver",
    "order_id",
    "subject_id",
    "subject_number",
}  # what differs between any two orders


def stored(world: World, number: str | None) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The order, its lines and its events as they lie in the database, without what is each order's own."""

    def plain(rows: Sequence[Any]) -> list[dict[str, Any]]:
        return [{c.name: getattr(row, c.name) for c in row.__table__.columns if c.name not in _OWN} for row in rows]

    with world.as_(world.hq.auditor) as session:
        order = session.scalars(select(Order).where(Order.number == number)).one()
        lines = session.scalars(
            select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.position)
        ).all()
        said = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.subject_kind == "order", AuditEvent.subject_id == order.id)
            .order_by(AuditEvent.id)
        ).all()
        return plain([order])[0], plain(lines), plain(said)


def wishes(serial: str) -> list[LineWish]:
    return [
        LineWish("P1", 4, Purpose.STOCK),
        LineWish("p2", 1, Purpose.WARRANTY, serial, note=" 漏水 “急” "),
        LineWish("P3", 2, Purpose.PAID, serial),
    ]


def test_R3_R13_both_roads_store_the_same_order_lines_verdicts_and_events(world: World) -> None:
    serial = world.product(world.d1)
    words: dict[str, Any] = {"note": " 请加急 ", "ship_to": "福州 'a' \\ %(x)s :y", "when": WHEN}
    drafted = do(world, world.d1.clerk, "draft", lines=wishes(serial), **words)
    slow = do(world, world.d1.clerk, "submit", drafted.public_id, when=WHEN)
    quick = do(world, world.d1.clerk, "apply", lines=wishes(serial), **words)
    assert (slow.number, quick.number) == ("PO2610-0001", "PO2610-0002")
    assert (quick.state, quick.submitted_at) == (S.SUBMITTED, at(WHEN))
    one, other = stored(world, slow.number), stored(world, quick.number)
    assert one == other
    assert [line["quantity"] for line in other[1]] == [4, 1, 2]
    assert '"covered": true' in other[1][1]["verdict"]
    assert [(said["act"], said["before"], said["after"], said["facts"]) for said in other[2]] == [
        ("order:draft", None, "draft", {"lines": 3}),
        ("order:submit", "draft", "submitted", {"lines": 3}),
    ]


def test_the_events_of_an_application_name_it(world: World) -> None:
    quick = do(world, world.d1.clerk, "apply", lines=[LineWish("P1", 1, Purpose.STOCK)], when=WHEN)
    with world.as_(world.hq.auditor) as session:
        said = session.execute(
            select(AuditEvent.act, AuditEvent.subject_id, AuditEvent.subject_number)
            .order_by(AuditEvent.id.desc())
            .limit(2)
        ).all()
    assert [tuple(row) for row in reversed(said)] == [
        ("order:draft", quick.id, None),
        ("order:submit", quick.id, quick.number),
    ]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (LineWish("NOPE", 1, Purpose.STOCK), "line-part-unknown"),
        (LineWish("P1", 1, Purpose.WARRANTY, "SN-NOBODY"), "line-product-unknown"),
        (LineWish("P1", 1, Purpose.WARRANTY), "order-serial-missing"),
        (LineWish("P1", 0, Purpose.STOCK), "order-line-quantity"),
        (LineWish("P1", 1, Purpose.STOCK, note="x" * 501), "order-text-too-long"),
    ],
)
def test_a_line_that_cannot_be_refuses_the_whole_and_nothing_is_stored(world: World, wish: LineWish, code: str) -> None:
    why = refusal(lambda: do(world, world.d1.clerk, "apply", lines=[LineWish("P1", 1, Purpose.STOCK), wish], when=WHEN))
    assert (why.code, why.facts.get("position", 2)) == (code, 2)
    nothing_is_there(world)


def test_R13_what_is_out_of_warranty_or_without_a_price_cannot_be_applied_for(world: World) -> None:
    old = world.product(world.d1, installed=date(2020, 1, 1))
    late = [LineWish("P1", 1, Purpose.WARRANTY, old)]
    why = refusal(lambda: do(world, world.d1.clerk, "apply", lines=late, when=WHEN))
    assert (why.code, why.facts["position"], why.facts["serial"], why.facts["part"]) == (
        "line-out-of-warranty", 1, old, "P1",
    )  # fmt: skip
    early = [LineWish("P1", 1, Purpose.STOCK)]
    why = refusal(lambda: do(world, world.d1.clerk, "apply", lines=early, when="2026-06-30 09:00"))
    assert (why.code, why.facts["part"]) == ("line-no-price", "P1")
    assert refusal(lambda: do(world, world.d1.clerk, "apply", lines=[], when=WHEN)).code == "order-empty"
    nothing_is_there(world)


def test_who_may_not_draft_or_not_submit_applies_for_nothing(world: World) -> None:
    for actor in (world.hq.clerk, world.d1.technician):
        why = refusal(
            lambda actor=actor: do(world, actor, "apply", lines=[LineWish("P1", 1, Purpose.STOCK)], when=WHEN)
        )
        assert why.code == "permission-missing"
    nothing_is_there(world)


def test_however_many_lines_it_takes_as_many_statements(world: World) -> None:
    def statements(many: int) -> int:
        wished = [LineWish("P1", 1, Purpose.WARRANTY, world.product(world.d1)) for _ in range(many)]
        with world.as_(world.d1.clerk) as session, counted() as seen:
            actions.apply(session, world.d1.clerk, lines=wished, at=at(WHEN))
        return len(seen)

    assert statements(1) == statements(20) <= 8


def nothing_is_there(world: World) -> None:
    with world.as_(world.hq.auditor) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 0
        assert (
            session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.subject_kind == "order")) == 0
        )
