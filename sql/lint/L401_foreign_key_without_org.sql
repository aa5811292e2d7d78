-- code: L401
-- name: foreign_key_without_org
-- level: warning
-- title: Foreign key between tables of organizations that leaves the organization out
-- why: the check of a foreign key does not look at policies: a row may point at a row of another
--   organization, and the answer tells whether that exists
-- needs: org
SELECT format('%I on %s', k.conname, c.name) AS object, pg_get_constraintdef(k.oid) AS seen,
       format('ALTER TABLE %s ADD FOREIGN KEY (%I, ...) REFERENCES %s (%I, ...);', c.name, c.attname,
              p.name, p.attname) AS remediation
  FROM pg_constraint k
  JOIN lint_org c ON c.relation = k.conrelid
  JOIN lint_org p ON p.relation = k.confrelid
 WHERE k.contype = 'f' AND k.conparentid = 0
   AND k.confdeltype IN ('a', 'r') AND k.confupdtype IN ('a', 'r')
   AND NOT EXISTS (SELECT FROM pg_constraint w, unnest(w.conkey, w.confkey) u(child, parent)
                    WHERE w.contype = 'f' AND w.convalidated AND w.conrelid = k.conrelid
                      AND w.confrelid = k.confrelid AND w.conkey @> k.conkey
                      AND w.confkey @> k.confkey AND u.child = c.attnum AND u.parent = p.attnum)
