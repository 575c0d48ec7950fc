"""A month of 2,000 dealers and 100,000 lines is settled in a few statements, within a second or two on an old machine."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from sqlalchemy import text

from portal.settlement import actions, queries
from tests.factories.world import at
from tests.settlement.months import OCTOBER

DEALERS, LINES = 2_000, 50
FILL = (
    "SET LOCAL statement_timeout = 0",
    f"""INSERT INTO dealers (code, name, city, contact, phone, address, created_at)
        SELECT 'X' || n, 'dealer ' || n, '', '', '', '', timestamptz '2026-01-01' FROM generate_series(1, {DEALERS}) n""",
    "INSERT INTO accounts (code, dealer_id) SELECT 'prepayments', id FROM dealers WHERE code LIKE 'X%'",
    """INSERT INTO products (dealer_id, serial, model_id, use, customer_name, customer_phone, customer_address)
        SELECT id, 'BENCH' || id, (SELECT min(id) FROM product_models), 'home', '', '', '' FROM dealers WHERE code LIKE 'X%'""",
    f"""INSERT INTO old_parts (number, state, ver, product_id, part_id, fault_id, cause, quantity, amount, replaced_on, report_by, must_return,
            verdict, note, registered_at, registered_by, reported_at, reported_by, reported_late, review, dealer_id)
        SELECT 'OPX' || p.id || '-' || n, 'reported', 1, p.id, (SELECT min(id) FROM parts), (SELECT min(id) FROM fault_codes), 'quality', 1, 1250,
            date '2026-10-10', date '2026-10-17', true, '{{}}', '', timestamptz '2026-10-10', '', timestamptz '2026-10-10', '', false, 'accepted', p.dealer_id
        FROM products p CROSS JOIN generate_series(1, {LINES}) n WHERE p.serial LIKE 'BENCH%'""",
    """INSERT INTO claims (dealer_id, number, state, ver, month, note, drafted_at, drafted_by, submitted_at, updated_at)
        SELECT id, 'RCX' || id, 'decided', 1, date '2026-10-01', '', i, '', i, i
        FROM dealers CROSS JOIN (VALUES (timestamptz '2026-10-20')) AS t (i) WHERE code LIKE 'X%'""",
    """INSERT INTO claim_lines (claim_id, position, state, old_part_id, service_day, quantity, claimed, approved_quantity, approved, checks,
            decided_at, decided_by, pays_in, dealer_id)
        SELECT c.id, row_number() OVER (PARTITION BY c.id), 'approved', o.id, date '2026-10-10', 1, 1250, 1, 1250, '[]', timestamptz '2026-10-25', '',
            CASE WHEN row_number() OVER (PARTITION BY c.id) % 10 = 0 THEN date '2026-11-01' ELSE date '2026-10-01' END, c.dealer_id
        FROM old_parts o JOIN claims c ON c.dealer_id = o.dealer_id WHERE c.number LIKE 'RCX%'""",
)


@pytest.mark.bench
def test_R52_two_thousand_dealers_are_settled_in_seconds(world):
    with world.as_(world.hq.system) as session:
        for statement in FILL:
            session.execute(text(statement))
    took = {}
    for name, who, step in (
        ("prepare", world.hq.system, actions.prepare),
        ("check", world.hq.finance, actions.check),
        ("post", world.hq.finance_manager, actions.post),
    ):
        begun = time.perf_counter()
        with world.as_(who) as session:
            step(session, who, OCTOBER, at=at("2026-11-03 09:00"))
        took[name] = time.perf_counter() - begun
    with world.as_(world.hq.auditor) as session:
        found = queries.settlement(session, OCTOBER)
    assert (found.lines, found.dealers, found.amount) == (90_000, DEALERS, Decimal("1125000.00"))
    assert max(took.values()) < 2.0, took
