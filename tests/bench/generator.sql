-- What tests/bench/generator.py runs, step by step; the names in brackets are its Plan's. A step begins with "-- # its title".
-- Ids are counted over all brands, as the identity columns would; everything follows from the temporary table "planned".

-- # brands
INSERT INTO brands (id, code, name, name_en, zone, hotline, created_at)
SELECT b, CASE WHEN b = %(big)s THEN 'big' ELSE 'small' || b END, '品牌 ' || b, 'Brand ' || b, 'Asia/Shanghai', '400-000-0000', timestamptz '2025-12-01 08:00+08'
FROM generate_series(%(big)s, %(big)s + %(brands)s) b;

-- # dealers
INSERT INTO dealers (brand_id, id, code, name, city, contact, phone, address, created_at)
SELECT b, row_number() OVER (ORDER BY b, n), 'D' || lpad(n::text, 4, '0'), '经销商 ' || n || ' 福州恒达卫浴', '福州', '周先生', '0591-7980014', '建材大道 ' || n || ' 号', timestamptz '2025-12-01 08:00+08'
FROM generate_series(%(big)s, %(big)s + %(brands)s) b
CROSS JOIN LATERAL generate_series(1, CASE WHEN b = %(big)s THEN %(dealers)s ELSE %(shops)s END) n;
CREATE TEMP TABLE dealer_of ON COMMIT DROP AS
    SELECT brand_id, id AS dealer_id, row_number() OVER (PARTITION BY brand_id ORDER BY id) AS nth FROM dealers;

-- # parts, prices, products
INSERT INTO categories (brand_id, id, name) SELECT id, id, '坐便器' FROM brands;
INSERT INTO product_models (brand_id, id, name, category_id) SELECT id, id, 'M-100', id FROM brands;
INSERT INTO parts (brand_id, id, number, name, spec, part_group, unit, category_id, must_return, initials, pinyin)
SELECT b.id, (b.id - 1) * 200 + p, 'P' || lpad(p::text, 4, '0'), '进水阀 ' || p, '静音', '阀类', '只', b.id, true, 'jsf', 'jinshuifa' FROM brands b CROSS JOIN generate_series(1, 200) p;
INSERT INTO part_models (brand_id, id, part_id, model_id) SELECT brand_id, id, id, brand_id FROM parts;
INSERT INTO price_lists (brand_id, id, version, title, from_day, to_day, loaded_at, loaded_by)
SELECT id, id, '202601', '零部件价格表', date '2026-01-01', NULL, timestamptz '2025-12-20 08:00+08', 'system' FROM brands;
-- a part's price follows from its number, which spares millions of joins: 5.37 yuan for P0001, 79.00 for P0200
INSERT INTO prices (brand_id, id, list_id, part_id, dealer_price, out_price)
SELECT brand_id, id, brand_id, id, 500 + 37 * (id - (brand_id - 1) * 200), 2 * (500 + 37 * (id - (brand_id - 1) * 200)) FROM parts;
INSERT INTO fault_codes (brand_id, id, code, name, category_id) SELECT id, id, 'F01', '不停进水', id FROM brands;
INSERT INTO warranty_policies (brand_id, id, version, from_day, to_day, loaded_at, loaded_by)
SELECT id, id, '202601', date '2026-01-01', NULL, timestamptz '2025-12-20 08:00+08', 'system' FROM brands;
INSERT INTO policy_lines (brand_id, id, policy_id, line_no, category_id, part_group, home_months, commercial_months, basis)
SELECT id, id, id, 1, id, NULL, 36, 12, 'installed' FROM brands;
INSERT INTO products (brand_id, id, dealer_id, serial, model_id, made_on, bought_on, installed_on, use, customer_name, customer_phone, customer_address)
SELECT brand_id, id, id, 'SN' || lpad(id::text, 8, '0'), brand_id, date '2025-01-01', date '2025-02-01', date '2025-03-01', 'home', '张三丰', '13812345678', '五四路 1 号' FROM dealers;

-- # people
-- One of each in every brand, with a session whose token is the login's name.
INSERT INTO logins (id, login, password_hash, created_at)
SELECT row_number() OVER (ORDER BY b.id, p.name), p.name || '-' || b.code, 'no password', timestamptz '2025-12-20 08:00+08'
FROM brands b CROSS JOIN (VALUES ('clerk'), ('finance'), ('manager'), ('shop')) p (name);
INSERT INTO members (brand_id, id, login_id, dealer_id, login, name, roles, joined_at)
SELECT b.id, l.id, l.id, d.dealer_id, l.login, p.name, ARRAY[p.role], l.created_at
FROM (VALUES ('clerk', 'hq-clerk', 0), ('finance', 'hq-finance', 0), ('manager', 'hq-finance-manager', 0), ('shop', 'dealer-manager', 1)) p (name, role, nth)
CROSS JOIN brands b JOIN logins l ON l.login = p.name || '-' || b.code LEFT JOIN dealer_of d ON d.brand_id = b.id AND d.nth = p.nth ORDER BY l.id;
SELECT session_open(m.login_id, encode(sha256(convert_to(m.login, 'UTF8')), 'hex'), m.brand_id, m.id, '127.0.0.1', 'bench', 86400) FROM members m;

-- # accounts
INSERT INTO accounts (brand_id, id, code, dealer_id)
SELECT brand_id, row_number() OVER (ORDER BY brand_id, dealer_id NULLS FIRST, code), code, dealer_id FROM (
    SELECT b.id AS brand_id, c.code, NULL::bigint AS dealer_id FROM brands b CROSS JOIN (VALUES ('opening'), ('parts-sales'), ('freight'), ('warranty-expense')) c (code)
    UNION ALL SELECT brand_id, 'prepayments', id FROM dealers) a;
ANALYZE accounts;

-- # orders planned
-- Of the big brand's orders the newest twentieth is under way, of the older ones three in four were received; one to three
-- lines each. The small brands hold agreed orders and drafts with four lines, as many of each as are asked for.
CREATE TEMP TABLE planned ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY drafted_at, brand_id, n) AS id, brand_id, n, dealer_id, state, lines, drafted_at,
    to_char(drafted_at AT TIME ZONE 'Asia/Shanghai', 'YYMM') AS month
FROM (
    SELECT %(big)s AS brand_id, n, d.dealer_id,
        CASE WHEN n <= %(orders)s * 0.95 THEN (ARRAY['received', 'received', 'received', 'received', 'received', 'received', 'received', 'received', 'received',
                                                     'cancelled', 'cancelled', 'rejected'])[1 + n %% 12]
             ELSE (ARRAY['draft', 'submitted', 'quoted', 'agreed', 'debited', 'shipped', 'received'])[1 + n %% 7] END AS state,
        1 + n %% 3 AS lines, timestamptz '2026-01-02 08:00+08' + n * (interval '300 days' / %(orders)s) AS drafted_at
    FROM generate_series(1, %(orders)s) n JOIN dealer_of d ON d.brand_id = %(big)s AND d.nth = 1 + n %% %(dealers)s
    UNION ALL
    SELECT b, n, d.dealer_id, CASE WHEN n <= %(waiting)s THEN 'agreed' ELSE 'draft' END, 4, timestamptz '2026-10-30 08:00+08' + n * interval '1 second'
    FROM generate_series(%(big)s + 1, %(big)s + %(brands)s) b CROSS JOIN generate_series(1, 2 * %(waiting)s) n
    JOIN dealer_of d ON d.brand_id = b AND d.nth = 1 + n %% %(shops)s) o;
CREATE TEMP TABLE planned_lines ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY o.id, position) AS id, o.brand_id, o.dealer_id, o.id AS order_id, o.state, o.drafted_at, position,
    (o.brand_id - 1) * 200 + p.n AS part_id, 1 + (o.n + position) %% 5 AS quantity, 500 + 37 * p.n AS price
FROM planned o CROSS JOIN LATERAL generate_series(1, o.lines) position
CROSS JOIN LATERAL (SELECT 1 + (o.n * 7 + position * 13) %% 200 AS n) p ORDER BY 1;
CREATE TEMP TABLE figures ON COMMIT DROP AS
SELECT o.id, o.brand_id, o.dealer_id, o.state, o.drafted_at, o.month, s.goods, o.n %% 3 * 500 AS freight,
    o.month || '-' || lpad(m.n::text, greatest(4, length(m.n::text)), '0') AS stem, m.n AS in_month,
    o.state IN ('quoted', 'agreed', 'debited', 'shipped', 'received') AS quoted, o.state IN ('debited', 'shipped', 'received') AS debited,
    o.state IN ('shipped', 'received') AS shipped
FROM planned o JOIN (SELECT order_id, sum(quantity * price)::bigint AS goods FROM planned_lines GROUP BY order_id) s ON s.order_id = o.id
JOIN (SELECT id, row_number() OVER (PARTITION BY brand_id, month ORDER BY id) AS n FROM planned) m ON m.id = o.id ORDER BY o.id;
ANALYZE planned; ANALYZE planned_lines; ANALYZE figures;

-- # orders
INSERT INTO orders (brand_id, id, number, state, ver, note, ship_to, quote_no, total, ship_on, lapses_on, drafted_at, drafted_by, submitted_at, agreed_at, agreed_by,
    debited_at, shipped_at, received_at, updated_at, reason, dealer_id)
SELECT brand_id, id, CASE WHEN state <> 'draft' THEN 'PO' || stem END, state, 1, '', '建材大道 1 号', quoted::int, CASE WHEN quoted THEN goods + freight END,
    CASE WHEN quoted THEN drafted_at::date + 5 END, CASE WHEN quoted THEN drafted_at::date + 30 END, drafted_at, '周先生',
    CASE WHEN state <> 'draft' THEN drafted_at + interval '1 hour' END, CASE WHEN debited OR state = 'agreed' THEN drafted_at + interval '5 hours' END,
    CASE WHEN debited OR state = 'agreed' THEN '周先生' END, CASE WHEN debited THEN drafted_at + interval '6 hours' END,
    CASE WHEN shipped THEN drafted_at + interval '1 day' END, CASE WHEN state = 'received' THEN drafted_at + interval '4 days' END, drafted_at + interval '4 days',
    CASE WHEN state IN ('cancelled', 'rejected') THEN 'no longer needed' END, dealer_id
FROM figures ORDER BY id;

-- # order lines
INSERT INTO order_lines (brand_id, id, dealer_id, order_id, position, part_id, quantity, purpose, product_id, verdict, note)
SELECT brand_id, id, dealer_id, order_id, position, part_id, quantity, CASE WHEN (order_id + position) %% 4 = 0 THEN 'paid' ELSE 'stock' END, NULL, NULL, '' FROM planned_lines ORDER BY id;

-- # quotes
INSERT INTO quotes (brand_id, id, dealer_id, order_id, quote_no, freight, goods, total, ship_on, lapses_on, note, price_version, fingerprint, quoted_at, quoted_by, agreed_at, agreed_by)
SELECT brand_id, id, dealer_id, id, 1, freight, goods, goods + freight, drafted_at::date + 5, drafted_at::date + 30, '', '202601', left(md5(id::text), 16),
    drafted_at + interval '2 hours', '林晓燕', CASE WHEN state <> 'quoted' THEN drafted_at + interval '5 hours' END, CASE WHEN state <> 'quoted' THEN '周先生' END
FROM figures WHERE quoted ORDER BY id;
INSERT INTO quote_lines (brand_id, id, dealer_id, quote_id, line_id, position, part_id, asked, quantity, list_price, price, reason)
SELECT brand_id, id, dealer_id, order_id, id, position, part_id, quantity, quantity, price, price, '' FROM planned_lines
WHERE state IN ('quoted', 'agreed', 'debited', 'shipped', 'received') ORDER BY id;

-- # shipments
INSERT INTO shipments (brand_id, id, dealer_id, order_id, number, state, ver, carrier, tracking, shipped_at, shipped_by, received_at, received_by, note)
SELECT brand_id, id, dealer_id, id, 'SH' || stem, CASE WHEN state = 'received' THEN state ELSE 'in-transit' END, 1, '德邦', 'DPK' || id, drafted_at + interval '1 day', '沈立',
    CASE WHEN state = 'received' THEN drafted_at + interval '4 days' END, CASE WHEN state = 'received' THEN '周先生' END, '' FROM figures WHERE shipped ORDER BY id;
INSERT INTO shipment_lines (brand_id, id, dealer_id, shipment_id, line_id, part_id, quantity, counted, damaged)
SELECT brand_id, id, dealer_id, order_id, id, part_id, quantity, CASE WHEN state = 'received' THEN quantity END, CASE WHEN state = 'received' THEN 0 END FROM planned_lines
WHERE state IN ('shipped', 'received') ORDER BY id;

-- # layers, the oldest with a piece used
CREATE TEMP TABLE used ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY id) AS n, id, brand_id, dealer_id, part_id, price FROM planned_lines WHERE brand_id = %(big)s AND state = 'received' ORDER BY id LIMIT %(claim_lines)s;
INSERT INTO layers (brand_id, id, dealer_id, part_id, line_id, order_number, bought, received, used, price, bought_at, first_received_on)
SELECT l.brand_id, l.id, l.dealer_id, l.part_id, l.id, 'PO' || f.stem, l.quantity, CASE WHEN l.state = 'received' THEN l.quantity ELSE 0 END, (u.id IS NOT NULL)::int, l.price,
    l.drafted_at + interval '6 hours', CASE WHEN l.state = 'received' THEN (l.drafted_at + interval '4 days')::date END
FROM planned_lines l JOIN figures f ON f.id = l.order_id LEFT JOIN used u ON u.id = l.id WHERE l.state IN ('debited', 'shipped', 'received') ORDER BY l.id;

-- # old parts
-- Each used piece is registered, reported and accepted in October 2026 …
INSERT INTO old_parts (brand_id, id, dealer_id, number, state, ver, product_id, part_id, fault_id, cause, quantity, amount, replaced_on, report_by, must_return, verdict, note,
    registered_at, registered_by, reported_at, reported_by, reported_late, review, reviewed_at, reviewed_by)
SELECT brand_id, n, dealer_id, 'OP2610-' || lpad(n::text, greatest(4, length(n::text)), '0'), 'reported', 1, dealer_id, part_id, brand_id, 'quality', 1, price,
    date '2026-10-01' + (n %% 20)::int, date '2026-10-08' + (n %% 20)::int, true, '{}', '', timestamptz '2026-10-21 10:00+08', '陈师傅', timestamptz '2026-10-21 11:00+08', '陈师傅', false,
    'accepted', timestamptz '2026-10-22 09:00+08', '林晓燕' FROM used ORDER BY n;
INSERT INTO allocations (brand_id, id, dealer_id, old_part_id, layer_id, pieces, returned, price) SELECT brand_id, n, dealer_id, n, id, 1, 0, price FROM used ORDER BY n;

-- # claims
-- … and claimed by its dealer, at most 200 to a paper, approved in full, to be paid for October.
CREATE TEMP TABLE claimed ON COMMIT DROP AS
SELECT u.*, dense_rank() OVER (ORDER BY dealer_id, (k - 1) / 200) AS claim_id, 1 + (k - 1) %% 200 AS position
FROM (SELECT *, row_number() OVER (PARTITION BY dealer_id ORDER BY n) AS k FROM used) u;
INSERT INTO claims (brand_id, id, dealer_id, number, state, ver, month, note, drafted_at, drafted_by, submitted_at, submitted_by, decided_at, updated_at)
SELECT DISTINCT brand_id, claim_id, dealer_id, 'RC2610-' || lpad(claim_id::text, greatest(4, length(claim_id::text)), '0'), 'decided', 1, date '2026-10-01', '', timestamptz '2026-10-22 10:00+08', '周先生',
    timestamptz '2026-10-22 11:00+08', '周先生', timestamptz '2026-10-25 09:00+08', timestamptz '2026-10-25 09:00+08' FROM claimed ORDER BY claim_id;
INSERT INTO claim_lines (brand_id, id, dealer_id, claim_id, position, state, old_part_id, service_day, quantity, claimed, approved_quantity, approved, checks, decided_at, decided_by, pays_in)
SELECT brand_id, n, dealer_id, claim_id, position, 'approved', n, date '2026-10-01' + (n %% 20)::int, 1, price, 1, price, '[]', timestamptz '2026-10-25 09:00+08', '林晓燕', date '2026-10-01'
FROM claimed ORDER BY n;

-- # journals
-- Every dealer starts with ten million yuan; every debited order takes its total. In order of time, which is the chain's.
CREATE TEMP TABLE booked ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY brand_id, at, kind, document) AS id, brand_id, row_number() OVER (PARTITION BY brand_id ORDER BY at, kind, document) AS seq, e.*,
    (at AT TIME ZONE 'Asia/Shanghai')::date AS day
FROM (SELECT brand_id, timestamptz '2026-01-01 09:00+08' AS at, 'opening' AS kind, code AS document, id AS dealer_id, 1000000000::bigint AS goods, 0::bigint AS freight FROM dealers
      UNION ALL SELECT brand_id, drafted_at + interval '6 hours', 'order', 'PO' || stem, dealer_id, goods, freight FROM figures WHERE debited) AS e (brand_of, at, kind, document, dealer_id, goods, freight)
CROSS JOIN LATERAL (SELECT brand_of AS brand_id) b;
ANALYZE booked;
INSERT INTO ledger_months (brand_id, month) SELECT DISTINCT brand_id, date_trunc('month', day)::date FROM booked;
CREATE TEMP TABLE numbered ON COMMIT DROP AS
SELECT id, row_number() OVER (PARTITION BY brand_id, date_trunc('month', day) ORDER BY id) AS n FROM booked;
INSERT INTO journals (brand_id, id, number, source, purpose, month, booked_on, at, memo, actor_name, member_id, reverses)
SELECT b.brand_id, b.id, 'JV' || to_char(day, 'YYMM') || '-' || lpad(n::text, greatest(6, length(n::text)), '0'), CASE kind WHEN 'order' THEN 'order:' ELSE 'dealer:' END || document, kind,
    date_trunc('month', day)::date, day, at, CASE kind WHEN 'order' THEN document ELSE '' END, '何敏', 0, NULL
FROM booked b JOIN numbered USING (id) ORDER BY b.id;

-- # postings with their running balances
CREATE TEMP TABLE sides ON COMMIT DROP AS
SELECT b.brand_id, b.id AS journal_id, b.day, b.at, b.kind, b.document, a.id AS account_id, a.dealer_id, s.debit, s.credit
FROM booked b CROSS JOIN LATERAL (VALUES
    (CASE kind WHEN 'order' THEN 'parts-sales' ELSE 'opening' END, NULL::bigint, CASE kind WHEN 'opening' THEN goods END, CASE kind WHEN 'order' THEN goods END),
    ('freight', NULL, NULL, nullif(freight, 0)),
    ('prepayments', b.dealer_id, CASE kind WHEN 'order' THEN goods + freight END, CASE kind WHEN 'opening' THEN goods END)) s (code, dealer_id, debit, credit)
JOIN accounts a ON a.brand_id = b.brand_id AND a.code = s.code AND coalesce(a.dealer_id, 0) = coalesce(s.dealer_id, 0)
WHERE s.debit IS NOT NULL OR s.credit IS NOT NULL;
ANALYZE sides;
INSERT INTO postings (brand_id, journal_id, line, account_id, dealer_id, debit_fen, credit_fen, seq, balance_after_fen, booked_on, at, purpose, document, memo)
SELECT brand_id, journal_id, row_number() OVER (PARTITION BY journal_id ORDER BY account_id), account_id, dealer_id, debit, credit, row_number() OVER w,
    sum(coalesce(credit, 0) - coalesce(debit, 0)) OVER w, day, at, kind, document, CASE kind WHEN 'order' THEN document ELSE '' END
FROM sides WINDOW w AS (PARTITION BY account_id ORDER BY journal_id);
UPDATE accounts a SET balance = s.balance, entries = s.entries
FROM (SELECT account_id, sum(coalesce(credit, 0) - coalesce(debit, 0)) AS balance, count(*) AS entries FROM sides GROUP BY account_id) s WHERE s.account_id = a.id;
ANALYZE journals; ANALYZE postings;

-- # the chain
-- Hash by hash, since each hashes the one before; the texts are journal_text's, for all journals in one join.
DO $$
DECLARE one record; head bytea; brand bigint := 0;
BEGIN
    FOR one IN
        SELECT j.brand_id, b.seq, j.id, convert_to(jsonb_build_array(j.brand_id, b.seq, j.number, j.source, j.purpose, j.booked_on, extract(epoch FROM j.at)::numeric(20, 6), j.memo, j.actor_name,
            j.member_id, j.reverses, p.sides)::text, 'UTF8') AS said
        FROM journals j JOIN booked b ON b.id = j.id
        JOIN (SELECT p.journal_id, jsonb_agg(jsonb_build_array(p.line, p.account_id, p.dealer_id, p.debit_fen, p.credit_fen, p.seq, p.balance_after_fen, p.booked_on,
                  extract(epoch FROM p.at)::numeric(20, 6), p.purpose, p.document, p.memo) ORDER BY p.line) AS sides
              FROM postings p GROUP BY p.journal_id) p ON p.journal_id = j.id
        ORDER BY j.id
    LOOP
        IF one.brand_id <> brand THEN brand := one.brand_id; head := '\x'; END IF;
        head := sha256(head || one.said);
        INSERT INTO chain_entries (brand_id, seq, journal_id, hash) VALUES (one.brand_id, one.seq, one.id, head);
    END LOOP;
END $$;
INSERT INTO chain_heads (brand_id, seq, hash) SELECT DISTINCT ON (brand_id) brand_id, seq, hash FROM chain_entries ORDER BY brand_id, seq DESC;

-- # numbers given, sequences
INSERT INTO counters (brand_id, kind, month, value)
SELECT brand_id, 'PO', month, max(in_month) FROM figures GROUP BY 1, 3 UNION ALL SELECT brand_id, 'SH', month, max(in_month) FROM figures GROUP BY 1, 3
UNION ALL SELECT b.brand_id, 'JV', to_char(day, 'YYMM'), max(n) FROM booked b JOIN numbered USING (id) GROUP BY 1, 3
UNION ALL SELECT %(big)s, 'OP', '2610', count(*) FROM used HAVING count(*) > 0 UNION ALL SELECT %(big)s, 'RC', '2610', max(claim_id) FROM claimed HAVING count(*) > 0;
DO $$
DECLARE t text; top bigint;
BEGIN
    FOR t IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id' AND a.attidentity <> ''
             WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'r' LOOP
        EXECUTE format('SELECT max(id) FROM app.%%I', t) INTO top;
        IF top IS NOT NULL THEN PERFORM setval(pg_get_serial_sequence('app.' || t, 'id'), top); END IF;
    END LOOP;
END $$;
