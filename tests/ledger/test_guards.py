"""The ledger refuses by itself, in the database (R60, R61, R63, R64, R66): unbalanced, empty, changed, deleted, added-to …"""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.core.db import db
from portal.core.errors import Refused
from portal.core.scope import enter
from portal.ledger import actions, queries
from portal.ledger.rules import Entry
from tests.factories.world import World, at, yuan

WHEN = at("2026-10-05 10:00")


def test_R60_a_journal_that_does_not_balance_is_refused_at_commit(world: World) -> None:
    with pytest.raises(DBAPIError, match="does not balance"), world.as_(world.hq.finance) as session:
        _raw_journal(session, "x:1")
        account = queries.prepayment(session, world.d1.id)
        _raw_posting(session, "x:1", account.id, 1, debit=100)
    assert world.balance(world.d1) == yuan("1000.00")


def test_R60_an_empty_journal_is_refused_at_commit(world: World) -> None:
    with pytest.raises(DBAPIError, match="does not balance"), world.as_(world.hq.finance) as session:
        _raw_journal(session, "x:1")


def test_MO2_switching_the_scope_before_commit_hides_nothing(world: World) -> None:
    with pytest.raises(DBAPIError, match="does not balance"), world.as_(world.hq.finance) as session:
        _raw_journal(session, "x:1")
        account = queries.prepayment(session, world.d1.id)
        _raw_posting(session, "x:1", account.id, 1, debit=100)
        enter(session.connection(), world.d2.clerk.scope)


def test_MO3_a_line_cannot_be_added_to_an_old_journal(world: World) -> None:
    world.topup(world.d1, "50.00")
    with pytest.raises(DBAPIError, match="sealed"), world.as_(world.hq.finance) as session:
        account = queries.prepayment(session, world.d1.id)
        number = queries.journals(session)[0].number
        session.execute(
            text(
                "INSERT INTO postings (brand_id, journal_id, line, account_id, credit_fen, seq, balance_after_fen, booked_on, at, purpose, document, memo)"
                " SELECT brand_id, id, 9, :account, 5, 0, 0, booked_on, at, purpose, '', '' FROM journals WHERE number = :number"
            ),
            {"account": account.id, "number": number},
        )


def test_MO3_nor_after_the_chain_took_it_within_its_own_transaction(world: World) -> None:
    with pytest.raises(DBAPIError, match="sealed"), world.as_(world.hq.finance) as session:
        world_topup(session, world)
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        account = queries.prepayment(session, world.d1.id)
        _raw_posting(session, "t:1", account.id, 9, credit=5)


def world_topup(session, world: World) -> None:  # type: ignore[no-untyped-def]
    actions.post(
        session, world.hq.finance, at=WHEN, source="t:1", purpose="topup", memo="",
        entries=[Entry("bank", yuan("1.00"), "debit"), Entry("prepayments", yuan("1.00"), "credit", dealer_id=world.d1.id)],
    )  # fmt: skip


@pytest.mark.parametrize(("bank", "dealer"), [({"debit": 100}, {"credit": 100}), ({"credit": 99}, {"debit": 99})])
def test_R61_a_journal_that_names_another_and_is_not_its_mirror_is_refused_at_commit(
    world: World, bank: dict[str, int], dealer: dict[str, int]
) -> None:
    """The same sides again, or the other sides with another amount: both balance, neither takes back 1.00."""
    with world.as_(world.hq.finance) as session:
        world_topup(session, world)
    with pytest.raises(DBAPIError, match="is no reversal of what it names"), world.as_(world.hq.finance) as session:
        named = queries.journal_of(session, "t:1", "topup")
        accounts = {account.code: account.id for account in queries.brand_accounts(session)}
        _raw_journal(session, "r:1", reverses=named.id)  # type: ignore[union-attr]
        _raw_posting(session, "r:1", accounts["bank"], 1, **bank)
        _raw_posting(session, "r:1", queries.prepayment(session, world.d1.id).id, 2, **dealer)
    assert world.balance(world.d1) == yuan("1001.00")


@pytest.mark.parametrize("table", ["journals", "postings", "chain_entries", "audit_events"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET brand_id = brand_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_MO4_nobody_changes_or_deletes_not_even_the_owner_or_a_replica(
    world: World, settings, table: str, verb: str
) -> None:  # type: ignore[no-untyped-def]
    from portal.core.provision import admin_engine

    world.topup(world.d1, "50.00")
    with pytest.raises(DBAPIError, match="permission denied"), world.as_(world.hq.finance_manager) as session:
        session.execute(text(verb.format(table)))
    for before in ("SET ROLE portal_owner; SET row_security = off", "SET session_replication_role = replica"):
        with (
            admin_engine(settings.admin_url).connect() as connection,
            pytest.raises(DBAPIError, match=r"append-only|row-level security"),
        ):
            connection.exec_driver_sql("SET search_path = app")
            connection.exec_driver_sql(before)
            connection.execute(text(verb.format(table)))


def test_MO5_a_row_changed_by_force_is_found_by_the_chain(world: World, settings) -> None:  # type: ignore[no-untyped-def]
    from portal.core.provision import admin_engine
    from portal.ledger.prove import prove

    world.topup(world.d1, "50.00")
    with admin_engine(settings.proof_url).connect() as connection:
        assert prove(connection, world.brand_id) == []
    with admin_engine(settings.admin_url).begin() as connection:
        connection.exec_driver_sql("SET search_path = app")
        connection.exec_driver_sql("ALTER TABLE journals DISABLE TRIGGER append_only")
        connection.execute(
            text("UPDATE journals SET booked_on = booked_on + 1 WHERE brand_id = :b AND purpose = 'topup'"),
            {"b": world.brand_id},
        )
        connection.exec_driver_sql("ALTER TABLE journals ENABLE ALWAYS TRIGGER append_only")
    with admin_engine(settings.proof_url).connect() as connection:
        assert "chain" in {finding.proof for finding in prove(connection, world.brand_id)}


def test_R63_a_business_event_is_posted_once(world: World) -> None:
    with world.as_(world.hq.finance) as session:
        world_topup(session, world)
    with pytest.raises(Refused, match="already-posted"), world.as_(world.hq.finance) as session:
        world_topup(session, world)
    assert world.balance(world.d1) == yuan("1001.00")


def test_R61_a_journal_is_reversed_at_most_once_and_by_its_mirror_only(world: World) -> None:
    with world.as_(world.hq.finance) as session:
        world_topup(session, world)
        actions.reverse(session, world.hq.finance, at=WHEN, source="t:1", purpose="topup", memo="wrong dealer")
    with pytest.raises(Refused, match="already-reversed"), world.as_(world.hq.finance) as session:
        actions.reverse(session, world.hq.finance, at=WHEN, source="t:1", purpose="topup", memo="again")
    assert world.balance(world.d1) == yuan("1000.00")


def test_R23_an_order_debit_beyond_the_limit_is_refused_by_the_database(world: World) -> None:
    entries = [
        Entry("prepayments", yuan("1000.01"), "debit", dealer_id=world.d1.id),
        Entry("parts-sales", yuan("1000.01"), "credit"),
    ]
    with pytest.raises(Refused, match="short-of-funds") as refused, world.as_(world.hq.finance) as session:
        actions.post(session, world.hq.finance, at=WHEN, source="order:X", purpose="order", memo="", entries=entries)
    assert refused.value.facts["missing"] == yuan("0.01")
    assert world.balance(world.d1) == yuan("1000.00")


def test_R23_the_limit_binds_order_debits_only(world: World) -> None:
    entries = [
        Entry("prepayments", yuan("1500.00"), "debit", dealer_id=world.d1.id),
        Entry("bank", yuan("1500.00"), "credit"),
    ]
    with world.as_(world.hq.finance) as session:
        actions.post(session, world.hq.finance, at=WHEN, source="w:1", purpose="withdrawal", memo="", entries=entries)
    assert world.balance(world.d1) == yuan("-500.00")


def test_R23_the_credit_limit_stretches_an_order_debit(world: World) -> None:
    with world.as_(world.hq.finance_manager) as session:
        actions.set_credit_limit(session, world.hq.finance_manager, "D001", limit=yuan("200.00"), at=WHEN)
    with world.as_(world.hq.finance) as session:
        entries = [
            Entry("prepayments", yuan("1200.00"), "debit", dealer_id=world.d1.id),
            Entry("parts-sales", yuan("1200.00"), "credit"),
        ]
        actions.post(session, world.hq.finance, at=WHEN, source="order:Y", purpose="order", memo="", entries=entries)
    assert world.balance(world.d1) == yuan("-200.00")


def test_R64_nothing_is_posted_into_a_closed_month_and_it_stays_closed(world: World) -> None:
    with world.as_(world.hq.finance) as session:
        world_topup(session, world)
    later = at("2026-11-05 10:00")
    for month in ("2026-06-01", "2026-10-01"):
        with world.as_(world.hq.finance) as session:
            actions.close_month(session, world.hq.finance, at(f"{month} 00:00").date(), at=later)
    with pytest.raises(Refused, match="month-closed"):
        world.topup(world.d1, "5.00", "2026-10-31 23:59")
    with pytest.raises(DBAPIError, match="closed for good"), world.as_(world.hq.finance) as session:
        session.execute(text("UPDATE ledger_months SET closed_at = NULL WHERE month = '2026-10-01'"))
    with world.as_(world.hq.finance) as session:
        actions.reverse(
            session, world.hq.finance, at=later, source="t:1", purpose="topup", memo="lands in the open month"
        )
        assert {str(m.month): m.closed_at is not None for m in queries.months(session)}["2026-11-01"] is False
    assert world.balance(world.d1) == yuan("1000.00")


def test_R62_balances_and_running_balances_follow_the_postings(world: World) -> None:
    world.topup(world.d1, "50.00")
    world.topup(world.d1, "0.01", "2026-10-02 09:00")
    with world.as_(world.d1.clerk) as session:
        account = queries.prepayment(session, world.d1.id)
        rows = queries.entries(session, account.id)
        assert [(r.seq, r.balance_after) for r in rows] == [
            (3, yuan("1050.01")),
            (2, yuan("1050.00")),
            (1, yuan("1000.00")),
        ]
        assert account.balance == Decimal("1050.01")
        assert queries.balance_on(session, account.id, at("2026-10-01 00:00").date()) == yuan("1050.00")
        assert queries.balance_on(session, account.id, at("2026-05-31 00:00").date()) == yuan("0.00")


def test_R63_a_dealer_reads_its_own_postings_and_no_journal(world: World) -> None:
    world.topup(world.d2, "50.00")
    with world.as_(world.d1.manager) as session:
        assert session.scalar(text("SELECT count(*) FROM postings WHERE dealer_id = :d"), {"d": world.d2.id}) == 0
    with pytest.raises(DBAPIError, match="permission denied"), world.as_(world.d1.manager) as session:
        session.execute(text("SELECT count(*) FROM journals"))
    with pytest.raises(DBAPIError, match="permission denied"), world.as_(world.d1.manager) as session:
        session.execute(text("UPDATE accounts SET balance = 0"))


def _raw_journal(session, source: str, *, reverses: int | None = None) -> None:  # type: ignore[no-untyped-def]
    session.execute(
        text(
            "INSERT INTO journals (number, source, purpose, month, booked_on, at, memo, actor_name, member_id, reverses)"
            " VALUES (:s, :s, 'raw', '2026-10-01', '2026-10-05', '2026-10-05T02:00Z', '', 'x', 0, :reverses)"
        ),
        {"s": source, "reverses": reverses},
    )


def _raw_posting(
    session, source: str, account: int, line: int, *, debit: int | None = None, credit: int | None = None
) -> None:  # type: ignore[no-untyped-def]
    session.execute(
        text(
            "INSERT INTO postings (brand_id, journal_id, line, account_id, debit_fen, credit_fen, seq, balance_after_fen, booked_on, at, purpose, document, memo)"
            " SELECT brand_id, id, :line, :account, :debit, :credit, 0, 0, booked_on, at, purpose, '', '' FROM journals WHERE source = :s"
        ),
        {"line": line, "account": account, "debit": debit, "credit": credit, "s": source},
    )


def test_the_engine_of_the_tests_is_portal_web(world: World) -> None:
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == "portal_web"
