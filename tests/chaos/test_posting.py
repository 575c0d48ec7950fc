"""`kill -9` of what posts, at random moments: nothing acknowledged is lost, nothing is done twice, starting again finishes it.

BA1, CO6, R52, R62, R63. ``make chaos ROUNDS=n SEED=s`` runs any number; here CI's. The control: work that commits one act in
two transactions, or tells before its commit, is found out by the same checks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Connection, text

from portal.core.provision import admin_engine
from portal.ledger.prove import prove
from tests.chaos.killing import ROUNDS, SEED, Zygote, at_a_random_moment, chance_of, forgotten, until, zygote
from tests.chaos.posting import ORDER_TOTAL, TOPUP, Work
from tests.factories.world import World, make_world
from tests.settlement.months import claimed

MONTHS = tuple(date(2026 + number // 12, number % 12 + 1, 1) for number in range(6, 6 + min(24, 4 + ROUNDS // 25)))
AT_ONCE = 2  # processes on the same work: one is killed while another is at it
MOST_ACKS, SPREAD = 3, 0.02  # after how many acknowledgements, and seconds after that, the kill comes

# How often the effect of an acknowledged act is there: exactly once, whatever was killed.
EFFECTS = {
    "topup": "SELECT count(*) FROM topups t JOIN journals j ON j.brand_id = t.brand_id AND j.source = 'topup:' || t.number"
             " WHERE t.brand_id = :brand AND t.bank_reference = :what",
    "order": "SELECT count(*) FROM orders WHERE brand_id = :brand AND public_id = :what",
    "submit": "SELECT count(*) FROM orders WHERE brand_id = :brand AND number = :what AND state <> 'draft'",
    "quote": "SELECT count(*) FROM quotes q JOIN orders o ON o.brand_id = q.brand_id AND o.id = q.order_id WHERE o.brand_id = :brand AND o.number = :what",
    "agree": "SELECT count(*) FROM orders WHERE brand_id = :brand AND number = :what AND agreed_at IS NOT NULL",
    "debit": "SELECT count(*) FROM orders o JOIN journals j ON j.brand_id = o.brand_id AND j.source = 'order:' || o.number"
             " JOIN layers y ON y.brand_id = o.brand_id AND y.order_number = o.number"
             " WHERE o.brand_id = :brand AND o.number = :what AND o.debited_at IS NOT NULL AND y.bought = 2",
    "ship": "SELECT count(*) FROM shipments WHERE brand_id = :brand AND number = :what",
    "receive": "SELECT count(*) FROM shipments s JOIN orders o ON o.brand_id = s.brand_id AND o.id = s.order_id"
               " JOIN layers y ON y.brand_id = o.brand_id AND y.order_number = o.number"
               " WHERE s.brand_id = :brand AND s.number = :what AND s.state = 'received' AND o.state = 'received' AND y.received = 2",
    "prepare": "SELECT count(*) FROM settlements WHERE brand_id = :brand AND month = CAST(:what AS date)",
    # To prepare the month again voids its check, by the other process at any moment: what lasts is that it was checked.
    "check": "SELECT least(1, count(*)) FROM settlements s JOIN audit_events e ON e.brand_id = s.brand_id AND e.subject_number = s.number"
             " AND e.act = 'settlement:check' WHERE s.brand_id = :brand AND s.month = CAST(:what AS date)",
    "post": "SELECT count(*) FROM settlements s JOIN journals j ON j.brand_id = s.brand_id AND j.id = s.journal_id AND j.purpose = 'settlement'"
            " WHERE s.brand_id = :brand AND s.month = CAST(:what AS date) AND s.state = 'posted'",
}  # fmt: skip


@pytest.fixture
def proof(app, settings) -> Iterator[Connection]:
    with admin_engine(str(settings.proof_url)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture(scope="module")
def forks(app, settings, tmp_path_factory) -> Iterator[Zygote]:
    with zygote(settings, tmp_path_factory.mktemp("chaos")) as made:
        yield made


def nothing_lost(proof: Connection, world: World, acked: Sequence[str]) -> None:
    """Every acknowledged act has its effect, once."""
    for line in acked:
        act, _, what = line.partition(" ")
        assert proof.scalar(text(EFFECTS[act]), {"brand": world.brand_id, "what": what}) == 1, line


def nothing_disagrees(proof: Connection, world: World) -> None:
    assert prove(proof, world.brand_id) == []


def round_of(proof: Connection, forks: Zygote, chance: random.Random, work: Work) -> tuple[list[str], int]:
    """Processes begin what is left and are killed; what they told, and how many were struck at work."""
    children = [forks.start("posting", work=work, seed=chance.getrandbits(32)) for _ in range(AT_ONCE)]
    struck = sum(at_a_random_moment(chance, child, most_acks=MOST_ACKS, spread=SPREAD) for child in children)
    forgotten(proof)
    acked = [line for child in children for line in child.acked]
    forks.nobody_complained()
    nothing_lost(proof, work.world, acked)
    return acked, struck


def finished(proof: Connection, forks: Zygote, work: Work) -> list[str]:
    """Started again and left alone, it comes to its end."""
    child = forks.start("posting", work=work, seed=1)
    until(lambda: not child.alive)
    forgotten(proof)
    forks.nobody_complained()
    return child.acked


def test_BA1_CO6_R52_R63_what_posts_is_killed_again_and_again_and_nothing_is_lost_or_done_twice(proof, forks) -> None:
    print(f"chaos: ROUNDS={ROUNDS} SEED={SEED}")  # noqa: T201 - for whoever runs it again
    chance, world = chance_of(SEED), make_world()
    for month in MONTHS:
        claimed(world, world.d2, {"P1": 2}, month=f"{month:%Y-%m}", approved=f"{month:%Y-%m}-20 10:00")
    before = [world.balance(shop) for shop in (world.d1, world.d2)]
    work, acked, struck = Work(world, 0, 0, MONTHS), list[str](), 0
    for number in range(1, ROUNDS + 1):
        work = replace(work, topups=number + 3, orders=number // 3 + 3)
        told, hit = round_of(proof, forks, chance, work)
        acked, struck = acked + told, struck + hit
        if number % 25 == 0:
            nothing_disagrees(proof, world)
    acked += finished(proof, forks, work)
    nothing_lost(proof, world, acked)
    nothing_disagrees(proof, world)
    twice = [what for what, count in Counter(acked).items() if count > 1 and not what.startswith(("prepare", "check"))]
    assert twice == []  # a month may be prepared and checked again until it is posted (R51); all else is told once
    assert struck > ROUNDS  # of twice as many: most were killed at work, and not after it
    topups, begun, received, posted = proof.execute(
        text("SELECT (SELECT count(*) FROM topups WHERE brand_id = :b AND bank_reference LIKE 'CH-%'), count(*), count(*) FILTER (WHERE state = 'received'),"
             " (SELECT count(*) FROM settlements WHERE brand_id = :b AND state = 'posted') FROM orders WHERE brand_id = :b AND note = 'chaos'"), {"b": world.brand_id},
    ).one()  # fmt: skip
    assert (topups, received, posted) == (work.topups, begun, len(MONTHS))
    assert work.orders <= begun <= work.orders + AT_ONCE  # two processes may begin the last one at once
    paid, reimbursed = topups * TOPUP - begun * ORDER_TOTAL, len(MONTHS) * Decimal("25.00")
    assert [world.balance(shop) for shop in (world.d1, world.d2)] == [before[0] + paid, before[1] + reimbursed]


@pytest.mark.parametrize("fault", ["two", "early"])
def test_the_control_what_commits_in_two_or_tells_too_early_is_found_out(proof, forks, fault) -> None:
    chance, world = chance_of(SEED), make_world(opening="100000.00")
    with pytest.raises(AssertionError):
        for number in range(1, 61):
            round_of(proof, forks, chance, Work(world, 0, 2 * number, (), fault))
            nothing_disagrees(proof, world)
