"""``make bench``: generate the data, measure everything beside its yardstick, prove the books, print the table.

Runs alone: starts its own database and servers and takes them away again. ``--quick`` measures a hundredth of the data, to
see that everything runs; its figures say little. Exit code 0 when everything ran, whether or not a goal was reached.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from portal.core.provision import admin_engine
from portal.ledger.prove import prove
from tests.bench import figures, listing, orders, printing, settling, sheets
from tests.bench.figures import Figure
from tests.bench.generator import BRANDS, Plan, generate
from tests.bench.places import Place, Server, server

SMALL, LARGE = "portal_bench_small", "portal_bench_large"
PARTS = ("debits", "submissions", "listing", "settling", "printing", "sheets")
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is generated and how often it is measured."""

    few: int
    lots: int
    dealers: int
    rounds: int
    many: int
    rows: int
    papers: int


FULL = Size(few=100_000, lots=1_000_000, dealers=2_000, rounds=5, many=400, rows=100_000, papers=200)
QUICK = Size(few=2_000, lots=20_000, dealers=100, rounds=2, many=100, rows=2_000, papers=30)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; print the table, and write it into the file of ``--write``."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the data")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part; may be repeated")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks of this file")
    parser.add_argument("--keep", action="store_true", help="leave the databases and the server's data folder")
    asked = parser.parse_args(arguments)
    size, wanted = (QUICK if asked.quick else FULL), set(asked.only or PARTS)
    begun, head = time.perf_counter(), [figures.machine()]
    place = server()
    try:
        found, notes = measure(place, size, wanted)
    finally:
        place.close(*(() if asked.keep else (SMALL, LARGE)))
        shutil.rmtree(place.home, ignore_errors=True)
    notes = [*head, *notes, f"{(time.perf_counter() - begun) / 60:.1f} minutes in all, {figures.load()} at the end"]
    text = "\n".join([*(f"- {note}" for note in notes), "", figures.table(found)])
    say(f"\n{text}")
    if asked.write is not None:
        page = asked.write.read_text(encoding="utf-8")
        before, _begin, rest = page.partition(BEGIN)
        asked.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0


def measure(at: Server, size: Size, wanted: set[str]) -> tuple[list[Figure], list[str]]:
    """Every figure asked for, and what was said on the way."""
    found: list[Figure] = []
    notes = [at.version()]

    def part(name: str, act: Callable[[], list[Figure]]) -> None:
        if name in wanted:
            say(f"{name} …")
            new = act()
            found.extend(new)
            for figure in new:
                say(f"  {figure.row}")

    waiting = orders.per_brand(size.rounds, size.many, BRANDS)
    plan = Plan(size.dealers, size.few, size.few, waiting=waiting)
    larger = Plan(size.dealers, size.lots, size.lots, brands=0)
    if wanted - {"printing", "sheets"}:
        small = _made(at, SMALL, plan, notes)
        part("debits", lambda: [orders.debits(small, plan, rounds=size.rounds, many=size.many)])
        part("submissions", lambda: [orders.submissions(small, plan, rounds=size.rounds, many=size.many)])
        if wanted & {"listing", "settling"}:
            large = _made(at, LARGE, larger, notes)
            part("listing", lambda: listing.listing(small, large, rounds=size.rounds, many=size.many // 2))
            part("settling", lambda: settling.settling(small, large, rounds=3))
            notes.append(_proven(large))
        notes.append(_proven(small))
    part("printing", lambda: printing.printing(at.home, rounds=size.rounds, documents=size.papers))
    part("sheets", lambda: sheets.writing(many=size.rows, rounds=2))
    return found, notes


def _made(at: Server, name: str, plan: Plan, notes: list[str]) -> Place:
    """A generated database, and that its books are right before anything is measured."""
    say(f"generating {plan.orders:,} orders and {plan.claim_lines:,} claim lines …")
    begun = time.perf_counter()
    place = at.fresh(name)
    generate(place.admin_url, plan)
    notes.append(f"{plan.orders:,} orders and {plan.claim_lines:,} claim lines of {plan.dealers:,} dealers generated in {time.perf_counter() - begun:.0f} s")  # fmt: skip
    return place


def _proven(place: Place) -> str:
    """What ``portal prove`` finds after everything that was generated and measured; anything is a failure."""
    begun = time.perf_counter()
    engine = admin_engine(place.environment["DATABASE_PROOF_URL"])
    with engine.connect() as connection:
        found = prove(connection)
    if found:
        raise RuntimeError(f"portal prove: {len(found)} findings, the first {found[0]}")
    return f"`portal prove` finds nothing in {engine.url.database} ({time.perf_counter() - begun:.0f} s)"


def say(words: str) -> None:
    """On the terminal, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
