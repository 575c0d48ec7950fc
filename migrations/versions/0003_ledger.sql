-- What the ledger refuses, whoever writes and whatever the session's scope (R60, R61, R63, R64, R66; reliability.md 3.4).
-- The functions belong to the guard role, which sees every row: switching the session's scope before COMMIT hides nothing from them.

SET LOCAL ROLE portal_owner;
GRANT INSERT ON ledger_months, chain_entries, chain_heads TO portal_guard;
GRANT UPDATE ON accounts, ledger_months, chain_heads TO portal_guard;
RESET ROLE;
GRANT CREATE ON SCHEMA app TO portal_guard;
SET LOCAL ROLE portal_guard;

-- 1. Append-only: for the owner and for session_replication_role = replica too (ENABLE ALWAYS below).
CREATE FUNCTION app.forbid() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN RAISE EXCEPTION '% on % is forbidden: append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501'; END $$;

-- 2. A journal opens its month's row and cannot be booked into a closed one; FOR SHARE keeps closing and posting apart.
CREATE FUNCTION app.journal_month() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE closed timestamptz;
BEGIN
    NEW.month := date_trunc('month', NEW.booked_on)::date;
    NEW.xid := pg_current_xact_id();
    INSERT INTO app.ledger_months (brand_id, month) VALUES (NEW.brand_id, NEW.month) ON CONFLICT DO NOTHING;
    SELECT m.closed_at INTO STRICT closed FROM app.ledger_months m WHERE m.brand_id = NEW.brand_id AND m.month = NEW.month FOR SHARE;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'month % is closed', NEW.month USING ERRCODE = 'PT064';
    END IF;
    RETURN NEW;
END $$;

-- 3. A posting: only in its journal's own transaction and before the chain has taken the journal; it moves the account's
--    balance under the account's lock and carries the running balance. A debit of an order is bound by the credit limit (R23).
CREATE FUNCTION app.posting_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE j record; a record;
BEGIN
    SELECT x.purpose, x.booked_on, x.at, x.xid INTO j FROM app.journals x WHERE x.brand_id = NEW.brand_id AND x.id = NEW.journal_id;
    IF NOT FOUND OR j.xid <> pg_current_xact_id()
       OR EXISTS (SELECT 1 FROM app.chain_entries c WHERE c.brand_id = NEW.brand_id AND c.journal_id = NEW.journal_id) THEN
        RAISE EXCEPTION 'journal is sealed' USING ERRCODE = '42501';
    END IF;
    UPDATE app.accounts x SET balance = x.balance + coalesce(NEW.credit_fen, 0) - coalesce(NEW.debit_fen, 0), entries = x.entries + 1
        WHERE x.brand_id = NEW.brand_id AND x.id = NEW.account_id
        RETURNING x.entries, x.balance, x.dealer_id, x.credit_limit INTO a;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such account' USING ERRCODE = '23503';
    END IF;
    IF j.purpose = 'order' AND NEW.debit_fen IS NOT NULL AND a.dealer_id IS NOT NULL AND a.balance + a.credit_limit < 0 THEN
        RAISE EXCEPTION 'short of funds' USING ERRCODE = 'PT023', DETAIL = (-(a.balance + a.credit_limit))::text;
    END IF;
    NEW.seq := a.entries; NEW.balance_after_fen := a.balance; NEW.dealer_id := a.dealer_id;
    NEW.booked_on := j.booked_on; NEW.at := j.at; NEW.purpose := j.purpose;
    RETURN NEW;
END $$;

-- 4. The canonical text that the chain hashes, every stored word of the journal in it, as JSON so that no two journals read
--    alike; `portal prove` hashes it again.
CREATE FUNCTION app.journal_text(brand bigint, journal bigint, seq bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT jsonb_build_array(j.brand_id, $3, j.number, j.source, j.purpose, j.booked_on, extract(epoch FROM j.at)::numeric(20, 6), j.memo, j.actor_name, j.member_id, j.reverses,
        (SELECT jsonb_agg(jsonb_build_array(p.line, p.account_id, p.dealer_id, p.debit_fen, p.credit_fen, p.seq, p.balance_after_fen, p.booked_on, extract(epoch FROM p.at)::numeric(20, 6), p.purpose, p.document, p.memo) ORDER BY p.line)
         FROM app.postings p WHERE p.brand_id = j.brand_id AND p.journal_id = j.id))::text
    FROM app.journals j WHERE j.brand_id = $1 AND j.id = $2 $$;

-- 5. At commit: balanced, not empty, then chained to the brand's last journal.
CREATE FUNCTION app.journal_seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE n bigint; difference numeric; head record; next bytea;
BEGIN
    SELECT count(*), coalesce(sum(p.debit_fen), 0) - coalesce(sum(p.credit_fen), 0) INTO n, difference
        FROM app.postings p WHERE p.brand_id = NEW.brand_id AND p.journal_id = NEW.id;
    IF n < 2 OR difference <> 0 THEN
        RAISE EXCEPTION 'journal % does not balance (% postings, difference % fen)', NEW.number, n, difference USING ERRCODE = 'PT060';
    END IF;
    IF NEW.reverses IS NOT NULL AND EXISTS (
        SELECT account_id, sum(coalesce(credit_fen, 0) - coalesce(debit_fen, 0)) FROM app.postings
        WHERE brand_id = NEW.brand_id AND journal_id IN (NEW.id, NEW.reverses) GROUP BY account_id
        HAVING sum(coalesce(credit_fen, 0) - coalesce(debit_fen, 0)) <> 0) THEN
        RAISE EXCEPTION 'journal % is no reversal of what it names', NEW.number USING ERRCODE = 'PT061';
    END IF;
    INSERT INTO app.chain_heads (brand_id, seq, hash) VALUES (NEW.brand_id, 0, '\x') ON CONFLICT DO NOTHING;
    SELECT h.seq, h.hash INTO STRICT head FROM app.chain_heads h WHERE h.brand_id = NEW.brand_id FOR UPDATE;
    next := sha256(head.hash || convert_to(app.journal_text(NEW.brand_id, NEW.id, head.seq + 1), 'UTF8'));
    INSERT INTO app.chain_entries (brand_id, seq, journal_id, hash) VALUES (NEW.brand_id, head.seq + 1, NEW.id, next);
    UPDATE app.chain_heads h SET seq = head.seq + 1, hash = next WHERE h.brand_id = NEW.brand_id;
    RETURN NULL;
END $$;

-- 6. A month once closed stays closed (R64).
CREATE FUNCTION app.month_stays_closed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'month % is closed for good', OLD.month USING ERRCODE = 'PT064';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION app.journal_text(bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.journal_text(bigint, bigint, bigint) TO portal_proof, scope_hq;

RESET ROLE;
REVOKE CREATE ON SCHEMA app FROM portal_guard;

SET LOCAL ROLE portal_owner;
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['journals', 'postings', 'chain_entries', 'audit_events'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON app.%I FOR EACH ROW EXECUTE FUNCTION app.forbid()', t);
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON app.%I FOR EACH STATEMENT EXECUTE FUNCTION app.forbid()', t);
        EXECUTE format('ALTER TABLE app.%I ENABLE ALWAYS TRIGGER append_only', t);
        EXECUTE format('ALTER TABLE app.%I ENABLE ALWAYS TRIGGER append_only_truncate', t);
    END LOOP;
END $$;
CREATE TRIGGER month BEFORE INSERT ON journals FOR EACH ROW EXECUTE FUNCTION journal_month();
CREATE TRIGGER entry BEFORE INSERT ON postings FOR EACH ROW EXECUTE FUNCTION posting_entry();
CREATE CONSTRAINT TRIGGER seal AFTER INSERT ON journals DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_seal();
CREATE TRIGGER stays_closed BEFORE UPDATE OR DELETE ON ledger_months FOR EACH ROW EXECUTE FUNCTION month_stays_closed();
ALTER TABLE journals ENABLE ALWAYS TRIGGER month;
ALTER TABLE journals ENABLE ALWAYS TRIGGER seal;
ALTER TABLE postings ENABLE ALWAYS TRIGGER entry;
ALTER TABLE ledger_months ENABLE ALWAYS TRIGGER stays_closed;
RESET ROLE;
