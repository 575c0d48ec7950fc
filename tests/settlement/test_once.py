"""Two at once and death in the middle: a month is posted once, brands apart, in a few statements (R50, R52; BA2)."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.core.errors import Refused
from portal.settlement import actions, queries
from portal.settlement.models import Settlement, SettlementState
from tests.factories.statements import counted
from tests.settlement.looking import found, journals, refused, statements
from tests.settlement.months import OCTOBER, THE_THIRD, checked, claimed, posted


def test_R52_two_people_posting_at_once_have_one_effect_and_the_other_is_told(world):
    claimed(world, world.d1, {"P1": 4})
    before = world.balance(world.d1)
    checked(world)
    gate, told = threading.Barrier(2), []
    from portal.core.db import unit_of_work

    def run() -> None:
        gate.wait()
        try:
            with unit_of_work(world.hq.finance_manager.scope) as session:
                actions.post(session, world.hq.finance_manager, OCTOBER, at=THE_THIRD)
            told.append("posted")
        except Refused as error:
            told.append(error.code)

    threads = [threading.Thread(target=_in_app(run)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("posted") == 1
    assert set(told) - {"posted"} <= {"already-posted", "settlement-running"}
    assert (journals(world), world.balance(world.d1)) == (1, before + Decimal("50.00"))


def _in_app(run):
    from flask import current_app

    app = current_app._get_current_object()

    def inside() -> None:
        with app.app_context():
            run()

    return inside


def test_BA2_the_second_is_told_that_one_is_running_and_afterwards_that_it_is_posted(world):
    from portal.core.db import unit_of_work

    claimed(world, world.d1, {"P1": 4})
    checked(world)
    manager = world.hq.finance_manager
    with unit_of_work(manager.scope) as first:
        actions.post(first, manager, OCTOBER, at=THE_THIRD)
        assert refused(world, manager, actions.post, OCTOBER).code == "settlement-running"
        assert refused(world, world.hq.finance, actions.prepare, OCTOBER).code == "settlement-running"
    assert refused(world, manager, actions.post, OCTOBER).code == "already-posted"
    assert journals(world) == 1


def test_R52_a_connection_killed_in_the_middle_leaves_nothing_and_posting_again_finishes(world, admin_url, database):
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError

    from portal.core.db import unit_of_work

    claimed(world, world.d1, {"P1": 4})
    before = world.balance(world.d1)
    checked(world)
    manager = world.hq.finance_manager

    def die() -> None:
        with unit_of_work(manager.scope) as session:
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            actions.post(session, manager, OCTOBER, at=THE_THIRD)
            killer = create_engine(admin_url)
            with killer.connect() as connection:
                assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            killer.dispose()

    with pytest.raises(DBAPIError):
        die()
    assert (found(world).state, journals(world), world.balance(world.d1)) == (SettlementState.CHECKED, 0, before)
    assert all(row.number is None for row in statements(world).values())
    with world.as_(manager) as session:
        actions.post(session, manager, OCTOBER, at=THE_THIRD)
    assert (found(world).state, journals(world), world.balance(world.d1)) == (
        SettlementState.POSTED,
        1,
        before + Decimal("50.00"),
    )


def test_R52_posting_takes_the_same_few_statements_for_one_dealer_or_for_many(world):
    from tests.factories.world import make_world

    other = make_world()
    claimed(world, world.d1, {"P1": 4})
    claimed(other, other.d1, {"P1": 4, "P2": 1})
    claimed(other, other.d2, {"P1": 3})
    took = []
    for one in (world, other):
        checked(one)
        with one.as_(one.hq.finance_manager) as session, counted("set_config") as statements:
            actions.post(session, one.hq.finance_manager, OCTOBER, at=THE_THIRD)
            took.append(len(statements))
    assert took[0] == took[1] <= 30


def test_R50_brands_are_settled_apart(world, app):
    from tests.factories.world import make_world

    other = make_world()
    claimed(world, world.d1, {"P1": 4})
    claimed(other, other.d1, {"P2": 1})
    posted(world)
    assert found(other) is None
    posted(other)
    assert (found(world).amount, found(other).amount) == (Decimal("50.00"), Decimal("100.00"))
    with world.as_(world.hq.auditor) as session:
        assert isinstance(session, Session)
        assert [row.month for row in queries.months_list(session)] == [OCTOBER]


def test_R2_what_was_prepared_again_meanwhile_is_not_posted_by_a_page_that_showed_the_old_figures(world):
    claimed(world, world.d1, {"P1": 1})
    checked(world)
    with world.as_(world.hq.finance_manager) as session:
        seen = session.scalars(select(Settlement)).one().ver
    checked(world)
    with pytest.raises(Refused, match="changed-meanwhile"), world.as_(world.hq.finance_manager) as session:
        actions.post(session, world.hq.finance_manager, OCTOBER, seen=seen, at=THE_THIRD)
    assert journals(world) == 0
    with world.as_(world.hq.finance_manager) as session:
        now = session.scalars(select(Settlement)).one().ver
        actions.post(session, world.hq.finance_manager, OCTOBER, seen=now, at=THE_THIRD)
    assert journals(world) == 1
