-- Names that have to be quoted, escaped, or that end at the limit of 63 bytes.

CREATE SCHEMA "Mixed Case";
CREATE SCHEMA "sch""ema.with'dots\";
CREATE SCHEMA "ßchéma 日本";

CREATE TABLE "Mixed Case"."User" ("Id" integer PRIMARY KEY, "select" text, "order" text, "a.b" integer,
    "with ""quotes""" integer,
                                  "it's" text, "back\slash" text, " lead and trail " text, "%s %I" text,
                                  ":name" text, "$1" text);
INSERT INTO "Mixed Case"."User" SELECT g, 'x' || g, 'y', g, g, '''', E'\\', ' ', '%', ':name', '$1'
    FROM generate_series(1, 20) AS g;
CREATE TABLE "Mixed Case"."user" (id integer PRIMARY KEY, "ID" integer, "Id" integer, "iD" integer);
INSERT INTO "Mixed Case"."user" VALUES (1, 2, 3, 4);
CREATE INDEX "User index; DROP TABLE x; --" ON "Mixed Case"."User" ("select", lower("it's"));

-- 63 bytes; in the second and third they differ in the last one only, and the fourth is cut within characters of two bytes.
CREATE TABLE "Mixed Case".a23456789_123456789_123456789_123456789_123456789_123456789_123 (
    c23456789_123456789_123456789_123456789_123456789_123456789_123 integer PRIMARY KEY,
    c23456789_123456789_123456789_123456789_123456789_123456789_124 serial);
CREATE TABLE "Mixed Case".a23456789_123456789_123456789_123456789_123456789_123456789_124 (
    c23456789_123456789_123456789_123456789_123456789_123456789_123 integer PRIMARY KEY
        REFERENCES "Mixed Case".a23456789_123456789_123456789_123456789_123456789_123456789_123);
CREATE TABLE "Mixed Case"."ééééééééééééééééééééééééééééééé" ("ñññññññññññññññññññññññññññññññ" integer PRIMARY KEY,
    x text UNIQUE);
INSERT INTO "Mixed Case".a23456789_123456789_123456789_123456789_123456789_123456789_123 SELECT g
    FROM generate_series(1, 5) AS g;
INSERT INTO "Mixed Case".a23456789_123456789_123456789_123456789_123456789_123456789_124 SELECT g
    FROM generate_series(2, 5) AS g;
INSERT INTO "Mixed Case"."ééééééééééééééééééééééééééééééé" VALUES (1, 'é');

CREATE TABLE "sch""ema.with'dots\"."ta""ble.'\" (id integer PRIMARY KEY, "co""l.'\" text DEFAULT 'de"f''\');
INSERT INTO "sch""ema.with'dots\"."ta""ble.'\" VALUES (1, DEFAULT), (2, NULL);
CREATE TABLE "sch""ema.with'dots\"."line
break	tab" ("a
b" integer, "c	d" text);
INSERT INTO "sch""ema.with'dots\"."line
break	tab" VALUES (1, 'x'), (2, NULL);
COMMENT ON COLUMN "sch""ema.with'dots\"."line
break	tab"."a
b" IS E'a comment\n-- Name: fake; Type: TABLE; Schema: public; Owner: nobody\n--\nwith ''quotes'' and \\';
CREATE SEQUENCE "sch""ema.with'dots\"."seq
uence" START 7;
CREATE TABLE "ßchéma 日本"."テーブル 😀" ("列" integer PRIMARY KEY, "ΑΒΓ" text);
INSERT INTO "ßchéma 日本"."テーブル 😀" VALUES (1, '値');
CREATE TABLE "ßchéma 日本"."table" ("column" integer PRIMARY KEY, "from" integer, ctid_ tid, "tableoid_" oid);
INSERT INTO "ßchéma 日本"."table" VALUES (1, 2, '(0,1)', 5);
-- What a careless tool takes for a pattern, an option or another table.
CREATE TABLE public."*" (id integer PRIMARY KEY);
CREATE TABLE public."-t" (id integer PRIMARY KEY);
CREATE TABLE public."Mixed Case.User" (id integer PRIMARY KEY);
CREATE TABLE public."a?b[c]" (id integer PRIMARY KEY);
INSERT INTO public."*" VALUES (1);
INSERT INTO public."-t" VALUES (2);
INSERT INTO public."Mixed Case.User" VALUES (3);
INSERT INTO public."a?b[c]" VALUES (4);
