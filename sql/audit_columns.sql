-- What became of columns: an event has the names that they had when it was written, and who asks has those
-- of today, or of the day on which he asked.

CREATE FUNCTION custody.columns_at(tbl int4, version int4) RETURNS TABLE (descriptor int4, names jsonb)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Events that tell of a rename have the descriptor from before it.
    renames jsonb := coalesce((
        SELECT jsonb_object_agg(r.descriptor, r.names)
          FROM (SELECT e.descriptor, jsonb_object_agg(n.note ->> 'renamed', n.note ->> 'to') AS names
                  FROM custody_ledger.event e CROSS JOIN LATERAL (SELECT custody.note_of(e.op, e.new)) n (note)
                 WHERE e.tbl = columns_at.tbl AND e.key = '' AND octet_length(e.key) <= 2000 AND e.op = 'S'
                   AND n.note ->> 'kind' = 'columns' AND n.note ? 'renamed' GROUP BY e.descriptor) r), '{}');
    info jsonb;
    newer jsonb;
BEGIN
    FOR descriptor, info IN SELECT d.id, d.text::jsonb FROM custody_ledger.descriptor d
                             WHERE d.tbl = columns_at.tbl AND d.version <= columns_at.version ORDER BY d.version DESC LOOP
        SELECT coalesce(jsonb_object_agg(c.name, t.name), '{}') INTO names
          FROM (SELECT e ->> 'name' FROM jsonb_array_elements(info -> 'columns') e
                UNION SELECT jsonb_array_elements_text(info -> 'excluded')) c (name)
         CROSS JOIN LATERAL (SELECT CASE WHEN newer IS NULL THEN c.name
                                         ELSE newer ->> coalesce(renames -> descriptor::text ->> c.name, c.name) END) t (name)
         WHERE t.name IS NOT NULL;
        newer := names;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.columns_at(int4, int4) IS
'the columns of each descriptor of a table up to a version: the name there, and the one under that version, by the renames that were recorded; those that are gone since are not in it; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.key_names(info jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT info #>> ARRAY['columns', k.p, 'name']
                   FROM jsonb_array_elements_text(info -> 'key') WITH ORDINALITY k (p, n) ORDER BY k.n)
$$;
COMMENT ON FUNCTION custody.key_names(jsonb) IS
'the columns of the key of a descriptor, in its order; errors: none; privilege: none';

CREATE FUNCTION custody.key_descriptors(tbl int4, version int4) RETURNS int4[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(d.id)
      FROM custody.columns_at(key_descriptors.tbl, key_descriptors.version) c JOIN custody_ledger.descriptor d ON d.id = c.descriptor
     WHERE ARRAY(SELECT c.names ->> k.name FROM unnest(custody.key_names(d.text::jsonb)) WITH ORDINALITY k (name, n) ORDER BY k.n)
           = (SELECT custody.key_names(o.text::jsonb) FROM custody_ledger.descriptor o
               WHERE o.tbl = key_descriptors.tbl AND o.version = key_descriptors.version)
$$;
COMMENT ON FUNCTION custody.key_descriptors(int4, int4) IS
'the descriptors of a table, up to a version, that tell rows apart by the same columns as that one; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- The version under which somebody names a key. Who asks for something keeps it: by the time alone it cannot be told
-- later, as what began before may have become visible since.
CREATE FUNCTION custody.key_version(tbl int4, key jsonb) RETURNS int4
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT max(d.version)
      FROM custody_ledger.descriptor d CROSS JOIN LATERAL (SELECT custody.key_names(d.text::jsonb)) k (names)
     WHERE d.tbl = key_version.tbl AND k.names <> '{}'
       AND CASE jsonb_typeof(key) WHEN 'object' THEN (SELECT array_agg(o ORDER BY o) FROM jsonb_object_keys(key) o)
                                                     = (SELECT array_agg(n ORDER BY n) FROM unnest(k.names) n)
                                  WHEN 'array' THEN jsonb_array_length(key) = cardinality(k.names)
                                  ELSE cardinality(k.names) = 1 END
$$;
COMMENT ON FUNCTION custody.key_version(int4, jsonb) IS
'the newest version of a table''s descriptor with the key that somebody names; NULL: no version had such a key; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.key_version_now(tbl int4, version int4) RETURNS int4
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT max(d.version) FROM custody_ledger.descriptor d
      JOIN custody_ledger.descriptor a ON a.tbl = d.tbl AND a.version = key_version_now.version
     WHERE d.tbl = key_version_now.tbl AND d.version >= a.version AND a.id = ANY (custody.key_descriptors(d.tbl, d.version))
$$;
COMMENT ON FUNCTION custody.key_version_now(int4, int4) IS
'the newest version of a table''s descriptor with the key of that version, whatever its columns are called since; NULL for NULL; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.key_given(tbl int4, version int4, key jsonb) RETURNS text[]
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE jsonb_typeof(key)
        WHEN 'array' THEN ARRAY(SELECT e FROM jsonb_array_elements_text(key) e)
        WHEN 'object' THEN (
            SELECT ARRAY(SELECT key ->> n.name FROM unnest(k.names) WITH ORDINALITY n (name, i) ORDER BY n.i)
              FROM custody_ledger.descriptor d CROSS JOIN LATERAL (SELECT custody.key_names(d.text::jsonb)) k (names)
             WHERE d.tbl = key_given.tbl AND d.version = key_given.version)
        ELSE ARRAY[key #>> '{}'] END
$$;
COMMENT ON FUNCTION custody.key_given(int4, int4, jsonb) IS
'the values of a key, named as a version of the table''s descriptor has it, as texts in its order; NULL for NULL; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- Names that mean other columns from here on, or none (NULL). All of them at once: two may have changed places.
CREATE FUNCTION custody.audit_names_moved(tbl int4, names text[], now text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subject record;
    newest record;
    description text;
BEGIN
    SELECT d.id, d.version INTO newest FROM custody_ledger.descriptor d
     WHERE d.tbl = audit_names_moved.tbl ORDER BY d.version DESC LIMIT 1;
    PERFORM custody.record_note(tbl, 'S', jsonb_build_object('kind', 'columns', 'renamed', u.name, 'to', coalesce(u.now, ''))::text)
       FROM unnest(names, now) u (name, now);
    IF custody.renew_descriptor(tbl) = newest.id THEN
        -- Of the same text, but what it names is something else.
        SELECT a.identity, a.options, custody.recorded_relation(a.id) AS relation INTO subject FROM custody_ledger.audited a WHERE a.id = tbl;
        description := custody.descriptor_text(subject.identity, subject.relation, subject.options, newest.version + 1);
        INSERT INTO custody_ledger.descriptor (tbl, version, hash, text, made_at)
            VALUES (tbl, newest.version + 1, sha256(E'\\x07'::bytea || convert_to(description, 'UTF8')), description, now());
        PERFORM custody.record_note(tbl, 'S', json_build_object('kind', 'columns', 'version', newest.version + 1)::text);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_names_moved(int4, text[], text[]) IS
'records that columns of a table have other names than its newest descriptor says, or (NULL) are gone, although others have their names: an event of kind columns for each, and another descriptor; errors: 42P01 without a ledger; privilege: superuser';

CREATE FUNCTION custody.audit_column_places(relation regclass) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_object_agg(a.attname, a.attnum) FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
$$;
COMMENT ON FUNCTION custody.audit_column_places(regclass) IS
'the columns of a table with the numbers that they keep whatever they are called; NULL without columns; errors: none; privilege: none';

-- While a table was not recorded nobody looked at what became of its columns.
CREATE FUNCTION custody.audit_resumed(subject int4, relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    off record;
    names text[];
    now text[];
BEGIN
    SELECT n.note -> 'places' AS places, n.note ->> 'oid' AS relation, e.incarnation INTO off
      FROM custody_ledger.event e CROSS JOIN LATERAL (SELECT custody.note_of(e.op, e.new)) n (note)
     WHERE e.tbl = subject AND e.key = '' AND octet_length(e.key) <= 2000 AND e.op = 'S' AND n.note ->> 'kind' = 'audit_off'
     ORDER BY e.at DESC, e.lsn DESC, e.seq DESC LIMIT 1;
    -- In another database, or of another table of that name, numbers say nothing.
    IF NOT FOUND OR off.incarnation <> custody.this_incarnation() OR off.relation <> relation::oid::text THEN
        RETURN;
    END IF;
    SELECT array_agg(p.name), array_agg(a.attname::text) INTO names, now
      FROM jsonb_each_text(off.places) p (name, place)
      LEFT JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = p.place::int2 AND NOT a.attisdropped
     WHERE a.attname::text IS DISTINCT FROM p.name;
    IF names IS NOT NULL THEN
        PERFORM custody.audit_names_moved(subject, names, now);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_resumed(int4, regclass) IS
'records what became of the names of a table''s columns since custody.unaudit(); a step of custody.audit(); errors: 42P01 without a ledger; privilege: superuser';

-- As a descriptor that the table could have had: its columns by the names of today.
CREATE FUNCTION custody.descriptor_now(descriptor text, names jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_set(d.info, '{columns}', (
               SELECT coalesce(jsonb_agg(c.c || CASE WHEN names ? (c.c ->> 'name') THEN jsonb_build_object('name', names -> (c.c ->> 'name'))
                                                     ELSE jsonb_build_object('name', (c.c ->> 'name') || ' (gone)', 'gone', c.c -> 'name') END
                                         ORDER BY c.n), '[]')
                 FROM jsonb_array_elements(d.info -> 'columns') WITH ORDINALITY c (c, n)))::text
      FROM (SELECT descriptor::jsonb) d (info)
$$;
COMMENT ON FUNCTION custody.descriptor_now(text, jsonb) IS
'a descriptor with the names that its columns have under another one (custody.columns_at()); what is gone has a member gone with its name; errors: none; privilege: none';

REVOKE ALL ON FUNCTION custody.columns_at(int4, int4), custody.key_names(jsonb), custody.key_descriptors(int4, int4),
    custody.key_version(int4, jsonb), custody.key_version_now(int4, int4), custody.key_given(int4, int4, jsonb),
    custody.audit_names_moved(int4, text[], text[]), custody.audit_column_places(regclass), custody.audit_resumed(int4, regclass),
    custody.descriptor_now(text, jsonb) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', f) FROM unnest(ARRAY[
    'custody.columns_at(int4, int4)', 'custody.key_names(jsonb)', 'custody.key_descriptors(int4, int4)',
    'custody.descriptor_now(text, jsonb)']::regprocedure[]) f;
