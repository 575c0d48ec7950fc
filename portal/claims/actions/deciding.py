"""HQ's acts: line by line, or many lines at once (R43). A decision takes effect at once; no decision moves money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.claims import queries, rules
from portal.claims.models import Claim, ClaimLine
from portal.claims.rules import Code
from portal.claims.workflow import CLAIM, CLAIM_LINE
from portal.core import audit
from portal.core.errors import Refused
from portal.core.money import ZERO
from portal.core.permissions import Actor, Permission
from portal.notices import actions as notices
from portal.old_parts import actions as old_parts
from portal.old_parts.models import OldPart
from portal.old_parts.rules import Taken

Figures = tuple[Decimal | None, int | None]  # approved yuan and pieces; none of either for a line that is not paid
Change = Callable[[ClaimLine, OldPart, Sequence[Taken]], Figures]


def approve(
    session: Session, actor: Actor, number: str, *, positions: Sequence[int], seen: str = "", at: datetime
) -> Claim:
    """Approve lines in full; each learns its ``pays_in`` (R50). All of them or none.

    Locks the claim, its lines, their registrations. ``seen`` is the stamp of the decision that the reviewer saw, "" for
    lines not decided: whoever comes second is refused with "decided-meanwhile". Refuses too, changing nothing:
    "line-old-part-not-accepted" (R35), "line-blocked" (R41), "own-dealer", "decisions-stand", "settlement-begun" (R43).
    """

    def in_full(line: ClaimLine, _old_part: OldPart, _taken: Sequence[Taken]) -> Figures:
        return line.claimed, line.quantity

    return _judge(session, actor, number, "approve", positions, in_full, code=Code.FWC, reason="", seen=seen, at=at)


def reduce(
    session: Session, actor: Actor, number: str, *, positions: Sequence[int], quantity: int | None = None,
    amount: Decimal | None = None, code: str = Code.PWA, reason: str, seen: str = "", at: datetime,
) -> Claim:  # fmt: skip
    """Approve less than was claimed: fewer pieces (the newest-bought return to their layers), or only fewer yuan (R43).

    Exactly one of ``quantity`` and ``amount`` is given, for each of the lines. Locks and refuses as :func:`approve`
    does, and "reduce-how", "reduce-quantity", "reduce-amount", "code-unknown", "reason-needed".
    """
    if (quantity is None) == (amount is None):
        raise Refused("reduce-how", field="quantity")

    def fewer(line: ClaimLine, old_part: OldPart, taken: Sequence[Taken]) -> Figures:
        if quantity is None or not 0 < quantity < line.quantity:
            raise Refused("reduce-quantity", field="quantity", line=line.position, pieces=line.quantity)
        old_parts.return_pieces(session, old_part, line.quantity - quantity)
        return rules.amount_after_cut(taken, quantity), quantity

    def cheaper(line: ClaimLine, _old_part: OldPart, _taken: Sequence[Taken]) -> Figures:
        if amount is None or not ZERO < amount < line.claimed:
            raise Refused("reduce-amount", field="amount", line=line.position, claimed=line.claimed)
        return amount, line.quantity

    return _judge(
        session, actor, number, "reduce", positions, fewer if amount is None else cheaper,
        code=_code(code, rules.CUT_CODES), reason=_reason(reason), seen=seen, at=at, moves=amount is None,
    )  # fmt: skip


def refuse(
    session: Session,
    actor: Actor,
    number: str,
    *,
    positions: Sequence[int],
    code: str,
    reason: str,
    seen: str = "",
    at: datetime,
) -> Claim:
    """Approve nothing of these lines. Their pieces stay used: they were fitted (R43). Refuses "code-unknown", "reason-needed" too."""
    return _judge(
        session, actor, number, "refuse", positions, _nothing,
        code=_code(code, rules.REFUSE_CODES), reason=_reason(reason), seen=seen, at=at,
    )  # fmt: skip


def want(
    session: Session, actor: Actor, number: str, *, positions: Sequence[int], reason: str, seen: str = "", at: datetime
) -> Claim:
    """Ask the dealer for more (补充资料): the lines wait for its answer, and keep the claim in review."""
    return _judge(
        session, actor, number, "want", positions, _nothing, code=Code.IIS, reason=_reason(reason), seen=seen, at=at
    )


def review(session: Session, actor: Actor, claim: Claim, *, at: datetime) -> None:
    """A line was decided or is wanted, and one is open: the locked claim is in review. Called by a line's decision only."""
    CLAIM.take("review", claim, actor)
    claim.updated_at = at


def decide(session: Session, actor: Actor, claim: Claim, *, at: datetime) -> None:
    """No line is open any more: the locked claim is decided, and its decisions stand (R43). Called by the last decision only."""
    CLAIM.take("decide", claim, actor)
    claim.decided_at, claim.updated_at = at, at


def _judge(
    session: Session, actor: Actor, number: str, step: str, positions: Sequence[int], change: Change,
    *, code: Code, reason: str, seen: str, at: datetime, moves: bool = False,
) -> Claim:  # fmt: skip
    """Locks the claim, its lines, their registrations, and where pieces move (``moves``, or an earlier cut is undone) their layers."""
    if not actor.may(Permission.CLAIM_REVIEW):
        raise Refused("permission-missing", step=step)
    claim = queries.claim_for_update(session, number)
    lines = queries.lines_for_update(session, claim)
    chosen = _chosen(lines, positions)
    _as_seen(chosen, seen)
    parts, today = queries.old_parts_of_lines(session, chosen), actor.day(at)
    checked = queries.check_lines(session, actor, claim, chosen, today=today)
    cases = queries.cases(session, actor, claim, chosen, checked, parts, today=today)
    for line in chosen:  # ask for all before changing one: many lines at once happen whole or not at all
        if why := CLAIM_LINE.refusal(step, cases[line.position], actor):
            raise Refused(why, step=step, state=line.state.value, line=line.position)
    taken, pays_in = queries.taken(session, list(parts)), queries.payer(session, today)
    if moves or any(_was_cut(line) for line in chosen):
        old_parts.lock_pieces(session, parts.values())
    before, were = claim.state.value, {str(line.position): line.state.value for line in chosen}
    for line in chosen:
        _take_again(session, line, parts[line.old_part_id])
        approved, pieces = change(line, parts[line.old_part_id], taken[line.old_part_id])
        month = None if approved is None else _not_back(pays_in(line.service_day), line.pays_in)
        # Nothing is read between here and the end: the line's state and figures reach the database together.
        CLAIM_LINE.take(step, cases[line.position], actor)
        line.approved, line.approved_quantity, line.pays_in = approved, pieces, month
        line.decision_code, line.decision_reason = code.value, reason or None
        line.decided_at, line.decided_by = at, actor.name
        line.checks = [check.to_json() for check in checked[line.position]]
    still_open = rules.open_claim(line.state.value for line in lines)
    (review if still_open else decide)(session, actor, claim, at=at)
    session.flush()
    audit.record(
        session, actor, f"claim:{step}", claim, at=at, before=before, after=claim.state.value,
        lines=[line.position for line in chosen], count=len(chosen), were=were, code=code.value, reason=reason,
        claimed=sum((line.claimed for line in chosen), ZERO), approved=sum((line.approved or ZERO for line in chosen), ZERO),
    )  # fmt: skip
    if not still_open:
        audit.record(
            session, actor, "claim:decide", claim, at=at, before=before, after=claim.state.value, count=len(lines),
            claimed=sum((line.claimed for line in lines), ZERO), approved=sum((line.approved or ZERO for line in lines), ZERO),
        )  # fmt: skip
        notices.tell(
            session, "claim-decided", permission=Permission.CLAIM_SUBMIT, dealer_id=claim.dealer_id, at=at,
            facts={
                "number": claim.number, "month": f"{claim.month:%Y-%m}", "lines": len(lines),
                "claimed": sum((line.claimed for line in lines), ZERO),
                "approved": sum((line.approved or ZERO for line in lines), ZERO),
            },
        )  # fmt: skip
    return claim


def _chosen(lines: Sequence[ClaimLine], positions: Sequence[int]) -> list[ClaimLine]:
    if not positions:
        raise Refused("none-chosen", field="positions")
    by_position = {line.position: line for line in lines}
    if unknown := [one for one in positions if one not in by_position]:
        raise Refused("line-unknown", line=unknown[0])
    return [by_position[one] for one in sorted(set(positions))]


def _as_seen(chosen: Sequence[ClaimLine], seen: str) -> None:
    """Of two reviewers at once the second sees that the line is no longer what the page showed."""
    for line in chosen:
        if rules.stamp(line.state, line.decided_at) != seen:
            raise Refused("decided-meanwhile", line=line.position, state=line.state.value, by=line.decided_by or "")


def _take_again(session: Session, line: ClaimLine, old_part: OldPart) -> None:
    """Undo an earlier cut of the quantity: the pieces that went back are taken again, or the change is refused."""
    if line.approved_quantity is not None and _was_cut(line):
        old_parts.retake_pieces(session, old_part, line.quantity - line.approved_quantity)


def _was_cut(line: ClaimLine) -> bool:
    return line.approved_quantity is not None and line.approved_quantity < line.quantity


def _not_back(month: date, known: date | None) -> date:
    """R50: a line that a person moved on is not moved back by another decision."""
    return month if known is None else max(month, known)


def _nothing(_line: ClaimLine, _old_part: OldPart, _taken: Sequence[Taken]) -> Figures:
    """A refused or wanted line has no approved figures."""
    return None, None


def _code(code: str, allowed: Sequence[Code]) -> Code:
    if code not in allowed:
        raise Refused("code-unknown", field="code", given=code)
    return Code(code)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused("reason-needed", field="reason")
    return reason.strip()
