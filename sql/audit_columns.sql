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

-- The version under which somebody named a key (at a time, or now), or a later one in which its columns have
-- other names only.
CREATE FUNCTION custody.key_version(tbl int4, key jsonb, at timestamptz DEFAULT now()) RETURNS int4
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked record;
BEGIN
    SELECT d.id, d.version INTO asked
      FROM custody_ledger.descriptor d CROSS JOIN LATERAL (SELECT custody.key_names(d.text::jsonb)) k (names)
     WHERE d.tbl = key_version.tbl AND k.names <> '{}'
       AND CASE jsonb_typeof(key) WHEN 'object' THEN (SELECT array_agg(o ORDER BY o) FROM jsonb_object_keys(key) o)
                                                     = (SELECT array_agg(n ORDER BY n) FROM unnest(k.names) n)
                                  WHEN 'array' THEN jsonb_array_length(key) = cardinality(k.names)
                                  ELSE cardinality(k.names) = 1 END
     -- One that was made since then, by a transaction that had begun before, is taken where there is no other.
     ORDER BY d.made_at > at, CASE WHEN d.made_at > at THEN d.version ELSE -d.version END LIMIT 1;
    RETURN (SELECT max(d.version) FROM custody_ledger.descriptor d
             WHERE d.tbl = key_version.tbl AND d.version >= asked.version
               AND asked.id = ANY (custody.key_descriptors(d.tbl, d.version)));
END
$$;
COMMENT ON FUNCTION custody.key_version(int4, jsonb, timestamptz) IS
'the newest version of a table''s descriptor with the key that somebody named at a time, whatever its columns are called since; NULL: no version had such a key; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.key_given(tbl int4, version int4, key jsonb, at timestamptz DEFAULT now()) RETURNS text[]
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE jsonb_typeof(key)
        WHEN 'array' THEN ARRAY(SELECT e FROM jsonb_array_elements_text(key) e)
        WHEN 'object' THEN (
            -- By the names that they had then: the newest ones of the same key that there were.
            SELECT ARRAY(SELECT key ->> n.name FROM unnest(k.names) WITH ORDINALITY n (name, i) ORDER BY n.i)
              FROM custody_ledger.descriptor d CROSS JOIN LATERAL (SELECT custody.key_names(d.text::jsonb)) k (names)
             WHERE d.id = ANY (custody.key_descriptors(key_given.tbl, key_given.version)) AND key ?& k.names
             ORDER BY d.made_at > at, CASE WHEN d.made_at > at THEN d.version ELSE -d.version END LIMIT 1)
        ELSE ARRAY[key #>> '{}'] END
$$;
COMMENT ON FUNCTION custody.key_given(int4, int4, jsonb, timestamptz) IS
'the values of a key that somebody named at a time, as texts in the order of the key of a version; NULL for NULL; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

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
    custody.key_version(int4, jsonb, timestamptz), custody.key_given(int4, int4, jsonb, timestamptz),
    custody.descriptor_now(text, jsonb) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', f) FROM unnest(ARRAY[
    'custody.columns_at(int4, int4)', 'custody.key_names(jsonb)', 'custody.key_descriptors(int4, int4)',
    'custody.descriptor_now(text, jsonb)']::regprocedure[]) f;
