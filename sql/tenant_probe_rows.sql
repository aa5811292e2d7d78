-- The rows that the prober attacks with: live ones of two organizations where there are any, otherwise
-- made up, inside the subtransaction and without triggers and foreign keys (replica mode).

CREATE FUNCTION custody.probe_fresh(type oid, modifier int4, round int4) RETURNS text
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t pg_type;
    word text := 'probe' || round || substr(md5(random()::text), 1, 12);
BEGIN
    SELECT * INTO t FROM pg_type WHERE pg_type.oid = type;
    IF t.typtype = 'd' THEN
        RETURN custody.probe_fresh(t.typbasetype, coalesce(nullif(t.typtypmod, -1), modifier), round);
    ELSIF t.typtype = 'e' THEN
        RETURN (SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = type
                 ORDER BY e.enumsortorder OFFSET round % (SELECT count(*) FROM pg_enum WHERE enumtypid = type)
                 LIMIT 1);
    ELSIF t.typtype IN ('r', 'm') THEN
        RETURN CASE t.typtype WHEN 'r' THEN 'empty' ELSE '{}' END;
    ELSIF t.typcategory = 'A' THEN
        RETURN CASE WHEN t.typlen = -1 THEN '{}' END;
    END IF;
    RETURN CASE t.typname
        WHEN 'int2' THEN (20000 + floor(random() * 12000))::text
        WHEN 'int4' THEN (1000000000 + floor(random() * 1000000000))::text
        WHEN 'int8' THEN (1000000000000 + floor(random() * 1000000000000))::text
        WHEN 'numeric' THEN (1 + round % 9)::text
        WHEN 'uuid' THEN gen_random_uuid()::text
        WHEN 'bool' THEN (round % 2 = 0)::text
        WHEN 'date' THEN (current_date + (random() * 30000)::int4)::text
        WHEN 'json' THEN '{}' WHEN 'jsonb' THEN '{}' WHEN 'xml' THEN '<probe/>'
        WHEN 'inet' THEN '10.1.2.3' WHEN 'cidr' THEN '10.0.0.0/8' WHEN 'macaddr' THEN '08:00:2b:01:02:03'
        WHEN 'bytea' THEN '\x' || md5(random()::text)
        WHEN 'bit' THEN repeat('0', greatest(modifier, 1)) WHEN 'varbit' THEN '0'
        WHEN 'tsvector' THEN 'probe' WHEN 'point' THEN '(0,0)' WHEN 'char' THEN 'p'
        ELSE CASE
            WHEN t.typcategory = 'S' THEN CASE
                WHEN modifier > 4 THEN right(word, modifier - 4) ELSE word END
            WHEN t.typcategory = 'D' THEN (now() + random() * interval '9000 days')::text
            WHEN t.typcategory = 'N' THEN (1 + round)::text
            WHEN t.typcategory = 'T' THEN '1 day'
            WHEN t.typname = 'citext' THEN word
        END END;
END
$$;
COMMENT ON FUNCTION custody.probe_fresh(oid, int4, int4) IS
'text of a value of a type that is most likely not there yet; NULL when none is known; round: another number gives another kind of value where there are several; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_fresh(oid, int4, int4) FROM PUBLIC;

-- The constants of a column's CHECK constraints, and of its domain's, with their neighbours.
CREATE FUNCTION custody.probe_candidates(relation oid, attribute int2) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
    WITH definition AS (
        SELECT pg_get_constraintdef(k.oid) AS text FROM pg_constraint k
         WHERE k.contype = 'c' AND (k.conrelid = relation AND attribute = ANY (k.conkey)
            OR k.contypid = (SELECT a.atttypid FROM pg_attribute a
                              WHERE a.attrelid = relation AND a.attnum = attribute))
    ), words AS (
        SELECT replace(m[1], '''''', '''') AS word, 1 AS rank
          FROM definition, regexp_matches(text, '''((?:[^'']|'''')*)''', 'g') m
        UNION ALL
        SELECT ((m[1])::numeric + d)::text, 2 + abs(d)
          FROM definition, regexp_matches(text, '[^\w.''](-?\d{1,15})(?![\w.''])', 'g') m,
               unnest(ARRAY[1, 0, -1, 10]) d
    )
    SELECT array_agg(word ORDER BY rank, word) FROM words);
END
$$;
COMMENT ON FUNCTION custody.probe_candidates(oid, int2) IS
'values that may satisfy the CHECK constraints of a column, taken from their text; NULL when there are none; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_candidates(oid, int2) FROM PUBLIC;

CREATE FUNCTION custody.probe_org_column(relation oid) RETURNS int2
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name name;
    ancestor oid := relation;
BEGIN
    WHILE ancestor IS NOT NULL LOOP
        SELECT p.org_column INTO name FROM custody.protection p WHERE p.relation = ancestor;
        EXIT WHEN name IS NOT NULL;
        ancestor := (SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = ancestor ORDER BY i.inhseqno LIMIT 1);
    END LOOP;
    RETURN (SELECT a.attnum FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attname = ANY (CASE WHEN name IS NOT NULL THEN ARRAY[name]
            ELSE '{org_id,tenant_id,organization_id,organisation_id,account_id}'::name[] END)
        ORDER BY array_position('{org_id,tenant_id,organization_id,organisation_id,account_id}'::name[], a.attname)
        LIMIT 1);
END
$$;
COMMENT ON FUNCTION custody.probe_org_column(oid) IS
'number of the column that names the organization: that of custody.protection (of the table, or of what it is a partition of), or one with a usual name; NULL when there is none; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_org_column(oid) FROM PUBLIC;

-- Columns of an index; of an expression those that it reads.
CREATE FUNCTION custody.probe_index_columns(index oid) RETURNS int2[]
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT number FROM unnest((SELECT i.indkey::int2[] FROM pg_index i WHERE i.indexrelid = index)) number
         WHERE number > 0
        UNION
        SELECT d.refobjsubid::int2 FROM pg_depend d
         WHERE d.classid = 'pg_class'::regclass AND d.objid = index AND d.objsubid = 0
           AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0);
END
$$;
COMMENT ON FUNCTION custody.probe_index_columns(oid) IS
'numbers of the columns that an index is about; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_index_columns(oid) FROM PUBLIC;

-- The values of one foreign key's columns for a new row of an organization, by attribute number.
CREATE FUNCTION custody.probe_parent(foreign_key oid, org text, depth int4) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    k pg_constraint;
    org_number int2;
    condition text;
    query text;
    found jsonb;
BEGIN
    SELECT * INTO k FROM pg_constraint WHERE oid = foreign_key;
    org_number := custody.probe_org_column(k.confrelid);
    IF org_number IS NULL AND custody.probe_org_column(k.conrelid) = ANY (k.conkey)
       AND cardinality(k.conkey) = 1 THEN
        org_number := k.confkey[1];
    END IF;
    condition := coalesce((SELECT format('%I = %L', a.attname, org) FROM pg_attribute a
        WHERE a.attrelid = k.confrelid AND a.attnum = org_number), 'true');
    SELECT format('SELECT jsonb_build_object(%s) FROM %s WHERE %s LIMIT 1',
            string_agg(format('%L, %I::text', u.child, a.attname), ', '), k.confrelid::regclass, condition)
      INTO query
      FROM unnest(k.conkey, k.confkey) u(child, parent)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.parent;
    found := (custody.probe_as_owner(k.confrelid, query))[1];
    IF found IS NULL AND depth < 6 AND custody.probe_make(k.confrelid, org_number, org, NULL, depth + 1) IS NOT NULL THEN
        found := (custody.probe_as_owner(k.confrelid, query))[1];
    END IF;
    RETURN coalesce(found, '{}');
END
$$;
COMMENT ON FUNCTION custody.probe_parent(oid, text, int4) IS
'the key of a parent row of the organization for a foreign key, as an object from attribute number to text; the parent is made where there is none; {} when that fails, too; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_parent(oid, text, int4) FROM PUBLIC;

-- Keys and what is unique are always new; the rest is taken from a row that is there, or made up. What says which
-- partition a row belongs to is not made up: there may be no other.
CREATE FUNCTION custody.probe_values(
        relation oid, org_number int2, org text, template jsonb, depth int4, round int4)
    RETURNS jsonb LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parents jsonb := '{}';
    result jsonb := '{}';
    unique_numbers int2[] := '{}';
    key_numbers int2[] := ARRAY(SELECT unnest(conkey) FROM pg_constraint WHERE conrelid = relation AND contype = 'f');
    checked_numbers int2[] := ARRAY(SELECT unnest(conkey) FROM pg_constraint WHERE conrelid = relation AND contype = 'c');
    bound_names name[] := ARRAY(SELECT b.attname FROM pg_partitioned_table p
        JOIN pg_attribute b ON b.attrelid = p.partrelid AND b.attnum = ANY (p.partattrs::int2[])
        WHERE p.partstrat <> 'h'
          AND (p.partrelid = relation OR p.partrelid IN (SELECT relid FROM pg_partition_ancestors(relation))));
    k record;
    a record;
    options text[];
    value text;
BEGIN
    FOR k IN SELECT indexrelid FROM pg_index WHERE indrelid = relation AND (indisunique OR indisexclusion) LOOP
        unique_numbers := unique_numbers || custody.probe_index_columns(k.indexrelid);
    END LOOP;
    IF template IS NULL THEN
        FOR k IN SELECT oid FROM pg_constraint
                  WHERE conrelid = relation AND contype = 'f' AND confrelid <> relation LOOP
            parents := parents || custody.probe_parent(k.oid, org, depth);
        END LOOP;
    END IF;
    FOR a IN SELECT c.attnum, c.attname, c.atttypid, c.atttypmod, c.attnotnull, c.atthasdef,
                t.typcategory IN ('A', 'C') AS nested,
                c.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) ~ 'nextval\(', false) AS serial,
                c.attnum = ANY (unique_numbers) AS is_unique, c.attname = ANY (bound_names) AS is_bound,
                c.attnum = ANY (key_numbers) AS is_key,
                t.typtype = 'd' OR c.attnum = ANY (checked_numbers) AS is_checked
               FROM pg_attribute c JOIN pg_type t ON t.oid = c.atttypid
                LEFT JOIN pg_attrdef d ON d.adrelid = c.attrelid AND d.adnum = c.attnum
              WHERE c.attrelid = relation AND c.attnum > 0 AND NOT c.attisdropped AND c.attgenerated = '' LOOP
        options := CASE WHEN a.is_checked THEN custody.probe_candidates(relation, a.attnum) END;
        value := CASE
            WHEN a.attnum = org_number THEN org
            -- A key of nothing but references has to point elsewhere; foreign keys are not looked at.
            WHEN a.is_key AND template IS NOT NULL AND NOT (a.is_unique AND round > 5) THEN template ->> a.attname
            WHEN parents ? a.attnum::text THEN parents ->> a.attnum::text
            WHEN a.is_bound AND template ->> a.attname IS NOT NULL THEN template ->> a.attname
            WHEN a.serial OR a.is_unique AND options IS NULL
                THEN custody.probe_fresh(a.atttypid, a.atttypmod, round)
            WHEN a.atthasdef OR NOT a.attnotnull THEN NULL
            WHEN NOT a.nested AND template ->> a.attname IS NOT NULL THEN template ->> a.attname
            WHEN options IS NOT NULL THEN options[1 + round % cardinality(options)]
            ELSE custody.probe_fresh(a.atttypid, a.atttypmod, round) END;
        IF value IS NOT NULL THEN
            result := result || jsonb_build_object(a.attname, value);
        ELSIF a.attnotnull AND NOT a.atthasdef AND a.attnum <> org_number THEN
            RAISE EXCEPTION 'no value is known for column % of type %', quote_ident(a.attname),
                format_type(a.atttypid, a.atttypmod) USING ERRCODE = 'feature_not_supported';
        END IF;
    END LOOP;
    RETURN result;
END
$$;
COMMENT ON FUNCTION custody.probe_values(oid, int2, text, jsonb, int4, int4) IS
'values of a new row of an organization, texts by column: template: row to take values from (NULL = made up, with parents); errors: 0A000 when a column must have a value and none is known for its type; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_values(oid, int2, text, jsonb, int4, int4) FROM PUBLIC;

CREATE FUNCTION custody.probe_insert(relation oid, object text, row_values jsonb, role oid DEFAULT NULL)
    RETURNS text LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- A role that may insert some columns only is asked about those.
    IF role IS NOT NULL AND NOT has_table_privilege(role, relation, 'INSERT')
       AND has_any_column_privilege(role, relation, 'INSERT') THEN
        row_values := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(row_values)
                        WHERE has_column_privilege(role, relation, key, 'INSERT'));
    END IF;
    RETURN (SELECT format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)', object,
        string_agg(quote_ident(key), ', '), string_agg(quote_nullable(value), ', ')) FROM jsonb_each_text(row_values));
END
$$;
COMMENT ON FUNCTION custody.probe_insert(oid, text, jsonb, oid) IS
'statement that inserts a row; role: only columns that it may insert, if there are any; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_insert(oid, text, jsonb, oid) FROM PUBLIC;

-- Another round tries other values where a constraint refuses. Made up keys come to a given one of N hash
-- partitions once in N times.
CREATE FUNCTION custody.probe_rounds(relation oid, org_number int2) RETURNS int4
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 12 * coalesce((
        SELECT count(*)::int4 FROM pg_inherits i
          JOIN pg_partitioned_table p ON p.partrelid = i.inhparent AND p.partstrat = 'h'
          JOIN pg_inherits s ON s.inhparent = i.inhparent
         WHERE i.inhrelid = relation AND p.partattrs::int2[] <> ARRAY[probe_rounds.org_number]
        HAVING count(*) BETWEEN 1 AND 64), 1)
$$;
COMMENT ON FUNCTION custody.probe_rounds(oid, int2) IS
'how often to try to make a row of a table, whose org column has that number; errors: none; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_rounds(oid, int2) FROM PUBLIC;

CREATE FUNCTION custody.probe_make(
        relation oid, org_number int2, org text, template jsonb DEFAULT NULL, depth int4 DEFAULT 0)
    RETURNS jsonb LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last int4 := custody.probe_rounds(relation, org_number) - 1;
BEGIN
    FOR round IN 0..last LOOP
        BEGIN
            RETURN (custody.probe_as_owner(relation, custody.probe_insert(relation, relation::regclass::text,
                    custody.probe_values(relation, org_number, org, template, depth, round))
                || format(' RETURNING to_jsonb(%s.*)', (SELECT quote_ident(relname) FROM pg_class WHERE oid = relation))))[1];
        EXCEPTION
            WHEN check_violation OR unique_violation OR not_null_violation OR data_exception
                    OR exclusion_violation THEN
                IF round = last AND depth = 0 THEN
                    RAISE;
                END IF;
        END;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.probe_make(oid, int2, text, jsonb, int4) IS
'inserts a new row of an organization and returns it; NULL for a parent that cannot be made; errors: those of the insert, after twelve attempts, more for a hash partition, and those of custody.probe_values(); privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_make(oid, int2, text, jsonb, int4) FROM PUBLIC;
