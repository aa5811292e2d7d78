-- What the caller gave: the org column's name where custody.protection does not know a table.
lint_option AS (
    SELECT $1::text AS org_column
)
