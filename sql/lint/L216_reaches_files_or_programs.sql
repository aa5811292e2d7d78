-- code: L216
-- name: reaches_files_or_programs
-- level: error
-- title: Login that reads the server's files or runs programs there
-- why: the files hold the rows of all organizations, and the keys
SELECT quote_ident(a.rolname) AS object,
       'member of ' || string_agg(DISTINCT t.rolname, ', ') AS seen,
       format('REVOKE %s FROM %I;', string_agg(DISTINCT quote_ident(t.rolname), ', '), a.rolname)
       AS remediation
  FROM pg_roles a
  JOIN lint_member m ON m.member = a.oid
  JOIN pg_roles t ON t.oid = m.roleid AND t.rolname IN
       ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
 WHERE a.rolcanlogin AND NOT a.rolsuper
 GROUP BY a.rolname
