"""${message}"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL ROLE portal_owner")
    ${upgrades if upgrades else "pass"}
    op.execute("RESET ROLE")
