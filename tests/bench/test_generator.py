"""The benchmark's data are right: the books prove, and no key is broken."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import create_engine, make_url

from portal.core import provision
from portal.ledger.prove import prove
from tests.bench.generator import Plan, broken_keys, generate

PLAN = Plan(dealers=7, orders=400, claim_lines=300, brands=2, shops=2, waiting=5)


@pytest.fixture(scope="module")
def generated(admin_url: str, template: str, worker_id: str) -> Iterator[str]:
    """A database of its own with a little of everything; its superuser's address."""
    name = f"portal_test_generated_{worker_id}"
    provision.drop(admin_url, name)
    with provision._connect(admin_url) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url = make_url(admin_url).set(database=name)
    generate(url.set(drivername="postgresql").render_as_string(hide_password=False), PLAN)
    yield url.render_as_string(hide_password=False)
    provision.drop(admin_url, name)


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def test_R62_what_the_generator_writes_is_proven(generated):
    engine = create_engine(generated, connect_args={"options": "-c search_path=app"})
    with engine.connect() as connection:
        assert prove(connection) == []
    engine.dispose()


def test_R62_one_fen_more_in_what_it_wrote_is_found(generated):
    """The control: the same proof sees the chain, the balance and the order's amount of one posting altered."""
    engine = create_engine(generated, connect_args={"options": "-c search_path=app"})
    with engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("ALTER TABLE postings DISABLE TRIGGER append_only")
        connection.exec_driver_sql(
            "UPDATE postings SET debit_fen = debit_fen + 1 WHERE (brand_id, journal_id, line) = (SELECT brand_id, journal_id, line FROM postings WHERE purpose = 'order' AND debit_fen > 0 LIMIT 1)"
        )
        found = {one.proof for one in prove(connection)}
        transaction.rollback()
    engine.dispose()
    assert {"chain", "journal-balanced", "account-balance", "running-balance", "order-amount"} <= found


def test_its_rows_are_as_many_as_were_asked_for_and_every_key_holds(generated):
    with psycopg.connect(plain(generated)) as connection:
        counted = {
            table: connection.execute(f"SELECT count(*) FROM app.{table} WHERE brand_id = 1").fetchone()[0]
            for table in ("dealers", "orders", "claim_lines", "old_parts", "allocations")
        }
        waiting = connection.execute(
            "SELECT brand_id, state, count(*) FROM app.orders WHERE brand_id > 1 GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
    assert counted == {"dealers": 7, "orders": 400, "claim_lines": 300, "old_parts": 300, "allocations": 300}
    assert waiting == [(2, "agreed", 5), (2, "draft", 5), (3, "agreed", 5), (3, "draft", 5)]
    assert broken_keys(plain(generated)) == []


def test_a_broken_key_would_be_seen(generated):
    """The control: a row that points nowhere, written with the keys asleep, is named."""
    with psycopg.connect(plain(generated), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET search_path = app")
        connection.execute("UPDATE allocations SET layer_id = layer_id + 1000000 WHERE id = 1")
        assert broken_keys(plain(generated)) == ["fk_allocations_brand_id_dealer_id_layer_id"]
        connection.execute("UPDATE allocations SET layer_id = layer_id - 1000000 WHERE id = 1")


def test_its_guards_stand_again(generated):
    with psycopg.connect(plain(generated)) as connection:
        off = connection.execute(
            "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'app'::regnamespace AND NOT tgisinternal AND tgenabled NOT IN ('A', 'O')"
        ).fetchall()
        always = connection.execute(
            "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relname IN ('journals', 'postings') AND tgname IN ('month', 'seal', 'entry') AND tgenabled = 'A' ORDER BY 1"
        ).fetchall()
    assert off == []
    assert [name for (name,) in always] == ["entry", "month", "seal"]


def test_more_claim_lines_than_orders_are_refused():
    with pytest.raises(ValueError, match="received part"):
        generate("", Plan(dealers=1, orders=1, claim_lines=2))
