"""What a dealer's printed statement says is what the ledger says, for every statement there is (R53; PD4)."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

from flask import current_app
from pypdf import PdfReader
from sqlalchemy import text

from portal.core import clock
from portal.core.capitals import capitals
from portal.files import store
from portal.settlement import printing, queries
from portal.settlement.models import PaperKind
from tests.factories.world import World, at
from tests.settlement.months import NOVEMBER, claimed, posted


def words(data: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(BytesIO(data)).pages)


def test_PD4_the_totals_printed_on_every_statement_are_the_ledgers_to_the_fen(world: World) -> None:
    """Opening, every entry and closing by the postings themselves, not by what the statement's row says."""
    claimed(world, world.d1, {"P1": 4})
    claimed(world, world.d2, {"P2": 1})
    posted(world)
    world.topup(world.d1, "333.33", when="2026-11-05 09:00")
    posted(world, NOVEMBER, when=at("2026-12-03 02:00"))
    with world.as_(world.hq.auditor) as session:
        rows = session.execute(
            text(
                "SELECT s.number, s.amount, s.first_seq, s.last_seq, a.id FROM statements s JOIN accounts a ON a.dealer_id = s.dealer_id ORDER BY s.id"
            )
        ).all()
    assert len(rows) == 4
    for number, amount, first, last, account in rows:
        with clock.frozen(at("2026-12-04 09:00")), current_app.test_request_context():
            printing.make(world.hq.system, number, at=clock.now())
        with world.as_(world.hq.auditor) as session:
            paper = queries.papers(session, queries.statement(session, number)[0])[PaperKind.PDF]
            moved = session.execute(
                text(
                    "SELECT coalesce(credit_fen, 0) - coalesce(debit_fen, 0), balance_after_fen FROM postings WHERE account_id = :a AND seq BETWEEN :f AND :l ORDER BY seq"
                ),
                {"a": account, "f": first, "l": last},
            ).all()
            before = (
                session.scalar(
                    text("SELECT balance_after_fen FROM postings WHERE account_id = :a AND seq = :s"),
                    {"a": account, "s": first - 1},
                )
                or 0
            )
        printed = words(store.get(world.brand_id, paper.name))
        closing = moved[-1][1] if moved else before
        for fen in (before, closing, *(abs(fen) for fen, _ in moved)):
            assert f"{fen // 100:,}.{fen % 100:02d}" in printed, (number, fen)
        if amount:
            assert capitals(Decimal(amount).scaleb(-2)) in printed.replace("\n", ""), number
        assert before + sum(fen for fen, _ in moved) == closing
