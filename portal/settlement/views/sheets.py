"""The lists of this package as Excel: each as its page is filtered, all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock, months
from portal.core.permissions import Permission as P
from portal.ledger import labels as ledger_labels
from portal.ledger import queries as ledger
from portal.settlement import labels, queries, rules, sheets
from portal.settlement.queries.statements import PaidLine, StatementRow
from portal.settlement.views.accounts import account_rows
from portal.settlement.views.base import blueprint, month_of
from portal.web.auth import current_actor, requires
from portal.web.exports import BATCH, Filter, answer, by_key
from portal.web.pages import list_filters


@blueprint.get("/accounts.xlsx")
@requires(P.ACCOUNT_READ, side="hq")
def accounts_sheet() -> ResponseReturnValue:
    """All dealers' accounts."""
    wanted = list_filters("q", "only", "by")
    only = {"below": _("Below zero"), "short": _("Over the credit limit")}
    return answer(
        sheets.ACCOUNTS,
        lambda session: account_rows(session, wanted),
        filters=[
            (_("Text"), wanted["q"]),
            (_("Only"), only.get(wanted["only"], "")),
            (_("Sorted by"), _("Lowest balance first") if wanted["by"] == "balance" else ""),
        ],
        back="settlement.accounts",
    )


@blueprint.get("/account.xlsx")
@requires(P.ACCOUNT_READ, side="dealer")
def account_sheet() -> ResponseReturnValue:
    """The entries of the dealer's own account."""
    dealer_id = current_actor().scope.dealer_id or 0
    return _entries(lambda _session: dealer_id, [], "settlement.account")


@blueprint.get("/accounts/<string:code>/entries.xlsx")
@requires(P.ACCOUNT_READ, side="hq")
def dealer_account_sheet(code: str) -> ResponseReturnValue:
    """The entries of one dealer's account."""
    return _entries(
        lambda session: queries.dealer(session, code).id,
        [(_("Dealer"), code)],
        "settlement.dealer_account",
        dealer=code,
    )


def _entries(whose: Callable[[Session], int], said: list[Filter], back: str, **facts: Any) -> ResponseReturnValue:
    wanted = list_filters("month", "kind")
    month, kind = _month(wanted["month"]), ledger_labels.KINDS.get(wanted["kind"])

    def read(session: Session) -> Iterator[Any]:
        held = ledger.prepayment(session, whose(session))
        return by_key(
            lambda before, limit: ledger.entries(
                session, held.id, before_seq=before, month=month, purposes=kind[1] if kind else (), limit=limit
            ),
            key="seq",
        )

    filters = [*said, (_("Month"), f"{month:%Y-%m}" if month else ""), (_("Kind of entry"), kind[0] if kind else "")]
    return answer(sheets.ENTRIES, read, filters=filters, back=back, **facts)


@blueprint.get("/settlement.xlsx")
@requires(P.SETTLEMENT_READ, side="hq")
def sheet() -> ResponseReturnValue:
    """Months with their settlements."""
    return answer(
        sheets.MONTHS,
        lambda session: by_key(
            lambda before, limit: queries.months_list(session, before=before, limit=limit), key="month"
        ),
        back="settlement.index",
    )


@blueprint.get("/settlement/<string:month>/dealers.xlsx")
@requires(P.SETTLEMENT_READ, side="hq")
def shares_sheet(month: str) -> ResponseReturnValue:
    """Each dealer's share of a month: of the preview, or as prepared or posted."""
    first, text = month_of(month), list_filters("q")["q"]

    def read(session: Session) -> Iterator[rules.Share]:
        found, last = queries.settlement(session, first), None
        while True:
            rows = (
                queries.due_shares(session, first, limit=BATCH, after=last, text=text)
                if found is None
                else queries.share_page(session, found, limit=BATCH, after=last, text=text)
            )
            yield from rows
            if len(rows) < BATCH:
                return
            last = (rows[-1].amount, rows[-1].dealer_id)

    filters = [(_("Month"), month), (_("Text"), text)]
    return answer(sheets.SHARES, read, filters=filters, back="settlement.detail", month=month)


@blueprint.get("/settlement/<string:month>/left-out.xlsx")
@requires(P.SETTLEMENT_READ, side="hq")
def left_out_sheet(month: str) -> ResponseReturnValue:
    """Line by line what a month leaves out, and why."""
    first, wanted = month_of(month), list_filters("because")["because"]
    because = rules.LeftOutBecause(wanted) if wanted in set(rules.LeftOutBecause) else None

    def read(session: Session) -> Iterator[rules.LeftOutLine]:
        found = queries.settlement(session, first)
        seen_at = found.posted_at if found and found.posted_at else clock.now()
        return by_key(
            lambda after, limit: queries.left_out_lines(
                session, first, seen_at=seen_at, because=because, after=after, limit=limit
            ),
            key="line_id",
        )

    filters = [(_("Month"), month), (_("Why"), labels.LEFT_OUT[because] if because else "")]
    return answer(sheets.LEFT_OUT, read, filters=filters, back="settlement.left_out", month=month)


@blueprint.get("/settlement/<string:month>/<string:dealer>/lines.xlsx")
@requires(P.SETTLEMENT_READ, side="hq")
def share_sheet(month: str, dealer: str) -> ResponseReturnValue:
    """One dealer's lines of a month."""
    first = month_of(month)

    def read(session: Session) -> Iterator[PaidLine]:
        who = queries.dealer(session, dealer)
        return by_key(lambda after, limit: queries.lines_of_share(session, who.id, first, after=after, limit=limit))

    filters = [(_("Month"), month), (_("Dealer"), dealer)]
    return answer(sheets.SHARE_LINES, read, filters=filters, back="settlement.share", month=month, dealer=dealer)


@blueprint.get("/statements.xlsx")
@requires(P.STATEMENT_READ)
def statements_sheet() -> ResponseReturnValue:
    """Posted statements."""
    today, wanted = current_actor().day(clock.now()), list_filters("month", "q", "reply")
    reply = rules.Reply(wanted["reply"]) if wanted["reply"] in set(rules.Reply) else None
    month = _month(wanted["month"])

    def read(session: Session) -> Iterable[tuple[StatementRow, rules.Reply]]:
        rows = by_key(
            lambda before, limit: queries.statement_page(
                session, month=month, text=wanted["q"], reply=reply, today=today, before=before, limit=limit
            )
        )
        return ((row, rules.reply(row.state, row.answer_by, today)) for row in rows)

    return answer(
        sheets.STATEMENTS,
        read,
        filters=[
            (_("Month"), f"{month:%Y-%m}" if month else ""),
            (_("Text"), wanted["q"]),
            (_("State"), labels.REPLIES[reply][0] if reply else ""),
        ],
        back="settlement.statements",
    )


@blueprint.get("/months.xlsx")
@requires(P.ACCOUNT_READ, side="hq")
def months_sheet() -> ResponseReturnValue:
    """The ledger's months, open and closed."""
    return answer(sheets.LEDGER_MONTHS, ledger.months, back="settlement.months")


def _month(text: str) -> date | None:
    try:
        return months.parse(text) if text else None
    except ValueError:
        return None
