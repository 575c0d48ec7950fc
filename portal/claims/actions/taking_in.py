"""A dealer's own workbook as a draft: what matches becomes a line, what does not is kept and said row by row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from portal.claims import matching, queries
from portal.claims.actions.drafting import add_lines, draft, own_draft
from portal.claims.checks import level
from portal.claims.matching import Finding, Form, FormRow, Outcome
from portal.claims.models import Claim, ClaimForm, ClaimFormRow
from portal.core import audit
from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission


def draft_from_form(
    session: Session,
    actor: Actor,
    *,
    form: Form,
    filename: str,
    file_hash: str,
    month: date | None = None,
    at: datetime,
) -> Claim:
    """A draft of the form's month with a line for every row that is a claimable registration; the other rows are kept with why not.

    The month is ``month``, else what the form's title says, else that of most rows; rows of another month are said so. The file is
    known by ``file_hash`` (SHA-256 of its bytes, hex). Refuses, changing nothing: "permission-missing", "form-taken-in" (IE4, with
    the earlier draft as ``ref``), "form-other-dealer", "form-without-month", "month-ahead".
    """
    if not actor.may(Permission.CLAIM_DRAFT) or actor.scope.dealer_id is None:
        raise Refused("permission-missing", step="draft")
    dealer_id = actor.scope.dealer_id
    if (earlier := queries.form_of_file(session, dealer_id, file_hash)) is not None:
        raise Refused(
            "form-taken-in", field="file", ref=earlier.ref, number=earlier.number or "", by=earlier.taken_by,
            day=actor.day(earlier.taken_at),
        )  # fmt: skip
    if form.dealer and form.dealer != (own := queries.dealer_code(session, dealer_id)).upper():
        raise Refused("form-other-dealer", field="file", said=form.dealer, own=own)
    chosen = month or form.month or form.usual_month()
    if chosen is None:
        raise Refused("form-without-month", field="month")
    claim = draft(session, actor, month=chosen, at=at)
    kept = ClaimForm(
        dealer_id=dealer_id, claim_id=claim.id, filename=filename[:200], sha256=file_hash, columns=[list(one) for one in form.columns],
        ignored=list(form.ignored), taken_at=at, taken_by=actor.name, looked_at=at,
    )  # fmt: skip
    session.add(kept)
    session.flush()
    findings = _look(session, actor, claim, form.rows, at=at)
    session.execute(  # one statement however many rows
        insert(cast("Table", ClaimFormRow.__table__)),
        [
            {
                "brand_id": claim.brand_id, "dealer_id": dealer_id, "form_id": kept.id, "row_no": one.row.row_no,
                "seen": dict(one.row.seen), "read": one.row.to_json(), **_became(one),
            }
            for one in findings
        ],
    )  # fmt: skip
    session.flush()
    lines = sum(one.outcome is Outcome.LINE for one in findings)
    audit.record(
        session, actor, "claim:take-in", claim, at=at, filename=kept.filename, rows=len(findings), lines=lines,
        left=len(findings) - lines,
    )  # fmt: skip
    return claim


def look_again(session: Session, actor: Actor, ref: str, *, at: datetime) -> Claim:
    """Compare the rows of a draft's form that are no line with the register anew: what was registered since becomes a line.

    Locks the claim, then the rows. Refuses "permission-missing", "wrong-state" and "form-none".
    """
    claim = own_draft(session, actor, ref, step="add")
    form = queries.form_of(session, claim.id)
    if form is None:
        raise Refused("form-none")
    on_lines = {line.old_part_id for line in queries.lines_for_update(session, claim)}
    waiting = [row for row in queries.form_rows_for_update(session, form) if row.old_part_id not in on_lines]
    rows = [FormRow.from_json(row.row_no, row.seen, row.read) for row in waiting]
    findings = _look(session, actor, claim, rows, at=at)
    for row, one in zip(waiting, findings, strict=True):
        for name, value in _became(one).items():
            setattr(row, name, value)
    form.looked_at = at
    session.flush()
    lines = sum(one.outcome is Outcome.LINE for one in findings)
    audit.record(session, actor, "claim:look-again", claim, at=at, rows=len(findings), lines=lines)
    return claim


def _look(session: Session, actor: Actor, claim: Claim, rows: Sequence[FormRow], *, at: datetime) -> list[Finding]:
    """Find the rows' registrations, run the checks of R41 on them, put what no check blocks on the claim."""
    today = actor.day(at)
    register = queries.register_for(session, claim.dealer_id, rows, today=today)
    findings = matching.match(rows, register, month=claim.month, today=today)
    meant = {one.old_part.id: one.old_part.number for one in findings if one.old_part is not None}
    on_lines = {line.old_part_id for line in queries.lines_for_update(session, claim)}
    checked = queries.check_old_parts(session, actor, meant, month=claim.month, today=today) if meant else {}
    blocks = {
        one: [check.to_json() for check in checks if check.level == "block"]
        for one, checks in checked.items()
        if one not in on_lines and level(checks) == "block"
    }
    if fit := [number for one, number in meant.items() if one not in blocks and one not in on_lines]:
        add_lines(session, actor, claim.public_id, old_parts=fit, at=at)
    return [
        matching.blocked(one, blocks[one.old_part.id]) if one.old_part and one.old_part.id in blocks else one
        for one in findings
    ]


def _became(one: Finding) -> dict[str, object]:
    """The columns of a kept row that say what became of it."""
    return {
        "outcome": one.outcome.value,
        "facts": dict(one.facts),
        "remarks": [{"code": code, "facts": dict(facts)} for code, facts in one.remarks],
        "old_part_id": None if one.old_part is None else one.old_part.id,
    }
