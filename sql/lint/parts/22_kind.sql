-- The types that a context can have, and which column types go with each.
lint_kind AS (
    SELECT oid, CASE WHEN oid IN (20, 21, 23) THEN 'bigint' WHEN oid IN (25, 1042, 1043) THEN 'text'
                     ELSE format_type(oid, NULL) END AS kind
      FROM pg_type
)
