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
RESET ROLE;
