-- What others made and can hold or show rows; objects of extensions are their authors'.
lint_relation AS (
    SELECT c.oid, c.relkind, c.relname, c.relnamespace, c.relowner, c.relacl, c.relrowsecurity,
           c.relforcerowsecurity, c.relispartition, c.reloptions,
           format('%I.%I', n.nspname, c.relname) AS name
      FROM pg_class c
      JOIN lint_schema n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e')
)
