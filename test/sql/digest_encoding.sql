-- A database in LATIN1 has the digests of the same rows in UTF-8, whatever client_encoding says.
\set database :DBNAME
CREATE DATABASE regress_custody_latin1 TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C';
\set ECHO none
SELECT $$
SET client_encoding = 'UTF8';
CREATE SCHEMA encoded;
CREATE EXTENSION hstore SCHEMA encoded;
CREATE EXTENSION citext SCHEMA encoded;
CREATE EXTENSION ltree SCHEMA encoded;
SET search_path = encoded;
CREATE TYPE mood AS ENUM ('très heureux', 'ok');
CREATE TYPE pair AS (n int4, t text);
CREATE TABLE texts ("Zürich" int4, "Größe" text, v varchar(9), c char(5), n name, "char" "char", j json, jb jsonb, m mood,
    a text[], p pair, r int4range, b bytea, ts tsvector, x xml);
INSERT INTO texts VALUES
    (1, 'naïve ÿ', 'ä', 'é', 'ñ', 'x', '{"ü": "ö"}', '{"ü": ["ö", {"ß": 1.0}]}', 'très heureux',
     '{é,NULL,plain}', (1, 'à'), '[1,2]', '\xe9', 'école:1', '<ä/>'),
    (2, 'plain', 'p', 'p', 'p', 'p', '{}', '{"a": "b"}', 'ok', '{a}', (2, 'b'), NULL, '\x41', 'a', '<a/>');
-- What send functions convert by themselves, alone and within other types.
CREATE TYPE words AS (n int4, v tsvector);
CREATE TABLE sent (id int4 PRIMARY KEY, tv tsvector, tq tsquery, jp jsonpath, x xml, xs xml[], w words, h hstore,
    ci citext, l ltree, lq lquery);
INSERT INTO sent VALUES
    (1, 'école:1A été:2', 'école & !ñ:*', '$."ü" ? (@ == "ö")', '<ä/>', '{<ö/>,<o/>}', (1, 'ß'), '"u"=>"o", "a"=>NULL',
     'Ägypten', 'a.b', 'a.*{1,2}'),
    (2, 'a', 'a', '$', '<?xml version="1.0" encoding="LATIN1" standalone="yes"?><a>ä</a>', '{}', NULL, '', 'a', '', 'a');
CREATE TYPE with_regtype AS (t regtype, s text);
CREATE TABLE text_form (k int4, w with_regtype, t text, m mood, a text[], j jsonb, b bytea);
INSERT INTO text_form VALUES (1, ('mood', 'é'), 'ñ', 'très heureux', '{é}', '{"ü": 1}', '\xe9');
$$ AS tables \gset
\set ECHO all
:tables
SELECT custody.table_digest('texts') AS texts \gset
SELECT custody.table_digest('sent') AS sent \gset
SELECT custody.table_digest('text_form') AS text_form \gset
SET client_encoding = 'LATIN1';
SELECT custody.table_digest('texts')::text = :'texts' AS same;
SELECT custody.table_digest('sent')::text = :'sent' AS same;
SELECT custody.table_digest('text_form')::text = :'text_form' AS same;
-- The client has its own encoding back: 233 is e with an acute accent. After an error, too.
SELECT textsend(chr(233));
DO $$
BEGIN
    UPDATE pg_type SET typsend = 'pg_catalog.any_out'::regproc WHERE oid = 'jsonpath'::regtype;
    PERFORM custody.table_digest('encoded.sent');
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE '%', SQLERRM;
END $$;
SELECT textsend(chr(233));
UPDATE pg_type SET typsend = 'pg_catalog.any_out'::regproc WHERE oid = 'jsonpath'::regtype;
SELECT custody.table_digest('sent');
SELECT textsend(chr(233));
UPDATE pg_type SET typsend = 'pg_catalog.jsonpath_send'::regproc WHERE oid = 'jsonpath'::regtype;
-- A character that the client's encoding does not have is no error.
INSERT INTO sent (id, ci, h) VALUES (3, chr(8364), hstore(chr(8364), ''));
SELECT custody.table_digest('sent') AS euro \gset
-- So do parallel workers, which have the encoding of the database.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT custody.digest(s) FROM sent s;
SELECT custody.digest(s)::text = :'euro' AS same FROM sent s;
SELECT custody.digest(t)::text = :'texts' AS same FROM texts t;
SELECT custody.digest(f)::text = :'text_form' AS same FROM text_form f;
RESET client_encoding;
SELECT custody.table_digest('sent')::text = :'euro' AS same;
\c regress_custody_latin1
SET client_min_messages = error;
CREATE EXTENSION custody;
:tables
SHOW server_encoding;
SELECT d, d::text = :'texts' AS same FROM custody.table_digest('texts') d;
SELECT d, d::text = :'text_form' AS same FROM custody.table_digest('text_form') d;
SELECT d, d::text = :'sent' AS same FROM custody.table_digest('sent') d;
SET client_encoding = 'LATIN1';
SELECT custody.table_digest('texts')::text = :'texts' AS same;
SELECT custody.table_digest('sent')::text = :'sent' AS same;
SELECT custody.table_digest('text_form')::text = :'text_form' AS same;
SELECT textsend(chr(233));
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT custody.digest(s) FROM sent s;
SELECT custody.digest(s)::text = :'sent' AS same FROM sent s;
SELECT custody.digest(t)::text = :'texts' AS same FROM texts t;
SELECT custody.digest(f)::text = :'text_form' AS same FROM text_form f;
SET client_encoding = 'SQL_ASCII';
SELECT custody.table_digest('sent')::text = :'sent' AS same;
-- hstore counts the bytes of the database's encoding, so such a one compares only with its like.
INSERT INTO sent (id, h) VALUES (3, hstore(chr(228), ''));
SELECT custody.table_digest('sent') AS umlaut \gset
SET client_encoding = 'UTF8';
SELECT custody.table_digest('sent')::text = :'umlaut' AS same;
\c :database
SET client_min_messages = warning;
DROP DATABASE regress_custody_latin1;
DROP SCHEMA encoded CASCADE;
