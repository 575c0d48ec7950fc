"""What the ledger is called: accounts of the chart, kinds of entries, refusals, acts, and what a proof found."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.ledger import rules
from portal.ledger.models import TopUpState

STATES = {TopUpState.POSTED: (_l("Posted to accounts"), "done"), TopUpState.REVERSED: (_l("Reversed"), "stop")}

STEPS = {
    "enter_topup": _l("Enter the top-up"),
    "reverse_topup": _l("Reverse"),
    "set_credit_limit": _l("Set the credit limit"),
    "close_month": _l("Close this month"),
}

ACCOUNTS = {
    "bank": _l("Bank"),
    "prepayments": _l("Dealer prepayments"),
    "opening": _l("Opening balances"),
    "parts-sales": _l("Parts sales"),
    "freight": _l("Freight charged"),
    "warranty-expense": _l("Warranty expense"),
}

PURPOSES = {
    rules.ORDER: _l("Parts debited"),
    rules.ORDER + rules.REVERSAL: _l("Order cancelled, refunded"),
    rules.TOPUP: _l("Top-up"),
    rules.TOPUP + rules.REVERSAL: _l("Top-up reversed"),
    rules.OPENING_BALANCE: _l("Opening balance"),
    rules.OPENING_BALANCE + rules.REVERSAL: _l("Opening balance reversed"),
    rules.SETTLEMENT: _l("Claims reimbursed"),
    rules.SETTLEMENT + rules.REVERSAL: _l("Reimbursement reversed"),
}

# What a reader of an account chooses between: a word in the address, its label, the purposes it stands for.
KINDS = {
    "topups": (_l("Top-ups"), (rules.TOPUP, rules.TOPUP + rules.REVERSAL, rules.OPENING_BALANCE)),
    "parts": (_l("Parts"), (rules.ORDER, rules.ORDER + rules.REVERSAL)),
    "claims": (_l("Reimbursements"), (rules.SETTLEMENT, rules.SETTLEMENT + rules.REVERSAL)),
}

REFUSALS = {
    "already-posted": _l("This is posted already; nothing was done a second time."),
    "already-reversed": _l("This is reversed already; nothing was done a second time."),
    "unbalanced": _l("Debit and credit differ; nothing was posted."),
    "month-closed": _l("%(month)s is closed; nothing can be posted into it."),
    "month-not-over": _l("%(month)s is not over yet; a month can be closed once it has ended."),
    "month-unknown": _l("Nothing was ever posted in %(month)s, so there is nothing to close."),
    "earlier-month-open": _l("%(month)s is still open; months are closed in order."),
    "opening-differs": _l(
        "%(dealer)s started with %(booked)s; the file says %(given)s. An opening balance is booked once."
    ),
    "amount-not-positive": _l("The amount must be more than zero."),
    "amount-negative": _l("The amount must not be below zero."),
    "day-in-future": _l("This day has not come yet."),
    "bank-reference-known": _l("This bank reference was entered before %(number)s."),
    "limit-unclear": _l("The credit limit is no amount. Write it like 1234.50; it must not be below zero."),
    "dealer-unknown": _l("There is no dealer %(dealer)s."),
}

ACTS = {
    "topup:enter": _l("entered a top-up of %(amount)s"),
    "topup:reverse": _l("reversed a top-up of %(amount)s"),
    "account:opening": _l("booked the opening balance of %(amount)s"),
    "account:set-limit": _l("set the credit limit from %(limit_before)s to %(limit)s"),
    "month:close": _l("closed the month %(month)s"),
}


def purpose_label(purpose: str) -> str:
    """What kind of entry it is."""
    return str(PURPOSES.get(purpose, purpose))


def account_label(code: str) -> str:
    """An account of the chart."""
    return str(ACCOUNTS.get(code, code))


def entry_words(purpose: str, memo: str, document: str = "") -> str:
    """What an account's page says beside the document: the bank's reference, the month reimbursed, a reason."""
    if purpose == rules.SETTLEMENT:
        return _("Reimbursement for %(month)s", month=memo)
    if purpose == rules.TOPUP:
        return _("Bank reference %(reference)s", reference=memo) if memo else ""
    return "" if memo == document else memo


PROOFS = {
    "journal-balanced": _l("A journal does not balance"),
    "account-balance": _l("A balance is not the sum of its entries"),
    "running-balance": _l("An entry's running balance is wrong"),
    "brand-sums-to-zero": _l("The accounts together do not make zero"),
    "order-debited-once": _l("An order's state and its journals disagree"),
    "order-amount": _l("An order was debited with another amount than the one agreed"),
    "topup-posted": _l("A top-up and its journal disagree"),
    "journal-has-document": _l("A journal has no document behind it"),
    "layers-of-debited-orders": _l("An order's lines and the dealer's own parts disagree"),
    "layer-received": _l("Pieces received and the dealer's own parts disagree"),
    "layer-used": _l("Pieces used and the dealer's own parts disagree"),
    "old-part-allocations": _l("An old part and the pieces it took disagree"),
    "claim-line-amount": _l("A claim line and its old part disagree"),
    "settled-amounts": _l("A statement and the claim lines it pays disagree"),
    "settlement-total": _l("A settlement's total and its statements disagree"),
    "settlement-missed-a-line": _l("A posted settlement missed a line"),
    "statement-chain": _l("A statement does not begin where the one before ended"),
    "statement-closing": _l("A statement's closing balance is not the account's"),
    "statement-entries": _l("A statement's opening and entries do not make its closing balance"),
    "statement-paper": _l("A statement's kept paper says other figures"),
    "month-closed-before-settled": _l("A month was closed before its settlement was posted"),
    "chain": _l("The chain of journals is broken"),
}


def proof_label(proof: str) -> str:
    """What a proof found wrong."""
    return str(PROOFS.get(proof, proof))
