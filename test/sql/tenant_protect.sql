-- A schema is protected, and what that means for the roles that use it: shown as these roles.
\set SHOW_CONTEXT never
\set a '''aaaaaaaa-0000-0000-0000-000000000001'''
\set b '''bbbbbbbb-0000-0000-0000-000000000002'''
CREATE ROLE gen_app;
CREATE ROLE gen_support;
CREATE ROLE gen_keeper;
CREATE ROLE gen_backup BYPASSRLS;
CREATE SCHEMA "Shop";
SET search_path = "Shop";
CREATE TABLE orgs (id uuid PRIMARY KEY, name text);
CREATE TABLE users (id int PRIMARY KEY, email text);
CREATE TABLE memberships (org_id uuid NOT NULL REFERENCES orgs, user_id int REFERENCES users, PRIMARY KEY (org_id, user_id));
CREATE TABLE countries (code text PRIMARY KEY);
CREATE TABLE "Order" (id int PRIMARY KEY, org_id uuid REFERENCES orgs, amount numeric, "No te" text);
CREATE INDEX ON "Order" (amount DESC NULLS LAST);
CREATE INDEX "Order_note" ON "Order" ("No te" text_pattern_ops) WHERE amount > 0;
CREATE INDEX ON "Order" USING gin (to_tsvector('simple', "No te"));
CREATE TABLE lines (order_id int NOT NULL REFERENCES "Order" ON DELETE CASCADE, n int, country text REFERENCES countries, PRIMARY KEY (order_id, n));
CREATE TABLE line_tags (id int PRIMARY KEY, order_id int NOT NULL, n int NOT NULL, tag text, FOREIGN KEY (order_id, n) REFERENCES lines);
-- A policy that is there already, and opens more than it should.
CREATE POLICY everything ON "Order" USING (true);
CREATE MATERIALIZED VIEW totals AS SELECT org_id, sum(amount) AS total FROM "Order" GROUP BY 1;
INSERT INTO orgs VALUES (:a, 'A'), (:b, 'B');
INSERT INTO users VALUES (1, 'ann@a'), (2, 'bob@b');
INSERT INTO memberships VALUES (:a, 1), (:b, 1), (:b, 2);
INSERT INTO countries VALUES ('ch'), ('de');
INSERT INTO "Order" VALUES (1, :a, 10, 'first'), (2, :b, 20, 'second');
INSERT INTO lines VALUES (1, 1, 'ch'), (2, 1, 'de');
INSERT INTO line_tags VALUES (1, 1, 1, 'a'), (2, 2, 1, 'b');
RESET search_path;
GRANT USAGE ON SCHEMA "Shop" TO gen_app, gen_support, gen_keeper;
GRANT ALL ON ALL TABLES IN SCHEMA "Shop" TO gen_app;
REVOKE ALL ON "Shop".users, "Shop".totals FROM gen_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA "Shop" TO gen_support;
GRANT SELECT, INSERT, UPDATE, DELETE ON "Shop".countries TO gen_keeper;
GRANT TRUNCATE ON "Shop".lines TO PUBLIC;
GRANT REFERENCES (order_id) ON "Shop".lines TO gen_support WITH GRANT OPTION;

-- Every table has a class, or the caller has to say it.
SELECT relation, class, org_column, parent, foreign_key, note FROM custody.classify_schema('"Shop"');
SELECT count(*) FROM custody.protect_schema('"Shop"', roles => '{gen_app}');

-- The dry run prints the SQL of the run and changes nothing.
CREATE FUNCTION pg_temp.protect(dry_run bool) RETURNS SETOF custody.protect_result LANGUAGE sql AS $$
    SELECT * FROM custody.protect_schema('"Shop"', roles => '{gen_app}', multi_roles => '{gen_support}',
        writers => '{gen_keeper}', dry_run => dry_run,
        classes => '{"countries": "shared", "users": {"class": "exempt", "reason": "no privileges"}}') $$;
CREATE TEMP TABLE dry AS SELECT * FROM pg_temp.protect(true);
SELECT action, note FROM dry WHERE sql IS NULL ORDER BY step;
SELECT relation, action, sql FROM dry
 WHERE relation IN ('"Shop".lines'::regclass, '"Shop"."Order"'::regclass) AND action NOT IN ('begin', 'record', 'note')
   AND sql !~ 'custody_orgs' ORDER BY step;
SELECT sql FROM dry WHERE relation = '"Shop".countries'::regclass AND action NOT IN ('begin', 'record') ORDER BY step;
SELECT count(*) FROM pg_policy WHERE polrelid::regclass::text LIKE '%Shop%';
CREATE TEMP TABLE run AS SELECT * FROM pg_temp.protect(false);
SELECT count(*) > 100 AS steps, count(*) FILTER (WHERE dry IS DISTINCT FROM run) AS different
  FROM dry FULL JOIN run USING (step);
SELECT relation, class, org_column, roles, multi_roles, writers, parent, reason, jsonb_array_length(made) > 0 AS made
  FROM custody.protection ORDER BY relation::text;
-- Once more there is nothing to do, whether the roles are said again or not.
SELECT count(*) FROM pg_temp.protect(false) WHERE sql IS NOT NULL;
SELECT * FROM custody.protect('"Shop"."Order"') WHERE sql IS NOT NULL;
SELECT org_id, count(*) FROM "Shop".line_tags GROUP BY 1 ORDER BY 1;

-- What a role of the application sees and can do.
CREATE FUNCTION public.gen_try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE statement INTO answer;
    RETURN coalesce(answer, 'nothing');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION public.gen_rows(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    n int;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- One row per table: rows seen of the own organization and of others.
CREATE FUNCTION public.gen_seen() RETURNS TABLE (tab text, own text, others text) LANGUAGE plpgsql AS $$
BEGIN
    FOR tab IN SELECT p.t FROM unnest('{orgs,memberships,"\"Order\"",lines,line_tags}'::text[]) p (t) LOOP
        own := gen_try(format('SELECT count(*) FROM "Shop".%s WHERE %s = custody.current_org_uuid()', tab, CASE tab WHEN 'orgs' THEN 'id' ELSE 'org_id' END));
        others := gen_try(format('SELECT count(*) FROM "Shop".%s WHERE %s <> custody.current_org_uuid()', tab, CASE tab WHEN 'orgs' THEN 'id' ELSE 'org_id' END));
        RETURN NEXT;
    END LOOP;
END $$;
SET ROLE gen_app;
SELECT gen_try('SELECT count(*) FROM "Shop"."Order"') AS without_context;
RESET ROLE;
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE gen_app;
SELECT * FROM gen_seen();
-- The context is the default; another organization is refused; rows do not move.
SELECT gen_try('INSERT INTO "Shop"."Order" (id, amount) VALUES (3, 1) RETURNING org_id');
SELECT gen_rows($$INSERT INTO "Shop"."Order" VALUES (4, 'bbbbbbbb-0000-0000-0000-000000000002', 1)$$);
SELECT gen_rows($$UPDATE "Shop"."Order" SET org_id = 'bbbbbbbb-0000-0000-0000-000000000002'$$);
SELECT gen_rows($$UPDATE "Shop"."Order" SET org_id = 'bbbbbbbb-0000-0000-0000-000000000002' WHERE id = 1$$);
SELECT gen_rows('INSERT INTO "Shop"."Order" VALUES (4, NULL, 1)');
-- Blind writes: only the own rows.
SELECT gen_rows('UPDATE "Shop".line_tags SET tag = tag'), gen_rows('DELETE FROM "Shop".line_tags');
-- A child gets no parent of another organization, whatever its own is.
SELECT gen_rows('INSERT INTO "Shop".lines VALUES (2, 9)');
SELECT gen_rows($$INSERT INTO "Shop".lines VALUES (2, 9, 'ch', 'bbbbbbbb-0000-0000-0000-000000000002')$$);
SELECT gen_rows('INSERT INTO "Shop".lines VALUES (1, 9)');
-- Shared: read, not written.
SELECT gen_try('SELECT count(*) FROM "Shop".countries'), gen_rows('INSERT INTO "Shop".countries VALUES (''xx'')'),
       gen_rows('UPDATE "Shop".countries SET code = code'), gen_rows('DELETE FROM "Shop".countries');
SELECT gen_rows('TRUNCATE "Shop".lines CASCADE'), gen_rows('TRUNCATE "Shop".line_tags');
SELECT has_table_privilege('"Shop".lines', 'TRUNCATE, TRIGGER, REFERENCES') AS more;
-- The composite index brings the rows of the organization in the order that the plain one would.
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
EXPLAIN (COSTS OFF) SELECT id FROM "Shop"."Order" ORDER BY amount DESC NULLS LAST LIMIT 20;
RESET ROLE;
SELECT id, org_id FROM "Shop"."Order" ORDER BY id;
SELECT count(*) FROM "Shop".line_tags;
ROLLBACK;

-- Several organizations, and the writer of what is shared.
BEGIN;
SELECT custody.set_context_orgs(ARRAY[:a, :b]::uuid[], 'sue');
SET LOCAL ROLE gen_support;
SELECT gen_try('SELECT count(*) FROM "Shop"."Order"'), gen_rows('DELETE FROM "Shop".countries');
SELECT gen_rows($$INSERT INTO "Shop"."Order" VALUES (4, 'bbbbbbbb-0000-0000-0000-000000000002', 1)$$),
       gen_rows($$INSERT INTO "Shop"."Order" VALUES (5, 'cccccccc-0000-0000-0000-000000000003', 1)$$);
ROLLBACK;
BEGIN;
SELECT custody.set_context_orgs(ARRAY[:b]::uuid[], 'sue');
SET LOCAL ROLE gen_support;
SELECT gen_try('SELECT string_agg(id::text, '','') FROM "Shop"."Order"');
SET LOCAL ROLE gen_keeper;
SELECT gen_rows('INSERT INTO "Shop".countries VALUES (''xx'')'), gen_rows('UPDATE "Shop".countries SET code = code'),
       gen_rows('DELETE FROM "Shop".countries WHERE code = ''xx''');
ROLLBACK;

-- Users of several organizations: a policy that reads the protected membership table as the caller.
BEGIN;
ALTER TABLE "Shop".users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY colleagues ON "Shop".users FOR SELECT TO gen_app USING (id IN (SELECT m.user_id FROM "Shop".memberships m));
GRANT SELECT ON "Shop".users TO gen_app;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE gen_app;
SELECT email FROM "Shop".users;
ROLLBACK;

-- What was undone by hand is mended, other roles take the place of the first.
ALTER TABLE "Shop".lines NO FORCE ROW LEVEL SECURITY;
DROP POLICY custody_floor ON "Shop".lines;
ALTER POLICY custody_select ON "Shop".lines USING (true);
GRANT TRUNCATE ON "Shop".lines TO gen_app;
SELECT sql FROM custody.protect('"Shop".lines') WHERE sql IS NOT NULL AND action NOT IN ('begin', 'record');
SELECT sql FROM custody.protect('"Shop".lines', roles => '{gen_keeper}', multi_roles => '{}')
 WHERE sql IS NOT NULL AND action NOT IN ('begin', 'record');
SELECT roles, multi_roles FROM custody.protection WHERE relation = '"Shop".lines'::regclass;
SELECT count(*) FROM pg_temp.protect(false) WHERE sql ~ 'POLICY';

-- Back: exactly as it was.
SELECT sql, note FROM custody.unprotect('"Shop".lines', dry_run => true);
SELECT count(*) FROM custody.unprotect('"Shop"."Order"');
SELECT action, sql FROM custody.unprotect('"Shop".line_tags');
SELECT sql, note FROM custody.unprotect('"Shop".lines', dry_run => true);
SELECT relation, count(*) > 2 AS steps
  FROM unnest('{lines,"\"Order\"",memberships,orgs,countries,users}'::text[]) WITH ORDINALITY t (name, place)
 CROSS JOIN LATERAL custody.unprotect(('"Shop".' || t.name)::regclass) u GROUP BY relation, place ORDER BY place;
SELECT count(*) FROM custody.protection;
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
       ARRAY(SELECT p.polname FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
       ARRAY(SELECT f.conname FROM pg_constraint f WHERE f.conrelid = c.oid ORDER BY 1) AS constraints,
       ARRAY(SELECT i.indexrelid::regclass FROM pg_index i WHERE i.indrelid = c.oid ORDER BY i.indexrelid::regclass::text COLLATE "C") AS indexes,
       ARRAY(SELECT a.attname || CASE WHEN a.attnotnull THEN '!' ELSE '' END FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       c.relacl
  FROM pg_class c WHERE c.relnamespace = '"Shop"'::regnamespace AND c.relkind = 'r' ORDER BY c.relname;
SELECT attacl FROM pg_attribute WHERE attrelid = '"Shop".lines'::regclass AND attacl IS NOT NULL;
SELECT has_schema_privilege('gen_app', 'custody', 'USAGE') AS app, has_schema_privilege('gen_keeper', 'custody', 'USAGE') AS keeper;
SELECT * FROM custody.unprotect('"Shop".lines');

SET client_min_messages = warning;
DROP SCHEMA "Shop" CASCADE;
DROP FUNCTION gen_seen(), gen_try(text), gen_rows(text);
DROP ROLE gen_app, gen_support, gen_keeper, gen_backup;
