-- What the role that reads the source should be able to do; run it there to see. Nothing is changed.
\set ON_ERROR_STOP on
SELECT rolname AS reads_as, rolbypassrls OR rolsuper AS sees_all_rows
  FROM pg_roles WHERE rolname = current_user;
SELECT format('%I.%I', n.nspname, c.relname) AS cannot_read
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'S')
   AND (n.nspname = 'public' OR n.nspname = 'auth' AND c.relname IN ('users', 'identities'))
   AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
                          ELSE has_table_privilege(c.oid, 'SELECT') END;
