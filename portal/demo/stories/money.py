"""Money coming in: top-ups, one of them mistaken, and a credit limit."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from decimal import Decimal
from random import Random

from sqlalchemy.orm import Session

from portal.core.permissions import Actor
from portal.demo import names
from portal.demo.world import Play, Shop
from portal.ledger import actions, queries, rules


def missing(play: Play, shop: Shop, amount: Decimal) -> Decimal:
    """R23: what a debit of ``amount`` lacks now, yuan."""
    finance = play.hq["finance"]
    with play.as_(finance) as session:
        account = queries.prepayment(session, shop.id)
        return rules.missing(account.balance, account.credit_limit, amount)


def top_up(play: Play, shop: Shop, at_least: Decimal, chance: Random) -> str:
    """Finance enters what the bank advises: at least so many yuan, in round figures; returns its number."""
    amount = (at_least // 500 + 1 + chance.randint(1, 6)) * 500
    finance = play.hq[chance.choice(("finance", "finance2"))]
    with play.as_(finance) as session:
        return enter(play, session, finance, shop, Decimal(amount), chance)


def enter(play: Play, session: Session, finance: Actor, shop: Shop, amount: Decimal, chance: Random) -> str:
    """One top-up in an open unit of work."""
    return actions.enter_topup(
        session, finance, dealer_code=shop.code, amount=amount, received_on=play.today,
        bank_reference=play.advice(chance.choice(names.BANKS)), note=chance.choice(names.TOPUP_NOTES), at=play.at,
    ).number  # fmt: skip


def usual(play: Play, shop: Shop, start: datetime, chance: Random) -> Generator[datetime, None, None]:
    """A dealer pays in without being asked."""
    yield start
    top_up(play, shop, Decimal(chance.choice((1000, 2000, 3000, 5000))), chance)


def mistaken(play: Play, shop: Shop, start: datetime, chance: Random) -> Generator[datetime, None, None]:
    """Ten times too much was typed; it is reversed with a reason and entered anew."""
    finance = play.hq["finance"]
    yield start
    with play.as_(finance) as session:
        number = enter(play, session, finance, shop, Decimal(30000), chance)
    yield play.wait(chance, 20, 60)
    with play.as_(finance) as session:
        actions.reverse_topup(session, finance, number, reason=names.WRONG_TOPUP, at=play.at)
    yield play.wait(chance, 3, 10)
    with play.as_(finance) as session:
        enter(play, session, finance, shop, Decimal(3000), chance)


def more_credit(play: Play, shop: Shop, start: datetime) -> Generator[datetime, None, None]:
    """The finance manager lets a dealer go further below zero."""
    manager = play.hq["finance-manager"]
    yield start
    with play.as_(manager) as session:
        limit = queries.prepayment(session, shop.id).credit_limit + 3000
        actions.set_credit_limit(session, manager, shop.code, limit=limit, at=play.at)
