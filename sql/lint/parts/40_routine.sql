-- Functions and procedures that others made; those of extensions are their authors'.
lint_routine AS (
    SELECT f.oid, f.proowner, f.proacl, f.prosecdef, f.proconfig, f.prosrc, f.prolang, f.prorettype,
           f.proleakproof, f.prokind, f.oid::regprocedure::text AS name,
           CASE f.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind
      FROM pg_proc f
      JOIN lint_schema n ON n.oid = f.pronamespace
     WHERE f.prokind IN ('f', 'p', 'w')
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
                          AND d.deptype = 'e')
)
