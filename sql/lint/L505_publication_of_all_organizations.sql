-- code: L505
-- name: publication_of_all_organizations
-- level: warning
-- title: Publication that carries the rows of all organizations
-- why: replication does not apply row security: who may replicate, or owns the subscriber, has
--   them all
SELECT quote_ident(t.pubname) AS object,
       count(*) || ' tables with row security and no row filter, as ' || min(r.name) AS seen,
       format('ALTER PUBLICATION %I SET TABLE ... WHERE (...);', t.pubname) AS remediation
  FROM pg_publication_tables t
  JOIN lint_relation r ON r.name = format('%I.%I', t.schemaname, t.tablename)
 WHERE (r.relrowsecurity OR r.oid IN (SELECT relation FROM lint_org))
   AND to_jsonb(t) ->> 'rowfilter' IS NULL
   AND NOT EXISTS (SELECT FROM lint_protection p WHERE p.relation = r.oid AND p.class = 'shared')
 GROUP BY t.pubname
