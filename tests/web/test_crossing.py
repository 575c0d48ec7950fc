"""DB4: an act that PostgreSQL ends so that another can go on is run again, whole, at most three times; its control is without."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import act_whole, db, unit_of_work
from portal.core.errors import Refused
from portal.core.scope import Scope
from portal.orders import jobs
from tests.api.calling import Program, token_of
from tests.factories.world import World, at

NOW = at("2026-10-06 10:00")
DEADLOCK, SERIALIZATION, TIMEOUT = "40P01", "40001", "57014"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@contextmanager
def ended(table: str, *codes: str) -> Iterator[list[str]]:
    """The database ends the first transactions that update ``table``, each with one of ``codes``: the error is the server's own."""
    left, met = list(codes), []

    def end(_conn: object, cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(f"UPDATE {table}"):
            met.append(statement)
            if left:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'crossed' USING ERRCODE = '{left.pop(0)}'; END $$")  # type: ignore[attr-defined]

    event.listen(db.engine, "before_cursor_execute", end)
    try:
        yield met
    finally:
        event.remove(db.engine, "before_cursor_execute", end)


def crossed(
    app: Flask, scope: Scope, run: Callable[[Scope, Callable[[Session], None]], None]
) -> tuple[list[str], list[BaseException]]:
    """Two transactions that lock two dealers the other way round, each once the other has its first: who began, what failed."""
    meet, begun, failed = threading.Barrier(2, timeout=20), [], []

    def act(mine: str, other: str) -> None:
        def lock(session: Session) -> None:
            first = mine not in begun
            begun.append(mine)
            for code in (mine, other):
                session.execute(text("SELECT id FROM dealers WHERE code = :code FOR UPDATE"), {"code": code})
                if first and code == mine:
                    meet.wait()
            session.execute(text("UPDATE dealers SET contact = contact || :mine WHERE code = :mine"), {"mine": mine})

        with app.app_context():
            try:
                run(scope, lock)
            except OperationalError as error:
                failed.append(error)

    threads = [threading.Thread(target=act, args=pair) for pair in (("D001", "D002"), ("D002", "D001"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(begun), failed


def contacts(world: World) -> list[str]:
    with world.as_(world.hq.auditor) as session:
        return [str(one) for one in session.scalars(text("SELECT contact FROM dealers ORDER BY code"))]


def test_DB4_two_that_lock_crosswise_both_end_well_because_one_is_run_again(app: Flask, world: World) -> None:
    begun, failed = crossed(app, world.hq.admin.scope, act_whole)
    assert failed == []
    assert len(begun) == 3  # two, and one of them once more
    assert contacts(world) == ["周先生D001", "周先生D002"]


def test_the_control_in_a_plain_unit_of_work_one_of_them_fails(app: Flask, world: World) -> None:
    def plain(scope: Scope, act: Callable[[Session], None]) -> None:
        with unit_of_work(scope) as session:
            act(session)

    begun, failed = crossed(app, world.hq.admin.scope, plain)
    assert begun == ["D001", "D002"]
    assert [error.orig.sqlstate for error in failed] == [DEADLOCK]  # type: ignore[attr-defined]
    assert len([one for one in contacts(world) if one != "周先生"]) == 1


@pytest.mark.parametrize("code", [DEADLOCK, SERIALIZATION])
def test_DB4_an_act_gets_a_fresh_session_each_time_and_gives_up_after_three(world: World, code: str) -> None:
    for ends, tries in ((1, 2), (2, 3), (3, 3)):
        sessions: list[Session] = []

        def act(session: Session) -> str:
            sessions.append(session)  # noqa: B023 - this turn's
            session.execute(text("UPDATE dealers SET city = city WHERE code = 'D001'"))
            return "done"

        with ended("dealers", *[code] * ends):
            if ends < 3:
                assert act_whole(world.hq.admin.scope, act) == "done"
            else:
                with pytest.raises(OperationalError):
                    act_whole(world.hq.admin.scope, act)
        assert len({id(session) for session in sessions}) == len(sessions) == tries


def test_DB4_what_is_no_crossing_is_not_run_again(world: World) -> None:
    runs = []

    def act(session: Session) -> None:
        runs.append(1)
        session.execute(text("UPDATE dealers SET city = city WHERE code = 'D001'"))

    with ended("dealers", TIMEOUT), pytest.raises(OperationalError):
        act_whole(world.hq.admin.scope, act)
    assert len(runs) == 1

    def refused(_session: Session) -> None:
        runs.append(1)
        raise Refused("short-of-funds")

    with pytest.raises(Refused):
        act_whole(world.hq.admin.scope, refused)
    assert len(runs) == 2


def events(world: World, number: str) -> int:
    with world.as_(world.hq.auditor) as session:
        return int(
            session.scalar(
                text("SELECT count(*) FROM audit_events WHERE act = 'order:cancel' AND subject_number = :number"), {"number": number}
            ) or 0
        )  # fmt: skip


def test_DB4_a_pages_act_is_done_once_though_it_was_ended_twice(world: World, client_as) -> None:
    number = world.submitted_order(world.d1)
    browser = client_as(world.d1.manager)
    with ended("orders", DEADLOCK, DEADLOCK) as met:
        answer = browser.post(f"/orders/{number}/cancel", data={"reason": "订错了", "form_key": "k1"})
    assert (answer.status_code, len(met)) == (303, 3)
    assert events(world, number) == 1
    again = browser.post(f"/orders/{number}/cancel", data={"reason": "订错了", "form_key": "k1"})
    assert again.headers["Location"] == answer.headers["Location"]
    assert events(world, number) == 1


def test_DB4_a_page_that_is_ended_three_times_says_come_back_and_nothing_happened(world: World, client_as) -> None:
    number = world.submitted_order(world.d1)
    browser = client_as(world.d1.manager)
    with ended("orders", DEADLOCK, DEADLOCK, DEADLOCK):
        answer = browser.post(f"/orders/{number}/cancel", data={"reason": "订错了"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert events(world, number) == 0
    assert browser.post(f"/orders/{number}/cancel", data={"reason": "订错了"}).status_code == 303


def test_DB4_R23_of_all_debits_at_one_press_none_is_left_out_because_it_was_ended(world: World, client_as) -> None:
    numbers = [world.agreed_order(world.d1), world.agreed_order(world.d1)]
    with ended("orders", DEADLOCK) as met:
        assert client_as(world.hq.finance).post("/orders/debits").status_code == 303
    with world.as_(world.hq.auditor) as session:
        states = session.scalars(text("SELECT state FROM orders WHERE number = ANY(:numbers)"), {"numbers": numbers})
        assert list(states) == ["debited", "debited"]
    assert len(met) == 3


def test_DB4_an_api_act_is_done_once_under_its_key(app: Flask, world: World) -> None:
    number = world.submitted_order(world.d1)
    program = Program(app, token_of(world, world.d1.manager))
    with ended("orders", SERIALIZATION) as met:
        answer = program.on(f"/orders/{number}", "cancel", {"reason": "订错了"})
    assert (answer.status_code, answer.json["state"], len(met)) == (200, "cancelled", 2)
    assert events(world, number) == 1


def test_DB4_the_clocks_act_is_run_again_within_its_turn(world: World) -> None:
    number = world.quoted_order(world.d1)
    with ended("orders", DEADLOCK):
        (found,) = jobs.lapse_quotes(world.hq.system, at("2026-10-20 08:00"))
    assert (found.what, found.facts["order"]) == ("lapsed", number)
