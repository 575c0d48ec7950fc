"""What is booked: entries, the chart of accounts, what a debit lacks (R23, R60)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ledger import labels, rules
from portal.ledger.rules import Entry

YUAN = st.integers(min_value=0, max_value=10**13).map(lambda cents: Decimal(cents).scaleb(-2))
SIGNED = st.integers(min_value=-(10**13), max_value=10**13).map(lambda cents: Decimal(cents).scaleb(-2))


def test_the_chart_names_every_account_that_the_portal_posts_to_and_says_which_are_dealers() -> None:
    chart = rules.chart()
    used = {rules.BANK, rules.PREPAYMENTS, rules.OPENING, rules.PARTS_SALES, rules.FREIGHT, rules.WARRANTY_EXPENSE}
    assert used == set(chart)
    assert [code for code, account in chart.items() if account.per_dealer] == [rules.PREPAYMENTS]
    assert {code: account.name for code, account in chart.items()} == {
        code: str(getattr(words, "_args", [words])[0]) for code, words in labels.ACCOUNTS.items()
    }


@given(st.lists(st.tuples(YUAN, st.sampled_from(["debit", "credit"])), max_size=8))
def test_R60_a_journal_is_out_of_balance_by_debits_minus_credits(sides: list[tuple[Decimal, str]]) -> None:
    entries = [Entry("bank", amount, side) for amount, side in sides]  # type: ignore[arg-type]
    debit = sum(amount for amount, side in sides if side == "debit")
    credit = sum(amount for amount, side in sides if side == "credit")
    assert rules.imbalance(entries) == debit - credit
    mirrored = [Entry(e.account, e.amount, "credit" if e.side == "debit" else "debit") for e in entries]
    assert rules.imbalance(entries + mirrored) == 0


@pytest.mark.parametrize(
    ("balance", "limit", "amount", "missing"),
    [("100.00", "0.00", "100.00", "0.00"), ("100.00", "0.00", "100.01", "0.01"), ("0.00", "50.00", "50.00", "0.00"), ("-20.00", "50.00", "30.01", "0.01"), ("-60.00", "50.00", "1.00", "11.00")],
)  # fmt: skip
def test_R23_a_debit_needs_balance_and_credit_limit_together(
    balance: str, limit: str, amount: str, missing: str
) -> None:
    assert rules.missing(Decimal(balance), Decimal(limit), Decimal(amount)) == Decimal(missing)


@given(SIGNED, YUAN, YUAN)
def test_R23_what_is_missing_is_exactly_what_would_make_it_enough(
    balance: Decimal, limit: Decimal, amount: Decimal
) -> None:
    missing = rules.missing(balance, limit, amount)
    assert missing >= 0
    assert rules.missing(balance + missing, limit, amount) == 0
    if missing:
        assert rules.missing(balance + missing - Decimal("0.01"), limit, amount) == Decimal("0.01")


def test_what_a_reader_is_told_of_an_entry(app) -> None:
    with app.test_request_context():
        assert labels.purpose_label("order") != "order"
        assert labels.purpose_label("never-heard-of") == "never-heard-of"
        assert labels.account_label("bank") != "bank"
        assert labels.account_label("petty-cash") == "petty-cash"
        assert "BK1" in labels.entry_words("topup", "BK1")
        assert labels.entry_words("topup", "") == ""
        assert "2026-10" in labels.entry_words("settlement", "2026-10")
        assert labels.entry_words("order", "PO2610-0001") == "PO2610-0001"
        assert labels.proof_label("chain") != "chain"
        assert labels.proof_label("unheard") == "unheard"
