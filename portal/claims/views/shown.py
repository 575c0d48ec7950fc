"""What the templates of claims show: lines with their checks in words, sums, the road, when a line is paid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.claims import queries
from portal.claims.checks import Check, level
from portal.claims.labels import LINE_STATES, STATES, RowSaid, check_said, row_said
from portal.claims.matching import Outcome
from portal.claims.models import Claim, ClaimForm, ClaimLine, ClaimState
from portal.claims.queries import KeptRow, LineHead, LineRow
from portal.claims.sheets import COLUMNS
from portal.claims.workflow import CLAIM_LINE, Case
from portal.core.errors import Refused
from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.web.errors import sentence
from portal.web.formats import moment, money, month

_WORST_FIRST = ("block", "warn", "pass")


@dataclass(frozen=True)
class Line:
    """A line as a page shows it: open ones with today's checks, decided ones with those of their decision (R41)."""

    row: LineRow
    level: str
    found: Sequence[Check]
    label: Any
    tone: str
    pays: str
    paid: bool

    @property
    def open(self) -> bool:
        """Whether somebody still has to decide it."""
        return self.row.state in queries.OPEN

    @cached_property
    def checks(self) -> list[tuple[str, str, str]]:
        """The checks in words, the worst first; made only for a line that is drawn."""
        said = (check_said(check, money) for check in self.found)
        return sorted(said, key=lambda one: _WORST_FIRST.index(one[0]))

    @property
    def speaks(self) -> list[tuple[str, str, str]]:
        """What does not simply pass."""
        return [check for check in self.checks if check[0] != "pass"]


@dataclass(frozen=True, slots=True)
class Sums:
    """A claim in yuan and lines: ``passing`` is what may be approved as the checks stand (pre-flight)."""

    claimed: Decimal
    passing: Decimal
    blocked: Decimal
    blocked_lines: int
    warned_lines: int
    approved: Decimal
    cut: Decimal
    open: Decimal
    open_lines: int
    decided_lines: int


def lines(
    session: Session, actor: Actor, claim: Claim, *, today: date, positions: Collection[int] | None = None
) -> list[Line]:
    """All lines, or those of ``positions``; the number of statements does not depend on how many there are."""
    rows = queries.line_rows(session, claim.id, positions)
    still = [row for row in rows if row.state in queries.OPEN]
    live = queries.check_lines(session, actor, claim, still, today=today) if still else {}
    paid = queries.paid_months(session, claim.dealer_id) if any(row.pays_in for row in rows) else frozenset()
    days = {one: queries.settles_on(session, one) for one in {row.pays_in for row in rows} if one is not None}
    moved = queries.moved_on(session, claim.id) if any(_later(row) for row in rows) else {}
    return [
        _line(row, live.get(row.position) or tuple(map(Check.from_json, row.checks)), paid, days, moved.get(row.id))
        for row in rows
    ]


def _line(
    row: LineRow, checks: Sequence[Check], paid: frozenset[date], days: dict[date, date], moved: str | None
) -> Line:
    label, tone = LINE_STATES[row.state]
    settled = row.pays_in in paid
    return Line(
        row=row,
        level=level(checks),
        found=checks,
        label=label,
        tone=tone,
        pays="" if row.pays_in is None else pays_said(row, days[row.pays_in], settled=settled, moved=moved),
        paid=settled,
    )


def _later(row: LineRow) -> bool:
    """Whether a line is paid with a later month than its service's."""
    return row.pays_in is not None and row.pays_in > row.service_day


def pays_said(row: LineRow, settles_on: date, *, settled: bool, moved: str | None = None) -> str:
    """R50 in words: with which month, on which day, and why later: ``moved`` by a person, with its reason, or approved too late."""
    if row.pays_in is None:
        return ""
    if settled:
        return _("Reimbursed with %(month)s", month=month(row.pays_in))
    if moved is not None:
        return _(
            "Left out by headquarters: %(reason)s; reimbursed with %(month)s on %(day)s",
            reason=moved,
            month=month(row.pays_in),
            day=settles_on,
        )
    if _later(row):
        return _(
            "Approved too late for %(missed)s; reimbursed with %(month)s on %(day)s",
            missed=month(row.service_day),
            month=month(row.pays_in),
            day=settles_on,
        )
    return _("Reimbursed with %(month)s on %(day)s", month=month(row.pays_in), day=settles_on)


def sums(heads: Iterable[LineHead]) -> Sums:
    """What the reader's eye looks for at the end; of the whole claim, however many pages it has."""
    heads = list(heads)
    waiting = [line for line in heads if line.open]
    blocked = [line for line in waiting if line.level == "block"]
    approved = _total(line.approved or ZERO for line in heads if not line.open)
    claimed, still = _total(line.claimed for line in heads), _total(line.claimed for line in waiting)
    return Sums(
        claimed=claimed,
        passing=still - (stopped := _total(line.claimed for line in blocked)) + approved,
        blocked=stopped,
        blocked_lines=len(blocked),
        warned_lines=sum(line.level == "warn" for line in waiting),
        approved=approved,
        cut=claimed - still - approved,
        open=still,
        open_lines=len(waiting),
        decided_lines=len(heads) - len(waiting),
    )


def road(claim: Claim, heads: Iterable[LineHead], paid_months: Collection[date]) -> list[tuple[Any, str, str]]:
    """The road of a claim; "reimbursed" is read from the months that pay its lines, never stored."""
    order = [ClaimState.DRAFT, ClaimState.SUBMITTED, ClaimState.IN_REVIEW, ClaimState.DECIDED]
    here = order.index(claim.state)
    paying = {line.pays_in for line in heads if line.pays_in is not None}
    over = claim.state is ClaimState.DECIDED
    paid = over and paying <= set(paid_months)
    subs = {
        ClaimState.DRAFT: moment(claim.drafted_at),
        ClaimState.SUBMITTED: moment(claim.submitted_at) if claim.submitted_at else "",
        ClaimState.DECIDED: moment(claim.decided_at) if claim.decided_at else "",
    }
    steps: list[tuple[Any, str, str]] = [
        (
            STATES[state][0],
            subs.get(state, ""),
            "past" if at < here or (over and at == here) else "now" if at == here else "future",
        )
        for at, state in enumerate(order)
    ]
    if over and not paying:
        return steps
    return [*steps, (_("Reimbursed"), "", "past" if paid else "now" if over else "future")]


def case_of(claim: Claim, line: Line, *, own_dealer: bool, today: date, settles_on: date | None) -> Case:
    """A shown line as its workflow asks for it; only for asking: nothing is taken on it."""
    return Case(
        line=cast("ClaimLine", line.row),
        claim=claim,
        own_dealer=own_dealer,
        begun=settles_on is not None and today >= settles_on,
        blocked=line.level == "block",
        review=line.row.review,
    )


def refusal_said(step: str, case: Case, actor: Actor, position: int) -> str:
    """Why a decision cannot be taken, as a sentence; "" when it can."""
    why = CLAIM_LINE.refusal(step, case, actor)
    return "" if why is None else sentence(Refused(why, step=step, state=str(case.state), line=position))


class FormLine:
    """A row of a dealer's form: what was typed, what became of it, the line that it is (None: it is none, or no more)."""

    def __init__(self, row: KeptRow) -> None:
        self._row = row
        self.row_no, self.old_part, self.line = row.row_no, row.old_part, row.line

    @property
    def _outcome(self) -> Outcome:
        if self.line is not None:
            return Outcome.LINE  # put on the claim by hand since, perhaps
        return Outcome.TAKEN_OFF if self._row.outcome is Outcome.LINE else self._row.outcome

    @property
    def remarked(self) -> bool:
        """Whether something on it differs from what is known."""
        return bool(self._row.remarks)

    @property
    def seen(self) -> Mapping[str, str]:
        """What was typed, field by field."""
        return {column.field: self._row.seen.get(column.field, "") for column in COLUMNS}

    @cached_property
    def said(self) -> RowSaid:
        """What became of it, in words; made only for a row that is drawn."""
        return row_said(self._outcome, self._row.facts, self._row.remarks, self.old_part, money)

    @property
    def register(self) -> dict[str, Any]:
        """What the form for registering an old part can be filled in with; empty when that is not what lacks."""
        if self._outcome is not Outcome.NO_OLD_PART:
            return {}
        known = {"serial": "serial", "part": "part_number", "quantity": "quantity", "day": "replaced_on"}
        return {argument: self._row.read[name] for name, argument in known.items() if name in self._row.read}


@dataclass(frozen=True, slots=True)
class Taken:
    """The workbook that a claim was drafted from, its rows that are lines and those that are not."""

    form: ClaimForm
    lines: list[FormLine]
    left: list[FormLine]


def taken(session: Session, claim: Claim) -> Taken | None:
    """The form behind a claim with every row; None for a claim that was drafted by hand. Two statements."""
    form = queries.form_of(session, claim.id)
    if form is None:
        return None
    rows = [FormLine(row) for row in queries.form_rows(session, form)]
    return Taken(form, [row for row in rows if row.line is not None], [row for row in rows if row.line is None])


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
