"""Every (state, step, person) of a claim's lines: what the table does not allow is refused and changes nothing.

What it allows gives exactly what it says: states, approved yuan and pieces, the month that pays, the layers (R36, R41, R43, R50; AZ5).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import Connection, text

from portal.claims import actions, queries
from portal.claims.models import LineState
from portal.claims.workflow import CLAIM_LINE
from portal.core.errors import NotFound, Refused
from portal.core.months import parse
from portal.core.provision import admin_engine
from tests.claims.table import TABLE, buy, may
from tests.factories.people import PEOPLE, person_of, rows
from tests.factories.world import World, at, make_world

WHEN, OCTOBER = at("2026-10-25 09:00"), date(2026, 10, 1)
CASES = [
    ("draft", 1, "draft"), ("review", 1, "submitted"), ("review", 2, "wanted"), ("review", 3, "approved"), ("review", 4, "reduced"),
    ("review", 5, "refused"), ("decided", 1, "approved"), ("decided", 2, "reduced"), ("decided", 3, "refused"),
]  # fmt: skip
STATE_OF = {"draft": "draft", "review": "in-review", "decided": "decided"}
TABLES = (
    "claims",
    "claim_lines",
    "old_parts",
    "allocations",
    "layers",
    "accounts",
    "journals",
    "postings",
    "counters",
    "audit_events",
)


class Undone(Exception):
    pass


@pytest.fixture(scope="module")
def proof(app, settings):
    with admin_engine(str(settings.proof_url)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture(scope="module")
def desk(app) -> tuple[World, dict[str, str], str]:
    """Three claims of three-piece lines, each two pieces of one layer and one of the next, at 12.50 and 11.00 in turn."""
    world = make_world()
    for count in range(11):
        buy(
            world,
            world.d1,
            2 if count == 0 else 3,
            Decimal("12.50" if count % 2 == 0 else "11.00"),
            when="2026-10-02 09:00",
        )
    parts = [world.reviewed_old_part(world.d1, quantity=3, replaced="2026-10-10") for _ in range(10)]
    review = world.submitted_claim(world.d1, parts[:5], when="2026-10-20 09:00")
    decided = world.submitted_claim(world.d1, parts[5:8], when="2026-10-20 09:00")
    clerk, earlier = world.hq.clerk, at("2026-10-21 09:00")
    cut, words = {"quantity": 2, "code": "PNP", "reason": "x"}, {"code": "EW", "reason": "x"}
    with world.as_(clerk) as session:
        actions.want(session, clerk, review, positions=[2], reason="x", at=earlier)
        actions.approve(session, clerk, review, positions=[3], at=earlier)
        actions.reduce(session, clerk, review, positions=[4], at=earlier, **cut)
        actions.refuse(session, clerk, review, positions=[5], at=earlier, **words)
        actions.approve(session, clerk, decided, positions=[1], at=earlier)
        actions.reduce(session, clerk, decided, positions=[2], at=earlier, **cut)
        actions.refuse(session, clerk, decided, positions=[3], at=earlier, **words)
    with world.as_(world.d1.clerk) as session:
        draft = actions.draft(session, world.d1.clerk, month=parse("2026-10"), at=WHEN).public_id
        actions.add_lines(session, world.d1.clerk, draft, old_parts=[parts[8]], at=WHEN)
    return world, {"draft": draft, "review": review, "decided": decided}, parts[9]


def look(session, ref: str) -> dict[str, object]:
    """The claim's state, its lines by position (state, approved fen, pieces, month), and how many pieces of each layer are used."""
    found = session.execute(text("SELECT id, state FROM claims WHERE :ref IN (number, public_id)"), {"ref": ref}).one()
    lines = session.execute(
        text("SELECT position, state, approved, approved_quantity, pays_in FROM claim_lines WHERE claim_id = :id"),
        {"id": found.id},
    )
    used = session.scalars(text("SELECT used FROM layers ORDER BY id"))
    return {"claim": found.state, "lines": {row.position: tuple(row)[1:] for row in lines}, "used": list(used)}


def after(step: str, position: int, place: int, was: str, before: dict[str, object]) -> dict[str, object]:
    """What the act must leave. ``place`` is the line's place among all registrations: it took two of that layer, one of the next."""
    older, newer = (1250, 1100) if place % 2 == 0 else (1100, 1250)
    lines, used, claim = dict(before["lines"]), list(before["used"]), before["claim"]  # type: ignore[call-overload]
    if step in {"approve", "reduce", "refuse", "want"}:
        if was == "reduced":
            used[place + 1] += 1  # the piece that went back is taken again
        if step == "reduce":  # to one piece: the newest-bought go first
            used[place + 1] -= 1
            used[place] -= 1
        lines[position] = {
            "approve": ("approved", 2 * older + newer, 3, OCTOBER), "reduce": ("reduced", older, 1, OCTOBER), "refuse": ("refused", None, None, None),
            "want": ("wanted", None, None, None),
        }[step]  # fmt: skip
    elif step == "answer":
        lines[position] = ("submitted", None, None, None)
    elif step == "submit":
        lines, claim = dict.fromkeys(lines, ("submitted", None, None, None)), "submitted"
    elif step == "remove_line":
        del lines[position]
    elif step == "add_lines":
        lines[max(lines) + 1] = ("draft", None, None, None)
    return {"claim": claim, "lines": lines, "used": used}


def how(world: World, step: str, claim: str, position: int, spare: str) -> dict[str, object]:
    """What a step is asked with so that nothing but states and person can stand against it."""
    with world.as_(world.hq.auditor) as session:
        found = queries.claim(session, claim)
        seen = next(row.stamp for row in queries.line_rows(session, found.id) if row.position == position)
    lines = {"positions": [position], "seen": seen}
    return {
        "submit": {}, "approve": lines, "reduce": {**lines, "quantity": 1, "reason": "why"}, "refuse": {**lines, "code": "EW", "reason": "why"},
        "want": {**lines, "reason": "why"}, "answer": {"position": position, "answer": "this"}, "add_lines": {"old_parts": [spare]},
        "remove_line": {"position": position},
    }[step]  # fmt: skip


def hashes(proof: Connection, world: World) -> list[tuple]:
    return rows(proof, world, " UNION ALL ".join(
        f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE brand_id = :brand" for table in TABLES
    ))  # fmt: skip


@pytest.mark.parametrize(("claim", "position", "was"), CASES)
def test_R36_R43_AZ5_every_step_of_every_person_in_every_state_is_as_the_table_says(
    desk, proof, claim, position, was
) -> None:
    world, claims, spare = desk
    ref, place = claims[claim], {"review": 0, "decided": 5, "draft": 8}[claim] + position - 1
    seeing = partial(look, ref=ref)
    with world.as_(world.hq.auditor) as session:
        before = seeing(session)
    assert before["claim"] == STATE_OF[claim]
    assert before["lines"][position][0] == was  # type: ignore[index]
    everything = hashes(proof, world)
    for step in TABLE:
        asked = how(world, step, ref, position, spare)
        for person in PEOPLE:
            actor, seen = person_of(world, person), None
            try:
                with world.as_(actor) as session:
                    getattr(actions, step)(session, actor, ref, at=WHEN, **asked)
                    session.flush()
                    seen = seeing(session)
                    raise Undone  # noqa: TRY301 - takes everything back
            except Undone:
                pass
            except (Refused, NotFound) as refused:
                assert not may(step, was, STATE_OF[claim], person), (step, person, refused)
                continue
            assert may(step, was, STATE_OF[claim], person), (step, person)
            assert seen == after(step, position, place, was, before), (step, person)
    assert hashes(proof, world) == everything


def test_the_control_a_workflow_that_says_otherwise_is_told_from_the_table(desk, proof, monkeypatch) -> None:
    shut = tuple(
        replace(step, leaves=step.leaves - {LineState.REDUCED}) if step.name == "approve" else step
        for step in CLAIM_LINE.steps
    )
    monkeypatch.setattr("portal.claims.actions.deciding.CLAIM_LINE", replace(CLAIM_LINE, steps=shut))
    with pytest.raises(AssertionError, match="approve"):
        test_R36_R43_AZ5_every_step_of_every_person_in_every_state_is_as_the_table_says(
            desk, proof, "review", 4, "reduced"
        )
