-- Arrays of each type: for every table so far one whose columns are the arrays of its columns'
-- values, as a whole, sliced and in two dimensions. Types of catalogs have no arrays, and columns that
-- are arrays already have none of their own.
SET search_path = vectors, public;
SET client_min_messages = warning;
DO $$
DECLARE rel text; cols text; first text; twice text;
BEGIN
    FOR rel, cols, first, twice IN
        SELECT c.relname, string_agg(format('ARRAY(SELECT %I FROM %I ORDER BY ctid) AS %1$I', attname, relname), ', ' ORDER BY attnum),
            string_agg(format('%I[1:1]', attname), ', ' ORDER BY attnum), string_agg(format('ARRAY[%I, %1$I]', attname), ', ' ORDER BY attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.relnamespace = 'vectors'::regnamespace AND c.relkind = 'r' AND attnum > 0 AND NOT attisdropped
            AND t.typarray <> 0 AND relname NOT IN ('toasted', 'jsonbs', 'texts', 'numerics_extreme')
        GROUP BY c.relname ORDER BY c.relname COLLATE "C"
    LOOP
        EXECUTE format('CREATE TABLE %I AS SELECT %s', rel || '_arrays', cols);
        EXECUTE format('INSERT INTO %I SELECT %s FROM %1$I', rel || '_arrays', first);
        EXECUTE format('INSERT INTO %I SELECT %s FROM %1$I LIMIT 1', rel || '_arrays', twice);
    END LOOP;
END $$;
