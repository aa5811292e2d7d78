-- code: L322
-- name: definer_temp_schema_first
-- level: warning
-- title: SECURITY DEFINER whose search_path does not put pg_temp last
-- why: temporary tables of the caller are found before those of the schemas that it names
SELECT r.name AS object, s.entry AS seen,
       format('ALTER %s %s SET search_path = %s, pg_temp;', r.kind, r.name,
              substr(s.entry, length('search_path=') + 1)) AS remediation
  FROM lint_routine r, unnest(r.proconfig) s(entry)
 WHERE r.prosecdef AND s.entry LIKE 'search\_path=%' AND s.entry !~ '(^search_path=|, *)"?pg_temp"?$'
   AND s.entry NOT IN ('search_path=', 'search_path=""')
