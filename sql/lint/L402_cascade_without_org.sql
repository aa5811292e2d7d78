-- code: L402
-- name: cascade_without_org
-- level: error
-- title: Foreign key that changes rows of other organizations
-- why: deleting or changing the parent deletes or changes what points at it, in any organization,
--   past row security
-- needs: org
SELECT format('%I on %s', k.conname, c.name) AS object, pg_get_constraintdef(k.oid) AS seen,
       format('ALTER TABLE %s ADD FOREIGN KEY (%I, ...) REFERENCES %s (%I, ...) ON DELETE CASCADE;',
              c.name, c.attname, p.name, p.attname) AS remediation
  FROM pg_constraint k
  JOIN lint_org c ON c.relation = k.conrelid
  JOIN lint_org p ON p.relation = k.confrelid
 WHERE k.contype = 'f' AND k.conparentid = 0
   AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
   AND NOT EXISTS (SELECT FROM pg_constraint w, unnest(w.conkey, w.confkey) u(child, parent)
                    WHERE w.contype = 'f' AND w.convalidated AND w.conrelid = k.conrelid
                      AND w.confrelid = k.confrelid AND w.conkey @> k.conkey
                      AND w.confkey @> k.confkey AND u.child = c.attnum AND u.parent = p.attnum)
