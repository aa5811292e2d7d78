-- code: L510
-- name: extension_past_row_security
-- level: info
-- title: Extension that leads past row security
-- why: what goes through it runs on a connection of its own, as another role, or shows what
--   others did
SELECT quote_ident(x.extname) AS object,
       CASE WHEN x.extname IN ('dblink', 'postgres_fdw') THEN 'opens connections, without this context'
            WHEN x.extname IN ('pg_cron', 'pg_net', 'http', 'pgmq', 'pg_background')
            THEN 'runs or sends things outside of the transaction'
            WHEN x.extname IN ('pageinspect', 'pg_visibility', 'pgrowlocks', 'pgstattuple', 'pg_walinspect')
            THEN 'reads pages as they are stored'
            WHEN x.extname = 'pg_stat_statements' THEN 'shows the statements of the shared role'
            ELSE 'runs code or reads files of the server' END AS seen,
       'see that no application role may call it' AS remediation
  FROM pg_extension x
 WHERE x.extname IN ('dblink', 'postgres_fdw', 'pg_cron', 'pg_net', 'http', 'pgmq', 'pg_background',
                     'pageinspect', 'pg_visibility', 'pgrowlocks', 'pgstattuple', 'pg_walinspect',
                     'pg_stat_statements', 'file_fdw', 'adminpack', 'plpython3u', 'plperlu', 'pltclu')
