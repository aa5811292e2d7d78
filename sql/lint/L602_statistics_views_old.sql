-- code: L602
-- name: statistics_views_old
-- level: warning
-- title: Views of extended statistics from before a fix
-- why: CVE-2024-4317: the fix comes into a cluster that exists only by a script of the release
-- since: 140000
SELECT format('pg_catalog.%I', c.relname) AS object, 'does not look at row security and owners' AS seen,
       'run fix-CVE-2024-4317.sql of the server''s share directory in every database' AS remediation
  FROM pg_class c
 WHERE c.relnamespace = 'pg_catalog'::regnamespace
   AND c.relname IN ('pg_stats_ext', 'pg_stats_ext_exprs')
   AND pg_get_viewdef(c.oid) NOT LIKE '%pg\_has\_role%'
