-- Prints docs/reference.md from the comments in the catalog of a database with the extension:
--   psql -XAtq -f docs/reference.sql DATABASE > docs/reference.md
-- test/t/reference.t compares the two.
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;

SELECT $$# Reference of schema custody

Everything that `CREATE EXTENSION custody` puts into a database, made from the comments in the
catalog by `docs/reference.sql`; in psql, `\df+ custody.*` and `\d+ custody.*` show the same. What a
DBA needs comes first; the tables are the loader's, to be read and not to be changed. Nobody but the
owner may use the schema until a role has been granted one of custody's roles, or USAGE by hand.
$$;

CREATE TEMP VIEW member AS
SELECT classid, objid FROM pg_depend
 WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'custody');

SELECT E'## Types\n';
SELECT format(E'### custody.%s\n\n%s.\n\nIts operators lie in schema custody: put it on the search_path, or write OPERATOR(custody.=).\n\n| operator | result | |\n| --- | --- | --- |\n%s\n',
              t.typname, upper(left(d.text, 1)) || substr(d.text, 2), o.lines)
  FROM member m JOIN pg_type t ON t.oid = m.objid AND m.classid = 'pg_type'::regclass
  CROSS JOIN LATERAL (SELECT obj_description(t.oid, 'pg_type')) d (text)
  CROSS JOIN LATERAL (
       SELECT string_agg(format('| `%s %s %s` | %s | %s |', t.typname, p.oprname, t.typname,
                                format_type(p.oprresult, NULL), obj_description(p.oid, 'pg_operator')),
                         E'\n' ORDER BY p.oprname COLLATE "C")
         FROM pg_operator p WHERE p.oprleft = t.oid) o (lines)
 WHERE t.typtype = 'b' AND t.typcategory <> 'A'
 ORDER BY t.typname COLLATE "C";

-- What types, operators and aggregates are made of is called through them.
CREATE TEMP VIEW part (objid) AS
SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) FROM pg_type
UNION SELECT oprcode::oid FROM pg_operator
UNION SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn]::oid[]) FROM pg_aggregate;

SELECT $$## Functions

Where nothing else is said, every role that may use the schema may call them; they read with the
privileges of the caller.
$$;
SELECT format(E'### custody.%s(%s)\n\nReturns `%s`. %s.%s\n', p.proname,
              coalesce(nullif('`' || pg_get_function_arguments(p.oid) || '`', '``'), ''),
              pg_get_function_result(p.oid),
              upper(left(d.text, 1)) || substr(d.text, 2),
              CASE WHEN has_function_privilege('public', p.oid, 'EXECUTE')
                   THEN '' ELSE ' Only the extension''s owner may call it.' END)
  FROM member m JOIN pg_proc p ON p.oid = m.objid AND m.classid = 'pg_proc'::regclass
  CROSS JOIN LATERAL (SELECT obj_description(p.oid, 'pg_proc')) d (text)
 WHERE p.prorettype <> 'trigger'::regtype AND p.oid NOT IN (SELECT objid FROM part)
 ORDER BY p.proname LIKE 'migration%', p.proname COLLATE "C", pg_get_function_identity_arguments(p.oid) COLLATE "C";

CREATE TEMP VIEW relation AS
SELECT c.oid, c.relname, c.relkind, obj_description(c.oid, 'pg_class') AS text,
       (SELECT string_agg(format('| `%s` | %s | %s |', a.attname,
                                 replace(format_type(a.atttypid, a.atttypmod), '|', '\|'),
                                 replace(coalesce(col_description(c.oid, a.attnum), ''), '|', '\|')),
                          E'\n' ORDER BY a.attnum)
          FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM member m JOIN pg_class c ON c.oid = m.objid AND m.classid = 'pg_class'::regclass
 WHERE c.relkind IN ('r', 'v');

SELECT E'## Views\n';
SELECT format(E'### custody.%s\n\n%s.\n\n| column | type | |\n| --- | --- | --- |\n%s\n', relname,
              upper(left(text, 1)) || substr(text, 2), columns)
  FROM relation WHERE relkind = 'v' ORDER BY relname COLLATE "C";

SELECT $$## Roles

They cannot log in: `GRANT custody_operator TO somebody` gives the duty. A role of such a name that
existed before the extension is left as it is, and gets nothing; custody.grant_duty() gives it.

| role | |
| --- | --- |$$;
SELECT format('| `%s` | %s |', name, purpose) FROM custody.role ORDER BY name::text COLLATE "C";

SELECT $$
## States

The legal changes of state; triggers refuse every other one.

| object | from | to | meaning |
| --- | --- | --- | --- |$$;
SELECT format('| %s | %s | %s | %s |', object, from_state, to_state, meaning)
  FROM custody.migration_transition
 ORDER BY array_position(ARRAY['migration', 'table', 'part', 'task'], object),
          from_state COLLATE "C", to_state COLLATE "C";

SELECT $$
## Kinds of tasks

A migration is done only when every task of a kind that needs a verdict is equal.

| kind | verdict | what it does |
| --- | --- | --- |$$;
SELECT format('| `%s` | %s | %s |', kind, CASE WHEN needs_verdict THEN 'needed' ELSE '' END, description)
  FROM custody.migration_task_kind ORDER BY kind COLLATE "C";

SELECT E'\n## Tables\n';
SELECT format(E'### custody.%s\n\n%s.\n\n| column | type | |\n| --- | --- | --- |\n%s\n', relname,
              upper(left(text, 1)) || substr(text, 2), columns)
  FROM relation WHERE relkind = 'r' ORDER BY relname COLLATE "C";
