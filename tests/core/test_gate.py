"""The catalogue gate finds nothing here, and each of its queries finds what it is there for (reliability.md 3.6)."""

from __future__ import annotations

import pytest

from portal.core import gate
from portal.core.provision import admin_engine
from portal.core.settings import Settings


def findings(url: str | None, *statements: str) -> list[gate.Finding]:
    """What the gate says with these statements done, which are then taken back."""
    with admin_engine(str(url)).connect() as connection:
        connection.exec_driver_sql("SET search_path = app, public")
        for statement in statements:
            connection.exec_driver_sql(statement)
        found = gate.gate(connection)
        connection.rollback()
    return found


def test_the_gate_has_ten_queries_and_none_finds_anything(app, settings: Settings) -> None:
    assert [name.split()[0] for name in gate.QUERIES] == [str(n) for n in range(1, 11)]
    assert findings(settings.proof_url) == []


@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ("1", ["ALTER TABLE orders NO FORCE ROW LEVEL SECURITY"]),
        ("1", ["ALTER TABLE logins DISABLE ROW LEVEL SECURITY"]),
        ("2", ["DROP POLICY hq ON chain_heads"]),
        ("3", ["CREATE POLICY planted ON orders TO scope_hq USING (brand_id = app.ctx_brand())"]),
        ("3", ["CREATE POLICY planted ON orders FOR INSERT TO scope_hq WITH CHECK (true)"]),
        ("3", ["CREATE POLICY planted ON orders TO scope_hq USING (brand_id = (SELECT app.ctx_brand())) WITH CHECK (true)"]),
        ("4", ["CREATE MATERIALIZED VIEW planted AS SELECT * FROM dealers"]),
        ("5", ["ALTER FUNCTION brand_codes() RESET search_path"]),
        ("5", ["GRANT EXECUTE ON FUNCTION login_find(text) TO PUBLIC"]),
        ("5", ["GRANT EXECUTE ON FUNCTION jobs.sweep(int, int) TO scope_hq"]),
        ("5", ["GRANT EXECUTE ON FUNCTION jobs.note_error(bigint, text) TO PUBLIC"]),
        ("5", ["ALTER FUNCTION jobs.sweep(int, int) RESET search_path"]),
        ("6 7", ["CREATE UNIQUE INDEX planted ON orders (id)", "ALTER TABLE layers ADD CONSTRAINT planted FOREIGN KEY (line_id) REFERENCES orders (id) NOT VALID"]),
        ("7", ["CREATE UNIQUE INDEX planted ON topups (bank_reference, id)"]),
        ("8", ["CREATE ROLE planted LOGIN SUPERUSER"]),
        ("9", ["GRANT TRUNCATE ON journals TO portal_web"]),
        ("9", ["GRANT DELETE ON audit_events TO scope_hq"]),
        ("10", ["CREATE INDEX planted ON members USING gin (roles)"]),
    ],
)  # fmt: skip
def test_each_query_finds_what_it_is_there_for_and_nothing_else_does(
    app, settings: Settings, query: str, statements: list[str]
) -> None:
    """T10: views, functions, keys and grants that would lead past the policies are found when planted."""
    found = findings(settings.admin_url, *statements)
    assert {finding.query.split()[0] for finding in found} == set(query.split())
    assert all(finding.what for finding in found)


def test_the_control_a_well_made_table_passes(app, settings: Settings) -> None:
    assert (
        findings(
            settings.admin_url,
            "CREATE TABLE well_made (brand_id bigint REFERENCES brands (id), id bigint, dealer_id bigint, PRIMARY KEY (brand_id, id),"
            " FOREIGN KEY (brand_id, dealer_id) REFERENCES dealers (brand_id, id))",
            "ALTER TABLE well_made ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE well_made FORCE ROW LEVEL SECURITY",
            "CREATE POLICY hq ON well_made TO scope_hq USING (brand_id = (SELECT ctx_brand()))",
            "CREATE VIEW well_seen WITH (security_invoker = true) AS SELECT * FROM well_made",
        )
        == []
    )


def test_every_window_that_the_gate_knows_is_there(app, settings: Settings) -> None:
    with admin_engine(str(settings.proof_url)).connect() as connection:
        there = set(
            connection.exec_driver_sql(
                "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'app'::regnamespace"
            ).scalars()
        )
    assert there == set(gate.WINDOWS)
