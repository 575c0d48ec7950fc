-- The signed context, who may see which rows, and the narrow functions that row-level security makes necessary.

GRANT CREATE ON SCHEMA app TO portal_guard;
SET LOCAL ROLE portal_guard;

-- 1. The context: app.ctx = 'side.brand.dealer.member.expiry|hex hmac-sha256' (portal/core/scope.py signs it).
CREATE FUNCTION app.ctx_claims() RETURNS text[] LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE c text := current_setting('app.ctx', true); p text[]; k record;
BEGIN
    IF coalesce(c, '') = '' THEN
        RAISE EXCEPTION 'no context' USING ERRCODE = '42501';
    END IF;
    p := string_to_array(c, '|');
    SELECT ipad, opad INTO STRICT k FROM sec.ctx_key WHERE kid = 1;
    IF encode(sha256(k.opad || sha256(k.ipad || convert_to(p[1], 'UTF8'))), 'hex') IS DISTINCT FROM p[2] THEN
        RAISE EXCEPTION 'bad context' USING ERRCODE = '42501';
    END IF;
    p := string_to_array(p[1], '.');
    IF current_setting('role') <> 'scope_' || p[1] OR p[5]::bigint < extract(epoch FROM clock_timestamp()) THEN
        RAISE EXCEPTION 'context refused' USING ERRCODE = '42501';
    END IF;
    RETURN p;
END $$;
CREATE FUNCTION app.ctx_brand() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN RETURN (app.ctx_claims())[2]::bigint; END $$;
CREATE FUNCTION app.ctx_dealer() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN RETURN nullif((app.ctx_claims())[3]::bigint, 0); END $$;
REVOKE ALL ON FUNCTION app.ctx_claims(), app.ctx_brand(), app.ctx_dealer() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.ctx_brand(), app.ctx_dealer() TO scope_hq, scope_dealer;

SET LOCAL ROLE portal_owner;

-- 2. Row-level security. (SELECT f()) is evaluated once per statement; bare, it would run once per row.
DO $$
DECLARE t text;
BEGIN
    FOR t IN SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'r' AND c.relname <> 'schema_version' LOOP
        EXECUTE format('ALTER TABLE app.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE app.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    -- headquarters: every row of the brand
    FOR t IN SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'brand_id'
             WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'r' AND c.relname <> 'login_sessions' LOOP
        EXECUTE format('CREATE POLICY hq ON app.%I TO scope_hq USING (brand_id = (SELECT app.ctx_brand())) WITH CHECK (brand_id = (SELECT app.ctx_brand()))', t);
        EXECUTE format('GRANT SELECT ON app.%I TO scope_hq', t);
    END LOOP;
    -- dealers: what the whole brand shares, read only
    FOREACH t IN ARRAY ARRAY['categories', 'product_models', 'parts', 'part_models', 'price_lists', 'prices', 'fault_codes',
                             'warranty_policies', 'policy_lines', 'term_values'] LOOP
        EXECUTE format('CREATE POLICY dealer ON app.%I FOR SELECT TO scope_dealer USING (brand_id = (SELECT app.ctx_brand()))', t);
        EXECUTE format('GRANT SELECT ON app.%I TO scope_dealer', t);
        EXECUTE format('GRANT INSERT, UPDATE ON app.%I TO scope_hq', t);
    END LOOP;
    -- dealers: their own rows, read and written
    FOREACH t IN ARRAY ARRAY['orders', 'order_lines', 'quotes', 'quote_lines', 'shipments', 'shipment_lines', 'layers', 'photos', 'old_parts',
                             'allocations', 'claims', 'claim_lines', 'fee_schedules', 'fee_items', 'members'] LOOP
        EXECUTE format('CREATE POLICY dealer ON app.%I TO scope_dealer USING (brand_id = (SELECT app.ctx_brand()) AND dealer_id = (SELECT app.ctx_dealer())) WITH CHECK (brand_id = (SELECT app.ctx_brand()) AND dealer_id = (SELECT app.ctx_dealer()))', t);
        EXECUTE format('GRANT SELECT ON app.%I TO scope_dealer', t);
        EXECUTE format('GRANT INSERT, UPDATE ON app.%I TO scope_hq', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['orders', 'order_lines', 'photos', 'old_parts', 'allocations', 'claims', 'claim_lines', 'fee_schedules', 'fee_items'] LOOP
        EXECUTE format('GRANT INSERT, UPDATE ON app.%I TO scope_dealer', t);
    END LOOP;
    -- drafts are rewritten; nothing that was submitted is ever deleted
    FOREACH t IN ARRAY ARRAY['order_lines', 'photos', 'claim_lines', 'fee_items'] LOOP
        EXECUTE format('GRANT DELETE ON app.%I TO scope_dealer', t);
    END LOOP;
    -- dealers: their own rows, read only
    FOREACH t IN ARRAY ARRAY['products', 'accounts', 'postings', 'topups', 'settlement_exclusions'] LOOP
        EXECUTE format('CREATE POLICY dealer ON app.%I FOR SELECT TO scope_dealer USING (brand_id = (SELECT app.ctx_brand()) AND dealer_id = (SELECT app.ctx_dealer()))', t);
        EXECUTE format('GRANT SELECT ON app.%I TO scope_dealer', t);
    END LOOP;
END $$;
GRANT UPDATE (agreed_at, agreed_by) ON quotes TO scope_dealer;
GRANT UPDATE (state, ver, received_at, received_by, note) ON shipments TO scope_dealer;
GRANT UPDATE (counted, damaged) ON shipment_lines TO scope_dealer;
GRANT UPDATE (received, used, first_received_on) ON layers TO scope_dealer;
GRANT UPDATE (roles, left_at) ON members TO scope_dealer;
GRANT DELETE ON layers, statements TO scope_hq;
GRANT INSERT, UPDATE ON products, dealers, topups, settlements, statements, settlement_exclusions, imports TO scope_hq;
GRANT INSERT ON accounts, journals, postings TO scope_hq;
GRANT UPDATE (credit_limit) ON accounts TO scope_hq;
GRANT UPDATE (closed_at, closed_by) ON ledger_months TO scope_hq;

CREATE POLICY own ON brands TO scope_hq, scope_dealer USING (id = (SELECT app.ctx_brand()));
GRANT SELECT ON brands TO scope_hq, scope_dealer;
CREATE POLICY dealer ON dealers FOR SELECT TO scope_dealer USING (brand_id = (SELECT app.ctx_brand()) AND id = (SELECT app.ctx_dealer()));
GRANT SELECT ON dealers TO scope_dealer;
-- a statement is the dealer's once it is posted; before that it is headquarters' preparation
CREATE POLICY dealer ON statements FOR SELECT TO scope_dealer
    USING (brand_id = (SELECT app.ctx_brand()) AND dealer_id = (SELECT app.ctx_dealer()) AND posted_at IS NOT NULL);
GRANT SELECT ON statements TO scope_dealer;
-- audit: everybody adds, a dealer reads the public events of its own rows and never an address
CREATE POLICY dealer_reads ON audit_events FOR SELECT TO scope_dealer
    USING (brand_id = (SELECT app.ctx_brand()) AND dealer_id = (SELECT app.ctx_dealer()) AND public);
CREATE POLICY dealer_adds ON audit_events FOR INSERT TO scope_dealer
    WITH CHECK (brand_id = (SELECT app.ctx_brand()) AND dealer_id = (SELECT app.ctx_dealer()));
GRANT INSERT ON audit_events TO scope_hq, scope_dealer;
GRANT SELECT (brand_id, id, dealer_id, at, member_id, actor_name, actor_roles, side, via, act, subject_kind, subject_id, subject_number,
              before, after, facts, public) ON audit_events TO scope_dealer;
-- logins and sessions: nobody's rows; only the functions below reach them
CREATE POLICY nobody ON logins TO portal_owner USING (false AND id IS NULL);
CREATE POLICY nobody ON login_sessions TO portal_owner USING (false AND brand_id IS NULL);

-- 3. What the guard may touch, and the reading role.
GRANT SELECT ON ALL TABLES IN SCHEMA app TO portal_guard, portal_proof;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO portal_proof; -- a dump writes down where they stand
GRANT INSERT ON brands, logins, login_sessions, counters TO portal_guard;
GRANT UPDATE ON login_sessions, counters TO portal_guard;
ALTER DEFAULT PRIVILEGES FOR ROLE portal_owner IN SCHEMA app GRANT SELECT ON TABLES TO portal_guard, portal_proof;
ALTER DEFAULT PRIVILEGES FOR ROLE portal_owner IN SCHEMA app GRANT SELECT ON SEQUENCES TO portal_proof;

SET LOCAL ROLE portal_guard;

-- 4. Three narrow windows through the policies (domain.md section 13).
CREATE FUNCTION app.next_number(kind text, month text) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO app.counters AS c (brand_id, kind, month, value) VALUES (app.ctx_brand(), $1, $2, 1)
    ON CONFLICT (brand_id, kind, month) DO UPDATE SET value = c.value + 1 RETURNING value $$;
CREATE FUNCTION app.photo_seen(hash text, except_kind text, except_subject bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT 1 FROM app.photos p WHERE p.brand_id = (SELECT app.ctx_brand()) AND p.content_hash = $1
                   AND NOT (p.subject_kind = $2 AND p.subject_id = $3)) $$;
CREATE FUNCTION app.product_by_serial(serial text) RETURNS TABLE (serial text, model text, category text, made_on date, bought_on date, installed_on date,
                                                                   use text, customer text, own boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT p.serial, m.name, c.name, p.made_on, p.bought_on, p.installed_on, p.use, left(p.customer_name, 1) || '*',
           app.ctx_dealer() IS NULL OR p.dealer_id = app.ctx_dealer()
    FROM app.products p JOIN app.product_models m ON m.brand_id = p.brand_id AND m.id = p.model_id
         LEFT JOIN app.categories c ON c.brand_id = m.brand_id AND c.id = m.category_id
    WHERE p.brand_id = (SELECT app.ctx_brand()) AND p.serial = $1 $$;

-- 5. Before a tenant is known: sign-in, sessions, places.
CREATE FUNCTION app.brand_create(code text, name text, name_en text, zone text, hotline text, at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO app.brands (code, name, name_en, zone, hotline, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id $$;
CREATE FUNCTION app.brand_by_code(code text) RETURNS TABLE (id bigint, code text, name text, name_en text, zone text, hotline text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT b.id, b.code, b.name, b.name_en, b.zone, b.hotline FROM app.brands b WHERE b.code = $1 $$;
CREATE FUNCTION app.brand_codes() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT b.code FROM app.brands b ORDER BY b.code $$;
CREATE FUNCTION app.login_create(login text, password_hash text, at timestamptz) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO app.logins (login, password_hash, created_at) VALUES (lower($1), $2, $3) RETURNING id $$;
CREATE FUNCTION app.login_find(login text) RETURNS TABLE (id bigint, password_hash text, disabled boolean) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT l.id, l.password_hash, l.disabled_at IS NOT NULL FROM app.logins l WHERE l.login = lower($1) $$;
CREATE FUNCTION app.login_places(login_id bigint) RETURNS TABLE (brand_id bigint, member_id bigint, dealer_id bigint, name text, roles text[],
    brand_code text, brand_name text, brand_name_en text, zone text, hotline text, dealer_code text, dealer_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT m.brand_id, m.id, m.dealer_id, m.name, m.roles, b.code, b.name, b.name_en, b.zone, b.hotline, d.code, d.name
    FROM app.members m JOIN app.brands b ON b.id = m.brand_id LEFT JOIN app.dealers d ON d.brand_id = m.brand_id AND d.id = m.dealer_id
    WHERE m.login_id = $1 AND m.left_at IS NULL ORDER BY b.code, d.code NULLS FIRST $$;
CREATE FUNCTION app.session_open(login_id bigint, token_hash text, brand_id bigint, member_id bigint, address text, agent text, seconds int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO app.login_sessions (token_hash, login_id, brand_id, member_id, address, agent, created_at, seen_at, ends_at)
    VALUES ($2, $1, $3, $4, $5, left($6, 300), statement_timestamp(), statement_timestamp(), statement_timestamp() + make_interval(secs => $7)) $$;
-- The session with its login and chosen place; NULL place when none is chosen or it was left. Idle or ended: no row.
CREATE FUNCTION app.session_load(token_hash text, idle_seconds int) RETURNS TABLE (login_id bigint, login text, brand_id bigint, member_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE s app.login_sessions;
BEGIN
    SELECT * INTO s FROM app.login_sessions x WHERE x.token_hash = session_load.token_hash AND x.ended_at IS NULL
        AND x.ends_at > clock_timestamp() AND x.seen_at > clock_timestamp() - make_interval(secs => idle_seconds);
    IF NOT FOUND THEN RETURN; END IF;
    IF s.seen_at < clock_timestamp() - interval '60 seconds' THEN
        UPDATE app.login_sessions x SET seen_at = clock_timestamp() WHERE x.id = s.id;
    END IF;
    RETURN QUERY SELECT l.id, l.login, s.brand_id, s.member_id FROM app.logins l WHERE l.id = s.login_id AND l.disabled_at IS NULL;
END $$;
CREATE FUNCTION app.session_choose(token_hash text, brand_id bigint, member_id bigint) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH chosen AS (UPDATE app.login_sessions s SET brand_id = $2, member_id = $3 FROM app.members m
        WHERE s.token_hash = $1 AND s.ended_at IS NULL AND m.brand_id = $2 AND m.id = $3 AND m.login_id = s.login_id AND m.left_at IS NULL RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM chosen) $$;
CREATE FUNCTION app.session_end(token_hash text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE app.login_sessions s SET ended_at = clock_timestamp() WHERE s.token_hash = $1 AND s.ended_at IS NULL $$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.next_number(text, text), app.photo_seen(text, text, bigint), app.product_by_serial(text) TO scope_hq, scope_dealer;
GRANT EXECUTE ON FUNCTION app.brand_create(text, text, text, text, text, timestamptz), app.brand_by_code(text), app.brand_codes(), app.login_create(text, text, timestamptz),
    app.login_find(text), app.login_places(bigint), app.session_open(bigint, text, bigint, bigint, text, text, int), app.session_load(text, int),
    app.session_choose(text, bigint, bigint), app.session_end(text) TO portal_web;

RESET ROLE;
REVOKE CREATE ON SCHEMA app FROM portal_guard;
