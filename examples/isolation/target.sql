-- Before the dump is restored: what its policies and grants name. A superuser runs it; it may be run again.
\set ON_ERROR_STOP on
CREATE EXTENSION IF NOT EXISTS custody;

-- auth.uid(), auth.jwt() and so on, which read the verified context, and the roles of the API. What is there
-- already is left alone. The dry run says what would be made; custody.remove_supabase_compat() undoes it.
SELECT kind, name, action FROM custody.install_supabase_compat(dry_run => true) WHERE kind <> 'grant';
SELECT action, count(*) FROM custody.install_supabase_compat() GROUP BY action;
