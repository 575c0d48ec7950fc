"""Every (state, step, person): what the table does not allow is refused and changes nothing, what it allows gives exactly what it says.

The state, the balance, the reservation and the layers (R20, R24, R26, R67; AZ5).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import Connection, text

from portal.core.errors import NotFound, Refused
from portal.core.provision import admin_engine
from portal.orders import actions, queries, workflow
from portal.orders.models import Purpose
from portal.orders.rules import LineWish
from tests.factories.people import PEOPLE, person_of, rows
from tests.factories.world import World, at, make_world
from tests.orders.table import TABLE, TABLES, may


@pytest.fixture(scope="module")
def proof(app, settings):
    with admin_engine(str(settings.proof_url)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


# ---------------------------------------------------------------- every (state, step, person)


class Undone(Exception):
    pass


def figures(session, dealer: int, public_id: str) -> dict[str, object]:
    """An order's state, its dealer's balance and reservation, and its layers, as the act leaves them; fen."""
    state, number = session.execute(
        text("SELECT state, number FROM orders WHERE public_id = :p"), {"p": public_id}
    ).one()
    layers = session.execute(
        text("SELECT bought, received, used, price FROM layers WHERE order_number = :n ORDER BY line_id"), {"n": number}
    ).all()
    found = queries.standing(session, dealer)
    return {
        "state": state, "balance": int(found.balance * 100), "reserved": int(found.reserved * 100), "layers": [tuple(row) for row in layers],
    }  # fmt: skip


@pytest.fixture(scope="module")
def shelf(app) -> tuple[World, dict[str, str]]:
    """One order of four P1 and two P2 with 10.00 freight (260.00) in each state: state → public id."""
    world, lines = make_world(opening="5000.00"), {"P1": 4, "P2": 2}
    made = {
        "submitted": world.submitted_order(world.d1, lines), "quoted": world.quoted_order(world.d1, lines), "agreed": world.agreed_order(world.d1, lines),
        "debited": world.debited_order(world.d1, lines), "shipped": world.shipped_order(world.d1, lines)[0], "received": world.received_order(world.d1, lines),
        "part-shipped": world.debited_order(world.d1, lines), "rejected": world.submitted_order(world.d1, lines), "cancelled": world.submitted_order(world.d1, lines),
        "draft": world.submitted_order(world.d1, lines),
    }  # fmt: skip
    when = at("2026-10-06 09:00")
    for who, name, number, how in (
        (world.hq.manager, "reject", made["rejected"], {"reason": "x"}), (world.d1.clerk, "cancel", made["cancelled"], {"reason": "x"}),
        (world.hq.clerk, "send_back", made["draft"], {"reason": "x"}),
        (world.hq.warehouse, "ship", made["part-shipped"], {"pieces": {1: 3}, "carrier": "德邦", "tracking": "1"}),
    ):  # fmt: skip
        with world.as_(who) as session:
            getattr(actions, name)(session, who, number, at=when, **how)
    with world.as_(world.hq.auditor) as session:
        return world, {state: queries.order(session, number).public_id for state, number in made.items()}


def arguments(world: World, step: str, public_id: str) -> tuple[str, dict[str, object]]:
    """What a step is asked with so that nothing but state and person can stand against it."""
    reason = {"reason": "why"}
    with world.as_(world.hq.auditor) as session:
        order = queries.order(session, public_id)
        parcels, whole = [parcel.number for parcel in order.shipments], order.state != "part-shipped"
    return {
        "amend": (public_id, {"lines": [LineWish("P3", 1, Purpose.STOCK)]}), "submit": (public_id, {}), "lapse": (public_id, {}), "send_back": (public_id, reason),
        "reject": (public_id, reason), "dispute": (public_id, reason), "cancel": (public_id, reason), "debit": (public_id, {}),
        "quote": (public_id, {"lines": [], "freight": Decimal("10.00"), "ship_on": date(2026, 10, 8)}), "agree": (public_id, {"quote_no": 1}),
        "ship_part": (public_id, {"pieces": {2: 1}, "carrier": "德邦", "tracking": "1"}), "ship_rest": (public_id, {"carrier": "德邦", "tracking": "1"}),
        "receive": (parcels[0] if parcels else "SH2610-9999", {"counts": {2: (1, 1)} if whole else {}}),
    }[step]  # fmt: skip


def after(state: str, step: str, before: dict[str, object]) -> dict[str, object]:
    """What the act must leave: the total is 260.00 with 10.00 freight, four P1 at 12.50 and two P2 at 100.00."""
    left = {**before, "state": TABLE[step][2]}
    if step == "receive":
        left["state"] = "received" if state == "shipped" else state
        first, second = before["layers"]  # type: ignore[misc]
        left["layers"] = (
            [(4, 4, 0, 1250), (2, 0, 0, 10_000)] if state == "shipped" else [(4, 3, 0, 1250), second]
        )  # of a whole parcel one P2 was counted, and that one damaged; the part parcel held three P1
        assert (first, second) == ((4, 0, 0, 1250), (2, 0, 0, 10_000))
    if step == "agree":
        left["reserved"] += 26_000  # type: ignore[operator]
    if step == "debit":
        left["layers"] = [(4, 0, 0, 1250), (2, 0, 0, 10_000)]
        left["balance"] -= 26_000  # type: ignore[operator]
    if step == "cancel" and state == "debited":
        left["layers"] = []
        left["balance"] += 26_000  # type: ignore[operator]
    if step == "debit" or (step == "cancel" and state == "agreed"):
        left["reserved"] -= 26_000  # type: ignore[operator]
    return left


@pytest.mark.parametrize("state", sorted({state for states, _, to in TABLE.values() for state in {*states, to}}))
def test_R20_R24_AZ5_every_step_of_every_person_in_every_state_is_as_the_table_says(shelf, proof, state: str) -> None:
    world, orders = shelf
    look = partial(figures, dealer=world.d1.id, public_id=orders[state])
    with world.as_(world.hq.auditor) as session:
        before = look(session)
    assert before["state"] == state
    assert set(TABLE) == {
        step.name for step in workflow.ORDER.steps
    }  # a new step has to say here who takes it from where
    everything = hashes(proof, world)
    for step in TABLE:
        ref, how = arguments(world, step, orders[state])
        for person in PEOPLE:
            actor, seen = person_of(world, person), None
            try:
                with world.as_(actor) as session:
                    getattr(actions, step)(
                        session, actor, ref, at=at("2026-10-13 09:00" if step == "lapse" else "2026-10-07 09:00"), **how
                    )
                    session.flush()
                    seen = look(session)
                    raise Undone  # noqa: TRY301 - takes everything back
            except Undone:
                pass
            except (Refused, NotFound):
                assert not may(step, state, person, "d1"), (step, person)
                continue
            assert may(step, state, person, "d1"), (step, person)
            assert seen == after(state, step, before), (step, person)
    assert hashes(proof, world) == everything


def hashes(proof: Connection, world: World) -> list[tuple]:
    return rows(proof, world, " UNION ALL ".join(
        f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE brand_id = :brand" for table in TABLES
    ))  # fmt: skip


def test_the_control_a_workflow_that_says_otherwise_is_told_from_the_table(shelf, proof, monkeypatch) -> None:
    open_to_all = tuple(replace(step, guards=()) for step in workflow.ORDER.steps)
    monkeypatch.setattr(workflow, "ORDER", replace(workflow.ORDER, steps=open_to_all))
    with pytest.raises(AssertionError, match="cancel"):
        test_R20_R24_AZ5_every_step_of_every_person_in_every_state_is_as_the_table_says(shelf, proof, "agreed")
