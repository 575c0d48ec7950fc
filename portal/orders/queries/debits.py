"""Orders that wait for the account or for the clock: the queue of debits, what can be paid, who is short, quotes gone by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.core.money import ZERO
from portal.core.queue import DoneOnce
from portal.ledger import queries as ledger
from portal.ledger.rules import missing as missing_funds
from portal.orders.models import Order, OrderState
from portal.organizations.models import Dealer

S = OrderState


@dataclass(frozen=True, slots=True)
class Queued:
    """An order waiting for its debit; ``missing`` is what balance and credit limit lack for it alone (R23), yuan."""

    id: int
    number: str
    dealer_id: int
    dealer_code: str
    dealer_name: str
    agreed_at: datetime
    agreed_by: str
    ship_on: date
    total: Decimal
    balance: Decimal
    credit_limit: Decimal
    missing: Decimal


def lapsed_quotes(session: Session, *, on: date, limit: int = 500) -> Sequence[str]:
    """R22: numbers of orders whose quote could be agreed to until a day before ``on``, the oldest first; one statement."""
    rows = session.scalars(
        select(Order.number)
        .where(Order.state == S.QUOTED, Order.lapses_on < on)
        .order_by(Order.lapses_on, Order.id)
        .limit(limit)
    )
    return [str(number) for number in rows]


def debit_queue(session: Session, *, dealer_id: int | None = None, limit: int = 500) -> list[Queued]:
    """R23: the orders agreed and not yet debited, oldest agreement first, each with what is missing; two statements."""
    wanted: Select[*tuple[Any, ...]] = (
        select(
            Order.id, Order.number, Order.dealer_id, Dealer.code, Dealer.name,
            Order.agreed_at, Order.agreed_by, Order.ship_on, Order.total,
        )
        .join(Dealer, Dealer.id == Order.dealer_id)
        .where(Order.state == S.AGREED)
        .order_by(Order.agreed_at, Order.id)
        .limit(limit)
    )  # fmt: skip
    if dealer_id is not None:
        wanted = wanted.where(Order.dealer_id == dealer_id)
    rows = session.execute(wanted).all()
    accounts = ledger.prepayments(session, {row.dealer_id for row in rows}) if rows else {}
    queue = []
    for row in rows:
        account = accounts[row.dealer_id]
        lacks = missing_funds(account.balance, account.credit_limit, row.total)
        values: list[Any] = [*row, account.balance, account.credit_limit, lacks]
        queue.append(Queued(*values))
    return queue


def _waiting(dealer_id: int | None) -> tuple[Select[Any], Any]:
    """Agreed orders, the oldest agreement first, and what each lacks for itself alone (R23)."""
    accounts = ledger.prepayment_accounts().subquery()
    lacks = Order.total - accounts.c.balance - accounts.c.credit_limit
    agreed = (
        select(Order.number)
        .join(accounts, accounts.c.dealer_id == Order.dealer_id)
        .where(Order.state == S.AGREED)
        .order_by(Order.agreed_at, Order.id)
    )
    return (agreed if dealer_id is None else agreed.where(Order.dealer_id == dealer_id)), lacks


def payable(session: Session, *, dealer_id: int | None = None, limit: int = 500) -> Sequence[str]:
    """R23: agreed orders that their dealer's account bears now, each taken alone, the oldest first; one statement."""
    agreed, lacks = _waiting(dealer_id)
    return [str(number) for number in session.scalars(agreed.where(lacks <= ZERO).limit(limit))]


@dataclass(frozen=True, slots=True)
class Short:
    """An agreed order that the account does not bear: what is missing, yuan; ``mark`` is kept once its dealer was told."""

    number: str
    dealer_id: int
    total: Decimal
    missing: Decimal
    mark: str


def short_untold(session: Session, *, dealer_id: int | None = None, limit: int = 500) -> list[Short]:
    """R23: agreed orders short of funds whose dealer was not told yet of this version; one statement."""
    agreed, lacks = _waiting(dealer_id)
    mark = func.concat("order-short ", Order.number, " ", Order.quote_no)
    rows = session.execute(
        agreed.add_columns(Order.dealer_id, Order.total, lacks.cast(Order.total.type), mark)
        .where(lacks > ZERO, ~select(DoneOnce.key).where(DoneOnce.key == mark).exists())
        .limit(limit)
    )
    return [Short(*row) for row in rows]
