-- The tables of test/bench/audit: the same ten columns for each way to record changes. What a way
-- needs is installed on its table alone, so that all run in one server, interleaved.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
-- Of immutable parts, so that it is inlined: called, it would cost more than what is measured.
CREATE FUNCTION org(i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid$$;
CREATE TABLE way (name text PRIMARY KEY);
INSERT INTO way VALUES ('none'), ('custody'), ('plpgsql'), ('chain'), ('pgaudit'), ('table_log');
SELECT format($$CREATE TABLE %I (id bigint PRIMARY KEY, org_id uuid NOT NULL, name text NOT NULL, email text NOT NULL,
    amount numeric NOT NULL, quantity int NOT NULL, active boolean NOT NULL, created_at timestamptz NOT NULL,
    note text, score float8)$$, 't_' || name) FROM way \gexec
CREATE SEQUENCE ids START 1000000; -- lower ones have the rows of single updates

-- A minimal trigger, with the indexes that custody's ledger has: of rows, of times, of transactions.
CREATE TABLE plpgsql_log (at timestamptz NOT NULL DEFAULT now(), xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    tbl oid NOT NULL, op text NOT NULL, key bigint NOT NULL, old jsonb, new jsonb);
CREATE INDEX ON plpgsql_log (tbl, key);
CREATE INDEX ON plpgsql_log USING brin (at);
CREATE INDEX ON plpgsql_log (xid);
CREATE FUNCTION plpgsql_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO plpgsql_log (tbl, op, key, new) VALUES (tg_relid, 'I', new.id, to_jsonb(new));
    ELSIF tg_op = 'UPDATE' THEN
        INSERT INTO plpgsql_log (tbl, op, key, old, new) VALUES (tg_relid, 'U', new.id, to_jsonb(old), to_jsonb(new));
    ELSE
        INSERT INTO plpgsql_log (tbl, op, key, old) VALUES (tg_relid, 'D', old.id, to_jsonb(old));
    END IF;
    RETURN NULL;
END$$;
CREATE TRIGGER record AFTER INSERT OR UPDATE OR DELETE ON t_plpgsql FOR EACH ROW EXECUTE FUNCTION plpgsql_record();

-- The same, each row chained to the one before, which only one transaction at a time can do.
CREATE TABLE chain_log (LIKE plpgsql_log INCLUDING DEFAULTS, n bigserial PRIMARY KEY, hash bytea NOT NULL);
CREATE INDEX ON chain_log (tbl, key);
CREATE INDEX ON chain_log USING brin (at);
CREATE INDEX ON chain_log (xid);
-- Enough rows that its plan reads the last one by the index; the plan for an empty table sorts all.
INSERT INTO chain_log (tbl, op, key, hash) SELECT 0, 'I', g, '' FROM generate_series(1, 10000) g;
CREATE FUNCTION chain_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(4711);
    SELECT hash INTO before FROM chain_log ORDER BY n DESC LIMIT 1;
    IF tg_op = 'INSERT' THEN
        INSERT INTO chain_log (tbl, op, key, new, hash) VALUES (tg_relid, 'I', new.id, to_jsonb(new),
            sha256(coalesce(before, '') || convert_to(to_jsonb(new)::text, 'UTF8')));
    ELSE
        INSERT INTO chain_log (tbl, op, key, old, new, hash) VALUES (tg_relid, 'U', new.id, to_jsonb(old), to_jsonb(new),
            sha256(coalesce(before, '') || convert_to(to_jsonb(old)::text || to_jsonb(new)::text, 'UTF8')));
    END IF;
    RETURN NULL;
END$$;
CREATE TRIGGER record AFTER INSERT OR UPDATE ON t_chain FOR EACH ROW EXECUTE FUNCTION chain_record();

CREATE EXTENSION table_log;
SELECT table_log_init(5, 'public', 't_table_log', 'public', 'table_log_log') \g /dev/null
CREATE EXTENSION pgaudit;

SELECT custody.init_ledger() \g /dev/null
SELECT custody.audit('t_custody', org_column => 'org_id') \g /dev/null

-- Bytes of what a way has recorded, indexes and TOAST included.
CREATE FUNCTION recorded(way text) RETURNS numeric LANGUAGE sql AS $$
    SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND CASE way WHEN 'custody' THEN n.nspname = 'custody_ledger'
           ELSE n.nspname = 'public' AND c.relname = way || '_log' END$$;
-- What a server that has run for a while has: memory of its buffers, and segments of the log to write again.
CREATE EXTENSION pg_prewarm;
CREATE TABLE filler AS SELECT g, repeat('x', 900) AS t FROM generate_series(1, 4000000) g;
SELECT pg_prewarm('filler', last_block => 262000) \g /dev/null
DROP TABLE filler;
VACUUM (FREEZE, ANALYZE);
CHECKPOINT;
SELECT pg_switch_wal() \g /dev/null
CHECKPOINT;
