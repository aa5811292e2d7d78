-- planted: 3
GRANT SET ON PARAMETER custody.context TO app;
GRANT SET ON PARAMETER session_replication_role TO app;
GRANT SET, ALTER SYSTEM ON PARAMETER dynamic_library_path TO PUBLIC;
-- safe
GRANT SET ON PARAMETER log_min_duration_statement TO app;
