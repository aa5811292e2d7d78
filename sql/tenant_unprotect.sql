-- Back along what protect() made.

-- Foreign keys of other tables that rest on an index that would go: what keeps a derived table's
-- organization true must not; others that protect() made go along, so that tables which reference each
-- other can be unprotected at all.
CREATE FUNCTION custody.dependent_keys(relation regclass)
    RETURNS TABLE (child regclass, foreign_key name, keeps bool)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT f.conrelid::regclass, f.conname,
           EXISTS (SELECT FROM custody.protection c WHERE c.relation = f.conrelid AND c.class = 'derived'
                                                     AND c.parent = f.confrelid)
      FROM pg_constraint f
      JOIN pg_class i ON i.oid = f.conindid JOIN pg_namespace n ON n.oid = i.relnamespace
     WHERE f.contype = 'f' AND f.confrelid = relation AND f.conrelid <> relation AND f.conparentid = 0
       AND EXISTS (SELECT FROM custody.protection p CROSS JOIN jsonb_array_elements(p.made) m
                    WHERE p.relation = dependent_keys.relation
                      AND starts_with(m ->> 'undo' || ',', format('DROP INDEX IF EXISTS %I.%I,', n.nspname, i.relname)))
     ORDER BY 1, 2
$$;
COMMENT ON FUNCTION custody.dependent_keys(regclass) IS
'foreign keys of other tables that rest on a key that protect() made of a table, and whether they keep a derived table''s organization true; privilege: EXECUTE and SELECT on custody.protection';

-- Tables and columns may have got other names since: the composite key that stands in the place of the plain
-- one knows them.
CREATE FUNCTION custody.key_as_named_now(child regclass, undo text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ident text := '(?:"(?:[^"]|"")+"|[^][:space:]"(),.;]+)';
    list text := format('%s(?:, %1$s)*', ident);
    part text[] := regexp_match(undo, format(
        '^ALTER TABLE IF EXISTS %1$s(?:[.]%1$s)? DROP CONSTRAINT IF EXISTS (%1$s), ADD CONSTRAINT %1$s FOREIGN KEY '
        '[(](%2$s)[)] REFERENCES (%1$s(?:[.]%1$s)?)[(]%2$s[)](.*)$', ident, list));
    there pg_constraint;
    own int4;
BEGIN
    IF part IS NULL THEN
        RETURN undo;
    END IF;
    SELECT * INTO there FROM pg_constraint f
     WHERE f.conrelid = child AND f.contype = 'f' AND quote_ident(f.conname) = part[1];
    IF NOT FOUND THEN
        RETURN CASE WHEN to_regclass(part[3]) IS NOT NULL THEN undo END;
    END IF;
    -- The composite one has the organization first.
    own := 1 + cardinality(there.conkey) - (SELECT count(*) FROM regexp_matches(part[2], ident, 'g'));
    RETURN format('ALTER TABLE IF EXISTS %s DROP CONSTRAINT IF EXISTS %s, ADD CONSTRAINT %2$s FOREIGN KEY (%s) REFERENCES %s(%s)%s',
        child, part[1], custody.column_list(child, there.conkey[own:]), there.confrelid::regclass,
        custody.column_list(there.confrelid, there.confkey[own:]), part[4]);
END
$$;
COMMENT ON FUNCTION custody.key_as_named_now(regclass, text) IS
'the undo of a step that put a composite foreign key into the place of a plain one, with the names that its tables and columns have now; NULL where neither the composite key nor its parent is there; any other undo as it is; privilege: EXECUTE';

CREATE FUNCTION custody.column_list(relation regclass, numbers int2[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(quote_ident(n), ', ' ORDER BY place)
      FROM unnest(custody.column_names(relation, numbers)) WITH ORDINALITY c (n, place)
$$;
COMMENT ON FUNCTION custody.column_list(regclass, int2[]) IS
'names of columns of a table, quoted, in the order of their numbers given; privilege: EXECUTE';

-- The plain key comes back where a composite one of another table has taken its place.
CREATE FUNCTION custody.plain_key(child regclass, foreign_key name) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT custody.key_as_named_now(child, custody.undo_as_named_now(child, m))
                       FROM custody.protection p CROSS JOIN jsonb_array_elements(p.made) m
                      WHERE p.relation = child
                        AND starts_with(m ->> 'undo', format('ALTER TABLE IF EXISTS %s DROP CONSTRAINT IF EXISTS %I, ADD ',
                                                             coalesce(m ->> 'table', child::text), foreign_key)) LIMIT 1),
                    format('ALTER TABLE %s DROP CONSTRAINT %I', child, foreign_key))
$$;
COMMENT ON FUNCTION custody.plain_key(regclass, name) IS
'the statement that takes a composite foreign key away and brings back the plain one in whose place it is; privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.undo_as_named_now(relation regclass, made jsonb) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN made ? 'table'
                THEN rtrim(replace((made ->> 'undo') || ' ', format(' %s ', made ->> 'table'), format(' %s ', relation)))
                ELSE made ->> 'undo' END
$$;
COMMENT ON FUNCTION custody.undo_as_named_now(regclass, jsonb) IS
'the undo of one entry of custody.protection.made, with the name that the table has now; errors: none; privilege: EXECUTE';

-- The table under the name that it has now; what is gone needs no undo.
CREATE FUNCTION custody.undo_step(subject custody.protect_subject, made jsonb) RETURNS custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    undo text := made ->> 'undo';
    dropped text := substring(undo FROM '^DROP INDEX IF EXISTS ([^,]+)');
    other regclass;
BEGIN
    IF to_regclass(made ->> 'partition') IS NULL AND made ? 'partition' THEN
        RETURN custody.protect_step(subject, 'note', NULL, NULL, format(
            'partition %s is not there any more: %s', made ->> 'partition', undo));
    ELSIF dropped IS NOT NULL AND to_regclass(dropped) IS NULL THEN
        RETURN custody.protect_step(subject, 'note', NULL, NULL, format(
            'index %s is not there, or has another name now', dropped));
    END IF;
    undo := custody.key_as_named_now(subject.relation, custody.undo_as_named_now(subject.relation, made));
    IF undo IS NULL THEN
        RETURN custody.protect_step(subject, 'note', NULL, NULL, format(
            'the parent of a foreign key is not there any more: %s', made ->> 'undo'));
    END IF;
    -- What several tables need goes with the last of them.
    SELECT p.relation INTO other FROM custody.protection p
     WHERE undo LIKE 'REVOKE USAGE ON SCHEMA custody FROM %' AND p.relation <> subject.relation
       AND right(undo, -36) = ANY ((p.roles || p.multi_roles || p.writers)::text[])
     ORDER BY p.protected_at LIMIT 1;
    IF FOUND THEN
        RETURN custody.protect_step(subject, 'keep', format(
            'UPDATE custody.protection SET made = made || %L WHERE relation = %L::regclass',
            jsonb_build_array(made), other), NULL, 'another table needs it');
    END IF;
    RETURN custody.protect_step(subject, 'undo ' || (made ->> 'action'), undo);
END
$$;
COMMENT ON FUNCTION custody.undo_step(custody.protect_subject, jsonb) IS
'the step that undoes one entry of custody.protection.made; privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.unprotect_steps(relation regclass) RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whole custody.protect_subject;
    made jsonb;
BEGIN
    whole.relation := relation;
    SELECT p.class, p.made INTO whole.class, made FROM custody.protection p
     WHERE p.relation = unprotect_steps.relation;
    made := coalesce(made, '[]') || coalesce((SELECT b.made FROM custody.protection_begun b
                                               WHERE b.relation = unprotect_steps.relation), '[]');
    RETURN QUERY SELECT s.* FROM custody.dependent_keys(relation) k, custody.protect_step(whole, 'stop', NULL, NULL,
                            format('foreign key %I of %s rests on a key that protect() made: unprotect %2$s first',
                                   k.foreign_key, k.child)) s
                  WHERE k.keeps;
    -- First of all, so that no guard defends what is being taken down.
    RETURN NEXT custody.protect_step(whole, 'forget', format(
        'DELETE FROM custody.protection WHERE relation = %L::regclass', relation));
    RETURN NEXT custody.protect_step(whole, 'forget', format(
        'DELETE FROM custody.protection_begun WHERE relation = %L::regclass', relation));
    RETURN QUERY SELECT s.* FROM custody.dependent_keys(relation) k, custody.protect_step(whole, 'undo add foreign key',
                            custody.plain_key(k.child, k.foreign_key)) s
                  WHERE NOT k.keeps;
    RETURN QUERY SELECT s.* FROM (
        SELECT DISTINCT ON (m.value ->> 'undo') m.value, m.place
          FROM jsonb_array_elements(made) WITH ORDINALITY m (value, place)
         ORDER BY m.value ->> 'undo', m.place) d
        CROSS JOIN LATERAL custody.undo_step(whole, d.value) s
     ORDER BY d.place DESC;
END
$$;
COMMENT ON FUNCTION custody.unprotect_steps(regclass) IS
'the steps of custody.unprotect(); privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.unprotect(relation regclass, dry_run bool DEFAULT false)
    RETURNS SETOF custody.protect_result
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off
    SET client_min_messages = warning AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM custody.protection p WHERE p.relation = unprotect.relation)
        AND NOT EXISTS (SELECT FROM custody.protection_begun b WHERE b.relation = unprotect.relation) THEN
        RAISE EXCEPTION '% is not protected', relation
            USING ERRCODE = 'undefined_object', HINT = 'custody.protection has the tables that are.';
    END IF;
    IF NOT dry_run THEN
        LOCK TABLE custody.protection IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    RETURN QUERY SELECT * FROM custody.run_steps(ARRAY(
        SELECT s FROM custody.unprotect_steps(unprotect.relation) s), dry_run);
END
$$;
COMMENT ON FUNCTION custody.unprotect(regclass, bool) IS
'takes back exactly what custody.protect() made of a table and of its partitions, the last first: policies, row security, default, NOT NULL, indexes, keys, and the org column where it added it, with what is in it; gives back the privileges that it revoked; what was there before stays; dry_run: only returns the steps; errors: 42704 where the table is not protected, 55000 where a foreign key of another protected table rests on a key of this one; privilege: as of custody.protect()';

-- All of the above: nobody but who protects has a use for it.
CREATE FUNCTION custody.protecting_functions() RETURNS SETOF regprocedure
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.oid FROM pg_proc p
     WHERE p.pronamespace = 'custody'::regnamespace AND p.proname = ANY ('{
        backfill_leaves, backfill_org, backfill_statement, begin_steps, bound_roles,
        check_protectable, class_derived, class_direct, class_member, class_of_one,
        class_recorded, class_roots, class_said, class_tables, class_undecided, classes_of,
        classify_schema, column_list, column_names, column_not_null, column_number, column_steps,
        composite_actions, composite_columns, composite_problem, composite_step,
        composite_steps, composite_wanted, count_rows, dangling_rows, default_step, default_steps, dependent_keys,
        disagreement_steps, fill_steps, force_notes, index_base, index_place, index_steps, key_as_named_now, key_condition,
        key_has_pair, known_subject, large_table_bytes, leaky_index, made_index_name, made_key,
        made_name, may_bypass, member_notes, names_of, not_null_steps, note_steps,
        org_column_kind, org_condition, org_condition_stored, org_expression, org_index_steps,
        parent_first, parent_record_steps, plain_key, policies_are_ours, policy_clauses, policy_notes, policy_step,
        policy_steps, primary_key_column, protect, protect_plan, protect_schema, protect_step,
        readers_of, record_steps, replaceable_key, revoke_steps, role_stops, role_warnings,
        roles_without_writers, run_steps, security_steps, shared_children, steps_made, subject_column,
        subject_of, subjects_of, table_steps, table_tree, tree_bytes, unbound_privileges,
        undo_as_named_now, undo_step, unique_columns, unique_steps, unique_suffix, unprotect, unprotect_steps,
        usage_steps, wanted_policies, whole_subject
        }')
$$;
COMMENT ON FUNCTION custody.protecting_functions() IS
'the functions of custody.protect() and its companions, which custody.grant_protecting() gives; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.protecting_functions() FROM PUBLIC;

-- Whoever protects has to be able to call all of it, and to let the bound roles call what enters a context.
CREATE FUNCTION custody.grant_protecting(role name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    callable regprocedure;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA custody TO %I WITH GRANT OPTION', role);
    EXECUTE format('GRANT SELECT ON custody.isolation_setting TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON custody.protection, custody.protection_begun, '
                   'custody.exemption TO %I', role);
    FOR callable IN SELECT custody.protecting_functions() LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', callable, role);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.grant_protecting(name) IS
'gives a role what custody.protect() and its companions need in schema custody, with the right to give USAGE on it to the roles that it binds; part of the duty admin (custody.grant_duty()); errors: 42704 for a role that does not exist; privilege: EXECUTE and ownership';
REVOKE EXECUTE ON FUNCTION custody.grant_protecting(name) FROM PUBLIC;

DO $$
DECLARE
    callable regprocedure;
BEGIN
    FOR callable IN SELECT custody.protecting_functions() LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', callable);
    END LOOP;
    PERFORM custody.grant_protecting(r.name) FROM custody.role r WHERE r.made AND r.name = 'custody_admin';
END
$$;
