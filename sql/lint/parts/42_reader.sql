-- Functions that read a setting, and those that call one of them, by their text.
lint_body AS (
    SELECT r.oid, f.proname,
           CASE WHEN r.prosrc = '' THEN pg_get_functiondef(r.oid) ELSE r.prosrc END AS body
      FROM lint_routine r
      JOIN pg_proc f ON f.oid = r.oid
      JOIN pg_language l ON l.oid = r.prolang AND l.lanname NOT IN ('c', 'internal')
),
lint_reader AS (
    SELECT oid, proname FROM lint_body WHERE body ~* '\mcurrent_setting\M\s*\('
    UNION
    SELECT b.oid, b.proname
      FROM lint_reader r
      JOIN lint_body b
        ON position(r.proname IN b.body) > 0
       AND b.body ~ ('(^|\W)' || regexp_replace(r.proname, '\W', '.', 'g') || '"?\s*\(')
)
