-- custody repair VERSION, made at 2026-01-01 00:00:00+00
-- source: old:5432/shop at 0/1
-- target: new:5432/shop at 0/2
-- rows: 1 to insert, 1 to update, 1 to delete
--   public.new line: 1 to insert, 1 to update, 1 to delete
--
-- Run it on the target: psql -X -f FILE. Each batch is a transaction of its own. A row is
-- changed only as long as it is what it was when this was made; otherwise the script stops
-- with an error, and "custody repair" makes a new one. Triggers, constraints and row
-- security act as for anyone.

\set ON_ERROR_STOP on
\pset tuples_only on
\pset format unaligned
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 3;
SET bytea_output = 'hex';
SET array_nulls = on;
SET xmloption = 'content';
SET lc_monetary = 'C';
CREATE OR REPLACE FUNCTION pg_temp.custody_touched(what pg_catalog.text, expected bigint, touched bigint)
    RETURNS SETOF void LANGUAGE plpgsql AS $custody$
BEGIN
    IF touched OPERATOR(pg_catalog.<>) expected THEN
        RAISE EXCEPTION 'custody: %: % rows touched, % expected', what, touched, expected
            USING HINT = 'the row is not what it was when this script was made, or a trigger or row security is in the way: run custody repair again';
    END IF;
END
$custody$;

-- batch 1
BEGIN;
-- delete public.new\x0aline (id)=(3)
WITH touched AS (DELETE FROM ONLY "public"."new
line" AS custody_row WHERE "id" OPERATOR(pg_catalog.=) '3'::integer AND "v" OPERATOR(pg_catalog.=) 'it''s'::text RETURNING 1)
SELECT pg_temp.custody_touched(E'delete public.new\\x0aline (id)=(3)', 1, pg_catalog.count(*)) FROM touched;
-- insert public.new\x0aline (id)=(1)
WITH touched AS (INSERT INTO "public"."new
line" ("id", "v") VALUES ('1', E'a\n\\! echo') RETURNING 1)
SELECT pg_temp.custody_touched(E'insert public.new\\x0aline (id)=(1)', 1, pg_catalog.count(*)) FROM touched;
COMMIT;

-- batch 2
BEGIN;
SET CONSTRAINTS "public"."late" DEFERRED;
-- update public.new\x0aline (id)=(2)
WITH touched AS (UPDATE ONLY "public"."new
line" SET "v" = 'x' WHERE "id" OPERATOR(pg_catalog.=) '2'::integer AND "v" IS NULL RETURNING 1)
SELECT pg_temp.custody_touched(E'update public.new\\x0aline (id)=(2)', 1, pg_catalog.count(*)) FROM touched;
SET CONSTRAINTS "public"."late" IMMEDIATE;
COMMIT;
