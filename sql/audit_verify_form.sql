-- The part of custody.verify_ledger() that looks whether the tables of the ledger are what their readers
-- take them for, before anything is read; and how the other parts run, so that one that a tampered row
-- brings to an error does not take the rest with it.

-- As custody.make_ledger_tables() makes them, types as format_type() writes them.
CREATE FUNCTION custody.ledger_columns() RETURNS TABLE (name text, kind "char", columns text)
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH event (columns) AS (VALUES (
        'at timestamp with time zone, xid xid8, incarnation bigint, lsn pg_lsn, seq integer, cid integer, '
        'tbl integer, descriptor integer, pair integer, context smallint, op "char", key_salt uuid, '
        'images_salt uuid, org bytea, key bytea, old bytea, new bytea, key_hash bytea, images_hash bytea'))
    SELECT 'event', 'p'::"char", e.columns FROM event e
    UNION ALL SELECT 'held_event', 'r', e.columns || ', prune integer, proof text[]' FROM event e
    UNION ALL VALUES
        ('ledger', 'r'::"char", 'ledger uuid, format integer, made_at timestamp with time zone, period text, options jsonb'),
        ('incarnation', 'r', 'short bigint, incarnation bytea, system_identifier numeric, timeline bigint, '
            'database oid, lineage integer, parent bigint, reason text, noticed_at timestamp with time zone'),
        ('audited', 'r', 'id integer, identity uuid, schema name, name name, relid oid, active boolean, '
            'since timestamp with time zone, until timestamp with time zone, options jsonb'),
        ('descriptor', 'r', 'id integer, tbl integer, version integer, hash bytea, text text, '
            'made_at timestamp with time zone'),
        ('tx', 'p', 'at timestamp with time zone, xid xid8, incarnation bigint, '
            'committing_at timestamp with time zone, events integer, secret bytea, orgs bytea, contexts bytea'),
        ('block', 'r', 'number bigint, incarnation bigint, lineage integer, kind smallint, snapshot pg_snapshot, '
            'secret bytea, transactions bigint, events bigint, tree bytea, slots bytea, private bytea, '
            'previous bytea, hash bytea, lsn pg_lsn, notes text, sealed_at timestamp with time zone'),
        ('org', 'r', 'org bytea, slot integer, first_block bigint'),
        ('link', 'r', 'org bytea, k bigint, block bigint, transactions integer, events bigint, total bigint, '
            'tree bytea, previous bytea, hash bytea'),
        ('hold', 'r', 'id integer, subject jsonb, org_text text, reason text, placed_by name, '
            'placed_at timestamp with time zone, lifted_at timestamp with time zone, lifted_by integer'),
        ('held', 'r', 'hold integer, tbl integer, org bytea, key bytea'),
        ('request', 'r', 'id integer, kind text, arguments jsonb, reason text, requested_by name, '
            'requested_as text[], requested_at timestamp with time zone, state text, approved_by name, '
            'approved_at timestamp with time zone, result text'),
        ('prune', 'r', 'id integer, request integer, lower timestamp with time zone, '
            'upper timestamp with time zone, transactions bigint, events bigint, held bigint, '
            'pruned_at timestamp with time zone')
$$;
COMMENT ON FUNCTION custody.ledger_columns() IS
'the tables of the ledger: name, kind as pg_class has it (r, or p for a partitioned one), and columns with their types, in their order; errors: none; privilege: none';

-- "readable": what the ledger's readers expect is there, whatever else is.
CREATE FUNCTION custody.verify_tables() RETURNS TABLE (object text, detail text, readable boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off AS $$
    WITH ours AS (
        SELECT l.*, c.oid, c.relkind FROM custody.ledger_columns() l
          LEFT JOIN pg_class c ON c.relnamespace = to_regnamespace('custody_ledger') AND c.relname = l.name),
    parts AS (
        SELECT o.columns, p.relid FROM ours o CROSS JOIN LATERAL pg_partition_tree(o.oid::regclass) p
         WHERE o.relkind = 'p'
        UNION SELECT o.columns, o.oid FROM ours o WHERE o.relkind = 'r'),
    expected AS (
        SELECT p.relid, c.number, c.name FROM parts p
         CROSS JOIN LATERAL unnest(string_to_array(p.columns, ', ')) WITH ORDINALITY c (name, number)),
    present AS (
        SELECT p.relid, a.attnum AS number, CASE WHEN a.attisdropped THEN 'dropped'
                   ELSE quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                        || CASE WHEN a.attcollation = t.typcollation THEN '' ELSE ' COLLATE ' || a.attcollation::regcollation END END AS name
          FROM parts p JOIN pg_attribute a ON a.attrelid = p.relid AND a.attnum > 0
          LEFT JOIN pg_type t ON t.oid = a.atttypid)
    SELECT 'custody_ledger.' || o.name, CASE WHEN o.oid IS NULL THEN 'the table is not there'
               ELSE 'it is not the table that custody made' END, false
      FROM ours o WHERE o.relkind IS DISTINCT FROM o.kind
    UNION ALL
    SELECT c.oid::regclass::text, 'a partition that is no table of this database', true
      FROM parts p JOIN pg_class c ON c.oid = p.relid AND c.relkind NOT IN ('r', 'p')
    UNION ALL
    SELECT p.relid::regclass::text, 'a partition in another schema, where nobody looks at its guards and rights', true
      FROM parts p JOIN pg_class c ON c.oid = p.relid AND c.relnamespace <> to_regnamespace('custody_ledger')
    UNION ALL
    SELECT relid::regclass::text, CASE
               WHEN e.number IS NULL AND p.name = 'dropped' THEN format('a column %s was added and dropped', p.number)
               WHEN e.number IS NULL THEN format('column %s (%s) is not one of the ledger''s', p.number, p.name)
               WHEN p.number IS NULL THEN format('column %s (%s) is not there', e.number, e.name)
               ELSE format('column %s is %s, not %s', e.number, p.name, e.name) END, e.number IS NULL
      FROM expected e FULL JOIN present p USING (relid, number)
     WHERE e.name IS DISTINCT FROM p.name
$$;
COMMENT ON FUNCTION custody.verify_tables() IS
'the tables and partitions of the ledger that have other columns than custody made, a row for each column; readable: the ledger can be read all the same; errors: none; privilege: none';

CREATE FUNCTION custody.json_or_null(stored text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN stored::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.json_or_null(text) IS
'a text as jsonb; NULL where it is none; errors: none; privilege: none';

-- What a structural event says: the text after the byte that says that it is one.
CREATE FUNCTION custody.note_of(op "char", image bytea) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE WHEN op = 'S' AND substr(image, 1, 1) = E'\\x03'
                THEN convert_from(substr(image, 2), custody.ledger_encoding())::jsonb END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.note_of("char", bytea) IS
'the text of a structural event (op S) by its new image; NULL for other events, and where it is no JSON; errors: none; privilege: none';

CREATE FUNCTION custody.is_place(value jsonb, columns int) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'number'
                THEN value::numeric % 1 = 0 AND value::numeric >= 0 AND value::numeric < columns ELSE false END
$$;
COMMENT ON FUNCTION custody.is_place(jsonb, int) IS
'whether a member of a descriptor is a position among so many columns; errors: none; privilege: none';

CREATE FUNCTION custody.descriptor_problem(stored text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    d jsonb := custody.json_or_null(stored);
    columns jsonb;
BEGIN
    IF d IS NULL THEN
        RETURN 'its text is not JSON';
    ELSIF jsonb_typeof(d) <> 'object' THEN
        RETURN format('its text is not an object, but %s', jsonb_typeof(d));
    END IF;
    columns := CASE jsonb_typeof(d -> 'columns') WHEN 'array' THEN d -> 'columns' END;
    RETURN (SELECT format('member "%s" of its text is missing, or not what it must be', m.name) FROM (VALUES
        (1, 'table', jsonb_typeof(d -> 'table') = 'string'
             AND d ->> 'table' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
        (2, 'schema', jsonb_typeof(d -> 'schema') = 'string'),
        (3, 'name', jsonb_typeof(d -> 'name') = 'string'),
        (4, 'version', custody.is_place(d -> 'version', 2147483647)),
        (5, 'form', d -> 'form' IN ('"binary"', '"text"')),
        (6, 'columns', columns IS NOT NULL AND NOT EXISTS (
             SELECT FROM jsonb_array_elements(columns) c
              WHERE (jsonb_typeof(c -> 'name') = 'string' AND jsonb_typeof(c -> 'type') = 'string'
                     AND c -> 'store' IN ('"value"', '"hash"', '"redact"')) IS NOT TRUE)),
        (7, 'key', CASE WHEN jsonb_typeof(d -> 'key') = 'array' THEN NOT EXISTS (
             SELECT FROM jsonb_array_elements(d -> 'key') k
              WHERE NOT custody.is_place(k, jsonb_array_length(columns))) END),
        (8, 'org', d -> 'org' = 'null' OR custody.is_place(d -> 'org', jsonb_array_length(columns))),
        (9, 'excluded', CASE WHEN jsonb_typeof(d -> 'excluded') = 'array' THEN NOT EXISTS (
             SELECT FROM jsonb_array_elements(d -> 'excluded') x WHERE jsonb_typeof(x) <> 'string') END)
        ) AS m (n, name, holds) WHERE m.holds IS NOT TRUE ORDER BY m.n LIMIT 1);
END
$$;
COMMENT ON FUNCTION custody.descriptor_problem(text) IS
'why a text is no descriptor of a table (docs/ledger-format.md, section 3); NULL: it is one; errors: none; privilege: none';

-- Reads the tables themselves, which are as they must be then.
CREATE FUNCTION custody.verify_contents() RETURNS TABLE (object text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'custody_ledger.ledger', format('it has %s rows, not one', count(*))
      FROM custody_ledger.ledger HAVING count(*) <> 1
    UNION ALL
    SELECT 'custody_ledger.ledger', format('format %s, where this version of custody knows 1', coalesce(l.format::text, 'NULL'))
      FROM custody_ledger.ledger l WHERE l.format IS DISTINCT FROM 1
    UNION ALL
    SELECT 'custody_ledger.ledger', format('%s is not what custody.init_ledger() makes', w.name)
      FROM custody_ledger.ledger l
     CROSS JOIN LATERAL (VALUES ('the id', l.ledger IS NOT NULL), ('the period', l.period IN ('month', 'week', 'day')),
                                ('the list of options', jsonb_typeof(l.options) = 'object')) AS w (name, holds)
     WHERE w.holds IS NOT TRUE
    UNION ALL
    SELECT format('descriptor %s', d.id), custody.descriptor_problem(d.text) FROM custody_ledger.descriptor d
     WHERE d.id <> 0 AND custody.descriptor_problem(d.text) IS NOT NULL
    UNION ALL
    SELECT 'descriptor 0', 'its text is not {}' FROM custody_ledger.descriptor d WHERE d.id = 0 AND d.text IS DISTINCT FROM '{}';
END
$$;
COMMENT ON FUNCTION custody.verify_contents() IS
'rows of the ledger of which there must be one, or that must have a form: its own, and the texts of descriptors; one row for each that is not so; errors: 42P01 and 42703 where the tables have not their form; privilege: SELECT on the ledger';

CREATE FUNCTION custody.verify_form() RETURNS TABLE (object text, status text, detail text, readable boolean)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    can_be_read boolean := true;
    found int := 0;
BEGIN
    status := 'refuted';
    FOR object, detail, readable IN SELECT * FROM custody.verify_tables() LOOP
        can_be_read := can_be_read AND readable;
        found := found + 1;
        RETURN NEXT;
    END LOOP;
    IF can_be_read THEN
        FOR object, detail IN SELECT * FROM custody.verify_contents() LOOP
            found := found + 1;
            RETURN NEXT;
        END LOOP;
    END IF;
    object := 'tables';
    status := CASE found WHEN 0 THEN 'proven' ELSE 'refuted' END;
    detail := CASE found WHEN 0 THEN 'they have their columns, the ledger one id and format, descriptors their form'
                         ELSE format('%s findings', found) END;
    readable := can_be_read;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION custody.verify_form() IS
'the part of custody.verify_ledger() that comes first: the tables of the ledger have the columns that custody made, the ledger has one id and a format that is known, descriptors are JSON of their shape; a row for each finding, last the whole, where readable says whether the tables can be read; errors: none; privilege: SELECT on the ledger';

-- A row that no writer of custody's could have stored brings its reader to an error. That is a finding, too.
-- What is not the ledger's fault (no right, no memory, a cancelled query) goes on as the error that it is.
CREATE FUNCTION custody.verify_part(checks text[], part text, query text, first int8, last int8, digests jsonb)
    RETURNS TABLE ("check" text, object text, block int8, status text, detail text, since timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY EXECUTE query USING first, last, digests;
EXCEPTION
    WHEN insufficient_privilege OR insufficient_resources OR operator_intervention OR system_error
        OR transaction_rollback OR object_not_in_prerequisite_state THEN
        RAISE;
    WHEN data_exception OR data_corrupted OR index_corrupted OR cardinality_violation THEN
        RETURN QUERY SELECT c, part, NULL::int8, 'refuted',
            'it has what custody does not write, and could not be read to its end: ' || SQLERRM, NULL::timestamptz FROM unnest(checks) c;
    WHEN OTHERS THEN
        RETURN QUERY SELECT c, part, NULL::int8, 'unproven', 'could not be looked at: ' || SQLERRM, NULL::timestamptz FROM unnest(checks) c;
END
$$;
COMMENT ON FUNCTION custody.verify_part(text[], text, text, int8, int8, jsonb) IS
'runs one part of custody.verify_ledger(), with the blocks and digests as $1 to $3; where it ends in an error, a row for each of its checks says so: refuted where what is stored has no form, else unproven; errors: those that are not about the ledger (42501, 53, 55000, 57, 58, 40); privilege: as the part';

CREATE FUNCTION custody.newest_prunes()
    RETURNS TABLE (id int4, request int4, lower timestamptz, upper timestamptz, transactions int8, events int8,
                   held int8, pruned_at timestamptz)
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'custody_newest_prunes';
COMMENT ON FUNCTION custody.newest_prunes() IS
'custody_ledger.prune with what was committed since the query''s snapshot, which does not see the partitions that are gone since either; the table must have its form (custody.verify_tables()); errors: 42P01 without a ledger; privilege: custody_auditor, custody_operator, custody_admin';

REVOKE ALL ON FUNCTION custody.newest_prunes(), custody.verify_contents(), custody.verify_form(), custody.verify_tables(),
    custody.verify_part(text[], text, text, int8, int8, jsonb) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor}', f) FROM unnest(ARRAY['custody.newest_prunes()', 'custody.verify_contents()',
    'custody.verify_form()', 'custody.verify_tables()',
    'custody.verify_part(text[], text, text, int8, int8, jsonb)']::regprocedure[]) f;
