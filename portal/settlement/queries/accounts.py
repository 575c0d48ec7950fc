"""All dealers' accounts at headquarters (R65, R67), by pages: what the ledger holds, less what the orders have reserved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, Subquery, and_, func, literal, select, tuple_
from sqlalchemy.orm import Session

from portal.core.money import ZERO, Money
from portal.ledger import queries as ledger
from portal.orders.models import Order, OrderState
from portal.organizations.models import Dealer

PAGE = 50
Only = Literal["", "below", "short"]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A dealer's account as lists show it; yuan. ``available`` is balance − reserved, the limit stands beside it (R67)."""

    dealer_id: int
    code: str
    name: str
    city: str
    balance: Decimal
    reserved: Decimal
    available: Decimal
    credit_limit: Decimal
    entries: int


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """All accounts that fit a filter: how many, and their sums in yuan."""

    dealers: int
    balance: Decimal
    reserved: Decimal
    available: Decimal
    credit_limit: Decimal


@dataclass(frozen=True, slots=True)
class AccountCounts:
    """How many accounts there are, how many lie below zero, and how many do not reach even with their credit limit."""

    all: int
    below: int
    short: int


def accounts_page(
    session: Session,
    *,
    text: str = "",
    only: Only = "",
    after: str | None = None,
    lowest_after: tuple[Decimal, str] | None = None,
    lowest: bool = False,
    limit: int = PAGE,
) -> list[AccountRow]:
    """Dealers' accounts by the dealer's code, after the code ``after``; one statement.

    ``lowest``: the lowest balance first instead, after the (balance, code) of ``lowest_after``. ``text`` is a part of the
    dealer's name or city, or its whole code.
    """
    held = _held()
    query = select(
        held.c.dealer_id, held.c.code, held.c.name, held.c.city, held.c.balance, held.c.reserved, held.c.available,
        held.c.credit_limit, held.c.entries,
    ).where(*_fits(held, text, only)).limit(limit)  # fmt: skip
    if lowest:
        query = query.order_by(held.c.balance, held.c.code)
        if lowest_after is not None:
            query = query.where(
                tuple_(held.c.balance, held.c.code) > tuple_(literal(lowest_after[0], Money), literal(lowest_after[1]))
            )
    else:
        query = query.order_by(held.c.code)
        if after is not None:
            query = query.where(held.c.code > after)
    rows: Sequence[Any] = session.execute(query).all()
    return [AccountRow(*row) for row in rows]


def accounts_totals(session: Session, *, text: str = "", only: Only = "") -> tuple[AccountCounts, AccountTotals]:
    """The brand's accounts counted, and those that fit the filter summed up. One statement."""
    held = _held()
    fits = and_(literal(value=True), *_fits(held, text, only))
    row: Any = session.execute(
        select(
            func.count(),
            func.count().filter(held.c.balance < ZERO),
            func.count().filter(_short(held)),
            func.count().filter(fits),
            *(
                func.coalesce(func.sum(column).filter(fits), 0).cast(Money)
                for column in (held.c.balance, held.c.reserved, held.c.available, held.c.credit_limit)
            ),
        ).select_from(held)
    ).one()
    return AccountCounts(*row[:3]), AccountTotals(*row[3:])


def _held() -> Subquery:
    """Each dealer's account beside what its agreed orders reserve (R67)."""
    accounts = ledger.prepayment_accounts().subquery("accounts")
    agreed = (
        select(Order.dealer_id, func.sum(Order.total).label("total"))
        .where(Order.state == OrderState.AGREED)
        .group_by(Order.dealer_id)
        .subquery("agreed")
    )
    reserved = func.coalesce(agreed.c.total, 0)
    return (
        select(
            accounts.c.dealer_id,
            Dealer.code,
            Dealer.name,
            Dealer.city,
            accounts.c.balance,
            reserved.cast(Money).label("reserved"),
            (accounts.c.balance - reserved).cast(Money).label("available"),
            accounts.c.credit_limit,
            accounts.c.entries,
        )
        .join_from(accounts, Dealer, Dealer.id == accounts.c.dealer_id)
        .outerjoin(agreed, agreed.c.dealer_id == accounts.c.dealer_id)
        .subquery("held")
    )


def _fits(held: Subquery, text: str, only: Only) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if text:
        wanted.append(
            held.c.name.icontains(text, autoescape=True)
            | held.c.city.icontains(text, autoescape=True)
            | (func.upper(held.c.code) == text.upper())
        )
    if only == "below":
        wanted.append(held.c.balance < ZERO)
    if only == "short":
        wanted.append(_short(held))
    return wanted


def _short(held: Subquery) -> ColumnElement[bool]:
    return held.c.available + held.c.credit_limit < ZERO
