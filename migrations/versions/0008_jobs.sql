-- The queue of jobs, in a schema of its own.
SELECT 1;
