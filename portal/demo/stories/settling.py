"""The 3rd of the month: prepared by the system at 02:00, checked, posted, and the month closed (domain.md section 6)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import select

from portal.claims.models import Claim, ClaimLine, LineState
from portal.claims.rules import settlement_day
from portal.core.months import add_months
from portal.demo import names
from portal.demo.world import Play
from portal.settlement import actions, rules

Told = Generator[datetime, None, None]
DAY_OF_MONTH = 3
PAID = (LineState.APPROVED, LineState.REDUCED)


def months(play: Play) -> list[date]:
    """The whole months before now, oldest first, whose settlement day has begun by now."""
    found, month = [], play.first
    while settlement_day(month, DAY_OF_MONTH) <= play.last:
        found.append(month)
        month = add_months(month, 1)
    return found


def settle(play: Play, month: date, chance: Random, *, newest: bool, leave_out: bool, send_back: bool) -> Told:
    """One month. ``leave_out`` moves a line on by hand, ``send_back`` has it checked twice; the ``newest`` month stays open."""
    day = settlement_day(month, DAY_OF_MONTH)
    yield rules.runs_at(day, play.times.zone)
    with play.as_(play.system) as session:
        actions.prepare(session, play.system, month, at=play.at)
    finance, finance2, manager = play.hq["finance"], play.hq["finance2"], play.hq["finance-manager"]
    yield play.times.at(day, 9, chance.randint(5, 25))
    if leave_out and move_on(play, month):
        yield play.at + timedelta(minutes=3)
        with play.as_(finance) as session:
            actions.prepare(session, finance, month, at=play.at)
    yield play.at + timedelta(minutes=chance.randint(20, 50))
    with play.as_(finance2) as session:
        actions.check(session, finance2, month, at=play.at)
    yield play.at + timedelta(minutes=chance.randint(20, 60))
    if send_back:
        with play.as_(manager) as session:
            actions.send_back(session, manager, month, reason=names.SETTLEMENT_BACK, at=play.at)
        yield play.at + timedelta(minutes=12)
        with play.as_(finance) as session:
            actions.prepare(session, finance, month, at=play.at)
        yield play.at + timedelta(minutes=15)
        with play.as_(finance2) as session:
            actions.check(session, finance2, month, at=play.at)
        yield play.at + timedelta(minutes=10)
    with play.as_(manager) as session:
        actions.post(session, manager, month, at=play.at)
    if newest:
        return
    yield play.times.later(play.times.at(day + timedelta(days=5), 15), chance.uniform(10, 60))
    with play.as_(finance) as session:
        actions.close_month(session, finance, month, at=play.at)


def move_on(play: Play, month: date) -> bool:
    """Finance leaves the dearest line out for a month; False when the month pays nothing."""
    finance = play.hq["finance"]
    with play.as_(finance) as session:
        line = session.execute(
            select(Claim.number, ClaimLine.position)
            .join(Claim, Claim.id == ClaimLine.claim_id)
            .where(ClaimLine.pays_in == month, ClaimLine.state.in_(PAID))
            .order_by(ClaimLine.approved.desc(), ClaimLine.id)
            .limit(1)
        ).one_or_none()
        if line is None:
            return False
        actions.exclude(
            session,
            finance,
            month,
            claim=str(line.number),
            position=line.position,
            reason=names.EXCLUDE_REASON,
            at=play.at,
        )
    return True
