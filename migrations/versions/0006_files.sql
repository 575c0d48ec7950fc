-- Quotas and the sweep of files that nothing names.
SELECT 1;
