-- Protects the schema of tables_140.sql, whose 60 tables without an org column get it from their parents.
SELECT count(*) FROM custody.protect_schema('shop', 'org_id', roles => '{shop_app}', composite_keys => true,
    classes => '{"country": "shared", "currency": "shared", "plan": "shared", "tax_rate": "shared", "Holidays": "shared",
                 "schema_version": {"class": "exempt", "reason": "the operator''s own"},
                 "job_lock": {"class": "exempt", "reason": "the operator''s own"}}');
