"""The dealer's acts: draft the form of a month, put registrations on it, submit it, answer what HQ wants to know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.claims import queries
from portal.claims.checks import level
from portal.claims.models import Claim, ClaimForm, ClaimFormRow, ClaimLine, ClaimState
from portal.claims.workflow import CLAIM, CLAIM_LINE
from portal.core import audit
from portal.core.errors import NotFound, Refused
from portal.core.money import ZERO
from portal.core.months import first_of
from portal.core.numbering import Kind, next_number
from portal.core.permissions import Actor, Permission
from portal.old_parts.models import OldPart, OldPartState


def draft(session: Session, actor: Actor, *, month: date, note: str = "", at: datetime) -> Claim:
    """An empty form for the service month of ``month`` (any day of it); it has no number yet.

    Refuses "permission-missing" (also for HQ, which claims nothing) and "month-ahead".
    """
    if not actor.may(Permission.CLAIM_DRAFT) or actor.scope.dealer_id is None:
        raise Refused("permission-missing", step="draft")
    if first_of(month) > actor.day(at):
        raise Refused("month-ahead", field="month", month=f"{month:%Y-%m}")
    claim = Claim(
        dealer_id=actor.scope.dealer_id, state=CLAIM.starts, month=first_of(month), note=note.strip(),
        drafted_at=at, drafted_by=actor.name, updated_at=at,
    )  # fmt: skip
    session.add(claim)
    session.flush()
    audit.record(session, actor, "claim:draft", claim, at=at, after=claim.state, month=f"{claim.month:%Y-%m}")
    return claim


def add_lines(session: Session, actor: Actor, ref: str, *, old_parts: Sequence[str], at: datetime) -> Claim:
    """Put registrations (their numbers) on a draft, each with its whole quantity and what was paid for it (R40).

    Their checks are run and stored, whatever they say (R41). Locks the claim, then the registrations. Refuses
    "none-chosen", "old-part-unknown", "old-part-withdrawn" and "already-claimed" (R33), adding none of them.
    """
    claim = own_draft(session, actor, ref, step="add")
    numbers = list(dict.fromkeys(one.strip() for one in old_parts if one.strip()))
    if not numbers:
        raise Refused("none-chosen", field="old_parts")
    found = queries.old_parts_for_update(session, claim.dealer_id, numbers)
    _refuse_unfit(session, numbers, found)
    lines = queries.lines_for_update(session, claim)
    last = max((line.position for line in lines), default=0)
    added = [
        ClaimLine(
            dealer_id=claim.dealer_id, claim_id=claim.id, position=last + place, state=CLAIM_LINE.starts, old_part_id=one.id,
            service_day=one.replaced_on, quantity=one.quantity, claimed=one.amount, checks=[],
        )
        for place, one in enumerate(sorted(found, key=lambda one: numbers.index(one.number)), start=1)
    ]  # fmt: skip
    session.add_all(added)
    session.flush()
    _store_checks(session, actor, claim, [*lines, *added], at=at)
    claim.updated_at = at
    session.flush()
    amount = sum((line.claimed for line in added), ZERO)
    audit.record(session, actor, "claim:add", claim, at=at, count=len(added), old_parts=numbers, amount=amount)
    return claim


def remove_line(session: Session, actor: Actor, ref: str, *, position: int, at: datetime) -> Claim:
    """Take one line off a draft; its registration can go on another form. Refuses "line-unknown"."""
    claim = own_draft(session, actor, ref, step="remove")
    chosen = [line for line in queries.lines_for_update(session, claim) if line.position == position]
    if not chosen:
        raise Refused("line-unknown", line=position)
    return _remove(session, actor, claim, chosen, at=at)


def remove_blocked(session: Session, actor: Actor, ref: str, *, at: datetime) -> Claim:
    """Take every line off a draft that a check blocks now. Refuses "nothing-blocked"."""
    claim = own_draft(session, actor, ref, step="remove")
    lines = queries.lines_for_update(session, claim)
    checked = queries.check_lines(session, actor, claim, lines, today=actor.day(at))
    chosen = [line for line in lines if level(checked[line.position]) == "block"]
    if not chosen:
        raise Refused("nothing-blocked")
    return _remove(session, actor, claim, chosen, at=at)


def discard(session: Session, actor: Actor, ref: str, *, at: datetime) -> Claim:
    """Throw a draft away, with its lines and the form that it was read from; what it was is returned and stays in the audit trail.

    A draft has no number, and no state that ends it (domain.md section 5): it is deleted. Its registrations can go on another
    claim, its workbook can be taken in again. Locks the claim and its lines. Refuses "permission-missing" and "wrong-state".
    """
    claim = own_draft(session, actor, ref, step="discard")
    lines = queries.lines_for_update(session, claim)
    amount = sum((line.claimed for line in lines), ZERO)
    audit.record(
        session, actor, "claim:discard", claim, at=at, before=claim.state, month=f"{claim.month:%Y-%m}", count=len(lines),
        amount=amount,
    )  # fmt: skip
    form = queries.form_of(session, claim.id)
    if form is not None:
        session.execute(delete(ClaimFormRow).where(ClaimFormRow.form_id == form.id))
        session.execute(delete(ClaimForm).where(ClaimForm.id == form.id))
    session.execute(delete(ClaimLine).where(ClaimLine.claim_id == claim.id))
    session.execute(delete(Claim).where(Claim.id == claim.id))
    session.expunge(claim)  # it is what it was, for whoever asked
    return claim


def submit(session: Session, actor: Actor, ref: str, *, at: datetime) -> Claim:
    """Hand the form to HQ: it gets its number (by its service month), its lines are numbered through and wait for review.

    Locks the claim and its lines. Runs and stores every check (R41). Refuses "claim-without-lines" and "lines-blocked",
    naming the lines, and changes nothing then; lines that only warn go along.
    """
    claim = _own(session, actor, ref)
    if why := CLAIM.refusal("submit", claim, actor):
        raise Refused(why, step="submit", state=claim.state.value)
    lines = queries.lines_for_update(session, claim)
    if not lines:
        raise Refused("claim-without-lines")
    checked = queries.check_lines(session, actor, claim, lines, today=actor.day(at))
    if blocked := [line.position for line in lines if level(checked[line.position]) == "block"]:
        raise Refused("lines-blocked", lines=blocked, count=len(blocked))
    claim.number = next_number(session, Kind.CLAIM, claim.month)  # before the state: a submitted claim has one
    before, after = CLAIM.take("submit", claim, actor)
    claim.submitted_at, claim.submitted_by, claim.updated_at = at, actor.name, at
    # Ascending, so that no two lines stand in one place while removed ones are closed up.
    for place, line in enumerate(lines, start=1):
        line.checks = [check.to_json() for check in checked[line.position]]
        CLAIM_LINE.take("submit", line, actor)
        line.position = place
    session.flush()
    amount = sum((line.claimed for line in lines), ZERO)
    audit.record(
        session, actor, "claim:submit", claim, at=at, before=before, after=after, count=len(lines), amount=amount
    )
    return claim


def answer(session: Session, actor: Actor, number: str, *, position: int, answer: str, at: datetime) -> Claim:
    """Tell HQ what it wanted to know of a line (补充资料), which puts the line before the reviewer again.

    Locks the claim and its lines; runs and stores the line's checks. Refuses "line-unknown", "answer-missing",
    and any line that is not wanted.
    """
    claim = _own(session, actor, number)
    line = next((line for line in queries.lines_for_update(session, claim) if line.position == position), None)
    if line is None:
        raise Refused("line-unknown", line=position)
    if why := CLAIM_LINE.refusal("answer", line, actor):
        raise Refused(why, step="answer", state=line.state.value, line=position)
    if not answer.strip():
        raise Refused("answer-missing", field="answer", line=position)
    before, after = CLAIM_LINE.take("answer", line, actor)
    line.answer, line.decided_at, claim.updated_at = answer.strip(), None, at
    _store_checks(session, actor, claim, [line], at=at)
    session.flush()
    audit.record(
        session, actor, "claim:answer", claim, at=at, before=before, after=after, lines=[position], reason=line.answer
    )
    return claim


def _own(session: Session, actor: Actor, ref: str) -> Claim:
    """A dealer's own claim, locked. HQ reads claims of all dealers, but hands none in."""
    claim = queries.claim_for_update(session, ref)
    if actor.scope.dealer_id not in {claim.dealer_id, None}:
        raise NotFound
    if actor.scope.dealer_id is None:
        raise Refused("permission-missing", step="draft")
    return claim


def own_draft(session: Session, actor: Actor, ref: str, *, step: str) -> Claim:
    """A dealer's own draft, locked. Refuses "permission-missing" and "wrong-state"."""
    if not actor.may(Permission.CLAIM_DRAFT):
        raise Refused("permission-missing", step=step)
    claim = _own(session, actor, ref)
    if claim.state is not ClaimState.DRAFT:
        raise Refused("wrong-state", step=step, state=claim.state.value)
    return claim


def _refuse_unfit(session: Session, numbers: Sequence[str], found: Sequence[OldPart]) -> None:
    """All or nothing: the first reason why one of them cannot go on a line."""
    if missing := set(numbers) - {one.number for one in found}:
        raise Refused("old-part-unknown", field="old_parts", number=sorted(missing))
    if gone := [one.number for one in found if one.state is OldPartState.WITHDRAWN]:
        raise Refused("old-part-withdrawn", field="old_parts", number=gone)
    held = queries.holders(session, [one.id for one in found])
    for one in found:
        if (claim := held.get(one.id)) is not None:
            raise Refused(
                "already-claimed" if claim else "already-on-draft", field="old_parts", number=one.number, claim=claim
            )


def _store_checks(session: Session, actor: Actor, claim: Claim, lines: Iterable[ClaimLine], *, at: datetime) -> None:
    lines = list(lines)
    checked = queries.check_lines(session, actor, claim, lines, today=actor.day(at))
    for line in lines:
        line.checks = [check.to_json() for check in checked[line.position]]


def _remove(session: Session, actor: Actor, claim: Claim, chosen: Sequence[ClaimLine], *, at: datetime) -> Claim:
    positions = [line.position for line in chosen]
    for line in chosen:
        session.delete(line)
    claim.updated_at = at
    session.flush()
    audit.record(session, actor, "claim:remove", claim, at=at, lines=positions, count=len(chosen))
    return claim
