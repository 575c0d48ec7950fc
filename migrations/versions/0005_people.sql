-- Invitations, resets, second factors, sign-in throttling.
SET LOCAL ROLE portal_owner;

ALTER TABLE logins ADD COLUMN email TEXT;
ALTER TABLE members ADD COLUMN email TEXT;

CREATE INDEX ix_logins_email ON logins (email);
RESET ROLE;
