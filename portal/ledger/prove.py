"""``portal prove`` (R62): recompute everything from the postings and the documents; what disagrees, if anything.

Plain SQL over every package's tables, because it must not share a mistake with the code that wrote them. It runs as the
reading role over all brands, or within headquarters' scope over one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: the proof that failed, the brand, and what was found."""

    proof: str
    brand_id: int
    what: str


# Every query returns (brand_id, what) rows for what is wrong; :brand narrows it to one brand (NULL: all).
PROOFS: dict[str, str] = {
    "journal-balanced": """
        SELECT j.brand_id, j.number FROM journals j LEFT JOIN postings p ON p.brand_id = j.brand_id AND p.journal_id = j.id
        GROUP BY j.brand_id, j.number HAVING count(p.line) < 2 OR coalesce(sum(p.debit_fen), 0) <> coalesce(sum(p.credit_fen), 0)""",
    "account-balance": """
        SELECT a.brand_id, a.code || coalesce(' ' || d.code, '') FROM accounts a LEFT JOIN dealers d ON d.brand_id = a.brand_id AND d.id = a.dealer_id
        LEFT JOIN (SELECT brand_id, account_id, count(*) n, sum(coalesce(credit_fen, 0) - coalesce(debit_fen, 0)) s FROM postings GROUP BY 1, 2) p
            ON p.brand_id = a.brand_id AND p.account_id = a.id
        WHERE a.balance <> coalesce(p.s, 0) OR a.entries <> coalesce(p.n, 0)""",
    "running-balance": """
        SELECT brand_id, 'account ' || account_id || ' entry ' || seq FROM (
            SELECT brand_id, account_id, seq, balance_after_fen,
                sum(coalesce(credit_fen, 0) - coalesce(debit_fen, 0)) OVER w AS s, row_number() OVER w AS n
            FROM postings WINDOW w AS (PARTITION BY brand_id, account_id ORDER BY seq)) x
        WHERE s <> balance_after_fen OR n <> seq""",
    "brand-sums-to-zero": """
        SELECT brand_id, sum(balance)::text || ' fen' FROM accounts GROUP BY brand_id HAVING sum(balance) <> 0""",
    "order-debited-once": """
        SELECT o.brand_id, o.number FROM orders o
        LEFT JOIN journals j ON j.brand_id = o.brand_id AND j.source = 'order:' || o.number AND j.purpose = 'order'
        LEFT JOIN journals r ON r.brand_id = o.brand_id AND r.reverses = j.id
        WHERE o.number IS NOT NULL AND (
            (o.state IN ('debited', 'part-shipped', 'shipped', 'received') AND (j.id IS NULL OR r.id IS NOT NULL))
            OR (o.state = 'cancelled' AND (j.id IS NULL) <> (r.id IS NULL))
            OR (o.state IN ('draft', 'submitted', 'quoted', 'agreed', 'rejected') AND j.id IS NOT NULL))""",
    "order-amount": """
        SELECT o.brand_id, o.number FROM orders o JOIN journals j ON j.brand_id = o.brand_id AND j.source = 'order:' || o.number AND j.purpose = 'order'
        LEFT JOIN postings p ON p.brand_id = j.brand_id AND p.journal_id = j.id AND p.dealer_id = o.dealer_id
        LEFT JOIN quotes q ON q.brand_id = o.brand_id AND q.order_id = o.id AND q.quote_no = o.quote_no
        WHERE p.debit_fen IS DISTINCT FROM o.total OR q.total IS DISTINCT FROM o.total OR q.agreed_at IS NULL
           OR q.goods <> (SELECT coalesce(sum(l.quantity * l.price), 0) FROM quote_lines l WHERE l.brand_id = q.brand_id AND l.quote_id = q.id)""",
    "topup-posted": """
        SELECT t.brand_id, t.number FROM topups t
        LEFT JOIN journals j ON j.brand_id = t.brand_id AND j.source = 'topup:' || t.number AND j.purpose = 'topup'
        LEFT JOIN journals r ON r.brand_id = t.brand_id AND r.reverses = j.id
        LEFT JOIN postings p ON p.brand_id = j.brand_id AND p.journal_id = j.id AND p.dealer_id = t.dealer_id
        WHERE j.id IS NULL OR p.credit_fen IS DISTINCT FROM t.amount OR (t.state = 'reversed') <> (r.id IS NOT NULL)""",
    "journal-has-document": """
        SELECT j.brand_id, j.number || ' ' || j.source FROM journals j WHERE NOT CASE split_part(j.source, ':', 1)
            WHEN 'order' THEN EXISTS (SELECT 1 FROM orders o WHERE o.brand_id = j.brand_id AND o.number = split_part(j.source, ':', 2))
            WHEN 'topup' THEN EXISTS (SELECT 1 FROM topups t WHERE t.brand_id = j.brand_id AND t.number = split_part(j.source, ':', 2))
            WHEN 'dealer' THEN EXISTS (SELECT 1 FROM dealers d WHERE d.brand_id = j.brand_id AND d.code = split_part(j.source, ':', 2))
            WHEN 'settlement' THEN EXISTS (SELECT 1 FROM settlements s WHERE s.brand_id = j.brand_id AND s.journal_id = j.id AND s.number = split_part(j.source, ':', 2))
            ELSE false END""",
    "layers-of-debited-orders": """
        SELECT o.brand_id, o.number FROM orders o JOIN quotes q ON q.brand_id = o.brand_id AND q.order_id = o.id AND q.quote_no = o.quote_no
        JOIN quote_lines l ON l.brand_id = q.brand_id AND l.quote_id = q.id AND l.quantity > 0
        LEFT JOIN layers y ON y.brand_id = l.brand_id AND y.line_id = l.line_id
        WHERE o.state IN ('debited', 'part-shipped', 'shipped', 'received')
          AND (y.id IS NULL OR y.bought <> l.quantity OR y.price <> l.price OR y.part_id <> l.part_id)
        UNION ALL
        SELECT o.brand_id, o.number FROM orders o JOIN order_lines l ON l.brand_id = o.brand_id AND l.order_id = o.id
        JOIN layers y ON y.brand_id = l.brand_id AND y.line_id = l.id WHERE o.state NOT IN ('debited', 'part-shipped', 'shipped', 'received')""",
    "layer-received": """
        SELECT y.brand_id, 'layer ' || y.id || ' ' || y.order_number FROM layers y
        LEFT JOIN (SELECT s.brand_id, s.line_id, sum(s.counted - s.damaged) n, sum(s.quantity) q FROM shipment_lines s GROUP BY 1, 2) s
            ON s.brand_id = y.brand_id AND s.line_id = y.line_id
        WHERE y.received <> coalesce(s.n, 0) OR coalesce(s.q, 0) > y.bought""",
    "layer-used": """
        SELECT y.brand_id, 'layer ' || y.id || ' ' || y.order_number FROM layers y
        LEFT JOIN (SELECT brand_id, layer_id, sum(pieces - returned) n FROM allocations GROUP BY 1, 2) a ON a.brand_id = y.brand_id AND a.layer_id = y.id
        WHERE y.used <> coalesce(a.n, 0)""",
    "old-part-allocations": """
        SELECT o.brand_id, o.number FROM old_parts o
        LEFT JOIN (SELECT brand_id, old_part_id, sum(pieces) n, sum(pieces * price) s, sum(pieces - returned) held FROM allocations GROUP BY 1, 2) a
            ON a.brand_id = o.brand_id AND a.old_part_id = o.id
        WHERE coalesce(a.n, 0) <> o.quantity OR coalesce(a.s, 0) <> o.amount OR (o.state = 'withdrawn' AND a.held <> 0)""",
    "claim-line-amount": """
        SELECT l.brand_id, c.number || ' line ' || l.position FROM claim_lines l JOIN claims c ON c.brand_id = l.brand_id AND c.id = l.claim_id
        JOIN old_parts o ON o.brand_id = l.brand_id AND o.id = l.old_part_id
        WHERE c.number IS NOT NULL AND (l.claimed <> o.amount OR l.quantity <> o.quantity OR l.service_day <> o.replaced_on
              OR date_trunc('month', l.service_day)::date <> c.month)""",
    "settled-amounts": """
        SELECT t.brand_id, t.number FROM statements t JOIN settlements s ON s.brand_id = t.brand_id AND s.id = t.settlement_id AND s.state = 'posted'
        LEFT JOIN (SELECT brand_id, dealer_id, pays_in, count(*) n, sum(approved) s FROM claim_lines WHERE pays_in IS NOT NULL GROUP BY 1, 2, 3) l
            ON l.brand_id = t.brand_id AND l.dealer_id = t.dealer_id AND l.pays_in = t.month
        LEFT JOIN postings p ON p.brand_id = t.brand_id AND p.journal_id = s.journal_id AND p.dealer_id = t.dealer_id
        WHERE t.amount <> coalesce(l.s, 0) OR t.lines <> coalesce(l.n, 0) OR t.amount <> coalesce(p.credit_fen, 0)""",
    "settlement-total": """
        SELECT s.brand_id, s.number FROM settlements s
        LEFT JOIN (SELECT brand_id, settlement_id, sum(amount) a, sum(lines) n FROM statements GROUP BY 1, 2) t ON t.brand_id = s.brand_id AND t.settlement_id = s.id
        LEFT JOIN (SELECT brand_id, journal_id, sum(debit_fen) d FROM postings GROUP BY 1, 2) p ON p.brand_id = s.brand_id AND p.journal_id = s.journal_id
        WHERE s.amount <> coalesce(t.a, 0) OR s.lines <> coalesce(t.n, 0) OR (s.state = 'posted' AND s.amount <> coalesce(p.d, 0))""",
    "settlement-missed-a-line": """
        SELECT l.brand_id, 'line ' || l.id FROM claim_lines l JOIN settlements s ON s.brand_id = l.brand_id AND s.month = l.pays_in AND s.state = 'posted'
        LEFT JOIN statements t ON t.brand_id = l.brand_id AND t.settlement_id = s.id AND t.dealer_id = l.dealer_id WHERE t.id IS NULL""",
    "statement-chain": """
        SELECT brand_id, number FROM (
            SELECT t.brand_id, t.number, t.opening, t.closing, t.first_seq, t.last_seq, t.dealer_id,
                lag(t.closing) OVER w AS before, lag(t.last_seq) OVER w AS before_seq
            FROM statements t WHERE t.posted_at IS NOT NULL WINDOW w AS (PARTITION BY t.brand_id, t.dealer_id ORDER BY t.month)) x
        WHERE opening <> coalesce(before, 0) OR first_seq <> coalesce(before_seq, 0) + 1""",
    "statement-closing": """
        SELECT t.brand_id, t.number FROM statements t JOIN accounts a ON a.brand_id = t.brand_id AND a.dealer_id = t.dealer_id AND a.code = 'prepayments'
        LEFT JOIN postings p ON p.brand_id = a.brand_id AND p.account_id = a.id AND p.seq = t.last_seq
        WHERE t.posted_at IS NOT NULL AND t.closing <> coalesce(p.balance_after_fen, 0)""",
    "statement-entries": """
        SELECT t.brand_id, t.number FROM statements t JOIN accounts a ON a.brand_id = t.brand_id AND a.dealer_id = t.dealer_id AND a.code = 'prepayments'
        LEFT JOIN LATERAL (SELECT count(*) n, sum(coalesce(p.credit_fen, 0) - coalesce(p.debit_fen, 0)) s FROM postings p
            WHERE p.brand_id = a.brand_id AND p.account_id = a.id AND p.seq BETWEEN t.first_seq AND t.last_seq) e ON true
        WHERE t.posted_at IS NOT NULL AND (t.opening + coalesce(e.s, 0) <> t.closing OR e.n <> t.last_seq - t.first_seq + 1)""",
    "statement-paper": """
        SELECT k.brand_id, t.number || ' ' || k.kind FROM statement_papers k JOIN statements t ON t.brand_id = k.brand_id AND t.id = k.statement_id
        WHERE k.opening <> t.opening OR k.closing <> t.closing OR k.amount <> t.amount""",
    "month-closed-before-settled": """
        SELECT m.brand_id, m.month::text FROM ledger_months m WHERE m.closed_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM settlements s WHERE s.brand_id = m.brand_id AND s.month = m.month AND s.state <> 'posted')""",
}
_CHAIN = """
    SELECT c.brand_id, 'link ' || c.seq FROM chain_entries c
    LEFT JOIN chain_entries b ON b.brand_id = c.brand_id AND b.seq = c.seq - 1
    WHERE c.hash IS DISTINCT FROM sha256(coalesce(b.hash, '\\x') || convert_to(journal_text(c.brand_id, c.journal_id, c.seq), 'UTF8'))
       OR (b.seq IS NULL AND c.seq <> 1)
    UNION ALL
    SELECT coalesce(h.brand_id, c.brand_id), 'head' FROM chain_heads h
    FULL JOIN (SELECT DISTINCT ON (brand_id) brand_id, seq, hash FROM chain_entries ORDER BY brand_id, seq DESC) c ON c.brand_id = h.brand_id
    WHERE c.seq IS DISTINCT FROM h.seq OR c.hash IS DISTINCT FROM h.hash
    UNION ALL
    SELECT j.brand_id, 'not chained: ' || j.number FROM journals j
    LEFT JOIN chain_entries c ON c.brand_id = j.brand_id AND c.journal_id = j.id WHERE c.seq IS NULL
"""
LIMIT = 200


def prove(connection: Connection, brand_id: int | None = None) -> list[Finding]:
    """Run every proof over one brand or all; at most 200 findings a proof. An empty list: nothing disagrees.

    Within headquarters' scope row-level security narrows to the brand. The chain's proof hashes every journal again.
    """
    found = []
    for name, query in {**PROOFS, "chain": _CHAIN}.items():
        wrapped = f"SELECT * FROM ({query}) AS found (brand_id, what)"  # noqa: S608 - the queries above
        values: dict[str, Any] = {"limit": LIMIT}
        if brand_id is not None:
            wrapped, values["brand"] = wrapped + " WHERE brand_id = :brand", brand_id
        found += [
            Finding(name, int(row.brand_id), str(row.what))
            for row in connection.execute(
                text(wrapped + " LIMIT :limit"),
                values,
            )
        ]
    return found
