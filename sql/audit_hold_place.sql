-- Placing a hold, and what of it a table has.

CREATE FUNCTION custody.hold_steps(hold int4, relation regclass, condition text) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %s FOR EACH ROW%s '
                  'EXECUTE FUNCTION custody.refuse_held(%L)', 'custody_hold_' || hold, relation,
                  ' WHEN (' || condition || ')', hold)
    UNION ALL
    SELECT format('CREATE TRIGGER %I BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                  'EXECUTE FUNCTION custody.refuse_held(%L)', 'custody_hold_' || hold || '_truncate', t.relid, hold)
      FROM custody.partition_tree(relation) t
      JOIN pg_class c ON c.oid = t.relid AND c.relkind <> 'f'
    UNION ALL
    SELECT format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', t.relid, n.name)
      FROM custody.partition_tree(relation) t
      JOIN pg_class c ON c.oid = t.relid
     CROSS JOIN LATERAL (SELECT 'custody_hold_' || hold AS name
                         UNION ALL SELECT 'custody_hold_' || hold || '_truncate' WHERE c.relkind <> 'f') n
$$;
COMMENT ON FUNCTION custody.hold_steps(int4, regclass, text) IS
'the statements that put a hold on a table and its partitions, for the rows of a condition; NULL: all; privilege: none';

CREATE FUNCTION custody.hold_truncate_steps(partition regclass) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.step
      FROM pg_trigger t
     CROSS JOIN LATERAL (VALUES
           (1, format('CREATE TRIGGER %I BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION '
                      'custody.refuse_held(%L)', t.tgname || '_truncate', partition,
                      substring(t.tgname FROM '[0-9]+$'))),
           (2, format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', partition, t.tgname || '_truncate')),
           (3, format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', partition, t.tgname))) AS s (n, step)
     WHERE t.tgrelid = partition AND t.tgfoid = 'custody.refuse_held()'::regprocedure
       AND t.tgname ~ '^custody_hold_[0-9]+$'
       AND NOT EXISTS (SELECT FROM pg_trigger o
                        WHERE o.tgrelid = partition AND o.tgname = t.tgname || '_truncate')
     ORDER BY t.tgname, s.n
$$;
COMMENT ON FUNCTION custody.hold_truncate_steps(regclass) IS
'the statements that let the holds of its root reach TRUNCATE of a new partition; privilege: none';

-- A detached partition has the triggers on TRUNCATE still; those on its rows say, at the root, what is held.
CREATE FUNCTION custody.hold_check_detached(partition regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held record;
    found boolean;
BEGIN
    PERFORM custody.check_snapshot();
    FOR held IN
        SELECT DISTINCT ON (h.id) h.id,
               substring(pg_get_triggerdef(r.oid) FROM 'WHEN \((.*)\) EXECUTE FUNCTION') AS condition
          FROM pg_trigger t
          JOIN custody_ledger.hold h ON t.tgname = format('custody_hold_%s_truncate', h.id) AND h.lifted_at IS NULL
          JOIN pg_trigger r ON r.tgname = format('custody_hold_%s', h.id) AND r.tgparentid = 0
          JOIN custody_ledger.audited a ON custody.recorded_relation(a.id) = r.tgrelid
          JOIN pg_trigger c ON c.tgrelid = partition
               AND c.tgargs = convert_to(a.identity::text, 'UTF8') || E'\\x00'::bytea
         WHERE t.tgrelid = partition
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM custody.table_rows(NULL::%s) AS old WHERE %s)', partition,
                       coalesce(held.condition, 'true'))
           INTO found;
        IF found THEN
            RAISE EXCEPTION '% is under legal hold %', partition, held.id
                USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'DETACH of rows that are held',
                      HINT = 'custody.request_lift() asks to lift it.';
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.hold_check_detached(regclass) IS
'refuses (55000) a partition to be detached that has rows under a hold, or (40001) where the transaction does not see all holds and recorded tables; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.hold_check_columns(relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hold text;
BEGIN
    PERFORM custody.check_snapshot();
    SELECT substring(t.tgname FROM '^custody_hold_([0-9]+)') INTO hold FROM pg_trigger t
     WHERE t.tgrelid = relation AND t.tgfoid = 'custody.refuse_held()'::regprocedure LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is under legal hold %', relation, hold
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'A column would be dropped, or get another type.',
                  HINT = 'custody.request_lift() asks to lift it.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.hold_check_columns(regclass) IS
'refuses (55000) to drop or rewrite columns of a table that has a hold, or (40001) where the transaction does not see all holds and recorded tables; part of the event triggers; privilege: superuser';

-- As the table's event tells it for good: keys by their hashes.
CREATE FUNCTION custody.held_told(hold int4, tbl int4) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(t.row ORDER BY t.row), '[]')
      FROM custody_ledger.held e JOIN custody_ledger.hold h ON h.id = e.hold
     CROSS JOIN LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object('org', encode(e.org, 'hex'),
               'key', custody.told_hash((h.subject ->> 'key_salt')::uuid, e.key))) AS row) t
     WHERE e.hold = held_told.hold AND coalesce(e.tbl, 0) = held_told.tbl
$$;
COMMENT ON FUNCTION custody.held_told(int4, int4) IS
'what a hold has of a table, or (table 0) of all that are none, as its event tells it: organizations, and keys by their hashes; errors: 42P01 without a ledger, 22P02 for a salt that is none; privilege: SELECT on the ledger';

CREATE FUNCTION custody.record_hold(hold int4, tbl int4) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT custody.record_note(record_hold.tbl, 'S', jsonb_build_object('kind', 'hold', 'hold', h.id,
               'of', h.subject - '{key,key_salt}'::text[], 'held', custody.held_told(h.id, record_hold.tbl),
               'reason', h.reason, 'by', h.placed_by)::text)
      FROM custody_ledger.hold h WHERE h.id = record_hold.hold
$$;
COMMENT ON FUNCTION custody.record_hold(int4, int4) IS
'writes the event of kind hold of a table that a hold is on, or (table 0) of the hold itself; privilege: superuser';

-- The lock waits for whoever writes the table and keeps others out until the hold is there for all.
CREATE FUNCTION custody.hold_table(hold int4, subject int4, relation regclass, condition text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step text;
BEGIN
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    FOR step IN SELECT custody.hold_steps(hold, relation, condition) LOOP
        PERFORM custody.maintain_ledger(step);
    END LOOP;
    PERFORM custody.record_hold(hold, subject);
END
$$;
COMMENT ON FUNCTION custody.hold_table(int4, int4, regclass, text) IS
'puts a hold on the live rows of one table, with an event of kind hold; waits for running writers; privilege: superuser';

CREATE FUNCTION custody.attempt_query(query text) RETURNS text
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_attempt_query';
COMMENT ON FUNCTION custody.attempt_query(text) IS
'runs a query of which code of a table''s owner may make an error, in a subtransaction; returns the error''s message, NULL for none; errors: what cancels the statement; privilege: superuser';

-- A hold on an organization must not fail by one table, whose partition key raises an error, say: its owner would
-- keep it from all others. What is not reached is told, now and by every verification.
CREATE FUNCTION custody.hold_table_or_tell(hold int4, subject int4, relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    failure text;
BEGIN
    -- Who waits for it, or is cancelled then, is not kept out by the owner.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    -- Code that does not end can only be left out.
    failure := CASE WHEN current_setting('custody.owner_code', true) = 'off' AND EXISTS (
                             SELECT FROM custody.partition_tree(relation) t
                               JOIN pg_partitioned_table p ON p.partrelid = t.relid AND p.partexprs IS NOT NULL)
                         THEN 'It is partitioned by an expression, and custody.owner_code is off.'
                    ELSE custody.attempt_query(format('SELECT custody.hold_table(%s, %s, %L, custody.hold_condition(%1$s, %2$s, %3$L))',
                                                      hold, subject, relation)) END;
    IF failure IS NOT NULL THEN
        PERFORM custody.record_hold(hold, subject);
        RAISE WARNING 'hold % does not reach the rows of %', hold, relation
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = failure,
                  HINT = 'Its events are held. Once triggers can be made on the table, SELECT custody.init_ledger() puts the hold on it.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.hold_table_or_tell(int4, int4, regclass) IS
'custody.hold_table() for one of many tables: a warning where code of the table''s owner makes an error, or would run (by expressions in keys of partitions) though custody.owner_code is off; privilege: superuser';

-- Tables name organizations by columns of several types; what one of them cannot have it does not name.
CREATE FUNCTION custody.org_fits(relation regclass, org_column name, value text) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('SELECT %L::%s', value, custody.key_type(relation, org_column));
    RETURN custody.type_has(custody.key_type(relation, org_column), value);
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;
COMMENT ON FUNCTION custody.org_fits(regclass, name, text) IS
'whether the column that names a table''s organization can have a value; NULL without such a column; errors: 0A000 as custody.key_type(); privilege: none';

-- Its conditions are read alike whoever looks later.
CREATE FUNCTION custody.make_hold(reason text, rel regclass, key jsonb, org text) RETURNS int4
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    t record;
    hold int4;
    reached int := 0;
BEGIN
    INSERT INTO custody_ledger.hold (subject, org_text, reason, placed_by, placed_at)
        VALUES (jsonb_strip_nulls(jsonb_build_object('table', rel, 'org', org)) || custody.salted(key, 'key'), org,
                reason, session_user, now()) RETURNING id INTO hold;
    IF rel IS NULL THEN
        -- Its events are held wherever they came from, tables that are gone included.
        INSERT INTO custody_ledger.held (hold, org) SELECT hold, o FROM custody.org_spellings(org) o;
    END IF;
    PERFORM custody.record_hold(hold, 0);
    FOR t IN
        SELECT a.id, r.relation, a.options ->> 'org_column' AS org_column
          FROM custody_ledger.audited a CROSS JOIN LATERAL custody.recorded_relation(a.id) AS r (relation)
         WHERE a.active AND r.relation IS NOT NULL AND CASE WHEN rel IS NULL THEN a.options ? 'org_column'
                                 ELSE a.id = custody.audited_id(rel) END
         ORDER BY r.relation
    LOOP
        IF org IS NOT NULL AND t.org_column IS NULL THEN
            RAISE EXCEPTION '% has no column that names the organization', t.relation
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Hold the table, or rows of it by key.';
        END IF;
        IF NOT custody.org_fits(t.relation, t.org_column, org) THEN
            CONTINUE WHEN rel IS NULL;
            RAISE EXCEPTION 'column "%" of % cannot name organization "%"', t.org_column, t.relation, org
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Write it as the column has it.';
        END IF;
        INSERT INTO custody_ledger.held (hold, tbl, org, key)
            SELECT DISTINCT hold, t.id, o, s.key FROM custody.fold_version(t.id) v (version)
             CROSS JOIN LATERAL custody.key_spellings(t.id, v.version, custody.key_given(t.id, v.version, make_hold.key)) s
             CROSS JOIN custody.org_equals(t.id, t.relation, t.org_column, make_hold.org) o;
        IF rel IS NULL THEN
            PERFORM custody.hold_table_or_tell(hold, t.id, t.relation);
        ELSE
            PERFORM custody.hold_table(hold, t.id, t.relation, custody.hold_condition(hold, t.id, t.relation));
        END IF;
        reached := reached + 1;
    END LOOP;
    IF reached = 0 AND rel IS NULL THEN
        RAISE WARNING 'hold % reaches no table', hold
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('No recorded table can name organization "%s": only events that it has are held.', org),
                  HINT = 'Is it written as the tables have it? custody.request_lift() asks to lift the hold.';
    END IF;
    IF reached = 0 AND rel IS NOT NULL THEN
        RAISE EXCEPTION '% is not recorded', rel
            USING ERRCODE = 'undefined_object', HINT = 'custody.audit() it first: what is held is recorded.';
    END IF;
    RETURN hold;
END
$$;
COMMENT ON FUNCTION custody.make_hold(text, regclass, jsonb, text) IS
'places a hold that custody.place_hold() has looked at: reason, table, key as an object, organization; returns its number; errors: as there; privilege: superuser';

-- SECURITY DEFINER, here and below: custody_legal owns neither the ledger nor the tables that it holds.
CREATE FUNCTION custody.place_hold(reason text, rel regclass DEFAULT NULL, key jsonb DEFAULT NULL,
    org text DEFAULT NULL) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    root regclass;
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.check_session();
    PERFORM custody.check_isolation('a hold');
    PERFORM custody.check_reason(reason);
    IF rel IS NULL AND org IS NULL OR key IS NOT NULL AND (rel IS NULL OR org IS NOT NULL) THEN
        RAISE EXCEPTION 'a hold is on an organization, a table, or one row of a table'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give org, rel, rel and org, or rel and key.';
    END IF;
    -- One hold after the other, and none beside custody.audit(): each sees the other's tables.
    PERFORM custody.lock_ledger();
    root := custody.recorded_relation(custody.audited_id(rel));
    IF root IS NOT NULL THEN
        -- Before its key is read: DDL under way may give its names to other columns.
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', root);
    END IF;
    -- A time without its zone is that of who asks.
    key := CASE WHEN key IS NOT NULL THEN custody.recorded_key(rel, key) END;
    RETURN custody.make_hold(reason, rel, key, org);
END
$$;
COMMENT ON FUNCTION custody.place_hold(text, regclass, jsonb, text) IS
'places a legal hold: on an organization (in every recorded table that names it, those recorded later, too), on a table (rel), on the organization''s rows of one table (rel, org), or on one row (rel, key: as custody.history() takes it); waits for running writers, then UPDATE, DELETE, TRUNCATE, DROP and DETACH of what is held are refused, and its events are neither pruned nor erased, until custody.request_lift() is approved; a table on whose rows an organization''s hold cannot be put, because code of its owner makes errors, is told by a warning, and by verification; returns the hold''s number; errors: 22023 without a reason or for what is not the key, 42704 for a table that is not recorded, 25001 in another isolation than READ COMMITTED; privilege: custody_legal';

-- Columns may have been renamed since: by the names that they had then, in the key's order.
CREATE FUNCTION custody.held_key(hold int4, tbl int4, columns name[]) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT jsonb_object_agg(c.name, h.subject -> 'key' -> n.names[c.n]) FROM unnest(columns) WITH ORDINALITY c (name, n))
      FROM custody_ledger.hold h JOIN custody_ledger.descriptor d ON d.tbl = held_key.tbl
     CROSS JOIN LATERAL (
           SELECT array_agg(d.text::jsonb #>> ARRAY['columns', k.p, 'name'] ORDER BY k.n) AS names
             FROM jsonb_array_elements_text(d.text::jsonb -> 'key') WITH ORDINALITY k (p, n)) n
     WHERE h.id = held_key.hold AND h.subject -> 'key' ?& n.names
     -- One that was made since then, by a transaction that had begun before, is taken where there is no other.
     ORDER BY d.made_at > h.placed_at, CASE WHEN d.made_at > h.placed_at THEN d.version ELSE -d.version END LIMIT 1
$$;
COMMENT ON FUNCTION custody.held_key(int4, int4, name[]) IS
'the key that a hold is on, by the names that its columns have now; NULL for a hold without one; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- What the live rows of a hold have in common.
CREATE FUNCTION custody.hold_condition(hold int4, tbl int4, relation regclass) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN h.org_text IS NOT NULL
                THEN custody.key_condition(relation, ARRAY[a.options ->> 'org_column']::name[],
                                           jsonb_build_object(a.options ->> 'org_column', h.org_text), 'OLD.')
                WHEN h.subject ? 'key'
                THEN custody.key_condition(relation, k.columns, custody.held_key(h.id, a.id, k.columns), 'OLD.') END
      FROM custody_ledger.hold h JOIN custody_ledger.audited a ON a.id = hold_condition.tbl
     CROSS JOIN LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(a.options -> 'key'))::name[]) k (columns)
     WHERE h.id = hold_condition.hold
$$;
COMMENT ON FUNCTION custody.hold_condition(int4, int4, regclass) IS
'the SQL condition on OLD under which a hold is on a row of a table of the ledger, or (relation) of one of its partitions; NULL: on all; errors: as custody.key_condition(); privilege: SELECT on the ledger';

-- An organization's hold reaches the tables that are recorded after it; and holds come back where DROP
-- EXTENSION took their triggers.
CREATE FUNCTION custody.hold_later_table(relation regclass, one_of_many boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    h record;
    t record;
BEGIN
    SELECT a.id, a.options ->> 'org_column' AS org_column
      INTO t FROM custody_ledger.audited a WHERE a.id = custody.audited_id(relation);
    FOR h IN SELECT o.*, EXISTS (SELECT FROM custody_ledger.held e WHERE e.hold = o.id AND e.tbl = t.id) AS known
               FROM custody_ledger.hold o
              WHERE o.lifted_at IS NULL
                AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = relation
                                   AND g.tgname = format('custody_hold_%s', o.id)) LOOP
        CONTINUE WHEN NOT h.known AND (h.subject ? 'table' OR t.org_column IS NULL
                                       OR NOT custody.org_fits(relation, t.org_column, h.org_text));
        IF NOT h.known THEN
            INSERT INTO custody_ledger.held (hold, tbl, org)
                SELECT DISTINCT h.id, t.id, o FROM custody.org_equals(t.id, relation, t.org_column, h.org_text) o;
        END IF;
        IF one_of_many THEN
            PERFORM custody.hold_table_or_tell(h.id, t.id, relation);
        ELSE
            PERFORM custody.hold_table(h.id, t.id, relation, custody.hold_condition(h.id, t.id, relation));
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.hold_later_table(regclass, boolean) IS
'puts the holds that reach a table on it where they are not: those of organizations on a table that is recorded later, all after DROP EXTENSION; one_of_many: as custody.hold_table_or_tell(); a step of custody.audit() and custody.init_ledger(); privilege: superuser';

CREATE FUNCTION custody.hold_again() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.hold_later_table(c.oid, true)
       FROM custody_ledger.audited a
       JOIN pg_namespace n ON n.nspname = a.schema
       JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.name AND custody.audited_id(c.oid) = a.id
      WHERE a.active AND EXISTS (SELECT FROM custody_ledger.held e JOIN custody_ledger.hold h ON h.id = e.hold
                                  WHERE e.tbl = a.id AND h.lifted_at IS NULL);
END
$$;
COMMENT ON FUNCTION custody.hold_again() IS
'puts all holds back where DROP EXTENSION took their triggers; part of custody.init_ledger(); privilege: superuser';

CREATE FUNCTION custody.lift_hold(hold int4, request int4) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
BEGIN
    -- Not beside custody.audit(), which would put it on one table more.
    PERFORM custody.lock_ledger();
    -- Another request to lift it may have been approved before.
    PERFORM FROM custody_ledger.hold h WHERE h.id = lift_hold.hold AND h.lifted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no hold %', hold
            USING ERRCODE = 'undefined_object', HINT = 'Where it is lifted already, withdraw the request.';
    END IF;
    -- One after the other: a partition may come while a table's lock is waited for.
    LOOP
        SELECT g.tgname, g.tgrelid::regclass AS relation INTO t FROM pg_trigger g
         WHERE g.tgfoid = 'custody.refuse_held()'::regprocedure AND g.tgparentid = 0
           AND g.tgname IN (format('custody_hold_%s', hold), format('custody_hold_%s_truncate', hold))
         ORDER BY g.tgname, g.tgrelid LIMIT 1;
        EXIT WHEN NOT FOUND;
        PERFORM custody.maintain_ledger(format('DROP TRIGGER %I ON %s', t.tgname, t.relation));
    END LOOP;
    PERFORM custody.maintain_ledger(format('UPDATE custody_ledger.hold SET lifted_at = now(), lifted_by = %s '
                                           'WHERE id = %s', request, hold));
    PERFORM custody.record_note(e.tbl, 'S', (jsonb_build_object('kind', 'lift', 'hold', e.hold)
                                             || custody.request_facts(lift_hold.request))::text)
       FROM (SELECT DISTINCT h.hold, h.tbl FROM custody_ledger.held h WHERE h.hold = lift_hold.hold AND h.tbl IS NOT NULL
             UNION SELECT lift_hold.hold, 0) e;
    RETURN format('hold %s lifted', hold);
END
$$;
COMMENT ON FUNCTION custody.lift_hold(int4, int4) IS
'ends a hold, with an event of kind lift, and one for each table; executes an approved request; errors: 42704 for a hold that is lifted already; privilege: superuser';

REVOKE ALL ON FUNCTION custody.hold_steps(int4, regclass, text), custody.hold_truncate_steps(regclass),
    custody.hold_check_detached(regclass), custody.hold_check_columns(regclass),
    custody.org_fits(regclass, name, text), custody.held_told(int4, int4), custody.record_hold(int4, int4),
    custody.hold_table(int4, int4, regclass, text), custody.attempt_query(text), custody.hold_table_or_tell(int4, int4, regclass),
    custody.make_hold(text, regclass, jsonb, text), custody.place_hold(text, regclass, jsonb, text), custody.held_key(int4, int4, name[]), custody.hold_condition(int4, int4, regclass),
    custody.hold_later_table(regclass, boolean), custody.hold_again(),
    custody.lift_hold(int4, int4) FROM PUBLIC;

SELECT custody.give_duty('{legal}', 'custody.place_hold(text, regclass, jsonb, text)');
