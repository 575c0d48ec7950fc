"""The register of dealers comes in with their accounts: credit limits, and the opening balance once for each.

It stands here because organizations, which owns the dealers, stands below the ledger, which owns the accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.catalog import rules
from portal.catalog.actions.names import begin_load, finish_load, refuse_bad
from portal.catalog.rules import Examined, Loaded
from portal.core import audit
from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.core.tables import Problem, Sheet
from portal.ledger import actions as ledger
from portal.ledger import queries as ledger_queries
from portal.organizations import actions as organizations
from portal.organizations import queries as dealers
from portal.organizations.rules import DealerRow, changes


@dataclass(frozen=True, slots=True)
class _Standing:
    """A known dealer's account: yuan; ``opening`` None while nothing was booked and nothing has moved."""

    dealer_id: int
    limit: Decimal
    opening: Decimal | None


def examine_dealers(session: Session, actor: Actor, sheet: Sheet[DealerRow], *, at: datetime) -> Examined[DealerRow]:
    """What loading this register would do; an opening figure other than the one booked is a bad row. Changes nothing."""
    known, standing = dealers.dealer_rows(session), _standing(session)
    problems = [
        Problem(
            row.row_no, rules.heading(sheet, "opening_balance"), "opening-differs-row",
            {"dealer": row.code, "booked": _booked(row, standing), "given": row.opening_balance},
        )
        for row in sheet.rows
        if row.opening_balance is not None and _booked(row, standing) not in (None, row.opening_balance)
    ]  # fmt: skip
    limits = _limits(sheet, standing)
    new = sum(row.code.upper() not in known for row in sheet.rows)
    changed = sum(
        row.code.upper() in known and (changes(row, known[row.code.upper()]) or row.code.upper() in limits)
        for row in sheet.rows
    )
    openings = [row.opening_balance for row in sheet.rows if row.opening_balance and _booked(row, standing) is None]
    effect = Loaded(
        "dealers", len(sheet.rows), new=new, changed=changed, same=len(sheet.rows) - new - changed,
        nothing=not (new or changed or openings),
        more={"openings": len(openings), "opening_total": str(sum(openings, ZERO)), "limits": len(limits)},
    )  # fmt: skip
    return Examined(rules.with_problems(sheet, problems), effect)


def load_dealers(session: Session, actor: Actor, sheet: Sheet[DealerRow], *, at: datetime) -> Loaded:
    """Take the register whole or not at all: dealers, their accounts, credit limits, opening balances (R11).

    Every opening is a journal of its own (domain.md section 7). A file without a column for limits leaves them. Refuses
    "load-bad-rows": an opening figure that differs from the booked one.
    """
    begin_load(session, actor)
    examined = examine_dealers(session, actor, sheet, at=at)
    refuse_bad(examined.sheet)
    if examined.effect.nothing:
        return examined.effect
    standing = _standing(session)
    limits = _limits(sheet, standing)
    ids = organizations.enter_dealers(session, actor, sheet.rows, at=at)
    stored = dealers.dealers_by_id(session, ids.values())
    for row in sheet.rows:
        code = row.code.upper()
        account = standing.get(code)
        opening = row.opening_balance if account is None or account.opening is None else None
        if account is not None and not opening and code not in limits:
            continue  # nothing of its money changes
        limit = row.credit_limit if account is None or code in limits else account.limit
        dealer = stored[ids[code]]
        ledger.open_account(session, actor, dealer, credit_limit=limit, opening=opening, at=at)
        if code in limits:
            audit.record(
                session,
                actor,
                "account:set-limit",
                dealer,
                at=at,
                dealer_id=dealer.id,
                limit_before=limits[code],
                limit=limit,
            )
    return finish_load(session, actor, "dealers:load", None, examined.effect, at=at)


def _standing(session: Session) -> dict[str, _Standing]:
    """The accounts there are, by the dealer's code in capitals."""
    openings = ledger_queries.openings(session)
    return {
        row.code.upper(): _Standing(
            row.dealer_id, row.credit_limit, openings.get(row.dealer_id, ZERO if row.entries else None)
        )
        for row in ledger_queries.accounts(session)
    }


def _booked(row: DealerRow, standing: dict[str, _Standing]) -> Decimal | None:
    """The opening figure that stands: None may still be given; a dealer that has traded without one began with 0.00."""
    account = standing.get(row.code.upper())
    return None if account is None else account.opening


def _limits(sheet: Sheet[DealerRow], standing: dict[str, _Standing]) -> dict[str, Decimal]:
    """The limits that would change: the one before, by the dealer's code in capitals."""
    if rules.heading(sheet, "credit_limit") is None:
        return {}
    accounts = {row.code.upper(): (row, standing.get(row.code.upper())) for row in sheet.rows}
    return {
        code: account.limit
        for code, (row, account) in accounts.items()
        if account and account.limit != row.credit_limit
    }
