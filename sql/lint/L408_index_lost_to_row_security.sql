-- code: L408
-- name: index_lost_to_row_security
-- level: info
-- title: Index whose operators row security keeps from being used
-- why: an operator that is not LEAKPROOF is evaluated after the policy: the index is no way in
--   any more
SELECT i.indexrelid::regclass::text AS object,
       am.amname || ', operator class ' || quote_ident(c.opcname) AS seen,
       format('an index that begins with the org column of %s, with this column second', r.name)
       AS remediation
  FROM pg_index i
  JOIN lint_relation r ON r.oid = i.indrelid AND NOT r.relispartition
  LEFT JOIN lint_org o ON o.relation = r.oid
  JOIN pg_opclass c ON c.oid = i.indclass[0]
  JOIN pg_am am ON am.oid = c.opcmethod
 WHERE (r.relrowsecurity OR o.relation IS NOT NULL) AND i.indkey[0] IS DISTINCT FROM o.attnum
   AND (c.opcname LIKE '%pattern\_ops'
        OR NOT EXISTS (SELECT FROM pg_amop a
                         JOIN pg_operator p ON p.oid = a.amopopr
                         JOIN pg_proc f ON f.oid = p.oprcode AND f.proleakproof
                        WHERE a.amopfamily = c.opcfamily AND a.amoppurpose = 's'
                          AND a.amoplefttype = c.opcintype))
