-- Roles that row security does not bind at all, and those that it does.
lint_unbound AS (
    SELECT oid, rolname, rolsuper FROM pg_roles WHERE rolsuper OR rolbypassrls
),
lint_bound AS (
    SELECT 0::oid AS oid, 'PUBLIC' AS name
    UNION ALL
    SELECT oid, quote_ident(rolname) FROM pg_roles WHERE NOT rolsuper AND NOT rolbypassrls
)
