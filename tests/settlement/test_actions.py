"""A month is prepared, checked and posted, to the fen; every refusal leaves everything as it was (R2, R50-R54)."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.claims.models import ClaimLine
from portal.core.audit import AuditEvent
from portal.core.errors import NotFound, Refused
from portal.core.terms import TermValue
from portal.ledger import queries as ledger
from portal.settlement import actions, queries
from portal.settlement.models import Exclusion, Settlement, SettlementState, Statement
from tests.factories.world import World, at, yuan
from tests.settlement.months import NOVEMBER, OCTOBER, SEPTEMBER, THE_THIRD, checked, claimed, counted, posted, prepared


def found(world: World, month: date = OCTOBER) -> Settlement | None:
    with world.as_(world.hq.auditor) as session:
        return queries.settlement(session, month)


def statements(world: World) -> dict[int, Statement]:
    with world.as_(world.hq.auditor) as session:
        return {row.dealer_id: row for row in session.scalars(select(Statement))}


def journals(world: World) -> int:
    with world.as_(world.hq.auditor) as session:
        return session.scalar(text("SELECT count(*) FROM journals WHERE purpose = 'settlement'"))


def refused(world: World, who, step, *args, when=THE_THIRD, **facts) -> Refused:
    with pytest.raises(Refused) as error, world.as_(who) as session:
        step(session, who, *args, at=when, **facts)
    return error.value


# -- preparing --


def test_R50_prepare_writes_what_each_dealer_gets_to_the_fen(world):
    claimed(world, world.d1, {"P1": 4, "P2": 1})
    claimed(world, world.d2, {"P1": 3})
    prepared(world)
    row = found(world)
    assert (row.number, row.state, row.settles_on) == ("ST2610", SettlementState.PREPARED, date(2026, 11, 3))
    assert (row.lines, row.dealers, row.amount) == (3, 2, Decimal("187.50"))
    shares = {dealer: (one.lines, one.amount, one.number) for dealer, one in statements(world).items()}
    assert shares == {world.d1.id: (2, Decimal("150.00"), None), world.d2.id: (1, Decimal("37.50"), None)}
    assert journals(world) == 0


@pytest.mark.parametrize(
    ("when", "begun"),
    [("2026-11-02 23:59:59", False), ("2026-11-03 00:00:00", True)],
)
def test_R51_preparing_is_refused_before_the_third_begins_in_the_brands_zone(world, when, begun):
    if begun:
        prepared(world, when=at(when))
        assert found(world).state == SettlementState.PREPARED
    else:
        error = refused(world, world.hq.finance, actions.prepare, OCTOBER, when=at(when))
        assert (error.code, error.facts) == ("too-early", {"month": "2026-10", "settles_on": date(2026, 11, 3)})
        assert found(world) is None


@pytest.mark.parametrize(
    ("approved", "amount"),
    [
        ("2026-11-02 23:59:59", "50.00"),  # 15:59:59 UTC on the 2nd: in
        ("2026-11-03 00:00:00", "0.00"),  # 16:00 UTC on the 2nd is the 3rd in Shanghai: next month
    ],
)
def test_R50_the_border_of_the_third_is_shanghais_midnight_and_not_utcs(world, approved, amount):
    claimed(world, world.d1, {"P1": 4}, approved=approved)
    prepared(world)
    assert found(world).amount == yuan(amount)


def test_R50_a_term_can_move_the_settlement_day(world):
    with world.as_(world.hq.manager) as session:
        session.add(
            TermValue(name="settlement.day", from_day=date(2026, 10, 15), value=8, set_at=THE_THIRD, set_by="韩建国")
        )
    claimed(world, world.d1, {"P1": 4}, approved="2026-11-07 23:00")
    assert refused(world, world.hq.finance, actions.prepare, OCTOBER, when=at("2026-11-07 23:30")).code == "too-early"
    prepared(world, when=at("2026-11-08 00:00"))
    assert (found(world).settles_on, found(world).amount) == (date(2026, 11, 8), Decimal("50.00"))


def test_R51_preparing_needs_the_permission(world):
    assert refused(world, world.hq.clerk, actions.prepare, OCTOBER).code == "permission-missing"
    assert found(world) is None


def test_R51_months_go_in_order_an_earlier_one_with_something_to_pay_comes_first(world):
    claimed(world, world.d1, {"P1": 2}, month="2026-09", approved="2026-09-20 10:00")
    claimed(world, world.d1, {"P2": 1})
    error = refused(world, world.hq.finance, actions.prepare, OCTOBER)
    assert (error.code, error.facts["earlier"]) == ("earlier-month-unsettled", "2026-09")
    prepared(world, SEPTEMBER)
    assert refused(world, world.hq.finance, actions.prepare, OCTOBER).code == "earlier-month-unsettled"
    with world.as_(world.hq.finance) as session:
        actions.check(session, world.hq.finance, SEPTEMBER, at=THE_THIRD)
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, SEPTEMBER, at=THE_THIRD)
    prepared(world)
    assert found(world).amount == Decimal("100.00")


def test_R51_a_month_before_a_posted_one_can_no_longer_be_settled(world):
    claimed(world, world.d1, {"P1": 2})
    posted(world)
    assert refused(world, world.hq.finance, actions.prepare, SEPTEMBER).code == "later-month-posted"


def test_R51_the_first_month_ever_is_free_and_may_pay_nothing(world):
    posted(world)
    row = found(world)
    assert (row.state, row.amount, row.lines, row.journal_id) == (SettlementState.POSTED, Decimal("0.00"), 0, None)
    assert {one.number: one.closing for one in statements(world).values()} == {
        "ST2610-D001": Decimal("1000.00"), "ST2610-D002": Decimal("1000.00"),
    }  # fmt: skip


def test_R51_preparing_again_voids_the_check_and_takes_what_is_true_now(world):
    claimed(world, world.d1, {"P1": 4})
    checked(world)
    with world.as_(world.hq.finance2) as session:
        actions.prepare(session, world.hq.finance2, OCTOBER, at=at("2026-11-03 10:00"))
    row = found(world)
    assert (row.state, row.checked_at, row.checked_by, row.checked_login) == (
        SettlementState.PREPARED,
        None,
        None,
        None,
    )
    assert (row.prepared_by, row.prepared_login) == ("吴琴", world.hq.finance2.login_id)
    assert len(statements(world)) == 1


# -- two pairs of eyes --


def test_R2_the_preparer_does_not_check(world):
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


# -- leaving a line out --


def test_R50_only_a_person_with_a_reason_moves_a_line_on(world):
    claim = claimed(world, world.d1, {"P1": 4, "P2": 1})
    checked(world)
    with world.as_(world.hq.finance) as session:
        actions.exclude(
            session, world.hq.finance, OCTOBER, claim=claim, position=2, reason="发票待补", at=at("2026-11-03 09:00")
        )
    assert found(world).state == SettlementState.PREPARED
    assert refused(world, world.hq.finance2, actions.check, OCTOBER).code == "prepare-again"
    prepared(world, when=at("2026-11-03 10:00"))
    assert (found(world).lines, found(world).amount) == (1, Decimal("50.00"))
    with world.as_(world.hq.auditor) as session:
        row = session.scalar(select(Exclusion))
        assert (row.from_month, row.to_month, row.reason, row.excluded_by) == (OCTOBER, NOVEMBER, "发票待补", "何敏")
        assert session.scalar(select(ClaimLine.pays_in).where(ClaimLine.position == 2)) == NOVEMBER
    with world.as_(world.d1.clerk) as session:  # the dealer reads why
        event = session.execute(text("SELECT facts FROM audit_events WHERE act = 'settlement:exclude'")).scalar_one()
        assert (event["reason"], event["to_month"], event["line"]) == ("发票待补", "2026-11", 2)


def test_R50_a_line_is_left_out_before_anything_is_prepared_too(world):
    claim = claimed(world, world.d1, {"P1": 4})
    with world.as_(world.hq.finance) as session:
        actions.exclude(
            session, world.hq.finance, OCTOBER, claim=claim, position=1, reason="x", at=at("2026-11-02 20:00")
        )
    prepared(world)
    assert found(world).amount == Decimal("0.00")


def test_R50_leaving_out_is_refused_without_reason_permission_or_such_a_line(world):
    claim = claimed(world, world.d1, {"P1": 4})
    leave = {"claim": claim, "position": 1, "reason": "x"}
    assert (
        refused(world, world.hq.finance, actions.exclude, OCTOBER, **{**leave, "reason": " "}).code == "reason-needed"
    )
    assert refused(world, world.hq.clerk, actions.exclude, OCTOBER, **leave).code == "permission-missing"
    assert refused(world, world.hq.finance, actions.exclude, NOVEMBER, **leave).code == "line-not-in-month"
    with pytest.raises(NotFound), world.as_(world.hq.finance) as session:
        actions.exclude(session, world.hq.finance, OCTOBER, claim=claim, position=7, reason="x", at=THE_THIRD)
    with world.as_(world.hq.auditor) as session:
        assert session.scalar(select(Exclusion)) is None
        assert session.scalar(select(ClaimLine.pays_in)) == OCTOBER


# -- closing --


def test_R64_a_month_closes_only_after_it_is_over_and_settled(world):
    claimed(world, world.d1, {"P1": 4})
    finance = world.hq.finance
    for month in (date(2026, 6, 1),):
        assert refused(world, finance, actions.close_month, month).code == "settlement-not-posted"
    assert refused(world, finance, actions.close_month, NOVEMBER).code == "month-not-over"
    assert refused(world, world.hq.finance_manager, actions.close_month, OCTOBER).code == "permission-missing"
    checked(world)
    assert refused(world, finance, actions.close_month, OCTOBER).code == "settlement-not-posted"
    with world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, OCTOBER, at=THE_THIRD)
    assert refused(world, finance, actions.close_month, OCTOBER).code == "earlier-month-open"
    with world.as_(finance) as session:
        actions.close_month(session, finance, date(2026, 6, 1), at=THE_THIRD)
        actions.close_month(session, finance, OCTOBER, at=THE_THIRD)
    assert refused(world, finance, actions.close_month, OCTOBER).code == "month-closed"
    with world.as_(finance) as session:
        assert {row.month: row.closed_at is not None for row in ledger.months(session)} == {
            NOVEMBER: False, OCTOBER: True, date(2026, 6, 1): True,
        }  # fmt: skip


def test_R64_a_settlement_lands_in_the_open_month_though_the_one_it_reimburses_is_closed(world):
    posted(world)
    with world.as_(world.hq.finance) as session:
        actions.close_month(session, world.hq.finance, date(2026, 6, 1), at=THE_THIRD)
    claimed(world, world.d1, {"P1": 4}, month="2026-11", approved="2026-11-20 10:00")
    posted(world, NOVEMBER, when=at("2026-12-03 02:00"))
    with world.as_(world.hq.auditor) as session:
        assert ledger.journal_of(session, "settlement:ST2611", "settlement").month == date(2026, 12, 1)


# -- two at once, and death in the middle --


def test_R52_two_people_posting_at_once_have_one_effect_and_the_other_is_told(world):
    claimed(world, world.d1, {"P1": 4})
    before = world.balance(world.d1)
    checked(world)
    gate, told = threading.Barrier(2), []
    from portal.core.db import unit_of_work

    def run() -> None:
        gate.wait()
        try:
            with unit_of_work(world.hq.finance_manager.scope) as session:
                actions.post(session, world.hq.finance_manager, OCTOBER, at=THE_THIRD)
            told.append("posted")
        except Refused as error:
            told.append(error.code)

    threads = [threading.Thread(target=_in_app(run)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("posted") == 1
    assert set(told) - {"posted"} <= {"already-posted", "settlement-running"}
    assert (journals(world), world.balance(world.d1)) == (1, before + Decimal("50.00"))


def _in_app(run):
    from flask import current_app

    app = current_app._get_current_object()

    def inside() -> None:
        with app.app_context():
            run()

    return inside


def test_BA2_the_second_is_told_that_one_is_running_and_afterwards_that_it_is_posted(world):
    from portal.core.db import unit_of_work

    claimed(world, world.d1, {"P1": 4})
    checked(world)
    manager = world.hq.finance_manager
    with unit_of_work(manager.scope) as first:
        actions.post(first, manager, OCTOBER, at=THE_THIRD)
        assert refused(world, manager, actions.post, OCTOBER).code == "settlement-running"
        assert refused(world, world.hq.finance, actions.prepare, OCTOBER).code == "settlement-running"
    assert refused(world, manager, actions.post, OCTOBER).code == "already-posted"
    assert journals(world) == 1


def test_R52_a_connection_killed_in_the_middle_leaves_nothing_and_posting_again_finishes(world, admin_url, database):
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError

    from portal.core.db import unit_of_work

    claimed(world, world.d1, {"P1": 4})
    before = world.balance(world.d1)
    checked(world)
    manager = world.hq.finance_manager

    def die() -> None:
        with unit_of_work(manager.scope) as session:
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            actions.post(session, manager, OCTOBER, at=THE_THIRD)
            killer = create_engine(admin_url)
            with killer.connect() as connection:
                assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            killer.dispose()

    with pytest.raises(DBAPIError):
        die()
    assert (found(world).state, journals(world), world.balance(world.d1)) == (SettlementState.CHECKED, 0, before)
    assert all(row.number is None for row in statements(world).values())
    with world.as_(manager) as session:
        actions.post(session, manager, OCTOBER, at=THE_THIRD)
    assert (found(world).state, journals(world), world.balance(world.d1)) == (
        SettlementState.POSTED,
        1,
        before + Decimal("50.00"),
    )


def test_R52_posting_takes_the_same_few_statements_for_one_dealer_or_for_many(world):
    from tests.factories.world import make_world

    other = make_world()
    claimed(world, world.d1, {"P1": 4})
    claimed(other, other.d1, {"P1": 4, "P2": 1})
    claimed(other, other.d2, {"P1": 3})
    took = []
    for one in (world, other):
        checked(one)
        with one.as_(one.hq.finance_manager) as session, counted() as statements:
            actions.post(session, one.hq.finance_manager, OCTOBER, at=THE_THIRD)
            took.append(len(statements))
    assert took[0] == took[1] <= 30


def test_R50_brands_are_settled_apart(world, app):
    from tests.factories.world import make_world

    other = make_world()
    claimed(world, world.d1, {"P1": 4})
    claimed(other, other.d1, {"P2": 1})
    posted(world)
    assert found(other) is None
    posted(other)
    assert (found(world).amount, found(other).amount) == (Decimal("50.00"), Decimal("100.00"))
    with world.as_(world.hq.auditor) as session:
        assert isinstance(session, Session)
        assert [row.month for row in queries.months_list(session)] == [OCTOBER]


def test_R2_what_was_prepared_again_meanwhile_is_not_posted_by_a_page_that_showed_the_old_figures(world):
    claimed(world, world.d1, {"P1": 1})
    checked(world)
    with world.as_(world.hq.finance_manager) as session:
        seen = session.scalars(select(Settlement)).one().ver
    checked(world)
    with pytest.raises(Refused, match="changed-meanwhile"), world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, OCTOBER, seen=seen, at=THE_THIRD)
    assert journals(world) == 0
    with world.as_(world.hq.finance_manager) as session:
        now = session.scalars(select(Settlement)).one().ver
        actions.post(session, world.hq.finance_manager, OCTOBER, seen=now, at=THE_THIRD)
    assert journals(world) == 1
