-- Lists: numbers are searched by how they begin; policies are withdrawn, empty drafts of claims discarded.
SET LOCAL statement_timeout = '600s';
SET LOCAL ROLE portal_owner;

-- 1. Numbers are plain signs, ordered by them whatever the server's language: what begins with PO2611 is then one range of their unique
--    index, and comparing is leakproof, so that row-level security does not keep it from the index as it keeps LIKE.
ALTER TABLE orders ALTER COLUMN number TYPE TEXT COLLATE "C";
ALTER TABLE shipments ALTER COLUMN number TYPE TEXT COLLATE "C";
ALTER TABLE old_parts ALTER COLUMN number TYPE TEXT COLLATE "C";
ALTER TABLE claims ALTER COLUMN number TYPE TEXT COLLATE "C";
ALTER TABLE fee_schedules ALTER COLUMN number TYPE TEXT COLLATE "C";
ALTER TABLE statements ALTER COLUMN number TYPE TEXT COLLATE "C";
ALTER TABLE topups ALTER COLUMN number TYPE TEXT COLLATE "C", ALTER COLUMN bank_reference TYPE TEXT COLLATE "C";
ALTER TABLE products ALTER COLUMN serial TYPE TEXT COLLATE "C";

-- 2. A customer is found by the whole name or phone, or by the phone's last four digits.
ALTER TABLE products ADD COLUMN phone_end TEXT GENERATED ALWAYS AS (right(customer_phone, 4)) STORED;
CREATE INDEX ix_products_brand_id_customer_name ON products (brand_id, customer_name);
CREATE INDEX ix_products_brand_id_customer_phone ON products (brand_id, customer_phone);
CREATE INDEX ix_products_brand_id_phone_end_id ON products (brand_id, phone_end, id);
CREATE INDEX ix_products_brand_id_model_id_id ON products (brand_id, model_id, id);

-- 3. The average that a line's amount is compared with (R41): a dealer's old parts of one part by the day.
CREATE INDEX ix_old_parts_brand_id_dealer_id_part_id_replaced_on ON old_parts (brand_id, dealer_id, part_id, replaced_on);

-- 4. A policy that has not begun can be withdrawn (R13), as a price list can: it keeps its rows, and its days are free again.
ALTER TABLE warranty_policies ADD COLUMN withdrawn_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE warranty_policies DROP CONSTRAINT ex_warranty_policies_one_in_force;
ALTER TABLE warranty_policies ADD CONSTRAINT ex_warranty_policies_one_in_force
    EXCLUDE USING gist (brand_id WITH =, daterange(from_day, to_day) WITH &&) WHERE (withdrawn_at IS NULL);

-- 5. A dealer discards its own draft of a claim, with the form that it was read from.
--    Nothing that was submitted is ever deleted (0002), whatever is asked.
GRANT DELETE ON claims, claim_forms, claim_form_rows TO scope_dealer;
CREATE POLICY dealer_discards_drafts ON claims AS RESTRICTIVE FOR DELETE TO scope_dealer
    USING (brand_id = (SELECT app.ctx_brand()) AND state = 'draft');

RESET ROLE;
