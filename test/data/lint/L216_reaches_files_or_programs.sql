-- planted: 1
CREATE ROLE "Files" LOGIN; GRANT pg_read_server_files, pg_execute_server_program TO app; GRANT app TO "Files";
-- safe
CREATE ROLE plain LOGIN; GRANT app TO plain;
