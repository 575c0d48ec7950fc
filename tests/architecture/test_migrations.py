"""Models equal migrations; one head; the functions that look through the policies are the known ones."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import portal.models
from portal.core import provision
from portal.core.settings import Settings
from portal.ledger.models import Xid8


def test_the_models_are_what_the_migrations_built(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    with provision.admin_engine(settings.admin_url).connect() as connection:
        connection.dialect.ischema_names = {**connection.dialect.ischema_names, "xid8": Xid8}
        connection.exec_driver_sql("SET search_path = app, public")
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version", "compare_type": True})
        assert compare_metadata(context, portal.models.Base.metadata) == []


def test_every_check_of_the_models_stands_in_the_database(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    from sqlalchemy import CheckConstraint, text

    wanted = {
        (table.name, constraint.name)
        for table in portal.models.Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    with provision.admin_engine(settings.admin_url).connect() as connection:
        found = {
            (row[0], row[1])
            for row in connection.execute(
                text(
                    "SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'c' AND k.connamespace = 'app'::regnamespace"
                )
            )
        }
    assert {(t, str(n)) for t, n in wanted} == found


def test_there_is_one_head_and_the_head_file_names_it() -> None:
    script = ScriptDirectory(str(provision.MIGRATIONS))
    assert script.get_heads() == [(provision.MIGRATIONS / "HEAD").read_text().strip()]


def test_migrations_import_nothing_of_the_portal() -> None:
    for path in provision.MIGRATIONS.rglob("*.py"):
        assert "portal" not in {
            line.split()[1].split(".")[0]
            for line in path.read_text().splitlines()
            if line.startswith(("import ", "from "))
        }


def test_upgrading_twice_changes_nothing(app, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    assert provision.upgrade(str(settings.admin_url)) == provision.head()
    assert provision.upgrade(str(settings.admin_url)) == provision.head()
