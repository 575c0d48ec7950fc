"""What is seen of old parts: lists, counts, what waits, what can be claimed (R1, R33, R36)."""

from decimal import Decimal

import pytest
from sqlalchemy import event

from portal.core.db import db
from portal.old_parts import actions, queries
from portal.old_parts.queries import Filters
from tests.factories.world import at


@pytest.fixture
def shelf(world):
    """D001 holds ten P1, D002 two."""
    world.received_order(world.d1, {"P1": 10})
    world.received_order(world.d2, {"P1": 2})
    return world


def numbers(world, actor, **filters):
    with world.as_(actor) as session:
        return [row.number for row in queries.listed(session, Filters(**filters))]


def test_R1_a_dealer_lists_its_own_and_headquarters_all(shelf):
    mine, theirs = shelf.reported_old_part(shelf.d1), shelf.reported_old_part(shelf.d2)
    assert numbers(shelf, shelf.d1.clerk, tab="all") == [mine]
    assert numbers(shelf, shelf.d2.clerk, tab="all") == [theirs]
    assert numbers(shelf, shelf.hq.clerk, tab="all") == [theirs, mine]
    assert numbers(shelf, shelf.hq.clerk, tab="all", dealer="D001") == [mine]


def test_the_tabs_and_their_counts(shelf):
    registered = shelf.registered_old_part(shelf.d1)
    pending = shelf.reported_old_part(shelf.d1)
    accepted = shelf.reviewed_old_part(shelf.d1)
    wanted, refused, withdrawn = (shelf.reported_old_part(shelf.d1) for _ in range(3))
    with shelf.as_(shelf.hq.clerk) as session:
        actions.want(session, shelf.hq.clerk, wanted, reason="x", at=at("2026-10-11 09:00"))
        actions.refuse(session, shelf.hq.clerk, refused, reason="x", at=at("2026-10-11 09:00"))
    with shelf.as_(shelf.d1.clerk) as session:
        actions.withdraw(session, shelf.d1.clerk, withdrawn, reason="x", at=at("2026-10-11 09:00"))
        assert queries.counts(session) == {"registered": 1, "pending": 1, "wanted": 1}
    tabs = {
        "registered": registered,
        "pending": pending,
        "accepted": accepted,
        "wanted": wanted,
        "refused": refused,
        "withdrawn": withdrawn,
    }
    for tab, number in tabs.items():
        assert numbers(shelf, shelf.d1.clerk, tab=tab) == [number]


def test_the_list_pages_by_key_and_searches(shelf):
    made = [shelf.registered_old_part(shelf.d1, photos=0) for _ in range(4)]
    with shelf.as_(shelf.d1.clerk) as session:
        first = queries.listed(session, Filters(), limit=2)
        assert [row.number for row in first] == made[:1:-1]
        older = queries.listed(session, Filters(), before_id=first[-1].id, limit=2)
        assert [row.number for row in older] == made[1::-1]
        newer = queries.listed(session, Filters(), after_id=older[0].id, limit=2)
        assert [row.number for row in newer] == made[:1:-1]
        serial = first[0].serial
    for typed in (made[3].lower(), serial):
        assert numbers(shelf, shelf.d1.clerk, text=typed) == [made[3]]
    assert numbers(shelf, shelf.d1.clerk, text="进水") == made[::-1]
    assert numbers(shelf, shelf.d1.clerk, text="100%") == []


def test_a_row_says_what_the_page_needs_in_one_statement(shelf):
    number = shelf.registered_old_part(shelf.d1, quantity=2, photos=2)
    statements = []
    with shelf.as_(shelf.d1.clerk) as session:
        session.connection()

        def count(*args):
            statements.append(args[2])

        event.listen(db.engine, "before_cursor_execute", count)
        [row] = queries.listed(session, Filters())
        event.remove(db.engine, "before_cursor_execute", count)
    assert len(statements) == 1
    assert (row.number, row.part_name, row.fault_code, row.quantity, row.amount) == (
        number,
        "进水阀",
        "F01",
        2,
        Decimal("25.00"),
    )
    assert (row.out_price, row.photo_count, row.claim_line, row.dealer_code) == (Decimal("30.00"), 2, None, "D001")
    assert row.photo is not None


def test_R36_a_received_warranty_line_awaits_its_registration_until_it_has_one(world):
    serial = world.product(world.d1)
    order = world.received_order(world.d1, {"P1": 2}, purpose="warranty", serial=serial)
    with world.as_(world.d1.clerk) as session:
        [line] = queries.awaiting_registration(session)
        assert (line.order_number, line.part_number, line.serial, line.pieces) == (order, "P1", serial, 2)
    number = world.registered_old_part(world.d1, serial=serial)
    with world.as_(world.d1.clerk) as session:
        assert [line.pieces for line in queries.awaiting_registration(session)] == [1]
    world.registered_old_part(world.d1, serial=serial)
    with world.as_(world.d1.clerk) as session:
        assert queries.awaiting_registration(session) == []
        actions.withdraw(session, world.d1.clerk, number, reason="x", at=at("2026-10-11 09:00"))
        assert [line.pieces for line in queries.awaiting_registration(session)] == [1]
    with world.as_(world.d2.clerk) as session:
        assert queries.awaiting_registration(session) == []


def test_the_next_to_review_is_the_oldest(shelf):
    first, second = shelf.reported_old_part(shelf.d1), shelf.reported_old_part(shelf.d2)
    with shelf.as_(shelf.hq.clerk) as session:
        assert queries.next_to_review(session) == first
        assert queries.next_to_review(session, after_id=queries.old_part(session, first).id) == second
        assert [old.number for old in queries.several(session, [second, "OP0000-1", first, second])] == [second, first]
