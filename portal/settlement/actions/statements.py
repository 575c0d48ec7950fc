"""A statement is confirmed, disputed and answered; its papers are made once and kept (R53)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.core import audit, terms
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.files import store
from portal.settlement import queries, rules
from portal.settlement.actions.taking import given
from portal.settlement.models import Dispute, KeptPaper, PaperKind, Statement
from portal.settlement.terms import CONFIRM_DAYS
from portal.settlement.workflow import STATEMENT

LineRef = tuple[str, int]  # a claim's number and the line in it


@dataclass(frozen=True, slots=True)
class Figures:
    """What a rendered paper itself says, yuan, added up from its own lines."""

    opening: Decimal
    closing: Decimal
    amount: Decimal


def confirm(session: Session, actor: Actor, number: str, *, seen: int | None = None, at: datetime) -> Statement:
    """The dealer finds its statement right (R53).

    Locks the statement. Refuses what the workflow says (also a second confirmation), "answer-too-late" after the last
    day, "changed-meanwhile" when it is no longer the version ``seen``.
    """
    found, before = _answered(session, actor, number, "confirm", seen=seen, at=at)
    found.confirmed_at, found.confirmed_by = at, actor.name
    session.flush()
    audit.record(session, actor, "statement:confirm", found, at=at, before=before, after=found.state.value)
    return found


def dispute(
    session: Session,
    actor: Actor,
    number: str,
    *,
    reason: str,
    lines: Collection[LineRef] = (),
    seen: int | None = None,
    at: datetime,
) -> Statement:
    """The dealer says what is wrong with it, perhaps with which ``lines``; headquarters' finance answers (R53).

    Refuses as :func:`confirm` does, and "reason-needed", and "line-not-on-statement" for a line that it does not speak of.
    """
    why = given(reason)
    found, before = _answered(session, actor, number, "dispute", seen=seen, at=at)
    named = sorted(set(lines))
    if named:
        known = queries.lines_known(session, found)
        for claim, position in named:
            if (claim, position) not in known:
                raise Refused("line-not-on-statement", field="lines", claim=claim, line=position)
    session.add(
        Dispute(
            dealer_id=found.dealer_id,
            statement_id=found.id,
            reason=why,
            lines=[{"claim": claim, "line": position} for claim, position in named],
            raised_at=at,
            raised_by=actor.name,
        )
    )
    session.flush()
    audit.record(
        session, actor, "statement:dispute", found, at=at, before=before, after=found.state.value, reason=why,
        lines=[f"{claim}/{position}" for claim, position in named],
    )  # fmt: skip
    return found


def answer(
    session: Session, actor: Actor, number: str, *, answer: str, seen: int | None = None, at: datetime
) -> Statement:
    """Headquarters answers a dispute; the dealer is asked again, with the same number of days from today (R53).

    A mistake that it finds is corrected by a reversal or a line of the next settlement (R54), never here.
    """
    words = answer.strip()
    if not words:
        raise Refused("reason-needed", field="answer")
    found = queries.statement_for_update(session, number)
    _same(found, seen)
    before, _after = STATEMENT.take("answer", found, actor)
    today = actor.day(at)
    days = terms.value(session, CONFIRM_DAYS, on=today)
    found.again_by = rules.confirm_again_by(today, found.confirm_by or today, days)
    open_one = queries.open_dispute(session, found)
    open_one.answer, open_one.answered_at, open_one.answered_by = words, at, actor.name
    session.flush()
    audit.record(
        session, actor, "statement:answer", found, at=at, before=before, after=found.state.value, answer=words,
        until=found.again_by,
    )  # fmt: skip
    return found


def keep_papers(
    session: Session, actor: Actor, number: str, *, pdf: bytes, xlsx: bytes, says: Figures, at: datetime
) -> dict[PaperKind, KeptPaper]:
    """Keep a statement's PDF and workbook for good: bytes in the store, their SHA-256 and what they say in the row.

    The system's act, once: when they are kept already, those are returned and nothing changes. Refuses
    "statement-at-fault" when the statement, or what the paper ``says``, does not agree with the ledger (BA6): then nothing is
    kept and nobody can download it.
    """
    if not actor.is_system:
        raise Refused("permission-missing", step="keep_papers")
    found = queries.statement_for_update(session, number)
    if kept := queries.papers(session, found):
        return kept
    if queries.faults(session, found) or says != Figures(
        found.opening or Decimal(0), found.closing or Decimal(0), found.amount
    ):
        raise Refused("statement-at-fault", number=number)
    for kind, content in ((PaperKind.PDF, pdf), (PaperKind.XLSX, xlsx)):
        name = store.new_name("pdf" if kind is PaperKind.PDF else "xlsx")
        store.put(actor.scope.brand_id, name, content)
        kept[kind] = KeptPaper(
            dealer_id=found.dealer_id,
            statement_id=found.id,
            kind=kind,
            name=name,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            opening=says.opening,
            closing=says.closing,
            amount=says.amount,
            rendered_at=at,
        )
        session.add(kept[kind])
    session.flush()
    audit.record(
        session, actor, "statement:keep_papers", found, at=at,
        pdf=kept[PaperKind.PDF].sha256, xlsx=kept[PaperKind.XLSX].sha256,
    )  # fmt: skip
    return kept


def _answered(
    session: Session, actor: Actor, number: str, step: str, *, seen: int | None, at: datetime
) -> tuple[Statement, str]:
    """The locked statement after its dealer's step, in time; and the state before."""
    found = queries.statement_for_update(session, number)
    if why := STATEMENT.refusal(step, found, actor):
        raise Refused(why, step=step, state=str(found.state))
    until = found.answer_by or actor.day(at)
    if rules.reply(found.state, until, actor.day(at)) is rules.Reply.ACCEPTED:
        raise Refused("answer-too-late", until=until, call=queries.whom_to_call(session, actor.scope.brand_id))
    _same(found, seen)
    before, _after = STATEMENT.take(step, found, actor)
    return found, before


def _same(found: Statement, seen: int | None) -> None:
    if seen is not None and seen != found.ver:
        raise Refused("changed-meanwhile")
