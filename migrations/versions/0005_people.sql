-- Invitations, resets, second factors, sign-in throttling.
SELECT 1;
