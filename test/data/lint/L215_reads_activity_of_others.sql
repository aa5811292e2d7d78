-- planted: 2
CREATE ROLE "Watcher" LOGIN; GRANT pg_monitor TO "Watcher";
CREATE ROLE through LOGIN; GRANT pg_read_all_stats TO app; GRANT app TO through;
-- safe
CREATE ROLE watcher LOGIN; GRANT pg_signal_backend TO watcher;
GRANT pg_monitor TO app;
