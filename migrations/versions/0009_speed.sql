-- What measuring asked for (docs/performance.md).
SET LOCAL ROLE portal_owner;

-- A journal with its postings in one statement (portal/ledger/actions.py, post): number, accounts and rows, under the caller's own
-- rights and policies; the triggers of 0003 guard it as they guard every other writer. "refusal" says why nothing was written.
CREATE FUNCTION app.post_journal(source text, purpose text, booked_on date, at timestamptz, memo text, actor_name text, member_id bigint, codes text[], dealers bigint[],
    debits bigint[], credits bigint[], documents text[], memos text[]) RETURNS TABLE (id bigint, number text, refusal text) LANGUAGE plpgsql AS $$
DECLARE found bigint[]; brand bigint; given bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM app.journals j WHERE j.source = post_journal.source AND j.purpose = post_journal.purpose) THEN
        RETURN QUERY SELECT NULL::bigint, NULL::text, 'already-posted';
        RETURN;
    END IF;
    SELECT array_agg(f.id ORDER BY f.n) INTO found FROM (
        SELECT w.n, a.id FROM unnest(codes, dealers) WITH ORDINALITY AS w (code, dealer, n) JOIN app.accounts a ON a.code = w.code AND a.dealer_id = w.dealer
        UNION ALL
        SELECT w.n, a.id FROM unnest(codes, dealers) WITH ORDINALITY AS w (code, dealer, n) JOIN app.accounts a ON a.code = w.code AND a.dealer_id IS NULL WHERE w.dealer IS NULL) f;
    IF cardinality(found) IS DISTINCT FROM cardinality(codes) THEN
        RETURN QUERY SELECT NULL::bigint, NULL::text, 'account-unknown';
        RETURN;
    END IF;
    given := app.next_number('JV', to_char(booked_on, 'YYMM'));
    number := 'JV' || to_char(booked_on, 'YYMM') || '-' || lpad(given::text, greatest(6, length(given::text)), '0');
    INSERT INTO app.journals AS j (number, source, purpose, month, booked_on, at, memo, actor_name, member_id)
        VALUES (number, source, purpose, date_trunc('month', booked_on)::date, booked_on, at, memo, actor_name, member_id) RETURNING j.brand_id, j.id INTO brand, id;
    -- in order of the accounts, which is the order in which they are locked
    INSERT INTO app.postings (brand_id, journal_id, line, account_id, debit_fen, credit_fen, seq, balance_after_fen, booked_on, at, purpose, document, memo)
        SELECT brand, post_journal.id, row_number() OVER (ORDER BY w.account), w.account, w.debit, w.credit, 0, 0, post_journal.booked_on, post_journal.at, post_journal.purpose, w.document, w.memo
        FROM unnest(found, debits, credits, documents, memos) AS w (account, debit, credit, document, memo) ORDER BY w.account;
    RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION app.post_journal(text, text, date, timestamptz, text, text, bigint, text[], bigint[], bigint[], bigint[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.post_journal(text, text, date, timestamptz, text, text, bigint, text[], bigint[], bigint[], bigint[], text[], text[]) TO scope_hq;

-- What a month pays is added up from the index alone: the lines themselves are wide, and a settlement reads all of a month's.
DROP INDEX app.ix_claim_lines_pays_in;
CREATE INDEX ix_claim_lines_pays_in ON app.claim_lines (brand_id, pays_in, dealer_id) INCLUDE (approved, state) WHERE pays_in IS NOT NULL;
-- What was decided since an instant: a settlement asks which lines still waited then, and no more than those are read.
CREATE INDEX ix_claim_lines_decided_at ON app.claim_lines (brand_id, decided_at) WHERE decided_at IS NOT NULL;
RESET ROLE;

-- 0003's guard of a posting, word for word in what it refuses; it looks for the journal and for its link of the chain in one
-- statement instead of two, because a settlement books thousands of postings.
GRANT CREATE ON SCHEMA app TO portal_guard;
SET LOCAL ROLE portal_guard;
CREATE OR REPLACE FUNCTION app.posting_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE j record; a record;
BEGIN
    SELECT x.purpose, x.booked_on, x.at, x.xid,
        EXISTS (SELECT 1 FROM app.chain_entries c WHERE c.brand_id = NEW.brand_id AND c.journal_id = NEW.journal_id) AS chained INTO j
        FROM app.journals x WHERE x.brand_id = NEW.brand_id AND x.id = NEW.journal_id;
    IF NOT FOUND OR j.xid <> pg_current_xact_id() OR j.chained THEN
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
RESET ROLE;
REVOKE CREATE ON SCHEMA app FROM portal_guard;
