-- Indexes that measuring asked for.
SELECT 1;
