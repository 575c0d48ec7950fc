-- People: the language they read, mails whose one-time link is over, addresses that are confirmed.
SET LOCAL ROLE portal_owner;

-- 1. A login's language, and beside the address a copy of it in each of its places: a brand's own rows say how its people are written to.
ALTER TABLE logins ADD COLUMN locale TEXT DEFAULT 'zh_Hans_CN' NOT NULL;
ALTER TABLE logins ADD CONSTRAINT ck_logins_locale_known CHECK (locale IN ('zh_Hans_CN', 'en'));
ALTER TABLE members ADD COLUMN locale TEXT DEFAULT 'zh_Hans_CN' NOT NULL;
ALTER TABLE members ADD CONSTRAINT ck_members_locale_known CHECK (locale IN ('zh_Hans_CN', 'en'));

-- 2. A mail's one-time link: until when it works (the machine's time), and by which hash it is known.
ALTER TABLE outbox ADD COLUMN secret_ends_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE outbox ADD COLUMN link_hash TEXT;
CREATE INDEX ix_outbox_live_secrets ON outbox (brand_id, secret_ends_at) WHERE secret IS NOT NULL;
GRANT UPDATE (secret_ends_at) ON outbox TO scope_hq; -- of a mail from before this migration, which says no end

-- 3. A new address waits in its link until the link is used.
ALTER TABLE login_links ADD COLUMN email TEXT;
ALTER TABLE login_links DROP CONSTRAINT ck_login_links_kind_known;
ALTER TABLE login_links ADD CONSTRAINT ck_login_links_kind_known CHECK (kind IN ('reset', 'code', 'email'));
ALTER TABLE login_links ADD CONSTRAINT ck_login_links_email_of_its_kind CHECK ((kind = 'email') = (email IS NOT NULL));

GRANT UPDATE (locale) ON logins TO portal_guard;
GRANT UPDATE (locale) ON members TO portal_guard;
RESET ROLE;
GRANT CREATE ON SCHEMA app TO portal_guard;
SET LOCAL ROLE portal_guard;

-- 4. Whoever adds a place: it has its login's language.
CREATE FUNCTION app.member_locale() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    NEW.locale := coalesce((SELECT l.locale FROM app.logins l WHERE l.id = NEW.login_id), NEW.locale);
    RETURN NEW;
END $$;
-- Whether that changed anything.
CREATE FUNCTION app.login_set_locale(login_id bigint, locale text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE app.logins l SET locale = login_set_locale.locale WHERE l.id = login_set_locale.login_id AND l.locale <> login_set_locale.locale;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE app.members m SET locale = login_set_locale.locale WHERE m.login_id = login_set_locale.login_id;
    RETURN true;
END $$;

-- 5. As in 0005, with the language. What an older process reads goes on to work: columns are only added where it takes them by name.
DROP FUNCTION app.session_load(text, int);
CREATE FUNCTION app.session_load(token_hash text, idle_seconds int)
RETURNS TABLE (login_id bigint, login text, brand_id bigint, member_id bigint, second_factor boolean, locale text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE s app.login_sessions;
BEGIN
    SELECT * INTO s FROM app.login_sessions x WHERE x.token_hash = session_load.token_hash AND x.ended_at IS NULL
        AND x.ends_at > clock_timestamp() AND x.seen_at > clock_timestamp() - make_interval(secs => idle_seconds);
    IF NOT FOUND THEN RETURN; END IF;
    IF s.seen_at < clock_timestamp() - interval '60 seconds' THEN
        UPDATE app.login_sessions x SET seen_at = clock_timestamp() WHERE x.id = s.id;
    END IF;
    RETURN QUERY SELECT l.id, l.login, s.brand_id, s.member_id,
            EXISTS (SELECT 1 FROM app.second_factors f WHERE f.login_id = l.id AND f.confirmed_at IS NOT NULL), l.locale
        FROM app.logins l WHERE l.id = s.login_id AND l.disabled_at IS NULL;
END $$;
-- What login_read says, with the language and the address that is not confirmed yet.
CREATE FUNCTION app.login_own(login_id bigint) RETURNS TABLE (id bigint, login text, email text, password_hash text, disabled boolean,
    second_factor timestamptz, codes_left bigint, locale text, new_email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT l.id, l.login, l.email, l.password_hash, l.disabled_at IS NOT NULL,
           (SELECT f.confirmed_at FROM app.second_factors f WHERE f.login_id = l.id),
           (SELECT count(*) FROM app.recovery_codes c WHERE c.login_id = l.id AND c.used_at IS NULL), l.locale,
           (SELECT k.email FROM app.login_links k WHERE k.login_id = l.id AND k.kind = 'email' AND k.used_at IS NULL AND k.ends_at > clock_timestamp()
            ORDER BY k.id DESC LIMIT 1)
    FROM app.logins l WHERE l.id = $1 $$;
DROP FUNCTION app.logins_to_reset(text);
CREATE FUNCTION app.logins_to_reset(typed text) RETURNS TABLE (id bigint, login text, email text, locale text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT l.id, l.login, l.email, l.locale FROM app.logins l
    WHERE (l.login = lower($1) OR l.email = lower($1)) AND l.email IS NOT NULL AND l.disabled_at IS NULL ORDER BY l.id LIMIT 5 $$;

-- 6. A token's place as its login's sessions have it (login_places says what its brand asks for), and whether the login has a second factor.
DROP FUNCTION app.token_load(text, text);
CREATE FUNCTION app.token_load(token_hash text, address text) RETURNS TABLE (token_id bigint, scopes text[], login_id bigint, brand_id bigint, member_id bigint,
    dealer_id bigint, name text, roles text[], brand_code text, brand_name text, brand_name_en text, zone text, hotline text, dealer_code text, dealer_name text,
    calls bigint, guarded boolean, second_factor boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE k app.api_tokens;
BEGIN
    SELECT * INTO k FROM app.api_tokens x WHERE x.token_hash = token_load.token_hash AND x.revoked_at IS NULL
        AND (x.ends_at IS NULL OR x.ends_at > clock_timestamp());
    IF NOT FOUND THEN RETURN; END IF;
    -- how often in this minute (AP3); a crash may forget a few calls, which is no reason to wait for the disk
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE app.api_tokens x SET calls = CASE WHEN x.minute = date_trunc('minute', clock_timestamp()) THEN x.calls + 1 ELSE 1 END,
        minute = date_trunc('minute', clock_timestamp()), last_used_at = clock_timestamp(), last_address = token_load.address
        WHERE x.brand_id = k.brand_id AND x.id = k.id RETURNING x.calls INTO k.calls;
    RETURN QUERY SELECT k.id, k.scopes, l.id, p.brand_id, p.member_id, p.dealer_id, p.name, p.roles, p.brand_code, p.brand_name, p.brand_name_en, p.zone, p.hotline,
            p.dealer_code, p.dealer_name, k.calls, p.guarded, EXISTS (SELECT 1 FROM app.second_factors f WHERE f.login_id = l.id AND f.confirmed_at IS NOT NULL)
        FROM app.members m JOIN app.logins l ON l.id = m.login_id AND l.disabled_at IS NULL
             JOIN LATERAL app.login_places(l.id) p ON p.brand_id = m.brand_id AND p.member_id = m.id
        WHERE m.brand_id = k.brand_id AND m.id = k.member_id
          AND m.dealer_id IS NOT DISTINCT FROM k.dealer_id; -- whoever wrote the row: a dealer's token is none of headquarters' people
END $$;

-- 7. Whether a mailed link still opens something: one of a login, or an invitation of the caller's brand.
CREATE FUNCTION app.link_lives(token_hash text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT 1 FROM app.login_links k JOIN app.logins l ON l.id = k.login_id AND l.disabled_at IS NULL
                   WHERE k.token_hash = $1 AND k.used_at IS NULL AND k.ends_at > clock_timestamp())
        OR EXISTS (SELECT 1 FROM app.invitations i WHERE i.token_hash = $1 AND i.brand_id = app.ctx_brand()
                   AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.ends_at > clock_timestamp()) $$;
-- Brands with mail to send now, or with a secret in it that nobody needs any more; by the machine's time.
CREATE OR REPLACE FUNCTION app.outbox_brands() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT b.code FROM app.brands b WHERE EXISTS (SELECT 1 FROM app.outbox o WHERE o.brand_id = b.id AND o.state = 'waiting'
            AND (o.not_before IS NULL OR o.not_before <= clock_timestamp()))
        OR EXISTS (SELECT 1 FROM app.outbox o WHERE o.brand_id = b.id AND o.secret IS NOT NULL
            AND (o.secret_ends_at IS NULL OR o.secret_ends_at <= clock_timestamp())) ORDER BY b.code $$;

-- 8. A new address: asked for (a newer wish ends those before it), looked at, and taken into use once.
CREATE FUNCTION app.email_ask(login_id bigint, email text, token_hash text, seconds int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE app.login_links k SET used_at = clock_timestamp() WHERE k.login_id = $1 AND k.kind = 'email' AND k.used_at IS NULL;
    INSERT INTO app.login_links (kind, login_id, email, token_hash, created_at, ends_at)
    VALUES ('email', $1, lower($2), $3, clock_timestamp(), clock_timestamp() + make_interval(secs => $4)) $$;
CREATE FUNCTION app.email_find(login_id bigint, token_hash text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.email FROM app.login_links k JOIN app.logins l ON l.id = k.login_id AND l.disabled_at IS NULL
    WHERE k.kind = 'email' AND k.login_id = $1 AND k.token_hash = $2 AND k.used_at IS NULL AND k.ends_at > clock_timestamp() $$;
CREATE FUNCTION app.email_confirm(login_id bigint, token_hash text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE found text;
BEGIN
    UPDATE app.login_links k SET used_at = clock_timestamp() FROM app.logins l
        WHERE k.kind = 'email' AND k.login_id = email_confirm.login_id AND k.token_hash = email_confirm.token_hash AND k.used_at IS NULL
          AND k.ends_at > clock_timestamp() AND l.id = k.login_id AND l.disabled_at IS NULL RETURNING k.email INTO found;
    IF found IS NOT NULL THEN
        PERFORM app.login_set_email(email_confirm.login_id, found);
    END IF;
    RETURN found;
END $$;

REVOKE ALL ON FUNCTION app.member_locale(), app.login_set_locale(bigint, text), app.session_load(text, int), app.login_own(bigint), app.logins_to_reset(text),
    app.token_load(text, text), app.link_lives(text), app.email_ask(bigint, text, text, int), app.email_find(bigint, text), app.email_confirm(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.member_locale() TO portal_owner;
GRANT EXECUTE ON FUNCTION app.login_set_locale(bigint, text), app.session_load(text, int), app.login_own(bigint), app.logins_to_reset(text),
    app.token_load(text, text), app.email_ask(bigint, text, text, int), app.email_find(bigint, text), app.email_confirm(bigint, text) TO portal_web;
GRANT EXECUTE ON FUNCTION app.link_lives(text) TO scope_hq;
RESET ROLE;
REVOKE CREATE ON SCHEMA app FROM portal_guard;

SET LOCAL ROLE portal_owner;
CREATE TRIGGER locale BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION app.member_locale();
RESET ROLE;
