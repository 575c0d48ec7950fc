"""Roles, database and passwords on a real server: what an administrator does once (reliability.md 3.1, OP2)."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import make_url, text

from portal.core import provision
from portal.core.db import db
from portal.core.settings import Settings
from tests.conftest import SECRETS


def test_OP2_the_reading_role_may_dump_every_table_and_sequence(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    unread = """SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'app'::regnamespace AND NOT CASE c.relkind
                WHEN 'r' THEN has_table_privilege(c.oid, 'SELECT') WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE true END"""
    with provision.admin_engine(settings.proof_url).connect() as connection:
        assert connection.scalars(text(unread)).all() == []
        assert (
            connection.scalar(
                text("SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'app'::regnamespace")
            )
            > 0
        )


def test_nothing_is_served_with_a_superusers_login(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(provision.ProvisionError, match=r"DATABASE_URL names postgres.*portal_web"):
        provision.refuse_powerful(provision.admin_engine(str(settings.admin_url)))


def test_nothing_is_served_with_the_reading_roles_login(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(provision.ProvisionError, match="portal_proof"):
        provision.refuse_powerful(provision.admin_engine(str(settings.proof_url)))


def test_the_portals_own_login_is_served_and_no_connection_stays_open(app) -> None:  # type: ignore[no-untyped-def]
    provision.refuse_powerful(db.engine)
    assert db.engine.pool.checkedin() == 0


def test_several_creators_at_once_do_not_meet(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    """Two commands start the embedded database at the same time: roles and grants are rows that only one may write."""
    url, failed = make_url(str(settings.admin_url)), []

    def create() -> None:
        try:
            provision.create(str(settings.admin_url), str(url.database), SECRETS)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
