"""What happens to orders by itself: quotes lapse, agreed orders are debited at once where the brand says so (R22, R23)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from portal.core import clock, queue, terms
from portal.core.db import act_whole, unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission
from portal.identity import queries as identity
from portal.ledger.rules import DEBIT_WAITING
from portal.notices import actions as notices
from portal.orders import actions, queries
from portal.orders.terms import DEBIT_AT_ONCE


@queue.clockwork("orders.lapse")
def lapse_quotes(actor: Actor, at: datetime) -> Iterator[queue.Outcome]:
    """R22: orders whose quote's last day is over are headquarters' again; each in a unit of work of its own."""
    with unit_of_work(actor.scope) as session:
        numbers = queries.lapsed_quotes(session, on=actor.day(at))
    for number in numbers:
        try:
            order = act_whole(actor.scope, partial(actions.lapse, actor=actor, number=number, at=at))
        except Refused as refused:  # agreed to or disputed meanwhile
            yield queue.Outcome("refused", {"order": number, "code": refused.code})
        else:
            yield queue.Outcome("lapsed", {"order": number, "quote": order.quote_no})


@queue.clockwork("orders.debit")
def debit_orders(actor: Actor, at: datetime) -> Iterator[queue.Outcome]:
    """R23: what a job should have debited and did not, and the first word to who is short of funds."""
    yield from debit_dealers(actor, None, at=at)


@queue.task(DEBIT_WAITING)
def debit_waiting(job: queue.Job, *, dealer_id: int) -> None:
    """Look at one dealer's agreed orders: left when it agrees, tops up, or gets a higher credit limit."""
    mine = job.asked_by.dealer_id or dealer_id  # a dealer's own act speaks of that dealer, whatever the arguments say
    with unit_of_work(job.headquarters) as session:
        actor = identity.system_of(session)
    for _outcome in debit_dealers(actor, mine, at=clock.now()):
        pass


def debit_dealers(actor: Actor, dealer_id: int | None, *, at: datetime) -> Iterator[queue.Outcome]:
    """Debit what can be debited, oldest agreement first, each order in a unit of work of its own in headquarters' scope.

    One that is short does not hold back the next (R23); its dealer is told once a version how much is missing. Where the
    brand debits by hand, only that is told.
    """
    with unit_of_work(actor.scope) as session:
        at_once = bool(terms.value(session, DEBIT_AT_ONCE, on=actor.day(at)))
        numbers = queries.payable(session, dealer_id=dealer_id) if at_once else ()
    for number in numbers:
        try:
            order = act_whole(actor.scope, partial(actions.debit, actor=actor, number=number, at=at))
        except Refused as refused:  # the one before took what this one needs, or a person was faster
            yield queue.Outcome("refused", {"order": number, "code": refused.code})
        else:
            yield queue.Outcome("debited", {"order": number, "amount": str(order.total)})
    with unit_of_work(actor.scope) as session:
        for short in queries.short_untold(session, dealer_id=dealer_id):
            if queue.first_time(session, short.mark, at=at):
                notices.tell(
                    session, "order-short", permission=Permission.ORDER_AGREE, dealer_id=short.dealer_id, at=at,
                    facts={"number": short.number, "total": short.total, "missing": short.missing},
                )  # fmt: skip
