lint_policy AS (
    SELECT p.oid, p.polrelid AS relation, p.polname, p.polcmd, p.polpermissive, p.polroles,
           p.polqual, p.polwithcheck, r.name AS table_name, r.relowner,
           format('%I on %s', p.polname, r.name) AS name
      FROM pg_policy p
      JOIN lint_relation r ON r.oid = p.polrelid
)
