"""What was said about a statement, what it is kept as, and whether it agrees with the ledger (R53; BA6)."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.core.errors import NotFound
from portal.organizations.models import Brand
from portal.settlement.models import Dispute, KeptPaper, PaperKind, Statement
from portal.settlement.queries.statements import lines_paid
from portal.settlement.rules import Fault

# Plain SQL over the postings and lines, as `portal prove` does: it must not share a mistake with the code that cut the statement.
# One row a statement that is wrong, with the names of what is. Index ranges only, however long the ledger is.
_FAULTS = """
    SELECT t.id, t.number, array_remove(ARRAY[
        CASE WHEN t.opening <> coalesce(b.closing, 0) OR t.first_seq <> coalesce(b.last_seq, 0) + 1 THEN 'opening' END,
        CASE WHEN e.n <> t.last_seq - t.first_seq + 1 OR t.opening + e.moved <> t.closing THEN 'entries' END,
        CASE WHEN t.closing <> coalesce(z.balance_after_fen, 0) THEN 'closing' END,
        CASE WHEN t.amount <> coalesce(paid.credit_fen, 0) THEN 'reimbursed' END,
        CASE WHEN l.n <> t.lines OR l.amount <> t.amount THEN 'lines' END,
        CASE WHEN EXISTS (SELECT 1 FROM statement_papers k WHERE k.brand_id = t.brand_id AND k.statement_id = t.id
            AND (k.opening <> t.opening OR k.closing <> t.closing OR k.amount <> t.amount)) THEN 'paper' END], NULL) AS faults
    FROM statements t
    LEFT JOIN accounts a ON a.brand_id = t.brand_id AND a.dealer_id = t.dealer_id AND a.code = 'prepayments'
    LEFT JOIN LATERAL (SELECT x.closing, x.last_seq FROM statements x WHERE x.brand_id = t.brand_id AND x.dealer_id = t.dealer_id
        AND x.month < t.month AND x.number IS NOT NULL ORDER BY x.month DESC LIMIT 1) b ON true
    CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(sum(coalesce(p.credit_fen, 0) - coalesce(p.debit_fen, 0)), 0) AS moved FROM postings p
        WHERE p.brand_id = t.brand_id AND p.account_id = a.id AND p.seq BETWEEN t.first_seq AND t.last_seq) e
    LEFT JOIN postings z ON z.brand_id = t.brand_id AND z.account_id = a.id AND z.seq = t.last_seq
    LEFT JOIN LATERAL (SELECT sum(p.credit_fen) AS credit_fen FROM postings p WHERE p.brand_id = t.brand_id AND p.account_id = a.id
        AND p.seq BETWEEN t.first_seq AND t.last_seq AND p.purpose = 'settlement' AND p.document = t.number) paid ON true
    CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(sum(x.approved), 0) AS amount FROM claim_lines x
        WHERE x.brand_id = t.brand_id AND x.dealer_id = t.dealer_id AND x.pays_in = t.month) l
    WHERE t.number IS NOT NULL AND (t.id = :statement OR t.settlement_id = :settlement)
"""
_ONE = text(f"SELECT faults FROM ({_FAULTS}) AS found")  # noqa: S608 - the query above
_WRONG = text(f"SELECT number FROM ({_FAULTS}) AS found WHERE cardinality(faults) > 0 ORDER BY number")  # noqa: S608


def faults(session: Session, found: Statement) -> tuple[Fault, ...]:
    """What of a posted statement does not agree with the ledger; empty: all of it does (BA6)."""
    return tuple(Fault(name) for name in session.scalar(_ONE, {"statement": found.id, "settlement": None}) or ())


def statements_at_fault(session: Session, settlement_id: int) -> list[str]:
    """The numbers of a settlement's statements that do not agree with the ledger (BA6)."""
    return list(session.scalars(_WRONG, {"statement": None, "settlement": settlement_id}))


def statement_for_update(session: Session, number: str) -> Statement:
    """A posted statement under its lock, read afresh; NotFound when there is none, or it is another's."""
    found = session.scalar(
        select(Statement).where(Statement.number == number).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def disputes(session: Session, found: Statement) -> list[Dispute]:
    """What the dealer said is wrong with it, and the answers, the newest first."""
    return list(
        session.scalars(select(Dispute).where(Dispute.statement_id == found.id).order_by(Dispute.id.desc()).limit(50))
    )


def open_dispute(session: Session, found: Statement) -> Dispute:
    """The one that waits for headquarters' answer."""
    return session.execute(
        select(Dispute).where(Dispute.statement_id == found.id, Dispute.answered_at.is_(None))
    ).scalar_one()


def papers(session: Session, found: Statement) -> dict[PaperKind, KeptPaper]:
    """What the statement is kept as; empty until its papers are made."""
    rows = session.scalars(select(KeptPaper).where(KeptPaper.statement_id == found.id))
    return {row.kind: row for row in rows}


def size_of(found: Statement) -> int:
    """How many rows its paper has: entries, lines and lines left out."""
    entries = (found.last_seq or 0) - (found.first_seq or 1) + 1
    return max(entries, 0) + found.lines + len(found.left_out or ())


def lines_known(session: Session, found: Statement) -> set[tuple[str, int]]:
    """The claim lines that a statement speaks of, paid or left out, as (claim, line)."""
    paid = {(line.claim, line.position) for line in lines_paid(session, found.dealer_id, found.month)}
    return paid | {(str(one["claim"]), int(one["position"])) for one in found.left_out or ()}


def whom_to_call(session: Session, brand_id: int) -> str:
    """Headquarters' name and hotline, for a dealer who is too late for a form."""
    brand = session.get_one(Brand, brand_id)
    return f"{brand.name} {brand.hotline}".strip()
