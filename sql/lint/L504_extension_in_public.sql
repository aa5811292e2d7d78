-- code: L504
-- name: extension_in_public
-- level: info
-- title: Extension in schema public
-- why: its functions are found by every statement, and whoever may create objects there can
--   shadow them
SELECT quote_ident(x.extname) AS object, 'schema public' AS seen,
       format('ALTER EXTENSION %I SET SCHEMA extensions;', x.extname) AS remediation
  FROM pg_extension x
  JOIN pg_namespace n ON n.oid = x.extnamespace AND n.nspname = 'public'
