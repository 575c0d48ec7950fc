"""Two pairs of eyes, then one journal; every refusal leaves everything as it was (R2, R51–R54)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from portal.core.audit import AuditEvent
from portal.core.errors import NotFound
from portal.ledger import queries as ledger
from portal.settlement import actions, queries
from portal.settlement.models import SettlementState
from tests.factories.world import at
from tests.settlement.looking import found, journals, refused, statements
from tests.settlement.months import NOVEMBER, OCTOBER, THE_THIRD, checked, claimed, posted, prepared

# -- two pairs of eyes --


def test_R2_the_preparer_does_not_check(world):
    """AZ4: nobody does two steps that ask for two people."""
    with world.as_(world.hq.finance) as session:
        actions.prepare(session, world.hq.finance, OCTOBER, at=THE_THIRD)
    assert refused(world, world.hq.finance, actions.check, OCTOBER).code == "you-prepared-it"
    assert found(world).state == SettlementState.PREPARED
    with world.as_(world.hq.finance2) as session:
        actions.check(session, world.hq.finance2, OCTOBER, at=THE_THIRD)
    assert (found(world).state, found(world).checked_by) == (SettlementState.CHECKED, "吴琴")


def test_R51_checking_and_posting_are_a_persons(world):
    prepared(world)
    assert refused(world, world.hq.system, actions.check, OCTOBER).code == "needs-a-person"
    with world.as_(world.hq.finance) as session:
        actions.check(session, world.hq.finance, OCTOBER, at=THE_THIRD)
    assert refused(world, world.hq.system, actions.post, OCTOBER).code == "needs-a-person"
    assert refused(world, world.hq.finance, actions.post, OCTOBER).code == "permission-missing"
    assert found(world).state == SettlementState.CHECKED


def test_R2_the_same_login_that_prepared_or_checked_cannot_post_whatever_its_roles(world):
    from dataclasses import replace

    both = replace(world.hq.finance, permissions=world.hq.finance.permissions | world.hq.finance_manager.permissions)
    checked(world)
    assert refused(world, both, actions.post, OCTOBER).code == "you-checked-it"
    with world.as_(both) as session:
        actions.prepare(session, both, OCTOBER, at=THE_THIRD)
    with world.as_(world.hq.finance2) as session:
        actions.check(session, world.hq.finance2, OCTOBER, at=THE_THIRD)
    assert refused(world, both, actions.post, OCTOBER).code == "you-prepared-it"
    assert journals(world) == 0


def test_R51_nothing_is_checked_sent_back_or_posted_that_was_never_prepared(world):
    for who, step, facts in (
        (world.hq.finance, actions.check, {}),
        (world.hq.finance_manager, actions.post, {}),
        (world.hq.finance_manager, actions.send_back, {"reason": "x"}),
    ):
        assert refused(world, who, step, OCTOBER, **facts).code == "not-prepared"
    prepared(world)
    assert refused(world, world.hq.finance_manager, actions.post, OCTOBER).code == "wrong-state"


def test_R51_sending_back_voids_the_check_and_needs_a_reason(world):
    checked(world)
    assert refused(world, world.hq.finance_manager, actions.send_back, OCTOBER, reason="  ").code == "reason-needed"
    assert found(world).state == SettlementState.CHECKED
    with world.as_(world.hq.finance_manager) as session:
        actions.send_back(session, world.hq.finance_manager, OCTOBER, reason="D001 再核一次", at=THE_THIRD)
    assert (found(world).state, found(world).checked_login) == (SettlementState.PREPARED, None)
    with world.as_(world.hq.auditor) as session:
        event = session.scalar(select(AuditEvent).where(AuditEvent.act == "settlement:send_back"))
        assert (event.before, event.after, event.facts["reason"], event.public) == (
            "checked",
            "prepared",
            "D001 再核一次",
            False,
        )


# -- posting --


def test_R52_posting_is_one_journal_with_one_credit_per_dealer_and_no_line_is_touched(world):
    claimed(world, world.d1, {"P1": 4, "P2": 1})
    claimed(world, world.d2, {"P1": 3})
    before = {shop.id: world.balance(shop) for shop in (world.d1, world.d2)}
    checked(world)
    with world.as_(world.hq.auditor) as session:
        lines = session.execute(text("SELECT id, xmin::text FROM claim_lines ORDER BY id")).all()
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, OCTOBER, at=THE_THIRD)
    assert world.balance(world.d1) == before[world.d1.id] + Decimal("150.00")
    assert world.balance(world.d2) == before[world.d2.id] + Decimal("37.50")
    with world.as_(world.hq.auditor) as session:
        assert session.execute(text("SELECT id, xmin::text FROM claim_lines ORDER BY id")).all() == lines
        journal = ledger.journal_of(session, "settlement:ST2610", "settlement")
        assert (journal.booked_on, journal.month) == (date(2026, 11, 3), NOVEMBER)
        sides = sorted(
            (row.account, row.dealer, row.debit, row.credit, row.document)
            for row in ledger.postings(session, journal.id)
        )
        assert sides == [
            ("prepayments", "D001", None, Decimal("150.00"), "ST2610-D001"),
            ("prepayments", "D002", None, Decimal("37.50"), "ST2610-D002"),
            ("warranty-expense", None, Decimal("187.50"), None, "ST2610"),
        ]
        row = queries.settlement(session, OCTOBER)
        assert (row.journal_id, row.chain_hash) == (journal.id, ledger.chain_hash(session, journal.id))
        assert row.chain_hash == ledger.chain_head(session).hash
        assert (row.posted_by, row.posted_at) == ("郑国强", THE_THIRD)


def test_R53_a_statement_runs_from_the_last_ones_end_to_its_own_entry(world):
    claimed(world, world.d1, {"P1": 4})
    posted(world)
    first = statements(world)
    one, other = first[world.d1.id], first[world.d2.id]
    assert (one.number, one.opening, one.closing, one.first_seq) == (
        "ST2610-D001",
        Decimal("0.00"),
        world.balance(world.d1),
        1,
    )
    assert (other.number, other.lines, other.amount, other.opening, other.closing) == (
        "ST2610-D002", 0, Decimal("0.00"), Decimal("0.00"), Decimal("1000.00"),
    )  # fmt: skip
    assert (other.first_seq, other.last_seq) == (1, 1)
    assert one.confirm_by == date(2026, 11, 8)
    with world.as_(world.d1.clerk) as session:
        account = ledger.prepayment(session, world.d1.id)
        entries = ledger.entries_between(session, account.id, one.first_seq, one.last_seq)
        assert (entries[0].purpose, entries[-1].purpose, entries[-1].document, entries[-1].balance_after) == (
            "opening", "settlement", "ST2610-D001", one.closing,
        )  # fmt: skip
    world.topup(world.d2, "12.34", when="2026-11-05 09:00")
    posted(world, NOVEMBER, when=at("2026-12-03 02:00"))
    second = {row.number: row for row in statements(world).values()}
    assert (second["ST2611-D001"].opening, second["ST2611-D001"].first_seq) == (one.closing, one.last_seq + 1)
    assert second["ST2611-D001"].last_seq == one.last_seq  # nothing moved: an empty statement
    assert (second["ST2611-D002"].opening, second["ST2611-D002"].closing) == (Decimal("1000.00"), Decimal("1012.34"))


def test_R53_a_dealer_reads_its_own_posted_statement_and_nothing_before(world):
    claimed(world, world.d1, {"P1": 4})
    checked(world)
    with world.as_(world.d1.clerk) as session:
        assert queries.statement_page(session) == []
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, OCTOBER, at=THE_THIRD)
    with world.as_(world.d1.clerk) as session:
        assert [row.number for row in queries.statement_page(session)] == ["ST2610-D001"]
        with pytest.raises(NotFound):
            queries.statement(session, "ST2610-D002")


@pytest.mark.parametrize("step", ["prepare", "check", "post", "send_back", "exclude"])
def test_R54_a_posted_settlement_answers_already_posted_before_anything_else(world, step):
    claim = claimed(world, world.d1, {"P1": 4})
    posted(world)
    before = world.balance(world.d1)
    facts = {"send_back": {"reason": ""}, "exclude": {"claim": claim, "position": 1, "reason": ""}}.get(step, {})
    error = refused(world, world.hq.clerk, getattr(actions, step), OCTOBER, when=at("2026-11-01 09:00"), **facts)
    assert (error.code, error.facts["number"]) == ("already-posted", "ST2610")
    assert (world.balance(world.d1), journals(world)) == (before, 1)


def test_R51_what_was_checked_is_what_is_posted_or_it_is_prepared_again(world):
    claimed(world, world.d1, {"P1": 4})
    checked(world)
    with world.as_(world.hq.system) as session:  # a line that changed behind the settlement's back
        session.execute(text("UPDATE claim_lines SET pays_in = '2026-11-01' WHERE dealer_id = :d"), {"d": world.d1.id})
    assert refused(world, world.hq.finance_manager, actions.post, OCTOBER).code == "prepare-again"
    assert (found(world).state, journals(world)) == (SettlementState.CHECKED, 0)
    prepared(world, when=at("2026-11-03 09:00"))
    assert found(world).amount == Decimal("0.00")


def test_R51_a_swap_between_dealers_is_seen_though_the_totals_agree(world):
    claimed(world, world.d1, {"P1": 4})
    claimed(world, world.d2, {"P1": 4}, approved="2026-11-05 10:00")
    checked(world)
    with world.as_(world.hq.system) as session:
        session.execute(text("UPDATE claim_lines SET pays_in = '2026-11-01' WHERE dealer_id = :d"), {"d": world.d1.id})
        session.execute(text("UPDATE claim_lines SET pays_in = '2026-10-01' WHERE dealer_id = :d"), {"d": world.d2.id})
    assert refused(world, world.hq.finance_manager, actions.post, OCTOBER).code == "prepare-again"
