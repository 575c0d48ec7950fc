"""A claim as long as the largest dealers send it (some 900 lines), made in a few statements: by acts it would take minutes."""

from __future__ import annotations

from sqlalchemy import text

from portal.files import store
from tests.factories.world import World, picture

# The first registration is a real one; the others are its like, each with a product, a photo and pieces of its own.
_PICTURE = picture()
_MINE = "(SELECT o.id FROM old_parts o WHERE o.number = 'OP2610-' || (5000 + n))"


def _copies(session, table: str, row: int, lines: int, **changes: str) -> None:
    """``lines - 1`` rows like the row ``row`` of ``table``, its number ``n`` = 2 … ``lines``; ``changes``: column → SQL over t and n."""
    columns = session.scalars(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped"
            " AND attname <> 'id' AND attgenerated = '' ORDER BY attnum"
        ),
        {"name": table},
    ).all()
    values = ", ".join(changes.get(column, f"t.{column}") for column in columns)
    session.execute(
        text(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} t, generate_series(2, :lines) n"
            " WHERE t.id = :row ORDER BY n"
        ),
        {"lines": lines, "row": row},
    )


def big_shelf(world: World, number: int) -> str:
    """``number`` accepted old parts of D001, one piece of P1 (12.50 yuan) each, on no claim; the first one's number."""
    world.topup(world.d1, "100000.00")
    world.received_order(world.d1, {"P1": number})
    first = world.reviewed_old_part(world.d1, part="P1")
    with world.as_(world.hq.admin) as session:
        one = session.execute(text("SELECT * FROM old_parts WHERE number = :number"), {"number": first}).one()
        _copies(session, "products", one.product_id, number, serial="t.serial || '-' || n")
    with world.as_(world.d1.clerk) as session:
        _copies(
            session, "old_parts", one.id, number, number="'OP2610-' || (5000 + n)",
            product_id="(SELECT p.id FROM products p, products o WHERE o.id = t.product_id AND p.serial = o.serial || '-' || n)",
        )  # fmt: skip
        photo = session.scalar(text("SELECT id FROM photos WHERE subject_id = :id"), {"id": one.id})
        again = {name: f"md5(t.{name} || n)" for name in ("public_id", "content_hash")} | {
            "stored_name": "md5(t.stored_name || n) || '.jpg'"
        }
        _copies(session, "photos", photo, number, subject_id=_MINE, **again)
        for name in session.scalars(text("SELECT stored_name FROM photos WHERE id <> :id"), {"id": photo}):
            store.put(world.brand_id, name, _PICTURE)
        taken = session.scalar(text("SELECT id FROM allocations WHERE old_part_id = :id"), {"id": one.id})
        _copies(session, "allocations", taken, number, old_part_id=_MINE)
        session.execute(text("UPDATE layers SET used = :number"), {"number": number})
    return first


def big_claim(world: World, lines: int) -> str:
    """A submitted claim with ``lines`` such lines, no check speaking."""
    first = big_shelf(world, lines)
    number = world.submitted_claim(world.d1, [first])
    with world.as_(world.d1.clerk) as session:
        line = session.scalar(
            text("SELECT l.id FROM claim_lines l JOIN old_parts o ON o.id = l.old_part_id WHERE o.number = :first"), {"first": first}
        )  # fmt: skip
        _copies(session, "claim_lines", line, lines, old_part_id=_MINE, position="n")
    return number
