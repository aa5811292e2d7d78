-- Every place that may still name the platform from which a database came.
\set SHOW_CONTEXT never
SET client_min_messages = error;
CREATE SCHEMA refs;
CREATE ROLE regress_references_zzold;
CREATE FUNCTION refs.body() RETURNS int LANGUAGE plpgsql SET refs.x = 'zzold' AS $$
BEGIN
    -- calls https://x.ZZOLD.example
    RETURN 1;
END
$$;
CREATE PROCEDURE refs.proc() LANGUAGE sql BEGIN ATOMIC SELECT 'zzold'; END;
CREATE FUNCTION refs.trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION refs.add(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE AGGREGATE refs.agg(text) (sfunc = refs.add, stype = text, initcond = 'zzold');
CREATE DOMAIN refs.dom AS text DEFAULT 'zzold' CHECK (VALUE <> 'zzold.io');
CREATE TABLE refs.t (
    a text DEFAULT 'zzold',
    b text GENERATED ALWAYS AS (a || 'zzold') STORED,
    c text CHECK (c <> 'zzold'),
    zzold_id int
);
CREATE INDEX refs_index ON refs.t ((a || 'zzold'));
CREATE INDEX refs_partial ON refs.t (c) WHERE c = 'zzold';
CREATE STATISTICS refs.stat ON (a || 'zzold') FROM refs.t;
CREATE TRIGGER trig BEFORE INSERT ON refs.t FOR EACH ROW WHEN (NEW.a = 'zzold') EXECUTE FUNCTION refs.trig('other');
CREATE RULE own AS ON UPDATE TO refs.t WHERE NEW.a = 'zzold' DO INSTEAD NOTHING;
CREATE POLICY read ON refs.t FOR SELECT TO regress_references_zzold USING (a = 'zzold');
CREATE POLICY write ON refs.t FOR INSERT WITH CHECK (a = 'zzold');
CREATE TABLE refs.parted (a text) PARTITION BY LIST ((a || 'zzold'));
CREATE TABLE refs.leaf PARTITION OF refs.parted FOR VALUES IN ('zzold');
CREATE VIEW refs.v AS SELECT a, 'zzold' AS z FROM refs.t;
CREATE MATERIALIZED VIEW refs.m AS SELECT 'zzold' AS z;
CREATE FUNCTION refs.zzold_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER refs_event ON sql_drop EXECUTE FUNCTION refs.zzold_event();
COMMENT ON TABLE refs.t IS E'moved\nfrom ZZold';
COMMENT ON COLUMN refs.t.a IS 'zzold';
COMMENT ON ROLE regress_references_zzold IS 'of zzold';
ALTER ROLE regress_references_zzold SET refs.url = 'https://zzold.example';
ALTER DATABASE :DBNAME SET refs.url = 'https://zzold.example';
CREATE FOREIGN DATA WRAPPER refs_wrapper OPTIONS (origin 'zzold');
CREATE SERVER refs_server FOREIGN DATA WRAPPER refs_wrapper OPTIONS (host 'db.zzold.example', password 'secret-zzold-1');
CREATE USER MAPPING FOR PUBLIC SERVER refs_server OPTIONS (user 'zzold', password 'secret-zzold-2');
CREATE FOREIGN TABLE refs.far (a int) SERVER refs_server OPTIONS (path 'zzold');
CREATE PUBLICATION refs_zzold FOR TABLE refs.t WHERE (zzold_id > 0);
CREATE SUBSCRIPTION refs_sub CONNECTION 'host=zzold.example password=secret-zzold-3 dbname=x'
    PUBLICATION p WITH (connect = false);
CREATE SUBSCRIPTION refs_uri CONNECTION 'postgresql://u:secret-zzold-4@zzold.example/x'
    PUBLICATION p WITH (connect = false);

\a
SELECT kind, regexp_replace(object, 'database .*', 'database ...') AS object, place, line, excerpt
  FROM custody.find_references('ZZold')
 WHERE (kind, object) <> ('setting', 'server');
\a
-- A value that is secret is neither shown nor searched.
ALTER ROLE regress_references_zzold SET refs.jwt_secret = 'secret-zzold-5';
ALTER ROLE regress_references_zzold SET refs.service_role_key = 'secret-zzold-6';
SELECT count(*) FROM custody.find_references('secret-zz');
-- A name alone is a reference, too.
CREATE VIEW refs.qqold_view AS SELECT 1 AS one;
CREATE POLICY qqold_policy ON refs.t FOR DELETE USING (false);
CREATE TYPE refs.qqold_type AS ENUM ('a');
CREATE AGGREGATE refs.qqold_aggregate(text) (sfunc = refs.add, stype = text);
ALTER TABLE refs.t ADD CONSTRAINT qqold_check CHECK (zzold_id > 0);
CREATE INDEX qqold_index ON refs.t (zzold_id);
CREATE SEQUENCE refs.qqold_sequence;
SELECT kind, object FROM custody.find_references('qqold') ORDER BY 1, 2;
-- Groups in the pattern, long lines, and a pattern of the whole line.
SELECT excerpt FROM custody.find_references('z(z)(old)$') WHERE kind = 'comment' ORDER BY 1 LIMIT 1;
DO $$ BEGIN EXECUTE format('COMMENT ON SCHEMA refs IS %L', repeat('x', 200) || ' needle ' || repeat('y', 200)); END $$;
SELECT length(excerpt), excerpt ~ 'needle' FROM custody.find_references('needle');
SELECT line FROM custody.find_references('^from zzold$');
SELECT custody.find_references('(');
SELECT count(*) FROM custody.find_references(NULL);

-- Nothing of the server and of custody itself; and once all is gone, nothing.
SELECT DISTINCT kind, object FROM custody.find_references('protection|pg_catalog')
 WHERE (kind, object) <> ('setting', 'server') ORDER BY 1, 2;
ALTER SUBSCRIPTION refs_sub SET (slot_name = NONE);
ALTER SUBSCRIPTION refs_uri SET (slot_name = NONE);
DROP SUBSCRIPTION refs_sub;
DROP SUBSCRIPTION refs_uri;
DROP EVENT TRIGGER refs_event;
DROP PUBLICATION refs_zzold;
DROP FOREIGN DATA WRAPPER refs_wrapper CASCADE;
DROP SCHEMA refs CASCADE;
ALTER DATABASE :DBNAME RESET refs.url;
SELECT kind, object FROM custody.find_references('qqold');
SELECT kind, object FROM custody.find_references('zzold');
DROP ROLE regress_references_zzold;
SELECT kind, object FROM custody.find_references('zzold');
