-- code: L403
-- name: unique_without_org
-- level: warning
-- title: Unique index across organizations
-- why: whether a value is taken is told to every organization: 23505 says that another one has it
-- needs: org
SELECT i.indexrelid::regclass::text AS object, pg_get_indexdef(i.indexrelid) AS seen,
       format('CREATE UNIQUE INDEX ON %s (%I, ...);', o.name, o.attname) AS remediation
  FROM pg_index i
  JOIN lint_org o ON o.relation = i.indrelid AND NOT o.relispartition
 WHERE (i.indisunique OR i.indisexclusion) AND NOT o.attnum = ANY (i.indkey::int2[])
   AND coalesce(i.indexprs::text, '') !~ (':varattno ' || o.attnum || '\M')
   AND o.class IS DISTINCT FROM 'root'
   AND NOT EXISTS (SELECT FROM pg_attribute a
                     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                    WHERE a.attrelid = i.indrelid
                      AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
                      AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid)
                           ~ '(nextval|gen_random_uuid|uuid_generate_v\d\w*|uuidv\d)\('))
