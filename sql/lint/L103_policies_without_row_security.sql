-- code: L103
-- name: policies_without_row_security
-- level: error
-- title: Policies that do nothing: row security is off
-- why: the policies look like protection, but the server does not apply them
SELECT p.table_name AS object,
       'row security is off; policies ' || string_agg(quote_ident(p.polname), ', ' ORDER BY p.polname)
       AS seen,
       format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', p.table_name) AS remediation
  FROM lint_policy p
  JOIN lint_relation r ON r.oid = p.relation
 WHERE NOT r.relrowsecurity
 GROUP BY p.table_name
