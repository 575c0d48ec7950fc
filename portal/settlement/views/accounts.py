"""A dealer's account as a runway (R65, R67), for the dealer and for headquarters; and all accounts.

It stands above the ledger because it shows what the ledger does not know: orders agreed, reimbursements expected, statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.core import clock, money, months
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger import labels as ledger_labels
from portal.ledger import queries as ledger
from portal.ledger.forms import LimitForm
from portal.ledger.views import document_url
from portal.orders import queries as orders
from portal.organizations.models import Dealer
from portal.settlement import queries
from portal.settlement.queries.accounts import AccountRow, Only
from portal.settlement.views import chart
from portal.settlement.views.base import blueprint
from portal.web.auth import current_actor, requires
from portal.web.exports import BATCH
from portal.web.pages import SIZE, address, list_filters

CHART_DAYS = 60
MONTH_TABS = 6


@blueprint.get("/account")
@requires(P.ACCOUNT_READ)
def account() -> ResponseReturnValue:
    """The dealer's own account; headquarters goes to the list."""
    actor = current_actor()
    if actor.scope.dealer_id is None:
        return redirect(url_for("settlement.accounts"), 303)
    with unit_of_work(actor.scope) as session:
        dealer = session.get_one(Dealer, (actor.scope.brand_id, actor.scope.dealer_id))
        return render_template("settlement/account.html", **_account(session, actor, dealer))


@blueprint.get("/accounts")
@requires(P.ACCOUNT_READ, side="hq")
def accounts() -> ResponseReturnValue:
    """All dealers' accounts by pages: balance, reserved, available, limit; by code, or the lowest balance first. Two statements."""
    wanted = list_filters("q", "only", "by", "before")
    lowest = wanted["by"] == "balance"
    with unit_of_work(current_actor().scope) as session:
        counts, totals = queries.accounts_totals(session, text=wanted["q"], only=_only(wanted["only"]))
        rows = _page(session, wanted, wanted["before"], SIZE + 1)
        shown = rows[:SIZE]
        return render_template(
            "settlement/accounts.html",
            rows=shown,
            wanted=wanted,
            counts=counts,
            totals=totals,
            lowest=lowest,
            by_code=address(by=None, before=None),
            by_balance=address(by="balance", before=None),
            tabs={only: address(only=only, before=None) for only in ("", "below", "short")},
            first=address(before=None) if wanted["before"] else "",
            older=address(before=_key(shown[-1], lowest=lowest)) if len(rows) > SIZE else "",
        )


def account_rows(session: Session, wanted: dict[str, str]) -> Iterator[AccountRow]:
    """All accounts that the list shows, in its order, read in batches."""
    last, lowest = "", wanted["by"] == "balance"
    while True:
        rows = _page(session, wanted, last, BATCH)
        yield from rows
        if len(rows) < BATCH:
            return
        last = _key(rows[-1], lowest=lowest)


def _page(session: Session, wanted: dict[str, str], after: str, limit: int) -> list[AccountRow]:
    """The accounts after the key ``after`` of an address: a code, or fen and a code where the balance gives the order."""
    text, only = wanted["q"], _only(wanted["only"])
    if wanted["by"] == "balance":
        return queries.accounts_page(
            session, text=text, only=only, lowest=True, lowest_after=_balance_and_code(after), limit=limit
        )
    return queries.accounts_page(session, text=text, only=only, after=after or None, limit=limit)


def _key(row: AccountRow, *, lowest: bool) -> str:
    return f"{money.fen(row.balance)}.{row.code}" if lowest else row.code


def _balance_and_code(text: str) -> tuple[Decimal, str] | None:
    cents, dot, code = text.partition(".")
    if not dot or not code or not re.fullmatch(r"-?[0-9]{1,13}", cents, re.ASCII):
        return None
    return money.yuan(int(cents)), code


def _only(text: str) -> Only:
    return "below" if text == "below" else "short" if text == "short" else ""


@blueprint.get("/accounts/<string:code>")
@requires(P.ACCOUNT_READ, side="hq")
def dealer_account(code: str) -> ResponseReturnValue:
    """One dealer's account as headquarters sees it; the finance manager sets the credit limit here."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        dealer = queries.dealer(session, code)
        form = LimitForm(formdata=None)
        values = _account(session, actor, dealer)
        form.limit.data = values["standing"].credit_limit
        return render_template(
            "settlement/account.html", **{**values, "form": form if actor.may(P.CREDIT_LIMIT_SET) else None}
        )


def _account(session: Session, actor: Actor, dealer: Dealer) -> dict[str, Any]:
    now = clock.now()
    today = actor.day(now)
    held = ledger.prepayment(session, dealer.id)
    standing = orders.standing(session, dealer.id)
    expected = queries.expected(session, dealer.id)
    wanted = list_filters("month", "kind", "on", "before")
    by_month = _months(session, held)
    chosen = next((row["month"] for row in by_month if f"{row['month']:%Y-%m}" == wanted["month"]), None)
    kind = ledger_labels.KINDS.get(wanted["kind"])
    before = (
        int(wanted["before"])
        if wanted["before"].isascii() and wanted["before"].isdecimal() and len(wanted["before"]) < 19
        else None
    )
    rows = ledger.entries(
        session, held.id, before_seq=before, month=chosen, purposes=kind[1] if kind else (), limit=SIZE + 1
    )
    on = _day(wanted["on"], today)
    return {
        "dealer": dealer,
        "hq": actor.side == "hq",
        "now": now,
        "standing": standing,
        "agreed": orders.debit_queue(session, dealer_id=dealer.id),
        "runway": _runway(session, dealer, standing, expected, now, hq=actor.side == "hq"),
        "on": on,
        "balance_on": ledger.balance_on(session, held.id, on),
        "today": today,
        "chart": chart.of_balances(
            ledger.balances_by_day(session, held.id, today - timedelta(days=CHART_DAYS)),
            since=today - timedelta(days=CHART_DAYS),
            today=today,
            opening=ledger.balance_on(session, held.id, today - timedelta(days=CHART_DAYS + 1)),
        ),
        "tabs": _tabs(by_month, chosen),
        "kinds": [(_("All"), address(kind=None, before=None), kind is None)]
        + [(str(label), address(kind=name, before=None), wanted["kind"] == name) for name, (label, _p) in ledger_labels.KINDS.items()],
        "groups": _groups(rows[:SIZE], by_month, whole=kind is None),
        "count": len(rows[:SIZE]),
        "older": address(before=rows[SIZE - 1].seq) if len(rows) > SIZE else "",
        "first": address(before=None) if before is not None else "",
        "statements": queries.statements_of(session, dealer.id),
        "purpose": ledger_labels.purpose_label,
        "words": ledger_labels.entry_words,
        "document_url": document_url,
        "form": None,
    }  # fmt: skip


def _months(session: Session, held: Any) -> list[dict[str, Any]]:
    """The account by month, newest first, with what it opened and closed at."""
    closing, found = held.balance, []
    for row in ledger.account_months(session, held.id):
        opening = closing - row.credit + row.debit
        found.append(
            {
                "month": row.month,
                "opening": opening,
                "credit": row.credit,
                "debit": row.debit,
                "closing": closing,
                "entries": row.entries,
            }
        )
        closing = opening
    return found


def _runway(
    session: Session, dealer: Dealer, standing: Any, expected: Any, now: Any, *, hq: bool
) -> list[dict[str, Any]]:
    """R67: balance − agreed but not yet debited (+ what the next settlement is expected to bring)."""
    cells: list[dict[str, Any]] = [
        {"label": _("Balance"), "amount": standing.balance},
        {"label": _("Agreed, not yet debited"), "amount": standing.reserved, "op": "−",
         "sub": _("Orders waiting for finance") if standing.reserved else _("Nothing waits")},
    ]  # fmt: skip
    if expected is not None:
        day = queries.day_of(session, expected.month)
        cells.append({"label": _("Expected on %(day)s", day=f"{day:%m-%d}"), "amount": expected.amount, "op": "+",
                      "sub": ngettext("%(num)d line approved", "%(num)d lines approved", expected.lines)})  # fmt: skip
        cells.append({"label": _("Available after %(day)s", day=f"{day:%m-%d}"), "amount": standing.available + expected.amount, "op": "=", "end": True,
                      "sub": _("Available today ¥%(amount)s", amount=f"{standing.available:,.2f}")})  # fmt: skip
    else:
        cells.append({"label": _("Available today"), "amount": standing.available, "op": "=", "end": True, "sub": ""})
    return cells


def _tabs(by_month: Sequence[dict[str, Any]], chosen: date | None) -> list[dict[str, Any]]:
    tabs = [{"label": _("Newest"), "url": address(month=None, before=None), "current": chosen is None}]
    shown = list(by_month[:MONTH_TABS])
    if chosen is not None and chosen not in {row["month"] for row in shown}:
        shown += [row for row in by_month if row["month"] == chosen]
    tabs += [
        {"label": f"{row['month']:%Y-%m}", "url": address(month=f"{row['month']:%Y-%m}", before=None), "current": row["month"] == chosen,
         "number": row["entries"]}
        for row in shown
    ]  # fmt: skip
    return tabs


def _groups(rows: Sequence[Any], by_month: Sequence[dict[str, Any]], *, whole: bool) -> list[dict[str, Any]]:
    """The entries under their month's own sums (``whole``: unless only one kind is shown)."""
    sums = {row["month"]: row for row in by_month}
    groups: list[dict[str, Any]] = []
    for row in rows:
        month = months.first_of(row.booked_on)
        if not groups or groups[-1]["month"] != month:
            groups.append({"month": month, "sums": sums[month] if whole else None, "rows": []})
        groups[-1]["rows"].append(row)
    return groups


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        return today
