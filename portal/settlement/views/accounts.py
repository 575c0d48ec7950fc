"""A dealer's account as a runway (R65, R67), for the dealer and for headquarters; and all accounts.

It stands above the ledger because it shows what the ledger does not know: orders agreed, reimbursements expected, statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.core import clock, months
from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger import labels as ledger_labels
from portal.ledger import queries as ledger
from portal.ledger.forms import LimitForm
from portal.ledger.views import document_url
from portal.orders import queries as orders
from portal.organizations.models import Dealer
from portal.settlement import queries, rules
from portal.settlement.views import chart
from portal.settlement.views.base import blueprint
from portal.web.auth import current_actor, requires
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
    """All dealers' accounts: balance, reserved, available, limit; who is below zero first when asked."""
    wanted = list_filters("q", "only")
    with unit_of_work(current_actor().scope) as session:
        rows = account_rows(session, {"q": "", "only": ""})
        shown = [row for row in rows if _wanted(row, wanted)]
        return render_template(
            "settlement/accounts.html",
            rows=shown,
            wanted=wanted,
            count=len(rows),
            short=sum(1 for row in rows if row["available"] + row["credit_limit"] < 0),
            below=sum(1 for row in rows if row["balance"] < 0),
            totals={
                name: rules.total(row[name] for row in shown)
                for name in ("balance", "reserved", "available", "credit_limit")
            },
        )


def account_rows(session: Session, wanted: dict[str, str]) -> list[dict[str, Any]]:
    """The accounts that the list shows, by the dealer's code."""
    reserved = queries.reserved(session)
    rows = (_row(found, reserved) for found in ledger.accounts(session))
    return [row for row in rows if _wanted(row, wanted)]


def _row(found: Any, reserved: dict[int, Any]) -> dict[str, Any]:
    held = reserved.get(found.dealer_id, rules.total(()))
    return {
        "code": found.code,
        "name": found.name,
        "city": found.city,
        "balance": found.balance,
        "reserved": held,
        "available": found.balance - held,
        "credit_limit": found.credit_limit,
        "entries": found.entries,
    }


def _wanted(row: dict[str, Any], wanted: dict[str, str]) -> bool:
    text = wanted["q"].lower()
    if text and text not in row["name"].lower() and text not in row["city"].lower() and text != row["code"].lower():
        return False
    if wanted["only"] == "below":
        return bool(row["balance"] < 0)
    if wanted["only"] == "short":
        return bool(row["available"] + row["credit_limit"] < 0)
    return True


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
