"""The 3rd of the month by itself: settlements prepared when their day has come, statements made before anybody asks (R50-R53)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial

from sqlalchemy.orm import Session

from portal.core import clock, months, queue
from portal.core.db import act_whole, unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission
from portal.identity import queries as identity
from portal.notices import actions as notices
from portal.settlement import actions, queries, rules
from portal.settlement.models import Settlement, SettlementState
from portal.settlement.printing import make


@queue.clockwork("settlement.prepare")
def prepare_due(actor: Actor, at: datetime) -> Iterator[queue.Outcome]:
    """R50: every month whose day and hour have come, in their order, each once; after an outage all that were missed.

    A month that may not be prepared yet (R51: months go in order) ends the brand's turn; finance is told once. Where the
    brand's term says so, what was prepared is posted in the same unit of work.
    """
    for month in due(actor, at):
        said = f"{month:%Y-%m}"
        try:
            made = act_whole(actor.scope, partial(_prepare, actor=actor, month=month, at=at))
        except Refused as refused:
            with unit_of_work(actor.scope) as session:
                again = not _first_word(session, refused, said, at)
            facts = {
                "month": said,
                "code": refused.code,
                **{name: str(fact) for name, fact in refused.facts.items() if name != "month"},
            }
            yield queue.Outcome("refused", facts, well=False, again=again)
            return
        if made is not None:
            found, alone = made
            yield queue.Outcome("posted" if alone else "prepared", {"month": said, "amount": str(found.amount)})


def _prepare(session: Session, actor: Actor, month: date, at: datetime) -> tuple[Settlement, bool] | None:
    """Prepare it, and whether it was posted too; None where people were faster: what they checked stays checked."""
    if not _open(queries.for_update(session, month), session):
        return None
    found = actions.prepare(session, actor, month, at=at)
    if alone := queries.posts_alone(session, found):
        actions.post_alone(session, actor, month, at=at)
    return found, alone


def due(actor: Actor, at: datetime) -> list[date]:
    """The months to prepare now, the earliest first. One that pays nothing is passed over unless it is the newest."""
    with unit_of_work(actor.scope) as session:
        first = queries.next_month(session)
        if first is None:
            return []
        come = rules.months_come(first, at, actor.zone, lambda month: queries.day_of(session, month))
        there = queries.settlements_of(session, come)
        return [
            month for month in come
            if _open(there.get(month), session) and (month == come[-1] or queries.due_totals(session, month)[0])
        ]  # fmt: skip


def _open(found: Settlement | None, session: Session) -> bool:
    """Whether the month waits for the system: not prepared, or prepared by it and to be posted by itself."""
    if found is None:
        return True
    return found.state == SettlementState.PREPARED and queries.posts_alone(session, found)


def _first_word(session: Session, refused: Refused, month: str, at: datetime) -> bool:
    """Tell finance once why a month is not prepared; whether this was the first time."""
    if not queue.first_time(session, f"settlement-waits {month} {refused}", at=at):
        return False
    if refused.code == "earlier-month-unsettled":
        notices.tell(
            session, "settlement-waits", permission=Permission.SETTLEMENT_PREPARE, at=at,
            facts={"month": month, "earlier": refused.facts["earlier"]},
        )  # fmt: skip
    return True


@queue.task("settlement.statements")
def statements(job: queue.Job, *, month: str) -> None:
    """After posting: leave one job for each dealer's statement."""
    with unit_of_work(job.headquarters) as session:
        found = queries.settlement(session, months.parse(month))
        if found is None or found.state != SettlementState.POSTED:
            return
        numbers = queries.statement_numbers(session, found)
        queue.defer_each(session, "settlement.render_statement", [{"number": number} for number in numbers])


@queue.task("settlement.render_statement")
def render_statement(job: queue.Job, *, number: str) -> None:
    """Make and keep a dealer's statement, then tell the dealer that it is ready (R53).

    One that does not agree with the ledger is not made, and nobody is told (BA6): the job fails and says so.
    """
    at = clock.now()
    with unit_of_work(job.headquarters) as session:
        actor = identity.system_of(session)
    make(actor, number, at=at)
    with unit_of_work(actor.scope) as session:
        if not queue.first_time(session, f"statement-told {number}", at=at):
            return
        found, _dealer = queries.statement(session, number)
        notices.tell(
            session, "statement-ready", permission=Permission.STATEMENT_CONFIRM, dealer_id=found.dealer_id, at=at,
            facts={
                "number": number, "month": f"{found.month:%Y-%m}", "amount": found.amount, "lines": found.lines,
                "opening": found.opening, "closing": found.closing, "confirm_by": found.confirm_by,
            },
        )  # fmt: skip
