"""Data for measuring, written set-based: a big brand with its history, and small brands with orders that wait.

A million orders through the actions would take hours, through the triggers, one row at a time, many minutes. So this writes
with INSERT … SELECT what the triggers would have written — running balances, the accounts' sums, the chain — in a database of
its own whose triggers are off while it writes, and ``portal prove`` says whether that is right. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

STEPS = Path(__file__).parent / "generator.sql"
BIG, BRANDS = 1, 20  # the brand with the history; the small ones that follow
# written by triggers in life; ENABLE ALWAYS, so that a session cannot turn them off by itself
GUARDED = (("journals", "month"), ("journals", "seal"), ("postings", "entry"))


@dataclass(frozen=True, slots=True)
class Plan:
    """How much: of the big brand its dealers, orders and approved claim lines; of the small ones how many, and orders of each kind."""

    dealers: int
    orders: int
    claim_lines: int
    brands: int = BRANDS
    shops: int = 10
    waiting: int = 0

    @property
    def parameters(self) -> dict[str, int]:
        """What generator.sql asks for."""
        return {
            "big": BIG, "dealers": self.dealers, "orders": self.orders, "claim_lines": self.claim_lines,
            "brands": self.brands, "shops": self.shops, "waiting": self.waiting,
        }  # fmt: skip


def generate(admin_url: str, plan: Plan, *, said: Callable[[str], None] = lambda _words: None) -> None:
    """Fill the empty, migrated database of ``admin_url`` (a superuser's, plain libpq). All or nothing."""
    if plan.claim_lines > plan.orders:
        raise ValueError("a claim line needs a received part: at most as many as orders")
    with psycopg.connect(admin_url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET search_path = app, public")
        connection.execute(
            "SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL jit = off"
        )
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SET LOCAL session_replication_role = replica")  # no foreign keys: a test looks at them all
        for table, trigger in GUARDED:
            connection.execute(
                sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(sql.Identifier(table), sql.Identifier(trigger))
            )
        for title, step in steps():
            said(title)
            connection.execute(step, plan.parameters)
        for table, trigger in GUARDED:
            connection.execute(
                sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(
                    sql.Identifier(table), sql.Identifier(trigger)
                )
            )
        connection.commit()
        connection.autocommit = True
        said("statistics")
        connection.execute("VACUUM ANALYZE")


def steps() -> list[tuple[str, str]]:
    """The statements of generator.sql with the headings above them."""
    found = []
    for part in STEPS.read_text(encoding="utf-8").split("\n-- # ")[1:]:
        title, _line, body = part.partition("\n")
        found.append((title.strip(), body))
    return found


BROKEN = """
    SELECT c.conname, c.conrelid::regclass::text AS child, c.confrelid::regclass::text AS parent,
        array(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (n, i) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY i) AS here,
        array(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (n, i) JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY i) AS there
    FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'app'::regnamespace ORDER BY c.conname"""


def broken_keys(admin_url: str) -> list[str]:
    """The foreign keys that some row does not keep, looked at one by one because the generator wrote without them."""
    broken = []
    with psycopg.connect(admin_url) as connection:
        connection.execute("SET search_path = app, public")
        for name, child, parent, here, there in connection.execute(BROKEN).fetchall():
            same = sql.SQL(" AND ").join(
                sql.SQL("p.{} = c.{}").format(sql.Identifier(far), sql.Identifier(near))
                for near, far in zip(here, there, strict=True)
            )
            given = sql.SQL(" AND ").join(sql.SQL("c.{} IS NOT NULL").format(sql.Identifier(near)) for near in here)
            looked = sql.SQL("SELECT EXISTS (SELECT 1 FROM {} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {}))")
            found = connection.execute(looked.format(sql.SQL(child), given, sql.SQL(parent), same)).fetchone()
            if found is not None and found[0]:
                broken.append(name)
    return broken
