"""``portal settle prepare|show|check|post --brand B --month YYYY-MM``: the month being reimbursed, from a command line.

Commands act as the system; ``check`` and ``post`` need ``--as LOGIN``, a member who may (R2). "already-posted" is answered
before anything else. Exit code 1 for a refusal, 2 for wrong use.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import click
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock, months
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.identity.commands import BRAND, brand_actor, command, emit, member_actor
from portal.settlement import actions, labels, queries, rules
from portal.settlement.models import Settlement, SettlementState
from portal.web.errors import sentence
from portal.web.formats import money

ALL = 1_000_000  # dealers that `show` prints: every one, in one answer
NOT_PREPARED = "not-prepared"
Step = Callable[..., Settlement]


class MonthType(click.ParamType):
    """A month as its first day."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """2026-10 as 2026-10-01; a usage error otherwise."""
        if isinstance(value, date):
            return value
        try:
            return months.parse(str(value))
        except ValueError:
            self.fail(f"{value!r} is no month; write it like 2026-10", param, ctx)


_MONTH = (
    BRAND,
    click.Option(["--month"], required=True, type=MonthType(), help="The month being reimbursed."),
)
_STEP = (*_MONTH, click.Option(["--as", "login"], metavar="LOGIN", help="The member for whom it is done."))


def register(group: click.Group) -> None:
    """Hang the commands on ``portal settle``."""
    for one in (prepare, show, check, post):
        group.add_command(one)


@command("prepare", *_STEP)
def prepare(brand: str, month: date, login: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Write down what the month pays each dealer; again until it is posted."""
    _take(brand, month, login, actions.prepare, as_json=as_json, person=False)


@command("check", *_STEP)
def check(brand: str, month: date, login: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Find it right, for a member who did not prepare it."""
    _take(brand, month, login, actions.check, as_json=as_json, person=True)


@command("post", *_STEP)
def post(brand: str, month: date, login: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Post it to every dealer's account at once, for a member who neither prepared nor checked it."""
    _take(brand, month, login, actions.post, as_json=as_json, person=True)


@command("show", *_MONTH)
def show(brand: str, month: date, as_json: bool) -> None:  # noqa: FBT001
    """What the month pays, or would pay, and what it leaves out and why; for any month at any time."""
    actor = brand_actor(brand)
    with unit_of_work(actor.scope) as session:
        shown = _shown(session, month, clock.now())
    emit(shown, as_json=as_json, words=_words(shown))


def _take(brand: str, month: date, login: str | None, step: Step, *, as_json: bool, person: bool) -> None:
    try:
        result = _acted(brand, month, login, step, person=person)
    except Refused as error:
        if as_json:
            facts = {name: str(value) for name, value in error.facts.items()}
            emit({"ok": False, "refused": error.code, "message": sentence(error), **facts}, as_json=True, words="")
        raise
    emit({"ok": True, **result}, as_json=as_json, words=_line(result))


def _acted(brand: str, month: date, login: str | None, step: Step, *, person: bool) -> dict[str, Any]:
    system = brand_actor(brand)
    with unit_of_work(system.scope) as session:
        found = queries.settlement(session, month)
        if found is not None and found.state == SettlementState.POSTED:
            raise Refused("already-posted", number=found.number, month=f"{month:%Y-%m}", by=found.posted_by)
    if person and login is None:
        raise Refused("as-missing")
    actor: Actor = system if login is None else member_actor(brand, login)
    with unit_of_work(actor.scope) as session:
        return _facts(step(session, actor, month, at=clock.now()))


def _facts(found: Settlement) -> dict[str, Any]:
    return {
        "number": found.number,
        "month": f"{found.month:%Y-%m}",
        "settles_on": found.settles_on.isoformat(),
        "state": found.state.value,
        "lines": found.lines,
        "dealers": found.dealers,
        "amount": str(found.amount),
        "prepared_by": found.prepared_by,
        "checked_by": found.checked_by,
        "posted_by": found.posted_by,
        "posted_at": found.posted_at.isoformat() if found.posted_at else None,
        "chain_hash": found.chain_hash,
    }


def _shown(session: Session, month: date, now: datetime) -> dict[str, Any]:
    found = queries.settlement(session, month)
    seen_at = found.posted_at if found and found.posted_at else now
    view = queries.preview(session, month, at=seen_at)
    shares = queries.share_page(session, found, limit=ALL) if found else queries.due_shares(session, month, limit=ALL)
    none: dict[str, Any] = {
        "number": rules.settlement_number(month),
        "month": f"{month:%Y-%m}",
        "settles_on": view.settles_on.isoformat(),
        "state": NOT_PREPARED,
        "lines": view.lines,
        "dealers": view.dealers,
        "amount": str(view.amount),
    }
    return {
        **(_facts(found) if found else none),
        "agrees": found is None or found.state == SettlementState.POSTED or not queries.statements_differ(session, found),
        "shares": [
            {"dealer": one.dealer_code, "name": one.dealer_name, "lines": one.lines, "amount": str(one.amount), "statement": one.statement}
            for one in shares
        ],
        "left_out": [
            {"because": one.because.value, "lines": one.lines, "amount": str(one.amount), "dealers": one.dealers} for one in view.left_out
        ],
        "left_out_lines": [
            {
                "claim": one.claim, "line": one.position, "dealer": one.dealer_code, "service_day": one.service_day.isoformat(),
                "part": one.part_number, "amount": str(one.amount), "because": one.because.value, "reason": one.reason,
                "goes_to": f"{one.goes_to:%Y-%m}" if one.goes_to else None,
            }
            for one in queries.left_out_lines(session, month, seen_at=seen_at, limit=0)
        ],
    }  # fmt: skip


def _state(value: str) -> str:
    return _("not prepared yet") if value == NOT_PREPARED else str(labels.STATES[SettlementState(value)][0])


def _line(facts: dict[str, Any]) -> str:
    return _(
        "%(number)s (%(month)s): %(state)s, %(lines)s lines, %(dealers)s dealers, %(amount)s",
        number=facts["number"], month=facts["month"], state=_state(facts["state"]), lines=facts["lines"],
        dealers=facts["dealers"], amount=_money(facts["amount"]),
    )  # fmt: skip


def _money(amount: str) -> str:
    return money(Decimal(amount))


def _words(shown: dict[str, Any]) -> str:
    """The same for a person: a line for the month, one a dealer, one a reason for leaving out."""
    lines = [_line(shown)]
    lines += [
        f"  {one['dealer']}  {one['lines']:>6}  {_money(one['amount']):>14}  {one['name']}" for one in shown["shares"]
    ]
    lines += [
        f"  {labels.LEFT_OUT[rules.LeftOutBecause(one['because'])]}: {one['lines']}, {_money(one['amount'])}"
        for one in shown["left_out"]
    ]
    return "\n".join(lines)
