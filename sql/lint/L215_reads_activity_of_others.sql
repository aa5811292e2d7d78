-- code: L215
-- name: reads_activity_of_others
-- level: warning
-- title: Login that reads the statements of others
-- why: statements in pg_stat_activity hold values, and tokens where they are not bind parameters
SELECT quote_ident(a.rolname) AS object,
       'member of ' || string_agg(DISTINCT t.rolname, ', ') AS seen,
       format('REVOKE %s FROM %I;', string_agg(DISTINCT quote_ident(t.rolname), ', '), a.rolname)
       AS remediation
  FROM pg_roles a
  JOIN lint_member m ON m.member = a.oid
  JOIN pg_roles t ON t.oid = m.roleid AND t.rolname IN ('pg_read_all_stats', 'pg_monitor')
 WHERE a.rolcanlogin AND NOT a.rolsuper
 GROUP BY a.rolname
