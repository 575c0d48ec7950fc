"""The catalogue gate: ten queries about the database itself that must return nothing (reliability.md 3.6)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

# Every function that looks through row-level security, by name: a new one has to be written here and reviewed.
WINDOWS = (
    "brand_by_code", "brand_codes", "brand_create", "ctx_brand", "ctx_claims", "ctx_dealer", "journal_month", "journal_seal", "journal_text",
    "login_create", "login_find", "login_places", "next_number", "photo_seen", "photos_counted", "posting_entry", "product_by_serial", "session_choose",
    "session_end", "session_load", "session_open",
    "token_load",
    "code_use", "codes_keep", "factor_keep", "factor_read", "factor_remove", "factor_step", "invitation_find", "link_find", "link_open", "link_use",
    "links_end", "login_at_door", "login_disable", "login_read", "login_set_email", "login_set_password", "logins_to_reset", "people_sweep",
    "sessions_end", "sessions_live", "tries_forgive", "tries_take",
    "email_ask", "email_confirm", "email_find", "link_lives", "login_own", "login_set_locale", "member_locale",
    "job_defer", "job_retry", "jobs_count", "jobs_list", "outbox_brands", "sessions_sweep",
)  # fmt: skip
# Login roles that may look past the policies: the server's own superuser and the reading role.
READERS = ("portal_proof", "postgres")
APPEND_ONLY = ("journals", "postings", "chain_entries", "audit_events")
# Indexes over types whose operators are not leakproof: only the exclusion constraints, never used to find rows.
NOT_LEAKPROOF = ("ex_price_lists_one_in_force", "ex_warranty_policies_one_in_force", "ex_fee_schedules_one_in_force")
GLOBAL = ("brands", "logins", "login_sessions")  # rows of no single brand: reached through the windows

QUERIES: dict[str, str] = {
    "1 table without row-level security forced": """
        SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'app'::regnamespace
        AND c.relname <> 'schema_version' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)""",
    "2 row-level security without a policy": """
        SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'app'::regnamespace AND c.relrowsecurity
        AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)""",
    "3 policy that does not ask for the signed brand, once per statement": """
        SELECT p.polrelid::regclass || ' ' || p.polname FROM pg_policy p
        WHERE coalesce(pg_get_expr(p.polqual, p.polrelid), '') NOT LIKE 'false%' AND coalesce(pg_get_expr(p.polqual, p.polrelid), '') NOT LIKE '(false%'
        AND (coalesce(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) !~ '= \\( *SELECT (app\\.)?ctx_brand\\(\\)'
             OR coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid)) !~ '= \\( *SELECT (app\\.)?ctx_brand\\(\\)')""",
    "4 view that does not run as its reader, or a materialised one": """
        SELECT c.relname FROM pg_class c WHERE c.relkind IN ('v', 'm') AND c.relnamespace = 'app'::regnamespace
        AND (c.relkind = 'm' OR NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false))""",
    "5 security definer function that is unknown, without a pinned search path, or open to all": """
        SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.prosecdef AND p.pronamespace IN ('app'::regnamespace, 'public'::regnamespace)
        AND (p.proname <> ALL (CAST(:windows AS text[])) OR NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog'], false)
             OR (p.prorettype <> 'trigger'::regtype AND has_function_privilege('public', p.oid, 'execute')))
        UNION ALL -- the worker's, of every brand's jobs: no transaction of a brand may call them
        SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'jobs'
        WHERE NOT coalesce(p.proconfig @> ARRAY['search_path=jobs, pg_temp'], false)
           OR has_function_privilege('scope_hq', p.oid, 'execute') OR has_function_privilege('scope_dealer', p.oid, 'execute')""",
    "6 foreign key between tenant tables that leaves the brand out": """
        SELECT k.conname FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'app'::regnamespace
        AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'brand_id')
        AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attname = 'brand_id')
        AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'brand_id' AND a.attnum = ANY (k.conkey))""",
    "7 unique index of a tenant table without the brand": """
        SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'app'::regnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'brand_id'
        WHERE i.indisunique AND NOT a.attnum = ANY (i.indkey::int2[]) AND c.relname <> ALL (CAST(:global AS text[]))""",
    "8 login role that can look past the policies": """
        SELECT r.rolname FROM pg_roles r WHERE r.rolcanlogin AND (r.rolsuper OR r.rolbypassrls)
        AND r.rolname <> ALL (CAST(:readers AS text[])) AND r.oid <> 10""",
    "9 right to change what is append-only": """
        SELECT r || ' ' || t || ' ' || p FROM unnest(ARRAY['scope_hq', 'scope_dealer', 'portal_web', 'portal_proof']) r, unnest(CAST(:append_only AS text[])) t,
        unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) p WHERE has_table_privilege(r, 'app.' || t, p)""",
    "10 index over a type whose operators are not leakproof": """
        SELECT DISTINCT i.indexrelid::regclass::text FROM pg_index i
        JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'app'::regnamespace AND c.relrowsecurity
        JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_attribute a ON a.attrelid = i.indexrelid OR (a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[]))
        JOIN pg_type t ON t.oid = a.atttypid
        WHERE (t.typname IN ('numeric', 'jsonb', 'daterange', 'tstzrange', 'int4range') OR t.typtype IN ('e', 'r') OR t.typcategory = 'A')
        AND x.relname <> ALL (CAST(:not_leakproof AS text[]))""",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a query of the gate found."""

    query: str
    what: str


def gate(connection: Connection) -> list[Finding]:
    """Run the ten queries; an empty list is the only good answer."""
    known = {
        "windows": list(WINDOWS), "global": list(GLOBAL), "readers": list(READERS), "append_only": list(APPEND_ONLY),
        "not_leakproof": list(NOT_LEAKPROOF),
    }  # fmt: skip
    found = []
    for name, query in QUERIES.items():
        used = {key: value for key, value in known.items() if f":{key}" in query}
        found += [Finding(name, str(row[0])) for row in connection.execute(text(query), used)]
    return found
