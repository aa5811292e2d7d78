-- Partitions two deep and inheritance children: who reads one directly is bound as by its root.
\set SHOW_CONTEXT never
\set a '''aaaaaaaa-0000-0000-0000-000000000001'''
\set b '''bbbbbbbb-0000-0000-0000-000000000002'''
CREATE ROLE parts_app;
CREATE SCHEMA parts;
GRANT USAGE ON SCHEMA parts TO parts_app;
CREATE TABLE parts.orgs (id uuid PRIMARY KEY);
CREATE TABLE parts.events (id int, org_id uuid REFERENCES parts.orgs, day date NOT NULL, kind numeric, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE INDEX ON parts.events (kind);
CREATE TABLE parts."events 25" PARTITION OF parts.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id);
CREATE TABLE parts.events_25_odd PARTITION OF parts."events 25" FOR VALUES IN (1, 3);
CREATE TABLE parts.events_25_even PARTITION OF parts."events 25" FOR VALUES IN (2, 4);
CREATE TABLE parts.events_26 PARTITION OF parts.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE parts.details (event_id int NOT NULL, day date NOT NULL, n int, PRIMARY KEY (event_id, day, n), FOREIGN KEY (event_id, day) REFERENCES parts.events) PARTITION BY HASH (event_id);
CREATE TABLE parts.details_0 PARTITION OF parts.details FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts.details_1 PARTITION OF parts.details FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE parts.notes (id int PRIMARY KEY, org_id uuid NOT NULL, text text);
CREATE TABLE parts.old_notes (closed date) INHERITS (parts.notes);
INSERT INTO parts.orgs VALUES (:a), (:b);
INSERT INTO parts.events VALUES (1, :a, '2025-02-01'), (2, :b, '2025-02-01'), (3, :a, '2026-02-01'), (4, :b, '2026-03-01');
INSERT INTO parts.details SELECT id, day, 1 FROM parts.events;
INSERT INTO parts.notes VALUES (1, :a), (2, :b);
INSERT INTO parts.old_notes VALUES (3, :a), (4, :b);
GRANT ALL ON ALL TABLES IN SCHEMA parts TO parts_app;
-- Rows that the role sees of each table, directly.
CREATE FUNCTION public.parts_seen() RETURNS TABLE (tab regclass, rows int8) LANGUAGE plpgsql AS $$
BEGIN
    FOR tab IN SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'parts'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname LOOP
        EXECUTE format('SELECT count(*) FROM %s', tab) INTO rows;
        RETURN NEXT;
    END LOOP;
END $$;

SELECT custody.protect('parts.events_26', roles => '{parts_app}');
SELECT custody.protect('parts.old_notes', roles => '{parts_app}');
SELECT custody.protect('parts.no_such', roles => '{parts_app}');
SELECT custody.protect('pg_class', roles => '{parts_app}');
SELECT relation, class FROM custody.classify_schema('parts');
SELECT count(*) > 0 AS steps FROM custody.protect_schema('parts', roles => '{parts_app}');
SELECT t.member, c.relrowsecurity, c.relforcerowsecurity,
       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = t.member) AS policies,
       has_table_privilege('parts_app', t.member, 'TRUNCATE, TRIGGER, REFERENCES') AS more
  FROM pg_class r CROSS JOIN LATERAL custody.table_tree(r.oid) t JOIN pg_class c ON c.oid = t.member
 WHERE r.oid IN (SELECT relation FROM custody.protection) ORDER BY t.member::text;
SELECT indexrelid::regclass, indisvalid, (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = indexrelid) AS parent
  FROM pg_index WHERE indexrelid::regclass::text ~ '^parts.*custody' ORDER BY indexrelid::regclass::text;
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE parts_app;
SELECT * FROM parts_seen();
INSERT INTO parts.events (id, day) VALUES (3, '2025-05-05');
INSERT INTO parts.details (event_id, day, n) VALUES (3, '2025-05-05', 1);
SELECT tableoid::regclass, org_id FROM parts.details WHERE day = '2025-05-05';
INSERT INTO parts.events_26 (id, day, org_id) VALUES (5, '2026-05-05', :b);
ROLLBACK;
-- A partition that comes later is open until its table is protected again.
CREATE TABLE parts.events_27 PARTITION OF parts.events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
GRANT ALL ON parts.events_27 TO parts_app;
SELECT action, sql FROM custody.protect('parts.events') WHERE sql IS NOT NULL AND action NOT IN ('begin', 'record');
SELECT count(*) FROM custody.protect_schema('parts') WHERE sql IS NOT NULL;
-- Meanwhile a partition was dropped, another renamed, the table, too.
BEGIN;
ALTER TABLE parts.events DETACH PARTITION parts.events_27;
DROP TABLE parts.events_27;
ALTER TABLE parts.events_26 RENAME TO renamed;
ALTER TABLE parts.notes RENAME TO "new notes";
ALTER INDEX parts.notes_custody_org RENAME TO other;
SELECT count(*) > 0 AS steps FROM custody.unprotect('parts.details');
SELECT note, count(*) FROM custody.unprotect('parts.events') WHERE action = 'note' GROUP BY 1 ORDER BY 1;
SELECT action, sql, note FROM custody.unprotect('parts."new notes"');
SELECT polrelid::regclass FROM pg_policy WHERE polrelid::regclass::text ~ 'notes';
ROLLBACK;
SELECT t, count(*) > 3 AS steps FROM unnest('{details,events,notes,orgs}'::text[]) t CROSS JOIN LATERAL custody.unprotect(('parts.' || t)::regclass) GROUP BY t;
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'parts'::regnamespace
   AND (c.relrowsecurity OR c.relforcerowsecurity OR c.relname ~ 'custody' OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid));

-- Large tables: what cannot run in a transaction is printed. The dry run is a script for psql, too,
-- each statement a transaction of its own.
INSERT INTO custody.isolation_setting VALUES ('large_table', '0');
-- With an obstacle there is no SQL at all.
SELECT action, sql, note FROM custody.protect('parts.events', dry_run => true);
SELECT step, relation, action, sql, note FROM custody.protect('parts.events', roles => '{parts_app}')
 WHERE action IN ('script') OR action ~ 'index';
SELECT relation, jsonb_array_length(made) > 0 AS made FROM custody.protection;
SELECT count(*) > 0 AS steps FROM custody.protect('parts.orgs', roles => '{parts_app}');
SELECT step, action, sql FROM custody.protect('parts.details', roles => '{parts_app}', dry_run => true)
 WHERE sql IS NOT NULL AND sql !~ 'POLICY|REVOKE|ROW LEVEL|protection';
-- In a run what hangs on the back-fill waits.
SELECT action, sql FROM custody.protect('parts.details', roles => '{parts_app}')
 WHERE action <> 'script' AND sql !~ 'protection';
SELECT relation FROM custody.protection ORDER BY relation::text;
SELECT relation, jsonb_array_length(made) > 0 AS made FROM custody.protection_begun;
\set ECHO none
SELECT sql FROM custody.protect('parts.details', roles => '{parts_app}', dry_run => true) WHERE sql IS NOT NULL ORDER BY step
\gexec
SELECT sql FROM custody.protect('parts.events', dry_run => true) WHERE sql IS NOT NULL ORDER BY step
\gexec
SELECT sql FROM custody.protect('parts.notes', roles => '{parts_app}', dry_run => true) WHERE sql IS NOT NULL ORDER BY step
\gexec
\set ECHO all
SELECT relation, class, parent FROM custody.protection ORDER BY relation::text;
SELECT count(*) FROM custody.protection_begun;
SELECT count(*) FROM custody.protect_schema('parts') WHERE sql IS NOT NULL;
SELECT indexrelid::regclass, indisvalid, (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = indexrelid) AS parent
  FROM pg_index WHERE indexrelid::regclass::text ~ '^parts.*custody' ORDER BY indexrelid::regclass::text;
SELECT org_id, count(*) FROM parts.details GROUP BY 1 ORDER BY 1;
BEGIN;
SELECT custody.set_context(:b::uuid, 'bob');
SET LOCAL ROLE parts_app;
SELECT * FROM parts_seen();
ROLLBACK;
-- An index that CONCURRENTLY left invalid is made again.
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'parts.notes_custody_org'::regclass;
SELECT action, sql, note FROM custody.protect('parts.notes', dry_run => true) WHERE sql ~ 'INDEX' AND action <> 'begin';

SET client_min_messages = warning;
SELECT count(*) > 0 AS steps FROM unnest('{details,events,notes,orgs}'::text[]) t CROSS JOIN LATERAL custody.unprotect(('parts.' || t)::regclass);
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'parts'::regnamespace
   AND (c.relrowsecurity OR c.relforcerowsecurity OR c.relname ~ 'custody' OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid));
DELETE FROM custody.isolation_setting WHERE name = 'large_table';
DROP SCHEMA parts CASCADE;
DROP FUNCTION parts_seen();
DROP ROLE parts_app;
