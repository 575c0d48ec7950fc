"""The signed context: it names one brand and side for some minutes, dies with its transaction, and cannot be forged (T6)."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.core import clock, scope
from portal.core.db import db, unit_of_work
from portal.core.scope import Scope
from tests.factories.world import World, at


def dealers(session) -> int:
    return session.scalar(text("SELECT count(*) FROM dealers"))


def test_a_scope_is_headquarters_or_a_dealer() -> None:
    assert (Scope(1).side, Scope(1).role) == ("hq", "scope_hq")
    assert (Scope(1, 7).side, Scope(1, 7).role) == ("dealer", "scope_dealer")


def test_a_token_names_its_scope_and_ends_by_the_machines_clock(app) -> None:
    with clock.frozen(at("2030-01-01 00:00")):  # the frozen clock protects nothing
        body, _bar, signature = scope.token(Scope(3, 7, 9), lifetime=60).partition("|")
    side, brand, dealer, member, expiry = body.split(".")
    assert (side, brand, dealer, member, len(signature)) == ("dealer", "3", "7", "9", 64)
    assert 50 <= int(expiry) - clock.machine_now().timestamp() <= 61


def test_the_key_has_32_bytes_and_without_it_nothing_is_signed(app, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        scope.use_key(b"short")
    monkeypatch.setattr(scope, "_key", [])
    with pytest.raises(RuntimeError, match="PORTAL_CONTEXT_KEY"):
        scope.token(Scope(1))


def test_T5_the_context_dies_with_its_transaction(world: World) -> None:
    with db.engine.connect() as connection:
        with connection.begin():
            scope.enter(connection, world.hq.clerk.scope)
            assert connection.scalar(text("SELECT current_user")) == "scope_hq"
            assert connection.scalar(text("SELECT count(*) FROM dealers")) == 2
        assert connection.scalar(text("SELECT current_user")) == "portal_web"
        assert connection.scalar(text("SELECT coalesce(current_setting('app.ctx', true), '')")) == ""


def test_a_rolled_back_savepoint_does_not_take_the_context_with_it(world: World) -> None:
    with unit_of_work(world.d1.clerk.scope) as session:
        with session.begin_nested() as savepoint:
            assert dealers(session) == 1
            savepoint.rollback()
        assert dealers(session) == 1
        assert session.scalar(text("SELECT current_user")) == "scope_dealer"


@pytest.mark.parametrize("part", range(6))
def test_T6_not_one_part_of_a_context_can_be_changed(world: World, part: int) -> None:
    pieces = scope.token(world.hq.clerk.scope).replace("|", ".").split(".")
    pieces[part] = {0: "dealer", 5: "0" * 64}[part] if part in {0, 5} else str(int(pieces[part]) + 1)
    forged = ".".join(pieces[:5]) + "|" + pieces[5]
    with pytest.raises(DBAPIError, match="bad context"), world.as_(world.hq.clerk) as session:
        session.execute(text("SELECT set_config('app.ctx', :forged, true)"), {"forged": forged})
        dealers(session)


@pytest.mark.parametrize(
    "nonsense", ["", "x", "|", "hq.1.0.0|", "hq|abc", "hq.1.0.0.99999999999|", "||", "hq.1.0.0.x|" + "0" * 64]
)
def test_T6_nonsense_is_no_context(world: World, nonsense: str) -> None:
    with pytest.raises(DBAPIError, match=r"no context|bad context"), world.as_(world.hq.clerk) as session:
        session.execute(text("SELECT set_config('app.ctx', :nonsense, true)"), {"nonsense": nonsense})
        dealers(session)


def test_T6_a_context_signed_with_another_key_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "_key", [b"x" * 32])
    foreign = scope.token(world.hq.clerk.scope)
    monkeypatch.undo()
    with pytest.raises(DBAPIError, match="bad context"), world.as_(world.hq.clerk) as session:
        session.execute(text("SELECT set_config('app.ctx', :foreign, true)"), {"foreign": foreign})
        dealers(session)


def test_T6_nobody_who_signs_in_can_read_the_key(world: World) -> None:
    for actor in (world.hq.admin, world.d1.manager):
        with pytest.raises(DBAPIError, match="permission denied"), world.as_(actor) as session:
            session.execute(text("SELECT * FROM sec.ctx_key"))
    with pytest.raises(DBAPIError, match="permission denied"), db.engine.connect() as connection:
        connection.execute(text("SELECT * FROM sec.ctx_key"))


def test_R1_a_unit_of_work_that_fails_leaves_no_trace(world: World) -> None:
    with pytest.raises(RuntimeError), world.as_(world.hq.admin) as session:
        session.execute(text("UPDATE dealers SET contact = 'nobody'"))
        raise RuntimeError
    with world.as_(world.hq.admin) as session:
        assert set(session.scalars(text("SELECT contact FROM dealers"))) == {"周先生"}


def test_JO4_a_sealed_scope_is_read_back_and_nothing_else_is(world: World) -> None:
    for actor in (world.hq.system, world.hq.clerk, world.d1.manager):
        assert scope.unseal(scope.seal(actor.scope)) == actor.scope
    body, _, signature = scope.seal(world.d1.manager.scope).partition("|")
    for forged in (
        "",
        body,
        f"{body}|",
        f"{body.replace(str(world.d1.id), str(world.d2.id), 1)}|{signature}",
        f"{body}|{signature[:-1]}",
        scope.token(world.hq.clerk.scope),  # a transaction's context is no seal
        f"{body}|ü",
    ):
        with pytest.raises(ValueError, match="no signed scope"):
            scope.unseal(forged)


def test_JO4_a_seal_is_no_transactions_context(world: World) -> None:
    with pytest.raises(DBAPIError, match=r"bad context|context refused"), world.as_(world.hq.clerk) as session:
        session.execute(text("SELECT set_config('app.ctx', :seal, true)"), {"seal": scope.seal(world.hq.clerk.scope)})
        dealers(session)
