-- code: L410
-- name: duplicate_index
-- level: info
-- title: Indexes that are the same
-- why: each is written with every row
SELECT r.name AS object, string_agg(i.indexrelid::regclass::text, ', ' ORDER BY i.indexrelid) AS seen,
       format('DROP INDEX %s;', max(i.indexrelid)::regclass) AS remediation
  FROM pg_index i
  JOIN lint_relation r ON r.oid = i.indrelid AND NOT r.relispartition
  JOIN pg_class c ON c.oid = i.indexrelid
 GROUP BY r.name, i.indrelid, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text,
          i.indnkeyatts, i.indexprs::text, i.indpred::text, c.relam
HAVING count(*) > 1
