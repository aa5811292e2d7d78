-- Recording a table on and off. custody.audit() makes a list of statements and runs them; its dry
-- run returns the same list, which a superuser can run by hand.

-- Within SECURITY DEFINER current_user is the definer; this is who the session works as.
CREATE FUNCTION custody.audit_caller() RETURNS name
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE current_setting('role') WHEN 'none' THEN session_user
                ELSE current_setting('role')::name END
$$;
COMMENT ON FUNCTION custody.audit_caller() IS
'the role that the session works as: of SET ROLE, else the session user; errors: none; privilege: none';

CREATE FUNCTION custody.audit_check_caller(relation regclass) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    caller name := custody.audit_caller();
BEGIN
    PERFORM custody.check_session();
    IF relation IS NULL THEN
        RAISE EXCEPTION 'no table is named' USING ERRCODE = 'null_value_not_allowed';
    ELSIF NOT EXISTS (SELECT FROM pg_class c
                    WHERE c.oid = relation AND pg_has_role(caller, c.relowner, 'USAGE')) THEN
        RAISE EXCEPTION 'must be owner of table %', relation
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('The session works as role "%s".', caller);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_caller(regclass) IS
'refuses when the session''s role does not own a table, or is not told by the session (42501), and no table (22004); privilege: none';

CREATE FUNCTION custody.audit_check_relation(relation regclass) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found record;
BEGIN
    SELECT c.relkind, c.relpersistence, c.relispartition, n.nspname,
           EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.refobjid = (SELECT e.oid FROM pg_extension e WHERE e.extname = 'custody')
                      AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') AS own
      INTO found FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = relation;
    IF found.relkind NOT IN ('r', 'p') OR found.relpersistence = 't' THEN
        RAISE EXCEPTION 'cannot record %', relation
            USING ERRCODE = 'wrong_object_type', DETAIL = 'It is not a lasting table.',
                  HINT = 'Tables, partitioned ones too, are recorded; of a view, those that it reads.';
    ELSIF found.relispartition THEN
        RAISE EXCEPTION 'cannot record partition % by itself', relation
            USING ERRCODE = 'wrong_object_type',
                  HINT = format('Name %s, which stands for its partitions.', pg_partition_root(relation));
    ELSIF found.own OR found.nspname IN ('pg_catalog', 'information_schema', 'custody_ledger') THEN
        RAISE EXCEPTION 'cannot record %', relation
            USING ERRCODE = 'wrong_object_type', DETAIL = 'It belongs to the system or to custody.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_relation(regclass) IS
'refuses (42809) what cannot be recorded: views, foreign and temporary tables, partitions by themselves, tables of the system and of custody; privilege: none';

-- The primary key, else the index of the replica identity, else the smallest unique index that is
-- whole, immediate and without NULL.
CREATE FUNCTION custody.audit_key(relation regclass) RETURNS name[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT a.attname FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                  WHERE k.n <= i.indnkeyatts ORDER BY k.n)
      FROM pg_index i
     WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indimmediate
       AND i.indpred IS NULL AND i.indexprs IS NULL
       AND NOT EXISTS (SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
                         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                        WHERE k.n <= i.indnkeyatts AND NOT a.attnotnull)
     ORDER BY i.indisprimary DESC, i.indisreplident DESC, i.indnkeyatts, i.indexrelid LIMIT 1
$$;
COMMENT ON FUNCTION custody.audit_key(regclass) IS
'columns that tell a table''s rows apart; NULL where no index does; errors: none; privilege: none';

-- A key that somebody named: rows that have it in common are one row to the ledger. And what goes without a statement.
CREATE FUNCTION custody.audit_warn(relation regclass, key name[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF cardinality(key) > 0 AND NOT custody.key_is_unique(relation, key::text[]) THEN
        RAISE WARNING 'nothing makes the key of % unique', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('The key is (%s).', array_to_string(key, ', ')),
                  HINT = 'Rows that have it in common are taken for one: history, as of and reconcile() tell wrong things of them.';
    END IF;
    IF EXISTS (SELECT FROM custody.partition_tree(relation) t JOIN pg_class c ON c.oid = t.relid
                WHERE c.relpersistence = 'u') THEN
        RAISE WARNING '% is unlogged', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'A crash of the server empties it, and no event tells of that: reconcile() then misses its rows.',
                  HINT = format('ALTER TABLE %s SET LOGGED', relation);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_warn(regclass, name[]) IS
'warns where no unique index without NULL says that a key tells a table''s rows apart, and of unlogged tables; part of custody.audit(); errors: none; privilege: none';

CREATE FUNCTION custody.audit_options(relation regclass, org_column name, key name[], exclude name[],
    hash name[], redact name[], options jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result jsonb := coalesce(options, '{}');
    chosen record;
BEGIN
    SELECT coalesce(org_column, (SELECT p.org_column FROM custody.protection p
                                  WHERE p.relation = audit_options.relation)) AS org,
           coalesce(key, custody.audit_key(relation), '{}') AS key,
           coalesce(exclude, '{}') AS exclude, coalesce(hash, '{}') AS hash,
           coalesce(redact, '{}') AS redact INTO chosen;
    PERFORM custody.audit_check_columns(relation, chosen.org, chosen.key, chosen.exclude,
                                        chosen.hash, chosen.redact);
    PERFORM custody.audit_check_options(result);
    IF chosen.org IS NOT NULL THEN
        result := result || jsonb_build_object('org_column', chosen.org);
    END IF;
    RETURN result || jsonb_build_object('key', chosen.key, 'exclude', chosen.exclude,
                                        'hash', chosen.hash, 'redact', chosen.redact);
END
$$;
COMMENT ON FUNCTION custody.audit_options(regclass, name, name[], name[], name[], name[], jsonb) IS
'how a table is recorded, as custody_ledger.audited.options keeps it, with what custody finds itself: the organization''s column and the key; errors: as custody.audit(); privilege: SELECT on custody.protection';

CREATE FUNCTION custody.audit_check_columns(relation regclass, org_column name, key name[],
    exclude name[], hash name[], redact name[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong name;
BEGIN
    SELECT w.name INTO wrong FROM unnest(key || exclude || hash || redact || org_column) AS w (name)
     WHERE w.name IS NOT NULL AND NOT EXISTS (
           SELECT FROM pg_attribute a
            WHERE a.attrelid = relation AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped);
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" of % does not exist', wrong, relation
            USING ERRCODE = 'undefined_column';
    END IF;
    SELECT w.name INTO wrong FROM unnest(key || org_column) AS w (name)
     WHERE w.name = ANY (exclude || hash || redact);
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" of % tells rows or organizations apart', wrong, relation
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Such a column cannot be excluded, hashed or redacted; name another key.';
    END IF;
    SELECT w.name INTO wrong FROM unnest(key || exclude || hash || redact) AS w (name)
     GROUP BY w.name HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" of % is named twice', wrong, relation
            USING ERRCODE = 'duplicate_column', HINT = 'Name it once: in key, exclude, hash or redact.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_columns(regclass, name, name[], name[], name[], name[]) IS
'refuses columns that a table does not have (42703), that are named twice (42701), or that are key or organization and should not be recorded as they are (22023); privilege: none';

CREATE FUNCTION custody.audit_check_options(options jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    IF jsonb_typeof(options) <> 'object' THEN
        RAISE EXCEPTION 'options cannot be %', options
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give an object, such as {"skip_unchanged": true}.';
    END IF;
    SELECT o.key, o.value INTO wrong FROM jsonb_each(options) o
      LEFT JOIN (VALUES ('skip_unchanged', '^(true|false)$'), ('full_row', '^(true|false)$'),
                        ('require_context', '^"(org|user|both)"$'), ('truncate', '^"(rows|event)"$'),
                        ('large_value', '^[1-9][0-9]{3,8}$'), ('statement_text', '^(true|false)$')
                ) AS k (name, form) ON k.name = o.key
     WHERE o.value::text !~ k.form OR k.name IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'option "%" cannot be %', wrong.key, wrong.value
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'The options: skip_unchanged, full_row and statement_text are true or false; require_context is'
                         ' org, user or both; truncate is rows or event; large_value is a number of bytes, 1000 to 999999999.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_options(jsonb) IS
'refuses (22023) options of custody.audit() that there are not; privilege: none';

-- As pg_partition_tree(), which locks all of them: event triggers look at every command.
CREATE FUNCTION custody.partition_tree(root regclass) RETURNS TABLE (relid regclass, level int)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE tree AS (
        SELECT root AS relid, 0 AS level
         UNION ALL
        SELECT i.inhrelid::regclass, t.level + 1
          FROM tree t JOIN pg_class p ON p.oid = t.relid AND p.relkind = 'p'
          JOIN pg_inherits i ON i.inhparent = p.oid)
    SELECT t.relid, t.level FROM tree t
$$;
COMMENT ON FUNCTION custody.partition_tree(regclass) IS
'a table and its partitions at every level; takes no locks on them; errors: none; privilege: none';

-- The triggers on TRUNCATE come first: a partition without one counts as new (audit_ddl_triggers.sql).
-- Their names tell the table when a partition is dropped.
CREATE FUNCTION custody.audit_trigger_steps(relation regclass, identity uuid) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(s.step, s.trigger, t.tree, identity)
      FROM (SELECT p.relid AS tree, p.level FROM custody.partition_tree(relation) p) t
      JOIN pg_class c ON c.oid = t.tree
     CROSS JOIN LATERAL (VALUES
           (1, 34, 'custody_truncate_' || identity, 'custody.capture_truncate()',
            'CREATE TRIGGER %1$I BEFORE TRUNCATE ON %2$s FOR EACH STATEMENT '
            'EXECUTE FUNCTION custody.capture_truncate(%3$L)'),
           (2, 34, 'custody_truncate_' || identity, 'custody.capture_truncate()',
            'ALTER TABLE ONLY %2$s ENABLE ALWAYS TRIGGER %1$I'),
           (3, 29, 'custody_capture', 'custody.capture()',
            'CREATE TRIGGER %1$I AFTER INSERT OR UPDATE OR DELETE ON %2$s FOR EACH ROW '
            'EXECUTE FUNCTION custody.capture(%3$L)'),
           (4, 29, 'custody_capture', 'custody.capture()',
            'ALTER TABLE ONLY %2$s ENABLE ALWAYS TRIGGER %1$I')
           ) AS s (n, type, trigger, function, step)
     -- Before 16 a foreign table, which a partition may be, has no trigger on TRUNCATE.
     WHERE NOT (s.n < 3 AND c.relkind = 'f') AND NOT (s.n = 3 AND c.relispartition)
       AND NOT EXISTS (
           SELECT FROM pg_trigger g
            WHERE g.tgrelid = t.tree AND g.tgfoid = to_regprocedure(s.function)
              AND g.tgargs = convert_to(identity::text, 'UTF8') || E'\\x00'::bytea
              -- For every row of every operation: no condition, no columns.
              AND g.tgtype = s.type AND g.tgqual IS NULL AND cardinality(g.tgattr::int2[]) = 0
              AND (s.n IN (1, 3) OR g.tgenabled = 'A'))
     ORDER BY s.n > 2, t.level, t.tree::oid, s.n
$$;
COMMENT ON FUNCTION custody.audit_trigger_steps(regclass, uuid) IS
'the statements that give a table and its partitions the capture triggers that they lack; errors: none; privilege: none';

CREATE FUNCTION custody.audit_register(identity uuid, relation regclass, options jsonb) RETURNS int4
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tbl int4;
    names record;
    resumed boolean;
BEGIN
    SELECT n.nspname, c.relname INTO names
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    SELECT a.id, NOT a.active INTO tbl, resumed FROM custody_ledger.audited a WHERE a.identity = audit_register.identity;
    IF tbl IS NULL THEN
        INSERT INTO custody_ledger.audited (identity, schema, name, relid, active, since, options)
            VALUES (identity, names.nspname, names.relname, relation, true, now(), options)
            RETURNING id INTO tbl;
    ELSE
        PERFORM custody.maintain_ledger(format(
            'UPDATE custody_ledger.audited SET schema = %L, name = %L, relid = %s, active = true,
                    since = CASE WHEN active THEN since ELSE now() END, until = NULL, options = %L
              WHERE id = %s', names.nspname, names.relname, relation::oid, options, tbl));
        PERFORM custody.audit_resumed(tbl, relation) WHERE resumed;
    END IF;
    PERFORM custody.renew_descriptor(tbl);
    PERFORM custody.record_note(tbl, 'S', jsonb_build_object(
        'kind', 'audit_on', 'schema', names.nspname, 'name', names.relname, 'options', options)::text);
    RETURN tbl;
END
$$;
COMMENT ON FUNCTION custody.audit_register(uuid, regclass, jsonb) IS
'enters a table into the ledger, with its descriptor and an event of kind audit_on; a step of custody.audit(); returns its id; privilege: superuser';

-- Options are those of the last call. One that forgets a list must not show what was kept from sight.
CREATE FUNCTION custody.audit_check_revealed(relation regclass, hidden name[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    revealed text;
BEGIN
    SELECT string_agg(DISTINCT quote_ident(c.name), ', ') INTO revealed
      FROM custody_ledger.audited a
     CROSS JOIN LATERAL jsonb_array_elements_text((a.options -> 'exclude') || (a.options -> 'hash')
                                                  || (a.options -> 'redact')) c (name)
      JOIN pg_attribute t ON t.attrelid = relation AND t.attname = c.name AND t.attnum > 0
     WHERE a.id = custody.audited_id(relation) AND a.active AND c.name <> ALL (coalesce(hidden, '{}'));
    IF revealed IS NOT NULL THEN
        RAISE EXCEPTION '% is recorded with columns that are kept from sight', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('They would be recorded as they are: %s.', revealed),
                  HINT = 'Name them in exclude, hash or redact again; custody.unaudit() first, where they should be shown.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_revealed(regclass, name[]) IS
'refuses (55000) to record columns as they are that are excluded, hashed or redacted so far and not among those named now; part of custody.audit(); privilege: SELECT on the ledger';

CREATE FUNCTION custody.audit_check_org(relation regclass, org_column name) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named name := coalesce(org_column, (SELECT p.org_column FROM custody.protection p
                                         WHERE p.relation = audit_check_org.relation));
    before text;
BEGIN
    SELECT a.options ->> 'org_column' INTO before FROM custody_ledger.audited a
     WHERE a.id = custody.audited_id(relation) AND a.active;
    IF before IS NOT NULL AND named IS NULL THEN
        RAISE EXCEPTION '% is recorded with its organizations', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'Its events from now on would belong to none, and be in no organization''s evidence.',
                  HINT = format('Name org_column => %L again; custody.unaudit() first, where it should have none.', before);
    END IF;
    PERFORM custody.key_type(relation, named);
END
$$;
COMMENT ON FUNCTION custody.audit_check_org(regclass, name) IS
'refuses (55000) to record a table without an organization that is recorded with one, and (0A000, as custody.key_type()) with one that no hold could look for; part of custody.audit(); privilege: SELECT on the ledger and on custody.protection';

-- A hold's trigger looks for the key, or the organization, by the columns that they had.
CREATE FUNCTION custody.audit_check_held(relation regclass, options jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hold int4;
BEGIN
    SELECT e.hold INTO hold
      FROM custody_ledger.audited a JOIN custody_ledger.held e ON e.tbl = a.id
      JOIN custody_ledger.hold h ON h.id = e.hold AND h.lifted_at IS NULL
     WHERE a.id = custody.audited_id(relation)
       AND (e.key IS NOT NULL AND a.options -> 'key' IS DISTINCT FROM audit_check_held.options -> 'key'
            OR e.org IS NOT NULL AND a.options -> 'org_column' IS DISTINCT FROM audit_check_held.options -> 'org_column') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is under legal hold %', relation, hold
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'The hold is on rows by the key, or the organization, that the table is recorded with.',
                  HINT = 'Name the same key and org_column; custody.request_lift() asks to lift the hold.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_held(regclass, jsonb) IS
'refuses (55000) to record a table with another key or organization than those by which a hold is on its rows; part of custody.audit(); privilege: SELECT on the ledger';

-- SECURITY DEFINER: whoever owns a table has no rights on the ledger. The caller must own it.
CREATE FUNCTION custody.audit(rel regclass, org_column name DEFAULT NULL, key name[] DEFAULT NULL,
    exclude name[] DEFAULT '{}', hash name[] DEFAULT '{}', redact name[] DEFAULT '{}',
    options jsonb DEFAULT '{}', baseline boolean DEFAULT true, dry_run boolean DEFAULT false)
    RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    identity uuid;
    step text;
BEGIN
    -- NULL is no word to write, nor one to leave out what is there.
    dry_run := dry_run IS NOT FALSE;
    baseline := baseline IS NOT FALSE;
    PERFORM custody.check_ledger();
    PERFORM custody.audit_check_relation(rel);
    PERFORM custody.audit_check_caller(rel);
    IF NOT dry_run THEN
        IF baseline THEN
            PERFORM custody.check_isolation('a baseline');
        END IF;
        -- No hold is placed beside it: custody.place_hold() and it would not see each other's tables.
        PERFORM custody.lock_ledger();
        PERFORM custody.check_snapshot();
        -- Waits for running writers: what they wrote is in the baseline, what comes is captured.
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', rel);
    END IF;
    PERFORM custody.audit_check_revealed(rel, exclude || hash || redact);
    PERFORM custody.audit_check_org(rel, org_column);
    PERFORM custody.audit_check_held(rel, custody.audit_options(rel, org_column, key, exclude, hash, redact, options));
    SELECT a.identity INTO identity FROM custody_ledger.audited a WHERE a.id = custody.audited_id(rel);
    identity := coalesce(identity, gen_random_uuid());
    FOR step IN
        SELECT format('SELECT custody.audit_register(%L, %L, %L)', identity, rel,
                      custody.audit_options(rel, org_column, key, exclude, hash, redact, options))
        UNION ALL SELECT custody.audit_trigger_steps(rel, identity)
        UNION ALL SELECT format('SELECT custody.hold_later_table(%L)', rel)
                   WHERE EXISTS (SELECT FROM custody_ledger.hold h WHERE h.lifted_at IS NULL)
        UNION ALL SELECT format('SELECT custody.record_baseline(%L)', rel) WHERE baseline
    LOOP
        IF NOT dry_run AND step ~ '^SELECT' THEN
            EXECUTE step;
        ELSIF NOT dry_run THEN
            PERFORM custody.maintain_ledger(step);
        END IF;
        RETURN NEXT step;
    END LOOP;
    PERFORM custody.audit_warn(rel, key);
END
$$;
COMMENT ON FUNCTION custody.audit(regclass, name, name[], name[], name[], name[], jsonb, boolean, boolean) IS
'records a table (its partitions with it) in the ledger: org_column names the organization (found from custody.protect()), key the columns that tell rows apart (found from the indexes), exclude, hash and redact columns that are not recorded as they are; options: skip_unchanged, full_row, statement_text (booleans), require_context (org, user, both), truncate (rows, event), large_value (bytes); baseline: the rows that are there become events; dry_run returns the statements and runs none; returns the statements; warns where no index makes the key unique, or the table is unlogged; errors: 22004 without a table, 42501 for others than the owner, 42809 for what is no table, 55000 where columns that were excluded, hashed or redacted would be recorded as they are, or no organization any more, 25001 for a baseline in another isolation than READ COMMITTED, 40001 where a hold was placed or a table recorded that the transaction does not see, 42703, 42701 and 22023 for columns and options; privilege: custody_admin and ownership of the table';

REVOKE ALL ON FUNCTION custody.audit_register(uuid, regclass, jsonb),
    custody.audit_options(regclass, name, name[], name[], name[], name[], jsonb),
    custody.audit_check_columns(regclass, name, name[], name[], name[], name[]),
    custody.audit_check_options(jsonb),
    custody.audit_key(regclass), custody.audit_warn(regclass, name[]), custody.audit_check_revealed(regclass, name[]), custody.audit_check_org(regclass, name), custody.audit_check_held(regclass, jsonb),
    custody.audit_check_relation(regclass), custody.audit_check_caller(regclass),
    custody.audit_trigger_steps(regclass, uuid), custody.partition_tree(regclass),
    custody.audit(regclass, name, name[], name[], name[], name[], jsonb, boolean, boolean) FROM PUBLIC;

SELECT custody.give_duty('{admin}',
    'custody.audit(regclass, name, name[], name[], name[], name[], jsonb, boolean, boolean)');
SELECT custody.give_duty('{admin}', 'custody.init_ledger(text, jsonb)');
SELECT custody.give_duty('{admin,operator}', 'custody.make_ledger_partitions()');
