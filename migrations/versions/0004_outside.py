"""What other programs and what leaves the portal need: tokens, replies kept for repeated requests, the outbox."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:  # straight to the driver: the text has % and : of its own
        cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
