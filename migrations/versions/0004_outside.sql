-- What other programs and what leaves the portal need: tokens, replies kept for repeated requests, the outbox.
SELECT 1;
