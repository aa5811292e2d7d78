-- A database in LATIN1 has the digests of the same rows in UTF-8, whatever client_encoding says.
\set database :DBNAME
CREATE DATABASE regress_custody_latin1 TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C';
\set ECHO none
SELECT $$
SET client_encoding = 'UTF8';
CREATE SCHEMA encoded;
SET search_path = encoded;
CREATE TYPE mood AS ENUM ('très heureux', 'ok');
CREATE TYPE pair AS (n int4, t text);
CREATE TABLE texts ("Zürich" int4, "Größe" text, v varchar(9), c char(5), n name, "char" "char", j json, jb jsonb, m mood,
    a text[], p pair, r int4range, b bytea, ts tsvector, x xml);
INSERT INTO texts VALUES
    (1, 'naïve ÿ', 'ä', 'é', 'ñ', 'x', '{"ü": "ö"}', '{"ü": ["ö", {"ß": 1.0}]}', 'très heureux',
     '{é,NULL,plain}', (1, 'à'), '[1,2]', '\xe9', 'école:1', '<ä/>'),
    (2, 'plain', 'p', 'p', 'p', 'p', '{}', '{"a": "b"}', 'ok', '{a}', (2, 'b'), NULL, '\x41', 'a', '<a/>');
CREATE TYPE with_regtype AS (t regtype, s text);
CREATE TABLE text_form (k int4, w with_regtype, t text, m mood, a text[], j jsonb, b bytea);
INSERT INTO text_form VALUES (1, ('mood', 'é'), 'ñ', 'très heureux', '{é}', '{"ü": 1}', '\xe9');
$$ AS tables \gset
\set ECHO all
:tables
SELECT digest AS texts FROM custody.table_digest('texts') \gset
SELECT digest AS text_form FROM custody.table_digest('text_form') \gset
\c regress_custody_latin1
SET client_min_messages = error;
CREATE EXTENSION custody;
:tables
SHOW server_encoding;
SELECT rows, digest = :'texts' AS same, form, columns FROM custody.table_digest('texts');
SELECT rows, digest = :'text_form' AS same, form FROM custody.table_digest('text_form');
ALTER TABLE texts DROP ts, DROP x;
SELECT digest AS fewer FROM custody.table_digest('texts') \gset
SET client_encoding = 'LATIN1';
SELECT digest = :'fewer' AS same FROM custody.table_digest('texts');
SELECT digest = :'text_form' AS same FROM custody.table_digest('text_form');
\c :database
SET client_min_messages = warning;
DROP DATABASE regress_custody_latin1;
DROP SCHEMA encoded CASCADE;
