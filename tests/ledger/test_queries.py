"""What the ledger shows: accounts, entries, any day's balance, months, journals, the chain (R62, R65, R66)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.core.errors import NotFound
from portal.ledger import actions, queries
from portal.ledger.rules import Entry
from tests.factories.world import World, at, make_world, yuan

JUNE, OCTOBER, NOVEMBER = date(2026, 6, 1), date(2026, 10, 1), date(2026, 11, 1)


@pytest.fixture(scope="module")
def told(app) -> World:
    """1000.00 opening in June; +50.00 and +0.01 on 1 October, −200.00 on the 5th, +7.00 on 1 November, reversed the same day; D002 −30.00."""
    world = make_world()
    world.topup(world.d1, "50.00", "2026-10-01 09:00")
    world.topup(world.d1, "0.01", "2026-10-01 23:59")
    finance = world.hq.finance
    with world.as_(finance) as session:
        for shop, amount, source in (
            (world.d1, "200.00", "order:PO2610-0001"),
            (world.d2, "30.00", "order:PO2610-0002"),
        ):
            entries = [
                Entry("prepayments", yuan(amount), "debit", dealer_id=shop.id, document=source[6:]),
                Entry("parts-sales", yuan(amount), "credit", document=source[6:]),
            ]
            actions.post(
                session,
                finance,
                at=at("2026-10-05 10:00"),
                source=source,
                purpose="order",
                memo="a memo",
                entries=entries,
            )
    world.topup(world.d1, "7.00", "2026-11-01 00:00")
    with world.as_(finance) as session:
        actions.reverse_topup(
            session, finance, queries.topups(session)[0].number, reason="wrong", at=at("2026-11-01 12:00")
        )
    return world


def account_id(world: World) -> int:
    with world.as_(world.d1.clerk) as session:
        return queries.prepayment(session, world.d1.id).id


def test_R62_balances_of_dealers_and_of_the_brand(told: World) -> None:
    with told.as_(told.hq.auditor) as session:
        assert [(r.code, r.city, r.balance, r.credit_limit, r.entries) for r in queries.accounts(session)] == [
            ("D001", "福州", yuan("850.01"), yuan("0.00"), 6), ("D002", "厦门", yuan("970.00"), yuan("0.00"), 2),
        ]  # fmt: skip
        assert {a.code: a.balance for a in queries.brand_accounts(session)} == {
            "opening": yuan("-2000.00"),
            "bank": yuan("-50.01"),
            "parts-sales": yuan("230.00"),
        }
        assert queries.prepayments_total(session) == yuan("1820.01")
        both = queries.prepayments(session, [told.d1.id, told.d2.id, 0])
        assert {dealer: account.balance for dealer, account in both.items()} == {
            told.d1.id: yuan("850.01"),
            told.d2.id: yuan("970.00"),
        }
        assert {tuple(row) for row in session.execute(queries.prepayment_accounts())} == {
            (told.d1.id, yuan("850.01"), 6, yuan("0.00")),
            (told.d2.id, yuan("970.00"), 2, yuan("0.00")),
        }
        assert queries.openings(session) == {told.d1.id: yuan("1000.00"), told.d2.id: yuan("1000.00")}
    with told.as_(told.d1.clerk) as session:
        assert queries.prepayments_total(session) == yuan("850.01")
        with pytest.raises(NotFound):
            queries.prepayment(session, told.d2.id)


def test_R62_before_the_first_posting_everything_is_nothing(app) -> None:
    from tests.factories.brands import empty_brand, in_brand

    with in_brand(empty_brand()) as session:
        assert queries.prepayments_total(session) == yuan("0.00")
        assert queries.chain_head(session) == queries.Head(0, "")
        assert (queries.months(session), queries.accounts(session), queries.openings(session)) == ([], [], {})


def test_R65_every_entry_newest_first_by_month_kind_and_page(told: World) -> None:
    mine = account_id(told)
    with told.as_(told.d1.clerk) as session:
        rows = queries.entries(session, mine)
        assert [(r.seq, r.purpose, r.credit or -r.debit, r.balance_after) for r in rows] == [
            (6, "topup-reversal", yuan("-7.00"), yuan("850.01")),
            (5, "topup", yuan("7.00"), yuan("857.01")),
            (4, "order", yuan("-200.00"), yuan("850.01")),
            (3, "topup", yuan("0.01"), yuan("1050.01")),
            (2, "topup", yuan("50.00"), yuan("1050.00")),
            (1, "opening", yuan("1000.00"), yuan("1000.00")),
        ]
        assert (rows[2].document, rows[2].memo, rows[2].booked_on) == ("PO2610-0001", "a memo", date(2026, 10, 5))
        assert [r.seq for r in queries.entries(session, mine, month=OCTOBER)] == [4, 3, 2]
        assert [r.seq for r in queries.entries(session, mine, month=OCTOBER, purposes=["topup"], limit=1)] == [3]
        assert [r.seq for r in queries.entries(session, mine, before_seq=4, limit=2)] == [3, 2]
        assert [r.seq for r in queries.entries_between(session, mine, 2, 4)] == [2, 3, 4]
    with told.as_(told.d2.clerk) as session:
        assert queries.entries(session, mine) == []


@pytest.mark.parametrize(
    ("day", "balance"),
    [
        ("2026-05-31", "0.00"), ("2026-06-01", "1000.00"), ("2026-09-30", "1000.00"), ("2026-10-01", "1050.01"), ("2026-10-04", "1050.01"),
        ("2026-10-05", "850.01"), ("2026-10-31", "850.01"), ("2026-11-01", "850.01"), ("2030-01-01", "850.01"),
    ],
)  # fmt: skip
def test_R65_any_days_balance(told: World, day: str, balance: str) -> None:
    mine = account_id(told)
    with told.as_(told.d1.clerk) as session:
        found = queries.balance_on(session, mine, date.fromisoformat(day))
    assert (found, found.as_tuple().exponent) == (Decimal(balance), -2)


def test_R65_an_account_by_month_and_by_day(told: World) -> None:
    mine = account_id(told)
    with told.as_(told.d1.clerk) as session:
        assert [tuple(row) for row in queries.account_months(session, mine)] == [
            (NOVEMBER, yuan("7.00"), yuan("7.00"), 2), (OCTOBER, yuan("50.01"), yuan("200.00"), 3), (JUNE, yuan("1000.00"), yuan("0.00"), 1),
        ]  # fmt: skip
        assert [tuple(row) for row in queries.balances_by_day(session, mine, OCTOBER)] == [
            (date(2026, 10, 1), yuan("1050.01")), (date(2026, 10, 5), yuan("850.01")), (NOVEMBER, yuan("850.01")),
        ]  # fmt: skip


def test_R64_the_months_with_their_journals_and_turnover(told: World) -> None:
    with told.as_(told.hq.auditor) as session:
        rows = [(r.month, r.closed_at, r.journals, r.turnover) for r in queries.months(session)]
    assert rows == [
        (NOVEMBER, None, 2, yuan("14.00")),
        (OCTOBER, None, 4, yuan("280.01")),
        (JUNE, None, 2, yuan("2000.00")),
    ]


def test_journals_are_found_by_number_source_and_document_and_page_by_key(told: World) -> None:
    with told.as_(told.hq.auditor) as session:
        rows = queries.journals(session)
        assert [(r.number, r.purpose, r.amount) for r in rows[:3]] == [
            ("JV2611-000002", "topup-reversal", yuan("7.00")), ("JV2611-000001", "topup", yuan("7.00")), ("JV2610-000004", "order", yuan("30.00")),
        ]  # fmt: skip
        assert len(rows) == 8
        assert [r.number for r in queries.journals(session, before_id=rows[1].id, limit=2)] == [
            "JV2610-000004",
            "JV2610-000003",
        ]
        assert [r.number for r in queries.journals(session, text="PO2610-0001")] == ["JV2610-000003"]
        assert len(queries.journals(session, text="JV2611")) == 2
        assert [r.number for r in queries.journals(session, text="order:")] == ["JV2610-000004", "JV2610-000003"]
        assert queries.journals(session, text="%") == queries.journals(session, text="_") == []
        with pytest.raises(NotFound):
            queries.journal(session, "JV2699-000001")
        assert queries.journal_of(session, "order:PO2610-0001", "order").memo == "a memo"  # type: ignore[union-attr]
        assert queries.journal_of(session, "order:PO2610-0001", "order-reversal") is None
        assert queries.journal_by_id(session, 0) is None
        assert queries.reversal_of(session, queries.journal(session, "JV2611-000001").id).number == "JV2611-000002"  # type: ignore[union-attr]
        assert queries.reversal_of(session, queries.journal(session, "JV2610-000001").id) is None


def test_R66_the_heads_hash_is_the_newest_journals(told: World) -> None:
    with told.as_(told.hq.auditor) as session:
        head = queries.chain_head(session)
        newest, before = queries.journals(session)[:2]
        assert (head.seq, len(head.hash)) == (8, 64)
        assert queries.chain_hash(session, newest.id) == head.hash != queries.chain_hash(session, before.id)
        assert queries.chain_hash(session, 0) is None


def test_topups_are_listed_to_headquarters_by_dealer_and_to_a_dealer_its_own(told: World) -> None:
    with told.as_(told.hq.finance) as session:
        rows = queries.topups(session)
        assert [(r.number, r.state, r.amount, r.dealer_code) for r in rows] == [
            ("TU2611-0001", "reversed", yuan("7.00"), "D001"), ("TU2610-0002", "posted", yuan("0.01"), "D001"), ("TU2610-0001", "posted", yuan("50.00"), "D001"),
        ]  # fmt: skip
        assert [r.number for r in queries.topups(session, before_id=rows[0].id, limit=1)] == ["TU2610-0002"]
        assert queries.topups(session, dealer_id=told.d2.id) == []
        assert queries.dealer_of(session, queries.topup(session, "TU2610-0001")).code == "D001"
    with told.as_(told.d2.clerk) as session:
        assert queries.topups(session) == []
        with pytest.raises(NotFound):
            queries.topup(session, "TU2610-0001")
