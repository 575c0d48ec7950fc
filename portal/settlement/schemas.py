"""Months of settlement, statements and accounts as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from portal.ledger.labels import entry_words
from portal.organizations.models import Dealer
from portal.settlement import rules
from portal.settlement.models import Settlement, Statement
from portal.settlement.queries.statements import Expected, PaidLine, StatementRow
from portal.web.api import Amount, Asked, Day, Given, Instant, Line, ListQuery, Month, Ref, Words

Reply = Literal["waiting", "confirmed", "disputed", "accepted"]
Because = Literal[
    "not-decided", "old-part-not-reviewed", "old-part-not-accepted", "wanted", "approved-late", "excluded", "later-service-day"
]  # fmt: skip


# ---------------------------------------------------------------- what is asked


class AccountQuery(Asked):
    """Also the balance at the end of a day."""

    day: Day | None = None


class AccountsQuery(ListQuery):
    """Which dealers: whose name, city or code says a text."""

    q: Line = ""


class EntryQuery(ListQuery):
    """Which entries: of a month."""

    month: Month | None = None


class ShareQuery(ListQuery):
    """Which dealers of a month: whose name or code says a text."""

    q: Line = ""


class LeftOutQuery(ListQuery):
    """Which lines that a month leaves out: for a reason."""

    because: Because | None = None


class StatementQuery(ListQuery):
    """Which statements: of a month, of a dealer (headquarters), or by how they stand."""

    month: Month | None = None
    q: Line = ""
    reply: Reply | None = None


class SettlementReasonIn(Asked):
    """Why it is sent back."""

    reason: Words


class ExcludeIn(Asked):
    """The line that is moved on to the next month, and why (R50)."""

    claim: Ref
    position: int = Field(ge=1, le=9999)
    reason: Words


class StatementLineIn(Asked):
    """A line of a claim."""

    claim: Ref
    position: int = Field(ge=1, le=9999)


class DisputeIn(Asked):
    """What is wrong with a statement, perhaps with which lines."""

    reason: Words
    lines: list[StatementLineIn] = Field(default_factory=list, max_length=200)


class StatementAnswerIn(Asked):
    """What headquarters answers to a dispute."""

    answer: Words


# ---------------------------------------------------------------- accounts


class AccountRow(Given):
    """A dealer's account: ``available`` is the balance less what is agreed and undebited (R67), the limit stands beside."""

    dealer: str
    dealer_name: str
    city: str
    balance: Amount
    reserved: Amount
    available: Amount
    credit_limit: Amount


class ExpectedOut(Given):
    """What the next settlement is expected to bring."""

    month: Month
    settles_on: date
    lines: int
    amount: Amount

    @classmethod
    def of(cls, found: Expected, settles_on: date) -> ExpectedOut:
        """From what is approved so far."""
        return cls(month=found.month, settles_on=settles_on, lines=found.lines, amount=found.amount)


class AccountOut(AccountRow):
    """The same with what is expected, and the balance at the end of the day asked (today when none was)."""

    expected: ExpectedOut | None
    day: date
    balance_on_day: Amount


class EntryOut(Given):
    """An entry of an account, with the document behind it and the balance after it (R65)."""

    seq: int
    booked_on: date
    at: Instant
    purpose: str
    words: str
    document: str
    debit: Amount | None
    credit: Amount | None
    balance_after: Amount

    @classmethod
    def of(cls, row: Any) -> EntryOut:
        """From the ledger's row."""
        return cls(
            seq=row.seq, booked_on=row.booked_on, at=row.at, purpose=row.purpose,
            words=str(entry_words(row.purpose, row.memo, row.document)), document=row.document, debit=row.debit, credit=row.credit,
            balance_after=row.balance_after,
        )  # fmt: skip


# ---------------------------------------------------------------- months


class SettlementRow(Given):
    """A month's settlement (R51)."""

    month: Month
    number: str
    state: str
    settles_on: date
    lines: int
    dealers: int
    amount: Amount
    prepared_at: Instant
    prepared_by: str
    checked_at: Instant | None
    checked_by: str | None
    posted_at: Instant | None
    posted_by: str | None
    chain_hash: str | None

    @classmethod
    def of(cls, found: Settlement) -> SettlementRow:
        """From the stored settlement."""
        return cls(
            month=found.month, number=found.number, state=str(found.state), settles_on=found.settles_on, lines=found.lines,
            dealers=found.dealers, amount=found.amount, prepared_at=found.prepared_at, prepared_by=found.prepared_by,
            checked_at=found.checked_at, checked_by=found.checked_by, posted_at=found.posted_at, posted_by=found.posted_by,
            chain_hash=found.chain_hash,
        )  # fmt: skip


class LeftOutGroupOut(Given):
    """All lines left out for one reason."""

    because: str
    lines: int
    amount: Amount
    dealers: int


class MonthOut(Given):
    """A month as it is or would be settled: what the claim lines say now, and what was prepared, if anything was.

    ``stale`` says that the prepared figures no longer are what the lines say.
    """

    month: Month
    settles_on: date
    lines: int
    dealers: int
    amount: Amount
    left_out: list[LeftOutGroupOut]
    settlement: SettlementRow | None
    stale: bool

    @classmethod
    def of(cls, view: rules.Preview, found: Settlement | None, *, stale: bool) -> MonthOut:
        """From the preview and the stored settlement."""
        groups = [
            LeftOutGroupOut(because=str(one.because), lines=one.lines, amount=one.amount, dealers=one.dealers)
            for one in view.left_out
        ]
        return cls(
            month=view.month, settles_on=view.settles_on, lines=view.lines, dealers=view.dealers, amount=view.amount, left_out=groups,
            settlement=None if found is None else SettlementRow.of(found), stale=stale,
        )  # fmt: skip


class ShareOut(Given):
    """What a month pays one dealer; ``statement`` once it is posted."""

    dealer: str
    dealer_name: str
    lines: int
    amount: Amount
    statement: str | None

    @classmethod
    def of(cls, row: rules.Share) -> ShareOut:
        """From the list's row."""
        return cls(
            dealer=row.dealer_code,
            dealer_name=row.dealer_name,
            lines=row.lines,
            amount=row.amount,
            statement=row.statement,
        )


class LeftOutOut(Given):
    """A line that a month leaves out; ``goes_to`` is the month that pays it, null while nobody can know."""

    because: str
    claim: str
    position: int
    dealer: str
    dealer_name: str
    service_day: date
    part: str
    part_name: str
    old_part: str
    amount: Amount
    reason: str
    goes_to: Month | None

    @classmethod
    def of(cls, row: rules.LeftOutLine) -> LeftOutOut:
        """From the list's row."""
        return cls(
            because=str(row.because), claim=row.claim, position=row.position, dealer=row.dealer_code, dealer_name=row.dealer_name,
            service_day=row.service_day, part=row.part_number, part_name=row.part_name, old_part=row.old_part, amount=row.amount,
            reason=row.reason, goes_to=row.goes_to,
        )  # fmt: skip


# ---------------------------------------------------------------- statements


class StatementRowOut(Given):
    """A posted statement in a list (R53)."""

    number: str
    month: Month
    dealer: str
    dealer_name: str
    lines: int
    amount: Amount
    opening: Amount
    closing: Amount
    state: str
    answer_by: date
    posted_at: Instant

    @classmethod
    def of(cls, row: StatementRow) -> StatementRowOut:
        """From the list's row."""
        return cls(
            number=row.number, month=row.month, dealer=row.dealer_code, dealer_name=row.dealer_name, lines=row.lines,
            amount=row.amount, opening=row.opening, closing=row.closing, state=str(row.state), answer_by=row.answer_by,
            posted_at=row.posted_at,
        )  # fmt: skip


class PaidLineOut(Given):
    """A claim line that a statement pays."""

    claim: str
    position: int
    service_day: date
    part: str
    part_name: str
    old_part: str
    serial: str
    quantity: int
    claimed: Amount
    approved: Amount

    @classmethod
    def of(cls, row: PaidLine) -> PaidLineOut:
        """From the list's row."""
        return cls(
            claim=row.claim, position=row.position, service_day=row.service_day, part=row.part_number, part_name=row.part_name,
            old_part=row.old_part, serial=row.serial, quantity=row.quantity, claimed=row.claimed, approved=row.approved,
        )  # fmt: skip


class StatementOut(Given):
    """A dealer's monthly statement: its account between two settlements, what was reimbursed, how it stands."""

    number: str
    month: Month
    dealer: str
    dealer_name: str
    reply: Reply
    answer_by: date | None
    confirmed_at: Instant | None
    confirmed_by: str | None
    lines: int
    amount: Amount
    opening: Amount
    closing: Amount
    posted_at: Instant
    chain_hash: str | None
    entries: list[EntryOut]
    paid: list[PaidLineOut]

    @classmethod
    def of(
        cls, found: Statement, dealer: Dealer, entries: list[Any], paid: list[PaidLine], *, today: date
    ) -> StatementOut:
        """From the stored statement, the account's entries, and the lines that it pays."""
        return cls.model_validate(
            {
                "number": found.number, "month": found.month, "dealer": dealer.code, "dealer_name": dealer.name,
                "reply": rules.reply(found.state, found.answer_by or today, today).value, "answer_by": found.answer_by,
                "confirmed_at": found.confirmed_at, "confirmed_by": found.confirmed_by, "lines": found.lines, "amount": found.amount,
                "opening": found.opening, "closing": found.closing, "posted_at": found.posted_at, "chain_hash": found.chain_hash,
                "entries": [EntryOut.of(row) for row in entries], "paid": [PaidLineOut.of(row) for row in paid],
            }
        )  # fmt: skip
