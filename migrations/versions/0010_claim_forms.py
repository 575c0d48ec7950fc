"""Claim forms: the workbooks that drafts are made from, row by row."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.get_bind().connection.cursor() as cursor:  # straight to the driver: the text has % and : of its own
        cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
