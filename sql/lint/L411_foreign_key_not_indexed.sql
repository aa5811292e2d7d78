-- code: L411
-- name: foreign_key_not_indexed
-- level: info
-- title: Foreign key without an index
-- why: deleting a parent reads all children
SELECT format('%I on %s', k.conname, r.name) AS object, pg_get_constraintdef(k.oid) AS seen,
       format('CREATE INDEX CONCURRENTLY ON %s (%s);', r.name,
              (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n)
                 FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum))
       AS remediation
  FROM pg_constraint k
  JOIN lint_relation r ON r.oid = k.conrelid
 WHERE k.contype = 'f' AND k.conparentid = 0
   AND NOT EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = k.conrelid AND i.indpred IS NULL
                      AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
