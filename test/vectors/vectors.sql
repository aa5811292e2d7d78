-- One line per row of the tables and form: table, row number, form, rules, key positions, row as COPY
-- delivers it (empty for the text form: make.sh has COPY write it), wire row, key's wire row.
SET search_path = '';
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 3;
SET bytea_output = 'hex';
SET lc_monetary = 'C';
CREATE TEMPORARY TABLE lines AS
    SELECT t.relname::text AS name, f.form, r.number, r.row, k.row AS key_row,
        CASE WHEN f.form = 'binary' THEN (SELECT s.row FROM vectors.rows_of(t.oid, 'sent', false) s WHERE s.number = r.number) END AS sent,
        (SELECT string_agg(CASE f.form WHEN 'binary' THEN vectors.rule(atttypid) ELSE 'raw' END, ' ' ORDER BY position) FROM vectors.columns WHERE rel = t.oid) AS rules,
        (SELECT string_agg(position::text, ',' ORDER BY position) FROM vectors.columns WHERE rel = t.oid AND in_key) AS key
    FROM pg_class t
        CROSS JOIN LATERAL vectors.forms_of(t.oid) f(form)
        CROSS JOIN LATERAL vectors.rows_of(t.oid, CASE f.form WHEN 'binary' THEN 'canonical' ELSE 'output' END, false) r
        CROSS JOIN LATERAL vectors.rows_of(t.oid, CASE f.form WHEN 'binary' THEN 'canonical' ELSE 'output' END, true) k
    WHERE t.relnamespace = 'vectors'::regnamespace AND t.relkind = 'r' AND k.number = r.number;
COPY (SELECT name, number, form, coalesce(rules, ''), coalesce(key, ''), coalesce(encode(sent, 'hex'), ''),
        encode(row, 'hex'), encode(key_row, 'hex')
    FROM lines ORDER BY name COLLATE "C", form, number) TO STDOUT;
