"""Top-ups as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.ledger.models import TopUpState
from portal.web.api import Amount, AmountIn, Asked, Day, Given, Instant, Line, ListQuery, Ref, Words


class TopUpQuery(ListQuery):
    """Whose top-ups; without a dealer all that this place may see."""

    dealer: Line = ""


class TopUpIn(Asked):
    """Money that a dealer paid in, as the bank's advice says."""

    dealer: Ref
    amount: AmountIn
    received_on: Day
    bank_reference: Ref
    note: Words = ""


class TopUpReasonIn(Asked):
    """Why a top-up is taken back."""

    reason: Words


class TopUpOut(Given):
    """A top-up, posted or reversed."""

    number: str
    state: TopUpState
    dealer: str
    dealer_name: str
    amount: Amount
    received_on: date
    bank_reference: str
    note: str
    entered_at: Instant
    entered_by: str

    @classmethod
    def of(cls, row: Any) -> TopUpOut:
        """From the list's row."""
        return cls(
            number=row.number, state=row.state, dealer=row.dealer_code, dealer_name=row.dealer_name, amount=row.amount,
            received_on=row.received_on, bank_reference=row.bank_reference, note=row.note, entered_at=row.entered_at,
            entered_by=row.entered_by,
        )  # fmt: skip
