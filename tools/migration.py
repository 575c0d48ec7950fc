"""Start a numbered migration: make migration m="claims: remember who weighed".

Writes migrations/versions/NNNN_….py and the SQL beside it, and moves migrations/HEAD, which makes two branches that
both add one collide in git instead of in the database. Numbers follow one another; nothing is imported from portal.
"""

import re
import sys
from pathlib import Path

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

PYTHON = '''"""{message}."""

from pathlib import Path

from alembic import op

revision = "{number}"
down_revision = {before}


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
'''

SQL = """\
-- {message}.
-- Schema or data, not both in one migration. A big table gets its index CONCURRENTLY, its constraint NOT VALID first.

SET LOCAL statement_timeout = '60s';
SET LOCAL ROLE portal_owner;
"""


def main(message: str) -> int:
    name = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:50].rstrip("_")
    if not name:
        print('What does it change? make migration m="claims: remember who weighed"', file=sys.stderr)
        return 2
    head = MIGRATIONS / "HEAD"
    last = head.read_text(encoding="utf-8").strip() if head.exists() else ""
    number = f"{int(last or 0) + 1:04}"
    words = {"message": message.strip().rstrip(".").replace('"', "'"), "number": number}
    files = {".py": PYTHON.format(**words, before=f'"{last}"' if last else None), ".sql": SQL.format(**words)}
    for suffix, content in files.items():
        path = MIGRATIONS / "versions" / f"{number}_{name}{suffix}"
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
        print(path.relative_to(MIGRATIONS.parent))
    head.write_text(number + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
