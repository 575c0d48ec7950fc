-- Statements: the papers as they were made, confirmations and disputes.
SELECT 1;
