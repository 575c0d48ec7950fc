"""Accounts, the monthly settlement and statements for other programs (R50–R54, R65, R67)."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.core import money
from portal.core.errors import NotFound
from portal.core.months import parse
from portal.core.permissions import Permission as P
from portal.ledger import queries as ledger
from portal.orders import queries as orders
from portal.organizations.models import Dealer
from portal.settlement import actions, printing, queries, rules
from portal.settlement.models import PaperKind, Settlement, SettlementState, Statement
from portal.settlement.queries.accounts import AccountRow as Held
from portal.settlement.schemas import (
    AccountOut,
    AccountQuery,
    AccountRow,
    AccountsQuery,
    DisputeIn,
    EntryOut,
    EntryQuery,
    ExcludeIn,
    ExpectedOut,
    LeftOutOut,
    LeftOutQuery,
    MonthOut,
    SettlementReasonIn,
    SettlementRow,
    ShareOut,
    ShareQuery,
    StatementAnswerIn,
    StatementOut,
    StatementQuery,
    StatementRowOut,
)
from portal.web.api import Answer, Api, Call, File, ListQuery, Page
from portal.web.responses import XLSX

api = Api("settlement", tag="settlement", words="Accounts, the settlement of each month, and dealers' statements.")


# ---------------------------------------------------------------- accounts


@api.reads("/account", P.ACCOUNT_READ, side="dealer", gives=AccountOut)
def account(call: Call, query: AccountQuery) -> AccountOut:
    """The dealer's own account: balance, reserved, available, limit, what is expected (R67)."""
    own = call.session.get_one(Dealer, (call.actor.scope.brand_id, call.dealer_id))
    return _account(call, own, query.day)


@api.reads("/account/entries", P.ACCOUNT_READ, side="dealer", gives=Page[EntryOut])
def entries(call: Call, query: EntryQuery) -> Page[EntryOut]:
    """The dealer's own entries, newest first."""
    return _entries(call, call.dealer_id, query)


@api.reads("/accounts", P.ACCOUNT_READ, side="hq", gives=Page[AccountRow])
def accounts(call: Call, query: AccountsQuery) -> Page[AccountRow]:
    """All dealers' accounts, by the dealer's code."""
    rows = queries.accounts_page(call.session, text=query.q, after=call.after(query), limit=query.limit + 1)
    return call.page(query, rows, _row, key="code")


@api.reads("/accounts/<code>", P.ACCOUNT_READ, side="hq", gives=AccountOut)
def dealer_account(call: Call, code: str, query: AccountQuery) -> AccountOut:
    """One dealer's account."""
    return _account(call, queries.dealer(call.session, code), query.day)


@api.reads("/accounts/<code>/entries", P.ACCOUNT_READ, side="hq", gives=Page[EntryOut])
def dealer_entries(call: Call, code: str, query: EntryQuery) -> Page[EntryOut]:
    """One dealer's entries, newest first."""
    return _entries(call, queries.dealer(call.session, code).id, query)


def _row(row: Held) -> AccountRow:
    return AccountRow(
        dealer=row.code, dealer_name=row.name, city=row.city, balance=row.balance, reserved=row.reserved,
        available=row.available, credit_limit=row.credit_limit,
    )  # fmt: skip


def _account(call: Call, dealer: Dealer, day: date | None) -> AccountOut:
    held, standing = ledger.prepayment(call.session, dealer.id), orders.standing(call.session, dealer.id)
    coming = queries.expected(call.session, dealer.id)
    on = day or call.actor.day(call.at)
    return AccountOut(
        dealer=dealer.code, dealer_name=dealer.name, city=dealer.city, balance=standing.balance, reserved=standing.reserved,
        available=standing.available, credit_limit=standing.credit_limit, day=on,
        balance_on_day=ledger.balance_on(call.session, held.id, on),
        expected=None if coming is None else ExpectedOut.of(coming, queries.day_of(call.session, coming.month)),
    )  # fmt: skip


def _entries(call: Call, dealer_id: int, query: EntryQuery) -> Page[EntryOut]:
    held = ledger.prepayment(call.session, dealer_id)
    rows = ledger.entries(
        call.session, held.id, before_seq=call.after_id(query), month=query.month, limit=query.limit + 1
    )
    return call.page(query, rows, EntryOut.of, key="seq")


# ---------------------------------------------------------------- months


@api.reads("/settlements", P.SETTLEMENT_READ, side="hq", gives=Page[SettlementRow])
def months(call: Call, query: ListQuery) -> Page[SettlementRow]:
    """Months with a settlement, the newest first."""
    after = call.after(query)
    rows = queries.months_list(
        call.session, before=None if after is None else date.fromisoformat(after), limit=query.limit + 1
    )
    return call.page(query, rows, SettlementRow.of, key="month")


@api.reads("/settlements/<month>", P.SETTLEMENT_READ, side="hq", gives=MonthOut)
def month(call: Call, month: str) -> Answer:
    """Any month: its preview at any time, and what was prepared, checked or posted (R51)."""
    return _shown(call, _month(month))


@api.reads("/settlements/<month>/shares", P.SETTLEMENT_READ, side="hq", gives=Page[ShareOut])
def shares(call: Call, month: str, query: ShareQuery) -> Page[ShareOut]:
    """What the month pays each dealer, the largest amount first."""
    first, key = _month(month), call.after(query)
    cents, _dot, dealer = (key or "").partition(".")
    after = None if key is None else (money.yuan(int(cents)), int(dealer))
    found = queries.settlement(call.session, first)
    how: dict[str, Any] = {"limit": query.limit + 1, "after": after, "text": query.q}
    rows = (
        queries.due_shares(call.session, first, **how)
        if found is None
        else queries.share_page(call.session, found, **how)
    )
    return call.page(query, rows, ShareOut.of, key=lambda row: f"{money.fen(row.amount)}.{row.dealer_id}")


@api.reads("/settlements/<month>/left-out", P.SETTLEMENT_READ, side="hq", gives=Page[LeftOutOut])
def left_out(call: Call, month: str, query: LeftOutQuery) -> Page[LeftOutOut]:
    """Line by line what the month leaves out, and why (R51)."""
    first = _month(month)
    found = queries.settlement(call.session, first)
    rows = queries.left_out_lines(
        call.session, first, seen_at=found.posted_at if found and found.posted_at else call.at,
        because=None if query.because is None else rules.LeftOutBecause(query.because), after=call.after_id(query),
        limit=query.limit + 1,
    )  # fmt: skip
    return call.page(query, rows, LeftOutOut.of, key="line_id")


def _locked_month(call: Call, text: str) -> Settlement | None:
    """The month's settlement, in the brand's turn; None before it is prepared. A posted one is refused before anything else (R54)."""
    first = _month(text)
    actions.unposted(call.session, first)
    actions.alone(call.session, call.actor)
    return queries.for_update(call.session, first)


@api.acts("/settlements/<month>/prepare", P.SETTLEMENT_PREPARE, side="hq", gives=MonthOut, changes=_locked_month)
def prepare(call: Call, month: str) -> Answer:
    """Write down what the month pays, per dealer; may be repeated until it is posted, and voids a check (R51)."""
    first = _month(month)
    actions.prepare(call.session, call.actor, first, at=call.at)
    return _shown(call, first)


@api.acts("/settlements/<month>/check", P.SETTLEMENT_CHECK, side="hq", gives=MonthOut, changes=_locked_month)
def check(call: Call, month: str) -> Answer:
    """Another pair of eyes than the preparer's finds it right (R2)."""
    first = _month(month)
    actions.check(call.session, call.actor, first, at=call.at)
    return _shown(call, first)


@api.acts("/settlements/<month>/send-back", P.SETTLEMENT_POST, side="hq", gives=MonthOut, changes=_locked_month)
def send_back(call: Call, month: str, body: SettlementReasonIn) -> Answer:
    """Void the check: finance looks again (R51)."""
    first = _month(month)
    actions.send_back(call.session, call.actor, first, reason=body.reason, at=call.at)
    return _shown(call, first)


@api.acts("/settlements/<month>/post", P.SETTLEMENT_POST, side="hq", gives=MonthOut, changes=_locked_month)
def post(call: Call, month: str) -> Answer:
    """Post the month: one journal, every dealer's credit and statement, or nothing (R52)."""
    first = _month(month)
    actions.post(call.session, call.actor, first, at=call.at)
    return _shown(call, first)


@api.acts("/settlements/<month>/exclude", P.SETTLEMENT_PREPARE, side="hq", gives=MonthOut, changes=_locked_month)
def exclude(call: Call, month: str, body: ExcludeIn) -> Answer:
    """Move one approved line on to the next month, with a reason; what was prepared must be prepared again (R50)."""
    first = _month(month)
    actions.exclude(
        call.session, call.actor, first, claim=body.claim, position=body.position, reason=body.reason, at=call.at
    )
    return _shown(call, first)


def _month(text: str) -> date:
    """2026-10 of an address as its first day; NotFound for anything else."""
    try:
        return parse(text)
    except ValueError:
        raise NotFound from None


def _shown(call: Call, first: date) -> Answer:
    call.afresh()
    found = queries.settlement(call.session, first)
    posted = found is not None and found.state == SettlementState.POSTED
    view = queries.preview(call.session, first, at=found.posted_at if found and found.posted_at else call.at)
    stale = found is not None and not posted and queries.statements_differ(call.session, found)
    body = MonthOut.of(view, found, stale=stale)
    return Answer(body, ver=0 if found is None else found.ver, at=f"/settlements/{first:%Y-%m}")


# ---------------------------------------------------------------- statements


@api.reads("/statements", P.STATEMENT_READ, gives=Page[StatementRowOut])
def statements(call: Call, query: StatementQuery) -> Page[StatementRowOut]:
    """Posted statements, the newest first; a dealer sees its own."""
    rows = queries.statement_page(
        call.session, month=query.month, text=query.q, reply=None if query.reply is None else rules.Reply(query.reply),
        today=call.actor.day(call.at), before=call.after_id(query), limit=query.limit + 1,
    )  # fmt: skip
    return call.page(query, rows, StatementRowOut.of)


@api.reads("/statements/<number>", P.STATEMENT_READ, gives=StatementOut)
def statement(call: Call, number: str) -> Answer:
    """One statement: the account between two settlements, what was reimbursed, how it stands (R53)."""
    return _statement(call, number)


@api.reads("/statements/<number>/paper", P.STATEMENT_READ, gives=bytes, kind="application/pdf", waits=True)
def statement_paper(call: Call, number: str) -> File:
    """The statement as 月结对账单: the bytes that were kept (R53)."""
    return _kept(call, number, PaperKind.PDF)


@api.reads("/statements/<number>/workbook", P.STATEMENT_READ, gives=bytes, kind=XLSX, waits=True)
def statement_workbook(call: Call, number: str) -> File:
    """The statement as a workbook: the bytes that were kept (R53)."""
    return _kept(call, number, PaperKind.XLSX)


def _kept(call: Call, number: str, kind: PaperKind) -> File:
    found, _dealer = queries.statement(call.session, number)
    name, reader, at = str(found.number), call.actor, call.at

    def content() -> bytes | None:
        kept = printing.fetch(reader, name, kind, at=at)
        return None if kept is None else kept.content

    return File(f"{name}.{kind.value}", content)


def _locked_statement(call: Call, number: str) -> Statement:
    return queries.statement_for_update(call.session, number)


@api.acts(
    "/statements/<number>/confirm", P.STATEMENT_CONFIRM, side="dealer", gives=StatementOut, changes=_locked_statement
)
def confirm(call: Call, number: str) -> Answer:
    """The dealer finds it right (R53)."""
    actions.confirm(call.session, call.actor, number, at=call.at)
    return _statement(call, number)


@api.acts(
    "/statements/<number>/dispute", P.STATEMENT_CONFIRM, side="dealer", gives=StatementOut, changes=_locked_statement
)
def dispute(call: Call, number: str, body: DisputeIn) -> Answer:
    """The dealer says what is wrong, perhaps with which lines (R53)."""
    lines = [(line.claim, line.position) for line in body.lines]
    actions.dispute(call.session, call.actor, number, reason=body.reason, lines=lines, at=call.at)
    return _statement(call, number)


@api.acts("/statements/<number>/answer", P.STATEMENT_ANSWER, side="hq", gives=StatementOut, changes=_locked_statement)
def answer(call: Call, number: str, body: StatementAnswerIn) -> Answer:
    """Headquarters answers a dispute; the dealer is asked again (R53)."""
    actions.answer(call.session, call.actor, number, answer=body.answer, at=call.at)
    return _statement(call, number)


def _statement(call: Call, number: str) -> Answer:
    call.afresh()
    found, dealer = queries.statement(call.session, number)
    entries = printing.entries_of(call.session, found)
    paid = queries.lines_paid(call.session, found.dealer_id, found.month)
    body = StatementOut.of(found, dealer, entries, paid, today=call.actor.day(call.at))
    return Answer(body, ver=found.ver, at=f"/statements/{found.number}")
