-- Everything that must survive a move, in one database: the odd kinds of tables, columns, names, constraints and flags.
--
--     psql -v bytes=104857600 -f test/data/survive.sql 'dbname=survive'
--
-- bytes is the size of the largest value (default 1 MB). Wants an empty UTF8 database, a superuser, hstore and citext,
-- and makes the roles "survive owner", survive_reader and survive_writer in the cluster. PostgreSQL 13 and later.
\set ON_ERROR_STOP 1
\set QUIET 1
\if :{?bytes}
\else
    \set bytes 1048576
\endif
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT current_setting('server_version_num')::int >= 140000 AS from_14,
       current_setting('server_version_num')::int >= 150000 AS from_15 \gset

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['survive owner', 'survive_reader', 'survive_writer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
END
$$;

\ir survive/types.sql
\ir survive/values.sql
\ir survive/names.sql
\ir survive/tables.sql
\ir survive/partitions.sql
\ir survive/constraints.sql
\ir survive/programs.sql
\ir survive/objects.sql
\ir survive/privileges.sql
