-- Privileges on relations and columns of roles that row security is there for.
lint_grant AS (
    SELECT g.relation, g.grantee, g.privilege, b.name AS role_name
      FROM (SELECT r.oid AS relation, r.relowner, a.grantee, a.privilege_type AS privilege
              FROM lint_relation r, aclexplode(r.relacl) a
            UNION
            SELECT r.oid, r.relowner, a.grantee, a.privilege_type
              FROM lint_relation r
              JOIN pg_attribute t ON t.attrelid = r.oid AND t.attacl IS NOT NULL
               AND NOT t.attisdropped, aclexplode(t.attacl) a) g
      JOIN lint_bound b ON b.oid = g.grantee
     WHERE g.grantee <> g.relowner
)
