"""The database keeps brands and dealers apart, whatever the code above forgets (R1; reliability.md TEN)."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import portal.models
from portal.core import audit, gate, scope
from portal.core.db import db, unit_of_work
from portal.core.provision import admin_engine
from portal.core.scope import Scope
from portal.core.settings import Settings
from tests.factories.world import World, at, make_world

TENANT_TABLES = sorted(name for name, table in portal.models.Base.metadata.tables.items() if "brand_id" in table.c)
DEALER_TABLES = sorted(name for name, table in portal.models.Base.metadata.tables.items() if "dealer_id" in table.c)


def test_the_suite_itself_cannot_bypass_row_level_security(world: World) -> None:
    question = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    with db.engine.connect() as connection:
        assert connection.scalar(text(question)) is False
    with world.as_(world.hq.clerk) as session:
        assert session.scalar(text("SELECT current_user")) == "scope_hq"
        assert session.scalar(text(question)) is False


def test_the_login_role_owns_nothing_and_may_nothing(world: World) -> None:
    for table in TENANT_TABLES:
        with db.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(f"SELECT * FROM {table} LIMIT 1"))


def test_the_catalogue_gate_finds_nothing(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    with admin_engine(settings.proof_url).connect() as connection:
        assert gate.gate(connection) == []


PLANTED = {
    "1": "CREATE TABLE planted (brand_id bigint, id bigint, PRIMARY KEY (brand_id, id))",
    "2": "CREATE TABLE planted (brand_id bigint); ALTER TABLE planted ENABLE ROW LEVEL SECURITY; ALTER TABLE planted FORCE ROW LEVEL SECURITY",
    "3": "CREATE POLICY planted ON orders TO scope_hq USING (brand_id = current_setting('app.brand')::bigint)",
    "4": "CREATE VIEW planted AS SELECT * FROM orders",
    "5": "CREATE FUNCTION planted() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM app.orders'",
    "6": "ALTER TABLE parts ADD CONSTRAINT planted_uq UNIQUE (id); ALTER TABLE prices ADD CONSTRAINT planted FOREIGN KEY (part_id) REFERENCES parts (id)",
    "7": "CREATE UNIQUE INDEX planted ON orders (number) WHERE number = 'of no brand'",
    "8": "CREATE ROLE planted LOGIN BYPASSRLS",
    "9": "GRANT UPDATE ON postings TO scope_hq",
    "10": "CREATE INDEX planted ON audit_events USING gin (facts)",
}


@pytest.mark.parametrize("query", PLANTED)
def test_the_gate_finds_each_planted_fault(app, settings: Settings, query: str) -> None:  # type: ignore[no-untyped-def]
    with admin_engine(settings.admin_url).connect() as connection:
        connection.exec_driver_sql("SET search_path = app, public")
        for statement in PLANTED[query].split("; "):
            connection.exec_driver_sql(statement)
        found = {finding.query.split()[0] for finding in gate.gate(connection)}
        connection.rollback()
    assert query in found


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_T3_a_query_without_where_shows_no_other_brands_rows(world: World, table: str) -> None:
    other = make_world()
    for actor in (world.hq.auditor, world.d1.manager):
        try:
            with world.as_(actor) as session:
                seen = set(session.scalars(text(f"SELECT DISTINCT brand_id FROM {table}")))
        except DBAPIError as error:
            assert "permission denied" in str(error)
            continue
        assert seen <= {world.brand_id}, f"{actor.name} sees {table} of {seen - {world.brand_id}}"
    assert other.brand_id != world.brand_id


@pytest.mark.parametrize("table", DEALER_TABLES)
def test_T2_a_dealer_sees_no_other_dealers_rows(world: World, table: str) -> None:
    world.topup(world.d2, "10.00")
    try:
        with world.as_(world.d1.manager) as session:
            seen = set(session.scalars(text(f"SELECT DISTINCT dealer_id FROM {table} WHERE dealer_id IS NOT NULL")))
    except DBAPIError as error:
        assert "permission denied" in str(error)
        return
    assert seen <= {world.d1.id}


def test_T4_without_a_context_nothing_is_read(world: World) -> None:
    with pytest.raises(DBAPIError, match="no context"), db.engine.begin() as connection:
        connection.execute(text("SELECT set_config('role', 'scope_hq', true)"))
        connection.execute(text("SELECT * FROM orders"))


def test_T6_an_injected_set_config_reads_no_foreign_row(world: World) -> None:
    other = make_world()
    forged = scope.token(Scope(world.brand_id)).replace(f".{world.brand_id}.", f".{other.brand_id}.")
    with pytest.raises(DBAPIError, match="bad context"), world.as_(world.hq.clerk) as session:
        session.execute(text("SELECT set_config('app.ctx', :forged, true)"), {"forged": forged})
        session.execute(text("SELECT * FROM dealers"))


def test_T6_control_a_rightly_signed_context_reads_its_rows(world: World) -> None:
    with world.as_(world.hq.clerk) as session:
        session.execute(text("SELECT set_config('app.ctx', :same, true)"), {"same": scope.token(Scope(world.brand_id))})
        assert session.scalar(text("SELECT count(*) FROM dealers")) == 2


def test_T6_a_dealers_context_does_not_serve_headquarters_role(world: World) -> None:
    with pytest.raises(DBAPIError, match="context refused"), world.as_(world.d1.manager) as session:
        session.execute(text("SELECT set_config('role', 'scope_hq', true)"))
        session.execute(text("SELECT * FROM dealers"))


def test_T6_an_expired_context_is_refused(world: World) -> None:
    with pytest.raises(DBAPIError, match="context refused"), world.as_(world.hq.clerk) as session:
        session.execute(
            text("SELECT set_config('app.ctx', :old, true)"), {"old": scope.token(Scope(world.brand_id), lifetime=-1)}
        )
        session.execute(text("SELECT * FROM dealers"))


def test_T5_a_pooled_connection_keeps_nothing_of_the_one_before(world: World) -> None:
    other, wrong = make_world(), []

    def work(mine: World) -> None:
        for turn in range(25):
            with unit_of_work(mine.hq.clerk.scope) as session:
                seen = set(session.scalars(text("SELECT brand_id FROM dealers")))
                if seen != {mine.brand_id}:
                    wrong.append(seen)
                if turn % 3 == 0:
                    session.rollback()

    app = db.engine.pool  # the same pool for all threads
    engine_app = __import__("flask").current_app._get_current_object()

    def run(mine: World) -> None:
        with engine_app.app_context():
            work(mine)

    threads = [threading.Thread(target=run, args=(w,)) for w in (world, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert app is db.engine.pool


def test_T7_a_foreign_key_cannot_leave_the_brand_or_the_dealer(world: World) -> None:
    other = make_world()
    insert = text(
        "INSERT INTO members (login_id, dealer_id, login, name, roles, joined_at) VALUES (:login, :dealer, 'x', 'x', '{}', now())"
    )
    with pytest.raises(DBAPIError, match="foreign key"), world.as_(world.hq.admin) as session:
        session.execute(insert, {"login": world.hq.clerk.login_id, "dealer": other.d1.id})
    line = text(
        "INSERT INTO fee_items (dealer_id, schedule_id, position, item, unit, amount, remark) VALUES (:mine, :foreign, 1, 'x', 'x', 1, '')"
    )
    schedule = text(
        "INSERT INTO fee_schedules (dealer_id, state, ver, region, from_day, note, drafted_at, drafted_by)"
        " VALUES (:dealer, 'draft', 1, 'x', '2026-10-01', '', now(), 'x') RETURNING id"
    )
    with world.as_(world.d2.clerk) as session:
        foreign = session.scalar(schedule, {"dealer": world.d2.id})
    with pytest.raises(DBAPIError, match="foreign key"), world.as_(world.d1.clerk) as session:
        session.execute(line, {"mine": world.d1.id, "foreign": foreign})
    with pytest.raises(DBAPIError, match="row-level security"), world.as_(world.d1.clerk) as session:
        session.execute(line, {"mine": world.d2.id, "foreign": foreign})


def test_T9_numbers_tell_nothing_of_another_brand(world: World) -> None:
    other = make_world()
    for mine in (world, other):
        mine.topup(mine.d1, "1.00")
    for mine in (world, other):
        with mine.as_(mine.hq.finance) as session:
            assert session.scalar(text("SELECT number FROM topups")) == "TU2610-0001"
    with pytest.raises(DBAPIError, match="permission denied"), world.as_(world.d1.manager) as session:
        session.execute(text("SELECT * FROM counters"))


def test_a_dealer_reads_public_events_of_its_rows_and_never_an_address(world: World) -> None:
    world.topup(world.d1, "1.00")
    with world.as_(world.d1.manager) as session:
        acts = list(session.scalars(text("SELECT act FROM audit_events ORDER BY id")))
        assert "topup:enter" in acts
    with pytest.raises(DBAPIError, match="permission denied"), world.as_(world.d1.manager) as session:
        session.execute(text("SELECT address FROM audit_events"))
    with world.as_(world.d2.manager) as session:
        assert "topup:enter" not in set(session.scalars(text("SELECT act FROM audit_events")))


def test_a_dealer_adds_an_event_that_only_headquarters_reads(world: World) -> None:
    with world.as_(world.d1.manager) as session:
        audit.record(
            session, world.d1.manager, "order:whisper", at=at("2026-10-05 09:00"), dealer_id=world.d1.id, public=False
        )
        session.flush()
        assert "order:whisper" not in set(session.scalars(text("SELECT act FROM audit_events")))
    with world.as_(world.hq.auditor) as session:
        assert "order:whisper" in set(session.scalars(text("SELECT act FROM audit_events")))
