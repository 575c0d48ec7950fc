"""People: the language they read, mails whose one-time link is over, addresses that are confirmed."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:  # straight to the driver: the text has % and : of its own
        cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
