-- code: L219
-- name: setting_with_stored_default
-- level: error
-- title: Setting of the context has a stored default
-- why: a session that sets nothing has an organization all the same
SELECT coalesce(quote_ident(pg_get_userbyid(nullif(s.setrole, 0))), 'all roles') || coalesce(
           (SELECT ' in ' || quote_ident(d.datname) FROM pg_database d WHERE d.oid = s.setdatabase), '')
       AS object,
       string_agg(DISTINCT split_part(c.entry, '=', 1), ', ') || ' is read by policies' AS seen,
       format('ALTER %s RESET %s;', CASE WHEN s.setrole = 0
                  THEN 'DATABASE ' || quote_ident(current_database())
                  ELSE 'ROLE ' || quote_ident(pg_get_userbyid(s.setrole)) || coalesce(
                       (SELECT ' IN DATABASE ' || quote_ident(d.datname) FROM pg_database d
                         WHERE d.oid = s.setdatabase), '') END,
              min(split_part(c.entry, '=', 1))) AS remediation
  FROM pg_db_role_setting s, unnest(s.setconfig) c(entry)
 WHERE split_part(c.entry, '=', 1) LIKE '%.%'
   AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
   AND EXISTS (SELECT FROM (SELECT coalesce(pg_get_expr(p.polqual, p.relation), '')
                                   || coalesce(pg_get_expr(p.polwithcheck, p.relation), '') AS text
                              FROM lint_policy p
                            UNION ALL
                            SELECT f.prosrc FROM lint_call f) t
                WHERE position('''' || lower(split_part(c.entry, '=', 1)) || '''' IN lower(t.text)) > 0)
 GROUP BY s.setdatabase, s.setrole
