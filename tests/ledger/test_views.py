"""Headquarters' pages of the ledger: top-ups, journals, the proof (R61, R62, R63, R66)."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from portal.core import clock
from portal.ledger import actions, queries
from tests.factories.world import at


@pytest.fixture
def today():
    with clock.frozen(at("2026-11-02 10:00")):
        yield


@pytest.fixture
def english(client_as):
    def as_(actor):
        browser = client_as(actor)
        browser.set_cookie("portal_lang", "en")
        return browser

    return as_


def page(browser, address, status=200):
    answer = browser.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.get_data(as_text=True)


def typed(world, **changes):
    facts = {
        "dealer": "D001",
        "amount": "￥１,234.50",
        "received_on": "2026-11-02",
        "bank_reference": f"BANK-{world.code}",
        "note": "招行",
    }
    return {**facts, **changes}


def only_number(world) -> str:
    with world.as_(world.hq.finance) as session:
        (row,) = queries.topups(session)
        return row.number


def test_finance_enters_a_topup_as_people_type_it_and_the_dealer_has_it_at_once(world, english, today):
    browser = english(world.hq.finance)
    assert "Enter a top-up" in page(browser, "/topups")
    assert browser.post("/topups", data=typed(world)).status_code == 303
    number = only_number(world)
    shown = page(browser, "/topups")
    assert f"{number} is posted" in shown
    assert "1,234.50" in shown
    assert world.balance(world.d1) == Decimal("2234.50")
    assert "D001" in page(browser, "/topups?dealer=D001")
    assert "No top-ups here" in page(browser, "/topups?dealer=D002")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "0"}, "The amount must be more than zero."),
        ({"amount": "12.345"}, "This is no amount."),
        ({"amount": "-5"}, "The amount must not be below zero."),
        ({"received_on": "2026-11-03"}, "This day has not come yet."),
        ({"received_on": "yesterday"}, "This is no date."),
        ({"bank_reference": ""}, "Please fill this in."),
        ({"dealer": "D777"}, "There is no dealer D777."),
    ],
)
def test_a_refused_topup_keeps_what_was_typed_and_moves_nothing(world, english, today, changes, words):
    browser = english(world.hq.finance)
    answer = browser.post("/topups", data=typed(world, **changes))
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in shown
    assert "招行" in shown
    assert world.balance(world.d1) == Decimal("1000.00")


def test_R63_one_advice_of_the_bank_is_entered_once(world, english, today):
    browser = english(world.hq.finance)
    browser.post("/topups", data=typed(world))
    answer = browser.post("/topups", data=typed(world, amount="1.00"))
    assert answer.status_code == 422
    assert f"This bank reference was entered before {only_number(world)}." in answer.get_data(as_text=True)


def test_R61_a_topup_is_reversed_once_with_a_reason_and_both_stay_to_be_seen(world, english, today):
    browser = english(world.hq.finance)
    browser.post("/topups", data=typed(world))
    number = only_number(world)
    assert browser.post(f"/topups/{number}/reverse", data={"reason": "  "}).status_code == 303
    assert "Please give a reason." in page(browser, "/topups")
    assert browser.post(f"/topups/{number}/reverse", data={"reason": "登错经销商"}).status_code == 303
    shown = page(browser, f"/topups/{number}")
    assert "Reversed" in shown
    assert "登错经销商" in shown
    assert world.balance(world.d1) == Decimal("1000.00")
    browser.post(f"/topups/{number}/reverse", data={"reason": "again"})
    assert "This is reversed already" in page(browser, "/topups")
    with world.as_(world.hq.auditor) as session:
        original = queries.journal_of(session, f"topup:{number}", "topup")
        reversal = queries.reversal_of(session, original.id)
    assert reversal.number in page(browser, f"/journals/{original.number}")
    assert original.number in page(browser, f"/journals/{reversal.number}")


def test_R1_a_dealer_opens_its_own_topup_and_no_page_of_headquarters(world, english, today):
    english(world.hq.finance).post("/topups", data=typed(world))
    number = only_number(world)
    own, other = english(world.d1.clerk), english(world.d2.clerk)
    shown = page(own, f"/topups/{number}")
    assert "¥1,234.50" in shown
    assert "/journals/" not in shown
    assert "/reverse" not in shown
    page(other, f"/topups/{number}", 404)
    for address in ("/topups", "/journals", "/journals/JV2606-000001", "/prove"):
        page(own, address, 404)
    assert own.post("/topups", data=typed(world)).status_code == 404


def test_only_finance_enters_and_reverses(world, english, today):
    browser = english(world.hq.auditor)
    shown = page(browser, "/topups")
    assert "Top-ups are entered by finance." in shown
    assert browser.post("/topups", data=typed(world)).status_code == 403
    assert browser.post("/topups/TU2611-0001/reverse", data={"reason": "x"}).status_code == 403


def test_R63_every_journal_is_listed_and_opens_with_its_two_sides_and_its_hash(world, english, today):
    world.topup(world.d1, "250.00", when="2026-11-01 09:00")
    number = only_number(world)
    browser = english(world.hq.auditor)
    shown = page(browser, f"/journals?q={number}")
    journal = re.search(r"JV2611-\d{6}", shown).group()
    assert "250.00" in shown
    assert "No journals here" in page(browser, "/journals?q=PO9999-0000")
    opened = page(browser, f"/journals/{journal}")
    with world.as_(world.hq.auditor) as session:
        found = queries.journal(session, journal)
        assert queries.chain_hash(session, found.id) in opened
    assert "Bank" in opened
    assert "Dealer prepayments" in opened
    page(browser, "/journals/JV2611-999999", 404)


def test_R62_the_proof_finds_nothing_wrong_and_shows_the_balances(world, english, today):
    world.debited_order(world.d1, {"P1": 4}, when="2026-11-01 10:00")
    shown = page(english(world.hq.finance_manager), "/prove")
    assert "All is well." in shown
    assert "¥1,940.00" in shown  # 2,000.00 less four at 12.50 and 10.00 freight
    assert "¥0.00" in shown
    page(english(world.hq.clerk), "/prove", 403)


def test_R65_an_account_by_month_and_by_day_adds_up(world, today):
    world.topup(world.d1, "10.00", when="2026-10-31 23:59:59")
    world.topup(world.d1, "5.00", when="2026-11-01 00:00:00")
    with world.as_(world.d1.clerk) as session:
        account = queries.prepayment(session, world.d1.id)
        months = [
            (f"{row.month:%Y-%m}", row.credit, row.debit, row.entries)
            for row in queries.account_months(session, account.id)
        ]
        days = [
            (row.booked_on.isoformat(), row.balance_after)
            for row in queries.balances_by_day(session, account.id, at("2026-10-01").date())
        ]
        kinds = [
            row.purpose
            for row in queries.entries(session, account.id, purposes=("topup",), month=at("2026-10-01").date())
        ]
    assert months == [
        ("2026-11", Decimal("5.00"), Decimal("0.00"), 1),
        ("2026-10", Decimal("10.00"), Decimal("0.00"), 1),
        ("2026-06", Decimal("1000.00"), Decimal("0.00"), 1),
    ]
    assert days == [("2026-10-31", Decimal("1010.00")), ("2026-11-01", Decimal("1015.00"))]
    assert kinds == ["topup"]


def test_R52_one_journal_for_many_dealers_refuses_a_dealer_without_an_account(world, today):
    from sqlalchemy import literal, select

    from portal.core.errors import NotFound

    def post(dealer: int, amount: Decimal):
        shares = select(
            literal(dealer).label("dealer_id"),
            literal(amount, queries.Account.balance.type).label("amount"),
            literal("X").label("document"),
        )
        with world.as_(world.hq.finance) as session:
            return actions.post_many(
                session, world.hq.finance, at=clock.now(), source="settlement:ST2610", purpose="settlement", memo="", debit_account="warranty-expense",
                document="ST2610", credit_select=shares,
            )  # fmt: skip

    with pytest.raises(NotFound):
        post(999_999_999, Decimal("1.00"))
    post(world.d1.id, Decimal("1.00"))
    assert world.balance(world.d1) == Decimal("1001.00")
