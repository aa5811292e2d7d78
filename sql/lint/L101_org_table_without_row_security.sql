-- code: L101
-- name: org_table_without_row_security
-- level: error
-- title: Table of organizations without row security
-- why: every role with a privilege on the table reads and writes the rows of all organizations
-- needs: org
SELECT o.name AS object, 'column ' || quote_ident(o.attname) || ', row security is off' AS seen,
       format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', o.name)
       AS remediation
  FROM lint_org o
 WHERE NOT o.relrowsecurity AND NOT o.relispartition
   AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = o.relation)
   AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
                    WHERE i.inhrelid = o.relation AND c.relrowsecurity)
