-- code: L507
-- name: sequence_readable
-- level: info
-- title: Sequences tell how much the others do
-- why: last_value moves with the rows of all organizations
SELECT quote_ident(n.nspname) AS object,
       count(*) || ' sequences beside row security, as ' || min(x.name) || ', readable by '
       || min(x.roles) AS seen,
       format('REVOKE SELECT ON ALL SEQUENCES IN SCHEMA %I FROM ...; USAGE is enough', n.nspname)
       AS remediation
  FROM (SELECT r.relnamespace, r.oid, r.name, string_agg(DISTINCT g.role_name, ', ') AS roles
          FROM lint_relation r
          JOIN lint_grant g ON g.relation = r.oid AND g.privilege = 'SELECT'
          LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid
           AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
          JOIN lint_relation t ON t.oid = d.refobjid
            OR d.refobjid IS NULL AND t.relnamespace = r.relnamespace
         WHERE r.relkind = 'S' AND t.relkind IN ('r', 'p')
           AND (t.relrowsecurity OR t.oid IN (SELECT relation FROM lint_org))
         GROUP BY r.relnamespace, r.oid, r.name) x
  JOIN pg_namespace n ON n.oid = x.relnamespace
 GROUP BY n.nspname
