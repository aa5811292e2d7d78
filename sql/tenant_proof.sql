-- Proof of tenant isolation, by the server's own predicate prover.

CREATE FUNCTION custody.policy_verdict(policy oid, org_column name) RETURNS text
    LANGUAGE C STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'custody_policy_verdict';
COMMENT ON FUNCTION custody.policy_verdict(oid, name) IS
'how a policy (its OID in pg_policy) by itself stands to "org column = org of the context", USING and WITH CHECK together: same, narrower (every row that it lets through is of the context''s org, not every such row is let through) or different (that could not be shown); undefined_object or undefined_column where there is none; for the owner of the extension and whom it grants EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.policy_verdict(oid, name) FROM PUBLIC;

CREATE FUNCTION custody.prove_policies(
        relations regclass[], org_columns name[], roles regrole[], multi boolean[], writer boolean[],
        witness boolean)
    RETURNS TABLE (relation regclass, role name, command text, part text, verdict text, expression text,
                   reason text, witness text)
    LANGUAGE C VOLATILE STRICT ROWS 1000
    SET search_path = pg_catalog, pg_temp SET row_security = on
    AS 'MODULE_PATHNAME', 'custody_prove_policies';
COMMENT ON FUNCTION custody.prove_policies(regclass[], name[], regrole[], boolean[], boolean[], boolean) IS
'the expression that decides over a row, and whether it implies the context''s organization, for each table and role of arrays of one length, pairs of one table side by side: org column (NULL: a shared table, writes alone are judged), role, whether it may be in several organizations, whether it may write a shared table; witness: look for one; errors: 42809 for what is no table, 42703 for a column that is missing, 22023 for arrays of unlike length; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.prove_policies(regclass[], name[], regrole[], boolean[], boolean[], boolean) FROM PUBLIC;

CREATE FUNCTION custody.prove_reading(view regclass, relation regclass, org_column name, role oid) RETURNS text
    LANGUAGE C VOLATILE STRICT SET search_path = pg_catalog, pg_temp SET row_security = on
    AS 'MODULE_PATHNAME', 'custody_prove_reading';
COMMENT ON FUNCTION custody.prove_reading(regclass, regclass, name, oid) IS
'a row of another organization than the context''s that the role reads through a view of the table, in contexts of some organizations; NULL when none is seen, the view has no such column, or the current user cannot become the role; errors: none of the view''s own; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.prove_reading(regclass, regclass, name, oid) FROM PUBLIC;

-- Without JIT: the planner cannot know how few rows all this has, and compiling would take longer than the proof.
CREATE FUNCTION custody.proof_rows(relations regclass[], roles regrole[], org_column name, witness boolean)
    RETURNS TABLE (relation regclass, object text, role name, command text, part text, verdict text,
                   expression text, reason text, witness text, accepted text)
    LANGUAGE sql VOLATILE ROWS 1000 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    WITH scope AS MATERIALIZED (
        SELECT s.* FROM custody.proof_scope(proof_rows.relations, proof_rows.org_column) s
    ), subject AS MATERIALIZED (
        SELECT s.root, s.relation, s.org_column, m.role, m.application,
               coalesce(m.role = ANY (s.multi_roles::oid[]), false) OR s.roles IS NULL AS multi,
               coalesce(m.role = ANY (s.writers::oid[]), false) AS writer
          FROM custody.proof_roles(proof_rows.relations, proof_rows.roles, proof_rows.org_column) m
          JOIN scope s ON s.relation = m.relation
         WHERE proof_rows.roles IS NOT NULL OR m.application
            OR custody.proof_reaches(m.role, s.relation)
    ), lists AS MATERIALIZED (
        SELECT array_agg(s.relation) AS relations, array_agg(s.role) AS roles,
               array_agg(s.application) AS application, array_agg(DISTINCT s.role) AS every_role,
               array_agg(DISTINCT s.relation) AS every_relation
          FROM subject s
    ), view AS MATERIALIZED (
        SELECT s.root, s.relation, s.org_column, s.multi, v.role, v.view, v.acting, v.by_matview
          FROM lists l CROSS JOIN custody.proof_views(l.every_relation, l.every_role) v
          JOIN subject s ON s.relation = v.relation AND s.role = v.role
         WHERE s.org_column IS NOT NULL
    ), free AS MATERIALIZED (
        SELECT DISTINCT ON (s.role, x.oid) s.root, s.relation, s.org_column, s.multi, s.role, x.oid AS acting
          FROM subject s JOIN pg_roles r ON r.oid = s.role AND NOT r.rolsuper
          JOIN pg_roles x ON (x.rolsuper OR x.rolbypassrls) AND x.oid <> s.role
                         AND custody.proof_can_become(s.role, x.oid) AND custody.proof_reaches(x.oid, s.relation)
         WHERE s.org_column IS NOT NULL
         ORDER BY s.role, x.oid, s.relation
    ), detour AS MATERIALIZED (
        SELECT d.* FROM lists l CROSS JOIN custody.proof_of_detours(l.every_role, l.every_relation) d
    ), question AS MATERIALIZED (
        SELECT s.relation, s.org_column, s.role, s.multi, s.writer, true AS shown
          FROM subject s JOIN pg_class c ON c.oid = s.relation
         WHERE c.relkind <> 'f'
           AND NOT (c.relowner = s.role AND NOT s.application AND c.relrowsecurity AND NOT c.relforcerowsecurity
                    AND NOT custody.proof_is_reachable(s.role))
        UNION SELECT f.relation, f.org_column, f.acting, f.multi, false, true FROM free f
        UNION SELECT v.relation, v.org_column, v.acting, v.multi, false, false FROM view v WHERE NOT v.by_matview
        UNION SELECT s.relation, s.org_column, d.acting, s.multi, false, false
          FROM detour d JOIN subject s ON s.role = d.role JOIN pg_class c ON c.oid = s.relation AND c.relkind <> 'f'
         WHERE NOT d.free AND s.org_column IS NOT NULL AND custody.proof_reaches(d.acting, s.relation)
    ), answer AS MATERIALIZED (
        SELECT q.shown, r.oid AS role_oid, a.*
          FROM (SELECT q.shown, array_agg(q.relation ORDER BY q.relation, q.role, q.multi) AS relations,
                       array_agg(q.org_column ORDER BY q.relation, q.role, q.multi) AS columns,
                       array_agg(q.role::regrole ORDER BY q.relation, q.role, q.multi) AS roles,
                       array_agg(q.multi ORDER BY q.relation, q.role, q.multi) AS multi,
                       array_agg(q.writer ORDER BY q.relation, q.role, q.multi) AS writer
                  FROM question q GROUP BY q.shown) q
         CROSS JOIN custody.prove_policies(q.relations, q.columns, q.roles, q.multi, q.writer,
                                           q.shown AND proof_rows.witness) a
          JOIN pg_roles r ON r.rolname = a.role
    ), found AS (
        SELECT s.root, s.relation::text AS object, a.role, a.command, a.part, a.verdict, a.expression, a.reason, a.witness
          FROM subject s JOIN answer a ON a.shown AND a.relation = s.relation AND a.role_oid = s.role
        UNION ALL
        SELECT f.root, format('role %I', a.role), pg_get_userbyid(f.role), a.command, 'membership', a.verdict,
               a.expression, format('the role can become %I: %s', a.role, a.reason), a.witness
          FROM free f JOIN answer a ON a.shown AND a.relation = f.relation AND a.role_oid = f.acting AND a.command = 'SELECT'
        UNION ALL
        SELECT w.root, w.object, w.role, w.command, w.part, w.verdict, w.expression, w.reason, w.witness
          FROM (SELECT v.root, format('view %s', v.view) AS object, pg_get_userbyid(v.role) AS role, a.command,
                       'view' AS part, CASE WHEN a.verdict = 'proven' THEN a.verdict WHEN r.witness IS NULL THEN 'unproven' ELSE 'refuted' END AS verdict,
                       a.expression, format('%s of %s as %I: %s', a.part, v.relation, a.role, a.reason) AS reason, r.witness
                  FROM view v JOIN answer a ON NOT a.shown AND a.relation = v.relation AND a.role_oid = v.acting AND a.command IS NOT NULL
                                           AND (a.command IN ('SELECT', 'INSERT') OR a.part LIKE 'blind %')
                 CROSS JOIN LATERAL (
                       SELECT CASE WHEN proof_rows.witness AND a.verdict <> 'proven' AND a.command = 'SELECT'
                                   THEN custody.prove_reading(v.view, v.relation, v.org_column, v.role) END AS witness) r
                 WHERE NOT v.by_matview
                   AND CASE a.command WHEN 'DELETE' THEN has_table_privilege(v.role, v.view, 'DELETE')
                            ELSE has_any_column_privilege(v.role, v.view, a.command) END
                   AND (a.command = 'SELECT' OR pg_relation_is_updatable(v.view, false) <> 0)) w
        UNION ALL
        SELECT v.root, format('%s %s', CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, v.view),
               pg_get_userbyid(v.role), 'SELECT', 'view',
               CASE WHEN r.witness IS NULL THEN 'unproven' ELSE 'refuted' END, NULL,
               format('shows kept rows of %s, to which no policy applies', v.relation), r.witness
          FROM (SELECT DISTINCT v.root, v.relation, v.org_column, v.view, v.role FROM view v WHERE v.by_matview) v
          JOIN pg_class c ON c.oid = v.view
         CROSS JOIN LATERAL (SELECT CASE WHEN proof_rows.witness
                                    THEN custody.prove_reading(v.view, v.relation, v.org_column, v.role) END AS witness) r
        UNION ALL
        SELECT s.root, s.relation::text, pg_get_userbyid(p.role), p.command, 'privilege', 'unproven', NULL, p.reason, NULL
          FROM lists l CROSS JOIN custody.proof_of_privileges(l.relations, l.roles) p
          JOIN subject s ON s.relation = p.relation AND s.role = p.role
          JOIN pg_class c ON c.oid = p.relation AND (s.application OR NOT pg_has_role(s.role, c.relowner, 'USAGE'))
        UNION ALL
        SELECT s.root, format('foreign table %s', s.relation), pg_get_userbyid(s.role), NULL, 'foreign table', 'unproven', NULL,
               'has no row security, and the role has a privilege on it', NULL
          FROM subject s JOIN pg_class c ON c.oid = s.relation AND c.relkind = 'f'
         WHERE custody.proof_reaches(s.role, s.relation)
        UNION ALL
        SELECT NULL, o.object, pg_get_userbyid(o.role), NULL, 'owner', o.verdict, NULL, o.reason, NULL
          FROM lists l CROSS JOIN custody.proof_of_owners(l.relations, l.roles, l.application) o
        UNION ALL
        SELECT NULL, d.object, pg_get_userbyid(d.role), d.command, d.part, 'unproven', NULL,
               format(CASE WHEN d.part = 'rule' THEN 'acts as %I, ' ELSE 'SECURITY DEFINER: runs as %I, ' END
                      || CASE WHEN d.free THEN 'whom row security does not bind; ' ELSE 'whose policies are not proven; ' END
                      || CASE WHEN d.part = 'function' THEN 'what it shows cannot be proven' ELSE 'what it writes cannot be proven' END,
                      pg_get_userbyid(d.acting)), NULL
          FROM detour d
         WHERE d.free OR EXISTS (SELECT FROM answer a WHERE NOT a.shown AND a.role_oid = d.acting AND a.verdict <> 'proven')
        UNION ALL
        SELECT NULL, format('materialized view %s', k.view), pg_get_userbyid(k.role), 'SELECT', 'view', 'unproven', NULL,
               format('keeps what %s returned to who refreshed it', k.function), NULL
          FROM lists l CROSS JOIN custody.proof_of_kept(l.every_role) k
        UNION ALL
        SELECT NULL, p.object, pg_get_userbyid(p.role), NULL, 'membership', 'unproven', NULL, p.reason, NULL
          FROM lists l CROSS JOIN custody.proof_of_powers(l.every_relation, l.roles, l.application) p
        UNION ALL
        SELECT NULL, u.object, pg_get_userbyid(u.role), NULL, 'membership', 'unproven', NULL, u.reason, NULL
          FROM custody.proof_of_unbound_logins(ARRAY(SELECT DISTINCT s.role FROM subject s WHERE s.application)) u
        UNION ALL
        SELECT s.root, format('parent %s', p.parent), pg_get_userbyid(s.role), NULL, 'parent', 'unproven', NULL,
               format('rows of %s are met through it, and it has no org column', p.relation), NULL
          FROM (SELECT array_agg(s.relation) AS relations, array_agg(s.org_column) AS columns
                  FROM scope s WHERE s.relation = s.root) l
         CROSS JOIN custody.proof_of_parents(l.relations, l.columns) p
          JOIN subject s ON s.relation = p.relation
         WHERE custody.proof_reaches(s.role, p.parent)
        UNION ALL
        SELECT s.root, f.object, NULL, NULL, 'policy function',
               CASE WHEN bool_and(a.verdict = 'proven') THEN 'proven' ELSE 'unproven' END, NULL,
               CASE WHEN bool_and(a.verdict = 'proven') THEN 'the policies hold whatever it returns; ' ELSE '' END || f.reason, NULL
          FROM lists l CROSS JOIN custody.proof_of_policy_functions(l.every_relation) f
          JOIN subject s ON s.relation = f.relation
          JOIN answer a ON a.shown AND a.relation = s.relation AND a.role_oid = s.role
         GROUP BY s.root, f.object, f.reason
        UNION ALL
        SELECT s.root, format('column %I', s.org_column), NULL, NULL, 'org column',
               CASE WHEN bool_and(a.verdict = 'proven') THEN 'proven' ELSE 'unproven' END, NULL,
               CASE WHEN bool_and(a.verdict = 'proven') THEN 'may be NULL, but no role can see or write such a row'
                    ELSE 'may be NULL, and a row of no organization may be shown to all' END, NULL
          FROM subject s JOIN pg_attribute c ON c.attrelid = s.relation AND c.attname = s.org_column AND NOT c.attnotnull
          JOIN answer a ON a.shown AND a.relation = s.relation AND a.role_oid = s.role
         WHERE s.root = s.relation
         GROUP BY s.root, s.org_column
        UNION ALL
        SELECT s.root, s.relation::text, NULL, NULL, 'privilege', 'proven', NULL,
               'no role but superusers and those with BYPASSRLS has a privilege on it', NULL
          FROM scope s
         WHERE s.class <> 'exempt' AND s.root = s.relation AND NOT EXISTS (SELECT FROM subject u WHERE u.relation = s.relation)
        UNION ALL
        SELECT s.root, s.relation::text, NULL, NULL, 'exempt', 'unproven', NULL, 'exempt from protection', NULL
          FROM scope s WHERE s.class = 'exempt'
        UNION ALL
        SELECT n.relation, n.relation::text, NULL, NULL, 'table', 'unproven', NULL, 'not an ordinary or partitioned table, or gone', NULL
          FROM unnest(proof_rows.relations) AS n (relation)
         WHERE NOT EXISTS (SELECT FROM scope s WHERE s.relation = n.relation)
    )
    SELECT f.*, coalesce(e.reason, (SELECT s.reason FROM scope s WHERE f.part = 'exempt' AND s.relation = f.root))
      FROM found f
      LEFT JOIN LATERAL (SELECT x.reason FROM custody.exemption x
                          WHERE f.verdict = 'unproven' AND x.tool = 'prove' AND x.code = f.part
                            AND custody.is_exempted(f.object, x.object)
                            AND coalesce(x.expires > now(), true)
                          ORDER BY x.id LIMIT 1) e ON true
$$;
COMMENT ON FUNCTION custody.proof_rows(regclass[], regrole[], name, boolean) IS
'the rows of custody.prove_isolation(), and why one that is not proven was accepted; arguments, errors, privilege: as there';
REVOKE EXECUTE ON FUNCTION custody.proof_rows(regclass[], regrole[], name, boolean) FROM PUBLIC;

CREATE FUNCTION custody.prove_isolation(
        relations regclass[] DEFAULT NULL, roles regrole[] DEFAULT NULL, org_column name DEFAULT NULL,
        witness boolean DEFAULT true)
    RETURNS TABLE (relation regclass, object text, role name, command text, part text, verdict text,
                   expression text, reason text, witness text)
    LANGUAGE sql VOLATILE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.relation, p.object, p.role, p.command, p.part, p.verdict, p.expression,
           p.reason || coalesce('; accepted: ' || p.accepted, ''), p.witness
      FROM custody.proof_rows(prove_isolation.relations, prove_isolation.roles, prove_isolation.org_column,
                              prove_isolation.witness) p
     ORDER BY p.relation::text COLLATE "C", p.object COLLATE "C", p.role, p.command COLLATE "C", p.part COLLATE "C", p.reason COLLATE "C"
$$;
COMMENT ON FUNCTION custody.prove_isolation(regclass[], regrole[], name, boolean) IS
'proof, for each table, role and command, that only rows of the context''s organization are met. Arguments: relations, NULL = all that are protected; roles, NULL = all that have a privilege, superusers and BYPASSRLS aside; org_column, NULL = the protected one, or org_id; witness: look for one. Result: verdict proven, refuted (a witness is shown) or unproven; object: what the row is about; part: using, check, blind using and blind check (without the right to read), view, membership, owner, privilege, foreign table, parent, function, trigger, rule, policy function, org column, exempt; expression: what decides. Errors: 42703 for an org column that is missing; locks: ACCESS SHARE; privilege: EXECUTE; witnesses are those that the caller can read, as roles that it can become';
REVOKE EXECUTE ON FUNCTION custody.prove_isolation(regclass[], regrole[], name, boolean) FROM PUBLIC;

CREATE FUNCTION custody.prove_summary(
        relations regclass[] DEFAULT NULL, roles regrole[] DEFAULT NULL, org_column name DEFAULT NULL,
        witness boolean DEFAULT true)
    RETURNS TABLE (tables bigint, proven bigint, refuted bigint, unproven bigint, accepted bigint,
                   not_bound name[], success boolean)
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.tables, c.proven, c.refuted, c.unproven, c.accepted,
           (SELECT coalesce(array_agg(r.rolname ORDER BY r.rolname), '{}') FROM pg_roles r
             WHERE r.rolcanlogin AND (r.rolsuper OR r.rolbypassrls)),
           c.proven > 0 AND c.refuted = 0 AND c.unproven = 0
      FROM (SELECT count(DISTINCT p.relation) AS tables,
                   count(*) FILTER (WHERE p.verdict = 'proven') AS proven,
                   count(*) FILTER (WHERE p.verdict = 'refuted') AS refuted,
                   count(*) FILTER (WHERE p.verdict = 'unproven' AND p.accepted IS NULL) AS unproven,
                   count(*) FILTER (WHERE p.verdict = 'unproven' AND p.accepted IS NOT NULL) AS accepted
              FROM custody.proof_rows(prove_summary.relations, prove_summary.roles, prove_summary.org_column,
                                      prove_summary.witness) p) c
$$;
COMMENT ON FUNCTION custody.prove_summary(regclass[], regrole[], name, boolean) IS
'custody.prove_isolation() in one row: tables looked at, rows of each verdict; unproven without those that custody.exemption or the class exempt accepts, which are accepted; not_bound: roles that can log in and that no policy binds, which nothing is proven about (one that was made a member of a bound role is a row of its own, unproven); success: something is proven, nothing refuted, nothing unproven. Arguments, errors, privilege: as there';
REVOKE EXECUTE ON FUNCTION custody.prove_summary(regclass[], regrole[], name, boolean) FROM PUBLIC;

-- Auditors and admins may prove; witnesses are shown to who can read them and become the role.
DO $$
DECLARE
    duty name;
    function regprocedure;
BEGIN
    FOR duty IN SELECT r.name FROM custody.role r WHERE r.made AND r.name IN ('custody_admin', 'custody_auditor') LOOP
        FOR function IN
            SELECT p.oid FROM pg_proc p
             WHERE p.pronamespace = 'custody'::regnamespace AND p.proname ~ '^(prove|proof|policy_verdict)'
        LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', function, duty);
        END LOOP;
    END LOOP;
END
$$;
