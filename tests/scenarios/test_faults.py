"""What a database does to people: connections that end, a server that is away, statements without an end, prices that change meanwhile."""

from __future__ import annotations

import threading
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from portal.app import create_app
from portal.catalog import actions as catalog
from portal.catalog.sheets import read_prices
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.provision import admin_engine
from portal.core.settings import Settings
from portal.identity.edge import COOKIE
from portal.ledger.models import Journal
from portal.ledger.prove import prove
from portal.orders import actions as orders
from portal.orders import queries
from portal.orders.rules import QuoteWish
from portal.settlement import actions as settlement
from portal.settlement.models import Settlement, Statement
from tests.factories.world import World, at, make_world, yuan
from tests.settlement.months import NOVEMBER, OCTOBER, THE_THIRD, claimed, posted


def test_T8_a_number_that_another_brand_took_is_free_and_a_taken_one_is_refused_without_its_value(
    app: Flask, world: World
) -> None:
    other = make_world()
    numbers = [one.submitted_order(one.d1) for one in (world, other)]
    assert numbers == ["PO2610-0001", "PO2610-0001"]
    again = text("INSERT INTO orders (dealer_id, number, state, ver, note, ship_to, drafted_at, drafted_by, updated_at)"
                 " SELECT dealer_id, number, 'submitted', 1, '', '', drafted_at, 'x', updated_at FROM orders WHERE number = 'PO2610-0001'")  # fmt: skip
    with pytest.raises(IntegrityError) as refused, world.as_(world.hq.clerk) as session:
        session.execute(again)
    assert refused.value.orig.diag.constraint_name == "uq_orders_brand_id_number"  # type: ignore[union-attr]
    assert refused.value.orig.diag.message_detail is None  # type: ignore[union-attr]


def test_DB1_connections_that_the_server_ended_are_replaced_and_nobody_sees_it(
    world: World, settings: Settings, client_as
) -> None:
    browser = client_as(world.d1.clerk)
    assert browser.get("/orders").status_code == 200
    with admin_engine(str(settings.admin_url)).connect() as killer:
        ended = killer.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'portal_web' AND datname = current_database()"
            )
        ).all()
    assert ended
    assert browser.get("/orders").status_code == 200


def test_DB1_a_connection_that_ends_within_an_act_leaves_nothing_of_it(world: World, settings: Settings) -> None:
    number = world.agreed_order(world.d1, {"P1": 4})

    def die() -> None:
        with world.as_(world.hq.finance) as session:
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            orders.debit(session, world.hq.finance, number, at=at("2026-10-06 09:00"))
            with admin_engine(str(settings.admin_url)).connect() as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with pytest.raises(DBAPIError):
        die()
    assert world.balance(world.d1) == yuan("1000.00")
    with world.as_(world.hq.finance) as session:
        orders.debit(session, world.hq.finance, number, at=at("2026-10-06 09:00"))
    with admin_engine(str(settings.proof_url)).connect() as connection:
        assert prove(connection, world.brand_id) == []


def test_DB2_without_a_database_the_process_is_alive_and_not_ready_and_pages_say_when_to_come_again(
    app: Flask, settings: Settings
) -> None:
    """A server that nobody answers on: what a balancer asks is answered at once all the same."""
    away = create_app(replace(settings, database_url="postgresql+psycopg://portal_web@127.0.0.1:9/nothing"))
    away.testing = False
    away.config["PROPAGATE_EXCEPTIONS"] = False
    browser = away.test_client()
    browser.set_cookie(COOKIE, "x" * 32)
    answers = {path: browser.get(path) for path in ("/healthz", "/readyz", "/orders")}
    assert {path: answer.status_code for path, answer in answers.items()} == {
        "/healthz": 200,
        "/readyz": 503,
        "/orders": 503,
    }
    assert {answers[path].headers["Retry-After"] for path in ("/readyz", "/orders")} == {"5"}
    with app.app_context():
        assert app.test_client().get("/readyz").status_code == 200  # the control: with one it is ready


def test_DB5_what_takes_too_long_is_cut_by_the_role_itself(app: Flask) -> None:
    with db.engine.connect() as connection:
        limits = {
            name: connection.scalar(text(f"SHOW {name}"))
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
        assert limits == {
            "statement_timeout": "30s",
            "lock_timeout": "5s",
            "idle_in_transaction_session_timeout": "1min",
        }
    with db.engine.connect() as connection, pytest.raises(OperationalError, match="statement timeout"):
        connection.execute(text("SET LOCAL statement_timeout = '20ms'"))  # sooner, or the test would wait half a minute
        connection.execute(text("SELECT pg_sleep(30)"))


def test_CO5_R21_prices_that_change_while_an_order_is_quoted_do_not_change_its_quote(app: Flask, world: World) -> None:
    """The new list is loaded and in force tomorrow while the quote is being written: the quote is of one list, whole."""
    number = world.submitted_order(world.d1, {"P1": 4, "P2": 1})
    quoted, loaded, failed = threading.Event(), threading.Event(), []
    rows = "配件编码,配件名称,成本价,保外价\nP1,x,99.00,199.00\nP2,y,99.00,199.00\n".encode()

    def load() -> None:
        with app.app_context():
            quoted.wait(30)
            try:
                with unit_of_work(world.hq.admin.scope) as session:
                    sheet = read_prices(rows, "prices.csv", first_day=date(2026, 10, 6))
                    catalog.load_prices(session, world.hq.admin, sheet, at=at("2026-10-05 10:00"))
            except Exception as error:  # noqa: BLE001 - looked at below
                failed.append(error)
            loaded.set()

    thread = threading.Thread(target=load)
    thread.start()
    with world.as_(world.hq.clerk) as session:
        orders.quote(
            session, world.hq.clerk, number, lines=[QuoteWish(1, 4)], freight=Decimal("0.00"), ship_on=date(2026, 10, 8), at=at("2026-10-05 10:00")
        )  # fmt: skip
        quoted.set()
        assert loaded.wait(30)
    thread.join()
    assert failed == []
    with world.as_(world.d1.manager) as session:
        orders.agree(session, world.d1.manager, number, quote_no=1, at=at("2026-10-06 09:00"))
    with world.as_(world.hq.finance) as session:
        orders.debit(session, world.hq.finance, number, at=at("2026-10-06 09:00"))
    with world.as_(world.hq.auditor) as session:
        version = queries.newest_quote(session, queries.order(session, number))
        assert (version.price_version, version.total) == ("202607", yuan("150.00"))
    assert world.balance(world.d1) == yuan("850.00")  # the control: by the new list it would be 495.00


def test_BA7_R52_settling_posted_months_again_makes_no_journal_and_changes_no_figure(world: World) -> None:
    """Two dealers, two months: everything that could be run again is, and is refused."""
    claimed(world, world.d1, {"P1": 4})
    claimed(world, world.d2, {"P2": 1})
    posted(world)
    claimed(world, world.d2, {"P2": 1}, month="2026-11", approved="2026-11-20 10:00")
    posted(world, NOVEMBER, when=at("2026-12-03 02:00"))

    def figures() -> tuple[object, ...]:
        with world.as_(world.hq.auditor) as session:
            statements = session.execute(
                select(
                    Statement.number, Statement.opening, Statement.closing, Statement.amount, Statement.chain_hash
                ).order_by(Statement.id)
            )
            return session.scalar(select(func.count()).select_from(Journal)), [tuple(row) for row in statements]

    before = figures()
    for month in (OCTOBER, NOVEMBER):
        for step, who in (
            ("prepare", world.hq.system),
            ("check", world.hq.finance),
            ("post", world.hq.finance_manager),
        ):
            with pytest.raises(Refused, match="already-posted"), world.as_(who) as session:
                getattr(settlement, step)(session, who, month, at=THE_THIRD)
    assert figures() == before
    with world.as_(world.hq.auditor) as session:
        assert session.scalars(select(Settlement.amount).order_by(Settlement.month)).all() == [
            yuan("150.00"),
            yuan("100.00"),
        ]


def test_OP5_the_settings_show_no_secret_when_somebody_prints_them(settings: Settings) -> None:
    given = replace(settings, mail_url="smtp://somebody:the-mails-password@mail.example.com:587")
    shown = repr(given)
    secrets = {
        "web-of-the-tests",
        "proof-of-the-tests",
        "secret-of-the-tests",
        "5e5e",
        "the-mails-password",
        repr(given.context_key),
    }
    assert [secret for secret in secrets if secret in shown] == []
    assert "database_url" in {field.name for field in fields(given)}
    assert "development" in repr(
        replace(settings, environment="development")
    )  # the control: what is no secret is shown
