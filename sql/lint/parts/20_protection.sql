lint_protection AS (
    SELECT p.relation::oid AS relation, p.class, p.org_column::text AS org_column,
           p.roles::oid[] AS roles, p.multi_roles::oid[] AS multi_roles
      FROM custody.protection p
)
