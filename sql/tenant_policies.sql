-- The policies of a protected table and of each of its partitions, and the privileges that would go past them.

CREATE FUNCTION custody.org_condition(subject custody.protect_subject, many bool) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(CASE WHEN (subject).column_type = (subject).base_type THEN '%1$I = %3$s' ELSE '%1$I::%2$s = %3$s' END,
                  (subject).org_column, (subject).base_type,
                  format(CASE WHEN many THEN 'ANY (custody.current_orgs_%s())' ELSE 'custody.current_org_%s()' END,
                         (subject).kind))
$$;
COMMENT ON FUNCTION custody.org_condition(custody.protect_subject, bool) IS
'the condition of a policy: the row''s organization is the current one, or one of the current ones; privilege: EXECUTE';

-- As the server prints the condition back.
CREATE FUNCTION custody.org_condition_stored(subject custody.protect_subject, many bool) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(CASE WHEN (subject).column_type = (subject).base_type THEN '(%1$I = %3$s)' ELSE '((%1$I)::%2$s = %3$s)' END,
                  (subject).org_column, (subject).base_type,
                  format(CASE WHEN many THEN 'ANY (custody.current_orgs_%s())' ELSE 'custody.current_org_%s()' END,
                         (subject).kind))
$$;
COMMENT ON FUNCTION custody.org_condition_stored(custody.protect_subject, bool) IS
'custody.org_condition() as pg_get_expr() writes it; privilege: EXECUTE';

-- A floor that refuses writes must not bind a writer, directly or through a role it inherits.
CREATE FUNCTION custody.roles_without_writers(bound regrole[], writers regrole[]) RETURNS regrole[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(b), '{}') FROM unnest(bound) b
     WHERE NOT EXISTS (SELECT FROM unnest(writers) w WHERE pg_has_role(w, b, 'USAGE'))
$$;
COMMENT ON FUNCTION custody.roles_without_writers(regrole[], regrole[]) IS
'those of the bound roles whose privileges no writer has; privilege: EXECUTE';

CREATE TYPE custody.wanted_policy AS (
    name name, permissive bool, command "char", roles regrole[], qual text, stored text, checks text);
COMMENT ON TYPE custody.wanted_policy IS
'a policy that a table should have: qual and checks as in CREATE POLICY, stored: both as the server prints them (NULL: as given)';

CREATE FUNCTION custody.wanted_policies(subject custody.protect_subject) RETURNS SETOF custody.wanted_policy
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH bound (prefix, roles, qual, stored) AS (
        SELECT 'custody_', (subject).roles, custody.org_condition(subject, false),
               custody.org_condition_stored(subject, false)
        UNION ALL
        SELECT 'custody_orgs_', (subject).multi_roles, custody.org_condition(subject, true),
               custody.org_condition_stored(subject, true)),
    wanted (place, suffix, permissive, command, writes, checked) AS (VALUES
        (1, 'floor', false, '*', true, true), (2, 'select', true, 'r', true, false),
        (3, 'insert', true, 'a', false, true), (4, 'update', true, 'w', true, true),
        (5, 'delete', true, 'd', true, false)),
    shared (place, name, permissive, command, roles, qual, checks) AS (VALUES
        (1, 'custody_floor', false, '*', custody.roles_without_writers((subject).roles || (subject).multi_roles,
            (subject).writers), 'true', 'false'),
        (2, 'custody_floor_delete', false, 'd', custody.roles_without_writers(
            (subject).roles || (subject).multi_roles, (subject).writers), 'false', NULL),
        (3, 'custody_select', true, 'r', (subject).roles || (subject).multi_roles || (subject).writers, 'true', NULL),
        (4, 'custody_insert', true, 'a', (subject).writers, NULL, 'true'),
        (5, 'custody_update', true, 'w', (subject).writers, 'true', 'true'),
        (6, 'custody_delete', true, 'd', (subject).writers, 'true', NULL)),
    every AS (
        SELECT b.prefix || w.suffix AS name, w.permissive, w.command, b.roles,
               CASE WHEN w.writes THEN b.qual END AS qual, CASE WHEN w.checked THEN b.qual END AS checks,
               b.stored, b.prefix, w.place
          FROM bound b CROSS JOIN wanted w
         WHERE (subject).class NOT IN ('shared', 'exempt')
        UNION ALL
        SELECT s.name, s.permissive, s.command, s.roles, s.qual, s.checks, NULL, '', s.place
          FROM shared s WHERE (subject).class = 'shared')
    SELECT e.name::name, e.permissive, e.command::"char",
           ARRAY(SELECT DISTINCT r::oid::regrole FROM unnest(e.roles) r ORDER BY 1), e.qual, e.stored, e.checks
      FROM every e WHERE e.roles <> '{}' ORDER BY e.prefix, e.place
$$;
COMMENT ON FUNCTION custody.wanted_policies(custody.protect_subject) IS
'the policies that a subject should have, floors first; privilege: EXECUTE';

CREATE FUNCTION custody.policy_clauses(roles regrole[], qual text, checks text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(' TO %s', (SELECT string_agg(r::text, ', ' ORDER BY r::text) FROM unnest(roles) r))
        || coalesce(' USING (' || qual || ')', '') || coalesce(' WITH CHECK (' || checks || ')', '')
$$;
COMMENT ON FUNCTION custody.policy_clauses(regrole[], text, text) IS
'the end of CREATE POLICY and ALTER POLICY; privilege: EXECUTE';

-- Before a table is protected, whatever is called like one of ours is somebody else's.
CREATE FUNCTION custody.policies_are_ours(relation regclass) RETURNS bool
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM custody.protection p WHERE p.relation = policies_are_ours.relation)
        OR EXISTS (SELECT FROM custody.protection_begun b WHERE b.relation = policies_are_ours.relation)
$$;
COMMENT ON FUNCTION custody.policies_are_ours(regclass) IS
'whether policies of a table with names of protect() can be its own; privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.policy_step(subject custody.protect_subject, member regclass, wanted custody.wanted_policy)
    RETURNS custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    there pg_policy;
    clauses text := custody.policy_clauses(wanted.roles, wanted.qual, wanted.checks);
    undo text := format('DROP POLICY IF EXISTS %I ON %s', wanted.name, member);
    sql text;
BEGIN
    SELECT * INTO there FROM pg_policy p WHERE p.polrelid = member AND p.polname = wanted.name;
    IF NOT FOUND THEN
        sql := format('CREATE POLICY %I ON %s AS %s FOR %s', wanted.name, member,
            CASE WHEN wanted.permissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE wanted.command WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                                WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END);
        RETURN custody.protect_step(subject, 'create policy', sql || clauses, undo);
    END IF;
    IF there.polcmd = wanted.command AND there.polpermissive = wanted.permissive
        AND ARRAY(SELECT unnest(there.polroles) ORDER BY 1) = ARRAY(SELECT unnest(wanted.roles)::oid ORDER BY 1)
        AND pg_get_expr(there.polqual, member)
            IS NOT DISTINCT FROM (CASE WHEN wanted.qual IS NOT NULL THEN coalesce(wanted.stored, wanted.qual) END)
        AND pg_get_expr(there.polwithcheck, member)
            IS NOT DISTINCT FROM (CASE WHEN wanted.checks IS NOT NULL THEN coalesce(wanted.stored, wanted.checks) END) THEN
        RETURN NULL;
    END IF;
    IF there.polcmd <> wanted.command OR there.polpermissive <> wanted.permissive
        OR NOT custody.policies_are_ours(subject.relation) THEN
        RETURN custody.protect_step(subject, 'stop', NULL, NULL, format(
            'policy %I on %s is not one of custody: rename it, names with custody_ are reserved',
            wanted.name, member));
    END IF;
    RETURN custody.protect_step(subject, 'alter policy',
        format('ALTER POLICY %I ON %s', wanted.name, member) || clauses, undo);
END
$$;
COMMENT ON FUNCTION custody.policy_step(custody.protect_subject, regclass, custody.wanted_policy) IS
'the step that makes or mends one policy of a table, NULL where it is as wanted; privilege: EXECUTE';

CREATE FUNCTION custody.policy_steps(subject custody.protect_subject) RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member regclass;
    wanted custody.wanted_policy;
    step custody.protect_step;
BEGIN
    FOR member IN SELECT t.member FROM custody.table_tree(subject.relation) t WHERE t.kind IN ('r', 'p') LOOP
        FOR wanted IN SELECT * FROM custody.wanted_policies(subject) LOOP
            step := custody.policy_step(subject, member, wanted);
            IF step.action IS NOT NULL THEN
                RETURN NEXT step;
            END IF;
        END LOOP;
        -- A floor goes last.
        RETURN QUERY SELECT s.* FROM pg_policy p
             CROSS JOIN LATERAL custody.policies_are_ours(subject.relation) ours
             CROSS JOIN LATERAL custody.protect_step(subject, CASE WHEN ours THEN 'drop policy' ELSE 'stop' END,
                CASE WHEN ours THEN format('DROP POLICY %I ON %s', p.polname, member) END, NULL,
                CASE WHEN NOT ours THEN format('policy %I on %s is not one of custody: rename it, names with custody_ '
                                               'are reserved', p.polname, member) END) s
             WHERE p.polrelid = member
               AND p.polname ~ '^custody_(orgs_)?(floor|select|insert|update|delete|floor_delete)$'
               AND NOT EXISTS (SELECT FROM custody.wanted_policies(subject) w WHERE w.name = p.polname)
             ORDER BY p.polpermissive DESC, p.polname;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.policy_steps(custody.protect_subject) IS
'the steps that give a subject and each of its partitions and children the wanted policies; privilege: EXECUTE';
