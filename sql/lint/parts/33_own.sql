-- Functions of this extension.
lint_own AS (
    SELECT d.objid AS oid
      FROM pg_depend d
      JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'custody'
     WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass
       AND d.deptype = 'e'
)
