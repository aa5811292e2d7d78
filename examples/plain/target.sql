-- Prepares the target database; may be run again. A superuser runs it.
\set ON_ERROR_STOP on
CREATE EXTENSION IF NOT EXISTS custody;
SELECT 'extension custody ' || extversion AS target FROM pg_extension WHERE extname = 'custody';
