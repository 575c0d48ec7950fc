"""R62: `portal prove` finds each planted disagreement, names it, and nothing else disagrees (MO5, BA6).

Every fault is planted by a superuser with the triggers switched off, in one transaction that is taken back.
"""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.ledger.prove import _CHAIN, PROOFS, prove
from tests.factories.world import World, at, make_world

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
GUARDED = ("journals", "postings", "chain_entries", "ledger_months")  # their triggers fire for a replica too
MINE = "brand_id = :brand"


@pytest.fixture(scope="module")
def told(app) -> World:
    """A month with everything in it: bought, shipped, cancelled, repaired, claimed, settled; November is prepared."""
    from portal.ledger import actions as ledger
    from portal.ledger import queries
    from portal.old_parts import actions as old_parts
    from portal.orders import actions as orders
    from portal.settlement import actions as settlement

    world = make_world()
    hq, shop = world.hq, world.d1
    for dealer in (world.d1, world.d2):
        world.topup(dealer, "900.00")
    world.topup(shop, "7.00", when="2026-10-01 10:00")
    with world.as_(hq.finance) as session:
        ledger.reverse_topup(
            session, hq.finance, queries.topups(session)[0].number, reason="错账", at=at("2026-10-01 11:00")
        )
    world.received_order(shop, {"P1": 6, "P2": 1}, when="2026-10-05 09:00")
    world.debited_order(shop, {"P3": 2}, when="2026-10-08 12:00")
    world.shipped_order(shop, {"P1": 2}, when="2026-10-08 13:00")
    world.agreed_order(shop, {"P3": 1}, when="2026-10-08 14:00")
    cancelled = world.debited_order(shop, {"P3": 3}, when="2026-10-08 15:00")
    with world.as_(hq.clerk) as session:
        orders.cancel(session, hq.clerk, cancelled, reason="缺货", at=at("2026-10-08 16:00"))
    claimed = world.reviewed_old_part(shop, quantity=2)
    world.approved_claim(shop, [claimed])
    world.registered_old_part(shop)
    gone = world.registered_old_part(shop)
    with world.as_(shop.clerk) as session:
        old_parts.withdraw(session, shop.clerk, gone, reason="登记错了", at=at("2026-10-11 09:00"))
    for step, who, when in (
        (settlement.prepare, hq.system, "2026-11-03 02:00"), (settlement.check, hq.finance, "2026-11-03 09:00"), (settlement.post, hq.finance_manager, "2026-11-03 10:00"),
    ):  # fmt: skip
        with world.as_(who) as session:
            step(session, who, OCTOBER, at=at(when))  # type: ignore[operator]
    world.received_order(world.d2, {"P1": 1}, when="2026-11-05 09:00")
    late = world.reviewed_old_part(world.d2, replaced="2026-11-10")
    world.approved_claim(world.d2, [late], month="2026-11", when="2026-11-20 09:00")
    with world.as_(hq.system) as session:
        settlement.prepare(session, hq.system, NOVEMBER, at=at("2026-12-03 02:00"))
    return world


def found(settings: Settings, world: World, *statements: str) -> dict[str, list[str]]:
    """What is proven wrong after these statements, by proof; they are taken back."""
    with admin_engine(str(settings.admin_url)).connect() as connection:
        connection.exec_driver_sql("SET search_path = app")
        assert prove(connection, world.brand_id) == []  # the control: nothing, before
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in GUARDED:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            changed = connection.exec_driver_sql(
                statement.replace(":brand", str(world.brand_id))
                .replace(":d1", str(world.d1.id))
                .replace(":d2", str(world.d2.id))
            )
            assert changed.rowcount > 0, f"nothing was planted: {statement}"
        result: dict[str, list[str]] = {}
        for finding in prove(connection, world.brand_id):
            assert finding.brand_id == world.brand_id
            result.setdefault(finding.proof, []).append(finding.what)
        connection.rollback()
    return result


FIRST = "(SELECT min(id) FROM {} WHERE brand_id = :brand)"
OF_ORDER = "(SELECT number FROM orders WHERE brand_id = :brand AND state = '{}' LIMIT 1)"
DEBIT_OF = (
    "(SELECT id FROM journals WHERE brand_id = :brand AND purpose = 'order' AND source = 'order:' || " + OF_ORDER + ")"
)

PLANTED: list[tuple[str, set[str], list[str]]] = [
    ("journal-balanced", {"chain"}, [
        ("INSERT INTO journals (brand_id, number, source, purpose, month, booked_on, at, memo, actor_name, member_id)"
        " SELECT brand_id, 'JV2610-999999', source, 'planted', month, booked_on, at, memo, actor_name, member_id FROM journals WHERE brand_id = :brand AND purpose = 'topup' LIMIT 1")]),
    ("journal-balanced", {"chain", "account-balance", "running-balance"}, [
        f"UPDATE postings SET debit_fen = debit_fen + 1 WHERE {MINE} AND debit_fen IS NOT NULL AND journal_id = {FIRST.format('journals')}"]),
    ("account-balance", set(), [
        f"UPDATE accounts SET balance = balance + 1 WHERE {MINE} AND dealer_id = :d1", f"UPDATE accounts SET balance = balance - 1 WHERE {MINE} AND dealer_id = :d2"]),
    ("account-balance", set(), [f"UPDATE accounts SET entries = entries + 1 WHERE {MINE} AND code = 'bank'"]),
    ("running-balance", {"chain"}, [f"UPDATE postings SET balance_after_fen = balance_after_fen + 1 WHERE {MINE} AND dealer_id = :d1 AND seq = 1"]),
    ("running-balance", {"chain", "statement-entries"}, [f"UPDATE postings SET seq = -1 WHERE {MINE} AND dealer_id = :d2 AND seq = 1"]),
    ("brand-sums-to-zero", {"account-balance"}, [f"UPDATE accounts SET balance = balance + 1 WHERE {MINE} AND code = 'bank'"]),
    ("order-debited-once", set(), [f"UPDATE orders SET state = 'rejected' WHERE {MINE} AND state = 'cancelled'"]),
    ("order-debited-once", set(), [f"UPDATE orders SET state = 'draft' WHERE {MINE} AND state = 'cancelled'"]),
    ("order-debited-once", {"layers-of-debited-orders"}, [f"UPDATE orders SET state = 'debited', debited_at = agreed_at WHERE {MINE} AND state = 'agreed'"]),
    ("order-debited-once", {"layers-of-debited-orders"}, [f"UPDATE orders SET state = 'cancelled' WHERE {MINE} AND state = 'debited'"]),
    ("order-debited-once", {"chain"}, [f"UPDATE journals SET reverses = NULL WHERE {MINE} AND purpose = 'order-reversal'"]),
    ("order-amount", set(), [f"UPDATE orders SET total = total + 1 WHERE {MINE} AND state = 'debited'"]),
    ("order-amount", set(), [f"UPDATE quotes SET agreed_at = NULL WHERE {MINE} AND order_id = (SELECT id FROM orders WHERE brand_id = :brand AND state = 'debited')"]),
    ("order-amount", set(), [f"UPDATE quotes SET goods = goods + 1, freight = freight - 1 WHERE {MINE} AND order_id = (SELECT id FROM orders WHERE brand_id = :brand AND state = 'debited')"]),
    ("order-amount", {"chain"}, [f"UPDATE postings SET dealer_id = :d2 WHERE {MINE} AND dealer_id = :d1 AND journal_id = {DEBIT_OF.format('debited')}"]),
    ("topup-posted", set(), [f"UPDATE topups SET amount = amount + 1 WHERE {MINE} AND dealer_id = :d2"]),
    ("topup-posted", set(), [f"UPDATE topups SET state = 'reversed' WHERE {MINE} AND dealer_id = :d2"]),
    ("topup-posted", set(), [
        ("INSERT INTO topups (brand_id, dealer_id, number, state, amount, received_on, bank_reference, note, entered_at, entered_by)"
        " SELECT brand_id, dealer_id, 'TU2610-9999', state, amount, received_on, 'planted', note, entered_at, entered_by FROM topups WHERE brand_id = :brand LIMIT 1")]),
    ("journal-has-document", set(), [f"UPDATE dealers SET code = 'D999' WHERE {MINE} AND code = 'D002'"]),
    ("journal-has-document", {"chain"}, [f"UPDATE journals SET source = 'gift:x' WHERE {MINE} AND purpose = 'opening' AND source = 'dealer:D002'"]),
    ("layers-of-debited-orders", set(), [f"UPDATE layers SET price = price + 1 WHERE {MINE} AND order_number = {OF_ORDER.format('debited')}"]),
    ("layers-of-debited-orders", set(), [f"DELETE FROM layers WHERE {MINE} AND order_number = {OF_ORDER.format('debited')}"]),
    ("layer-received", set(), [f"UPDATE layers SET received = 0 WHERE {MINE} AND used = 0 AND received = 1 AND bought = 1"]),
    ("layer-received", set(), [f"UPDATE shipment_lines SET damaged = 1 WHERE {MINE} AND counted = 1 AND dealer_id = :d1"]),
    ("layer-received", set(), [f"UPDATE shipment_lines SET quantity = quantity + 1 WHERE {MINE} AND counted IS NULL"]),
    ("layer-used", set(), [f"UPDATE layers SET used = used + 1 WHERE {MINE} AND received = 6"]),
    ("layer-used", {"old-part-allocations"}, [f"UPDATE allocations SET returned = 0 WHERE {MINE} AND returned = 1"]),
    ("old-part-allocations", set(), [f"UPDATE old_parts SET amount = amount + 1 WHERE {MINE} AND state = 'registered'"]),
    ("old-part-allocations", set(), [f"UPDATE old_parts SET quantity = quantity + 1 WHERE {MINE} AND state = 'registered'"]),
    ("claim-line-amount", set(), [f"UPDATE claim_lines SET service_day = service_day + 1 WHERE {MINE} AND dealer_id = :d2"]),
    ("claim-line-amount", set(), [f"UPDATE claim_lines SET claimed = claimed + 1, approved = approved, state = 'reduced', decision_reason = 'x' WHERE {MINE} AND dealer_id = :d2"]),
    ("claim-line-amount", set(), [f"UPDATE claims SET month = '2026-09-01' WHERE {MINE} AND dealer_id = :d2"]),
    ("settled-amounts", set(), [f"UPDATE claim_lines SET pays_in = '2027-01-01' WHERE {MINE} AND dealer_id = :d1"]),
    ("settled-amounts", set(), [f"UPDATE claim_lines SET approved = approved - 1, state = 'reduced', decision_reason = 'x' WHERE {MINE} AND dealer_id = :d1"]),
    ("settled-amounts", set(), [f"UPDATE claim_lines SET pays_in = '2026-10-01' WHERE {MINE} AND dealer_id = :d2"]),
    ("settlement-total", set(), [f"UPDATE settlements SET lines = lines + 1 WHERE {MINE} AND state = 'prepared'"]),
    ("settlement-total", set(), [f"UPDATE settlements SET amount = amount + 1 WHERE {MINE} AND state = 'posted'"]),
    ("settlement-total", {"journal-has-document", "settled-amounts"}, [f"UPDATE settlements SET journal_id = NULL WHERE {MINE} AND state = 'posted'"]),
    ("settlement-missed-a-line", set(), [
        f"UPDATE claim_lines SET pays_in = '2026-10-01' WHERE {MINE} AND dealer_id = :d2", f"DELETE FROM statements WHERE {MINE} AND dealer_id = :d2 AND month = '2026-10-01'"]),
    ("statement-chain", {"statement-entries"}, [f"UPDATE statements SET opening = opening + 1 WHERE {MINE} AND dealer_id = :d1 AND posted_at IS NOT NULL"]),
    ("statement-chain", {"statement-entries"}, [f"UPDATE statements SET first_seq = 2 WHERE {MINE} AND dealer_id = :d2 AND posted_at IS NOT NULL"]),
    ("statement-closing", {"statement-entries"}, [f"UPDATE statements SET closing = closing - 1 WHERE {MINE} AND dealer_id = :d1 AND posted_at IS NOT NULL"]),
    ("statement-closing", {"statement-entries"}, [f"UPDATE statements SET last_seq = last_seq - 1 WHERE {MINE} AND dealer_id = :d2 AND posted_at IS NOT NULL"]),
    ("statement-entries", {"statement-chain", "statement-closing"}, [
        f"UPDATE statements SET opening = opening + 1, closing = closing - 1 WHERE {MINE} AND dealer_id = :d1 AND posted_at IS NOT NULL"]),
    ("statement-paper", set(), [
        ("INSERT INTO statement_papers (brand_id, dealer_id, statement_id, kind, name, sha256, size, opening, closing, amount, rendered_at)"
        " SELECT brand_id, dealer_id, id, 'pdf', 'planted.pdf', repeat('0', 64), 1, opening, closing + 1, amount, posted_at FROM statements"
        " WHERE brand_id = :brand AND posted_at IS NOT NULL LIMIT 1")]),
    ("month-closed-before-settled", set(), [f"UPDATE ledger_months SET closed_at = '2026-12-04', closed_by = 'x' WHERE {MINE} AND month = '2026-11-01'"]),
    ("chain", set(), [f"UPDATE chain_entries SET hash = sha256(hash) WHERE {MINE} AND seq = 3"]),
    ("chain", set(), [f"DELETE FROM chain_entries WHERE {MINE} AND seq = 3"]),
    ("chain", set(), [f"UPDATE chain_heads SET hash = sha256(hash) WHERE {MINE}"]),
    ("chain", set(), [f"UPDATE chain_heads h SET seq = e.seq, hash = e.hash FROM chain_entries e WHERE h.{MINE} AND e.{MINE} AND e.seq = 3"]),
    ("chain", set(), [f"DELETE FROM chain_heads WHERE {MINE}"]),
    *[
        ("chain", set(), [f"UPDATE journals SET {change} WHERE {MINE} AND id = {FIRST.format('journals')}"])
        for change in ("memo = memo || ' '", "actor_name = 'nobody'", "member_id = member_id + 1", "at = at + interval '1 second'", "number = 'JV0000-000001'")
    ],
    *[
        ("chain", set(), [f"UPDATE postings SET {change} WHERE {MINE} AND dealer_id = :d2 AND seq = 1"])
        for change in ("memo = memo || ' '", "document = 'PO0000-0001'", "booked_on = booked_on + 1", "at = at + interval '1 second'", "purpose = 'gift'")
    ],
]  # fmt: skip


@pytest.mark.parametrize(
    ("proof", "also", "statements"), PLANTED, ids=[f"{n}-{proof}" for n, (proof, _, _) in enumerate(PLANTED)]
)
def test_R62_a_planted_disagreement_is_found_and_nothing_else_disagrees(
    told: World, settings: Settings, proof: str, also: set[str], statements: list[str]
) -> None:
    result = found(settings, told, *statements)
    assert set(result) == {proof} | also
    assert all(result[proof])


def test_R62_every_proof_has_found_something(told: World) -> None:
    assert {proof for proof, _, _ in PLANTED} == set(PROOFS) | {"chain"}
    assert _CHAIN not in PROOFS.values()


def test_R66_the_first_link_that_was_changed_is_named(told: World, settings: Settings) -> None:
    result = found(settings, told, f"UPDATE chain_entries SET hash = sha256(hash) WHERE {MINE} AND seq = 3")
    assert sorted(result["chain"]) == ["link 3", "link 4"]


def test_R1_headquarters_proves_its_own_brand_in_its_own_scope(told: World) -> None:
    other = make_world()
    for world in (told, other):
        with world.as_(world.hq.auditor) as session:
            assert prove(session.connection()) == []
            assert prove(session.connection(), world.brand_id) == []


def test_R62_the_page_says_that_nothing_disagrees_and_what_does(told: World, settings: Settings, client_as) -> None:
    other = make_world()
    browser = client_as(other.hq.auditor)
    clean = browser.get("/prove")
    assert clean.status_code == 200
    with admin_engine(str(settings.admin_url)).begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE app.accounts SET balance = balance + 1 WHERE brand_id = {other.brand_id} AND code = 'opening'"
        )
    page = browser.get("/prove").get_data(as_text=True)
    assert "opening" in page
    assert "opening" not in clean.get_data(as_text=True)
    with told.as_(told.hq.auditor) as session:
        assert prove(session.connection()) == []  # another brand's page is as it was
