"""Runs the numbered migrations on an administrator's connection that the caller hands over (portal.core.provision)."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    version_table="schema_version",
    transaction_per_migration=True,
    compare_server_default=False,
)
# For the whole connection (it is closed afterwards): every migration runs in a transaction of its own.
connection.execute(text("SET search_path = app, public"))
connection.execute(text("SET lock_timeout = '2s'"))
# Two upgrades at once: the second is refused, then finds nothing left to do.
connection.execute(text("SELECT pg_advisory_lock(7300)"))
connection.execute(
    text(
        "CREATE TABLE IF NOT EXISTS schema_version (version_num varchar(32) CONSTRAINT schema_version_pkc PRIMARY KEY)"
    )
)
connection.execute(text("ALTER TABLE schema_version OWNER TO portal_owner"))
connection.commit()
try:
    with context.begin_transaction():
        context.run_migrations()
finally:
    connection.rollback()
    connection.execute(text("SELECT pg_advisory_unlock(7300)"))
    connection.commit()
