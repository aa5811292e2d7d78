-- What was there before comes back: of partitions and children, and what tools read on a foreign key.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_undo_app;
CREATE SCHEMA undone;
SET search_path = undone;
CREATE TABLE org (id bigint PRIMARY KEY);
CREATE TABLE doc (id int PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE page (id int PRIMARY KEY, doc_id int NOT NULL REFERENCES doc ON DELETE CASCADE);
COMMENT ON CONSTRAINT page_doc_id_fkey ON page IS '@foreignFieldName "the pages"''s';
CREATE TABLE event (id int, org_id bigint DEFAULT 5) PARTITION BY LIST (org_id);
CREATE TABLE event_7 PARTITION OF event (org_id NOT NULL DEFAULT 7) FOR VALUES IN (7);
CREATE TABLE event_8 PARTITION OF event FOR VALUES IN (8);
CREATE TABLE note (org_id bigint);
CREATE TABLE old_note (org_id bigint NOT NULL DEFAULT 9) INHERITS (note);
-- The org column and the comment, of each table.
CREATE VIEW public.regress_undo AS
SELECT c.relname AS name, a.attnotnull AS not_null, pg_get_expr(d.adbin, d.adrelid) AS given,
       (SELECT pg_get_constraintdef(f.oid) || ' ' || obj_description(f.oid, 'pg_constraint') FROM pg_constraint f
         WHERE f.conrelid = c.oid AND f.contype = 'f' AND c.relname = 'page') AS foreign_key
  FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'undone'::regnamespace AND c.relkind IN ('r', 'p');
CREATE TEMP TABLE before AS TABLE public.regress_undo;
SELECT * FROM before ORDER BY name;
SELECT count(*) > 0 AS protected FROM custody.protect_schema('undone', roles => '{regress_undo_app}',
    classes => '{"event": "owned", "note": "owned"}');
SELECT * FROM public.regress_undo ORDER BY name;
SELECT count(*) FROM custody.protect_schema('undone') WHERE sql IS NOT NULL;
SELECT count(*) > 0 AS undone FROM custody.unprotect('page');
SELECT count(*) > 0 AS undone FROM unnest('{event,note,doc,org}'::regclass[]) t, custody.unprotect(t);
(TABLE before EXCEPT TABLE public.regress_undo) UNION ALL (TABLE public.regress_undo EXCEPT TABLE before);

-- Tables and columns have other names when the plain keys come back, in another schema; a parent is gone.
CREATE SCHEMA "un done";
CREATE TABLE line (id int PRIMARY KEY, "of" int REFERENCES line, page_id int NOT NULL REFERENCES page ON DELETE CASCADE);
CREATE TABLE remark (id int PRIMARY KEY, doc_id int NOT NULL REFERENCES doc);
CREATE TEMP TABLE keys AS SELECT conname, conrelid, confrelid, conkey, confkey, confdeltype, obj_description(oid, 'pg_constraint') AS d
  FROM pg_constraint WHERE contype = 'f' AND conrelid IN ('page'::regclass, 'line'::regclass, 'remark'::regclass);
SELECT count(*) > 0 AS protected FROM custody.protect_schema('undone', roles => '{regress_undo_app}', composite_keys => true,
    classes => '{"event": "owned", "note": "owned"}');
SELECT count(*) AS composite FROM keys k JOIN pg_constraint f USING (conrelid, conname)
 WHERE cardinality(f.conkey) = cardinality(k.conkey) + 1;
ALTER TABLE doc RENAME TO "doc, the ""(2)""";
ALTER TABLE "doc, the ""(2)""" RENAME id TO "REFERENCES x(id)";
ALTER TABLE page RENAME doc_id TO "doc (id)";
ALTER TABLE page RENAME TO "pa ge";
ALTER TABLE line RENAME TO lines;
ALTER TABLE "pa ge" SET SCHEMA "un done";
BEGIN;
DROP TABLE "doc, the ""(2)""" CASCADE;
SELECT sql, note FROM custody.unprotect('remark') WHERE note ~ 'parent' OR sql ~ 'REFERENCES';
ROLLBACK;
SELECT sql FROM custody.unprotect('remark') WHERE sql ~ 'REFERENCES';
SELECT sql FROM custody.unprotect('lines') WHERE sql ~ 'REFERENCES';
SELECT sql FROM custody.unprotect('"un done"."pa ge"') WHERE sql ~ 'REFERENCES';
SELECT conname, k.conkey, f.conkey FROM keys k FULL JOIN (SELECT * FROM pg_constraint WHERE contype = 'f'
    AND conrelid IN (SELECT conrelid FROM keys)) f USING (conname, conrelid, confrelid, conkey, confkey, confdeltype)
 WHERE k.conkey IS NULL OR f.conkey IS NULL OR d IS DISTINCT FROM obj_description(f.oid, 'pg_constraint');
SELECT count(*) > 0 AS undone FROM unnest(ARRAY['event', 'note', 'doc, the "(2)"', 'org']) t, custody.unprotect(format('undone.%I', t)::regclass);
-- A parent that is unprotected brings the plain key of a renamed child back, too.
CREATE TABLE file (id int PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE part (id int PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, file_id int REFERENCES file);
SELECT count(*) > 0 AS protected FROM custody.protect('file', roles => '{regress_undo_app}', class => 'owned');
SELECT count(*) > 0 AS protected FROM custody.protect('part', roles => '{regress_undo_app}', class => 'owned', composite_keys => true);
ALTER TABLE part RENAME TO "renamed part";
SELECT count(*) > 0 AS undone FROM custody.unprotect('file');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '"renamed part"'::regclass AND contype = 'f' ORDER BY 1;
SELECT count(*) > 0 AS undone FROM custody.unprotect('"renamed part"');
RESET search_path;
DROP SCHEMA "un done" CASCADE;
DROP VIEW public.regress_undo;
DROP SCHEMA undone CASCADE;
DROP OWNED BY regress_undo_app;
DROP ROLE regress_undo_app;
