-- What arrived, as the target has recorded it. Fails where something is not proven.
\set ON_ERROR_STOP on
SELECT target_object, source_rows, target_rows, target_digest, verdict
  FROM custody.migration_verdict
 WHERE migration = 'default' AND object_type = 'table'
 ORDER BY target_object;
SELECT object_type, object, reason
  FROM custody.migration m, custody.migration_unproven(m.id) WHERE m.name = 'default';
SELECT 1 / (state = 'done')::int AS done FROM custody.migration
 WHERE name = 'default' ORDER BY id DESC LIMIT 1;
