-- Policies that are there already: how each stands, by itself and without a floor, to "org column =
-- org of the context", what it would be with the context, and what both cost.

CREATE FUNCTION custody.judge_policy_expression(
        relation oid, org_column name, expression pg_node_tree,
        OUT verdict text, OUT replacement text, OUT replacement_verdict text, OUT claims text[],
        OUT settings text[], OUT memberships regclass[], OUT sources text[], OUT measured text,
        OUT measured_replacement text, OUT exact bool)
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'custody_judge_policy_expression';
COMMENT ON FUNCTION custody.judge_policy_expression(oid, name, pg_node_tree) IS
'how an expression of a policy of a relation stands to the org column, and the same expression with the context instead of claims, settings (paths as JSON arrays) and sub-selects of memberships, and how that stands; sources: what read claims and settings; measured: both as EXPLAIN should see them; exact: no comparison with a claim takes two organizations for one, as a cast that shortens does; errors: 42703 for no such column; privilege: EXECUTE';

CREATE FUNCTION custody.plan_as_owner(relation regclass, query text) RETURNS text
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'custody_plan_as_owner';
COMMENT ON FUNCTION custody.plan_as_owner(regclass, text) IS
'first row of EXPLAIN, run as the owner of a table unless that is a superuser, read-only, with the restrictions of maintenance commands, and rolled back: the planner runs stable functions of others; NULL where it raised an error, or the caller cannot become the owner; privilege: EXECUTE';

-- The planner would ask for the value now, where there is no context; behind a sub-select it takes an
-- average org.
CREATE FUNCTION custody.policy_cost(relation regclass, expression text, sources text[]) RETURNS numeric
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    source text;
BEGIN
    FOR source IN SELECT DISTINCT s FROM unnest(sources) s LOOP
        expression := replace(expression, source, '(SELECT ' || source || ')');
    END LOOP;
    expression := regexp_replace(expression, 'custody[.]current_orgs_(uuid|bigint|text)[(][)]',
                                 '(SELECT custody.current_orgs_\1())::\1[]', 'g');
    expression := regexp_replace(expression, 'custody[.]current_(org_[a-z_]+|user_id|role_name|claims)[(][)]',
                                 '(SELECT custody.current_\1())', 'g');
    RETURN (custody.plan_as_owner(relation, format('EXPLAIN (FORMAT JSON) SELECT * FROM %s WHERE %s',
                                                   relation, expression))::json
            -> 0 -> 'Plan' ->> 'Total Cost')::numeric;
END
$$;
COMMENT ON FUNCTION custody.policy_cost(regclass, text, text[]) IS
'the planner''s cost of reading a table with a policy''s expression, without row security; sources: what in it stands for the organization; NULL where it cannot be planned so by the table''s owner; errors: none of these; privilege: EXECUTE, and to become the owner';

CREATE TYPE custody.policy_judgement AS (
    verdict text, replacement_verdict text, clauses text, replacement text,
    claims text[], settings text[], memberships regclass[], exact bool, cost_before numeric, cost_after numeric);
COMMENT ON TYPE custody.policy_judgement IS 'what is known of the expressions of one policy together';

CREATE FUNCTION custody.judge_policy(policy pg_policy, org_column name, costs bool)
    RETURNS custody.policy_judgement
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer custody.policy_judgement;
    part record;
    one record;
BEGIN
    answer.claims := '{}'; answer.settings := '{}'; answer.memberships := '{}'; answer.exact := true;
    FOR part IN SELECT * FROM (VALUES ('USING', policy.polqual), ('WITH CHECK', policy.polwithcheck))
                    AS v (clause, expression) WHERE v.expression IS NOT NULL LOOP
        one := custody.judge_policy_expression(policy.polrelid, org_column, part.expression);
        answer.verdict := CASE WHEN 'different' IN (answer.verdict, one.verdict) THEN 'different'
                               WHEN 'narrower' IN (answer.verdict, one.verdict) THEN 'narrower' ELSE 'same' END;
        answer.replacement_verdict :=
            CASE WHEN 'different' IN (answer.replacement_verdict, one.replacement_verdict) THEN 'different'
                 WHEN 'narrower' IN (answer.replacement_verdict, one.replacement_verdict) THEN 'narrower' ELSE 'same' END;
        answer.clauses := concat_ws(' ', answer.clauses, part.clause,
                                    '(' || pg_get_expr(part.expression, policy.polrelid) || ')');
        answer.replacement := concat_ws(' ', answer.replacement, part.clause, '(' || one.replacement || ')');
        answer.claims := answer.claims || one.claims;
        answer.settings := answer.settings || one.settings;
        answer.memberships := answer.memberships || one.memberships;
        answer.exact := answer.exact AND one.exact;
        IF costs AND part.clause = 'USING' THEN
            answer.cost_before := custody.policy_cost(policy.polrelid, one.measured, one.sources);
            answer.cost_after := custody.policy_cost(policy.polrelid, one.measured_replacement, '{}');
        END IF;
    END LOOP;
    answer.verdict := coalesce(answer.verdict, 'narrower');
    answer.replacement := format('ALTER POLICY %I ON %s %s', policy.polname, policy.polrelid::regclass, answer.replacement);
    RETURN answer;
END
$$;
COMMENT ON FUNCTION custody.judge_policy(pg_policy, name, bool) IS
'the judgement of one policy: the worst of its expressions; costs: with EXPLAIN; errors: 42703 for no such column; privilege: EXECUTE';

-- auth.jwt() is what the verified context has, and every issuer's org comes from just these claims.
CREATE FUNCTION custody.claims_are_fed(claims text[]) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The others may not be there; where they are, they are ours, too.
    RETURN to_regprocedure('auth.jwt()') IS NOT NULL
           AND NOT EXISTS (SELECT FROM unnest('{auth.jwt(),auth.session(),auth.organization(),auth.organization_id()}'::text[]) f
                            WHERE to_regprocedure(f) IS NOT NULL
                              AND NOT EXISTS (SELECT FROM custody.compat_object c
                                               WHERE c.kind = 'function' AND c.name = f
                                                 AND c.definition = custody.compat_digest(c.kind, c.name)))
           AND NOT EXISTS (SELECT FROM custody.isolation_setting s
                            WHERE s.name = 'trust_request_settings' AND s.value = 'on')
           AND EXISTS (SELECT FROM custody.jwt_issuer i WHERE i.org_path IS NOT NULL)
           -- Other ways in name the organization beside the claims, which may name another, or none.
           AND NOT EXISTS (SELECT FROM custody.token_key)
           AND NOT EXISTS (SELECT FROM custody.membership_source)
           AND NOT EXISTS (SELECT FROM pg_proc f CROSS JOIN aclexplode(f.proacl) a
                            WHERE f.pronamespace = 'custody'::regnamespace AND f.proname IN ('set_context', 'set_context_orgs')
                              AND a.privilege_type = 'EXECUTE' AND a.grantee <> f.proowner)
           AND NOT EXISTS (SELECT FROM custody.jwt_issuer i CROSS JOIN unnest(claims) AS c (path)
                            WHERE to_jsonb(i.org_path) IS DISTINCT FROM c.path::jsonb);
END
$$;
COMMENT ON FUNCTION custody.claims_are_fed(text[]) IS
'true when auth.jwt() and what else reads its claims are those of custody.install_supabase_compat() and the org of every token issuer is the claim at these paths (JSON arrays), and there is no other way into a context: no key of custody''s own tokens, whose claims need not name their organization, no membership table, no grant of custody.set_context(); errors: none; privilege: EXECUTE and SELECT on the tables of isolation';

CREATE FUNCTION custody.judgement_note(policy pg_policy, judged custody.policy_judgement, fed boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT concat_ws('; ',
        CASE WHEN NOT policy.polpermissive THEN 'restrictive: it only takes rows away' END,
        CASE WHEN fed THEN format('holds as long as all contexts come from tokens of custody.jwt_issuer, whose org is the claim %s',
                                  judged.claims[1]) END,
        CASE WHEN judged.claims <> '{}' AND NOT judged.exact
             THEN format('does not compare the claim %s as it is: two organizations may be one', judged.claims[1]) END,
        CASE WHEN judged.claims <> '{}' AND judged.exact AND NOT fed
             THEN format('reads the claim %s: not shown to be the organization of the verified context', judged.claims[1]) END,
        CASE WHEN judged.settings <> '{}'
             THEN format('reads the setting %s, which anybody can set', judged.settings[1]) END,
        CASE WHEN judged.memberships <> '{}' AND judged.replacement_verdict <> 'different'
             THEN format('the replacement is narrower, revocation at expiry: the organizations of the context, not all of %s; '
                         'a membership that is revoked ends when the context expires', judged.memberships[1]) END,
        CASE WHEN judged.verdict = 'different' AND judged.replacement_verdict = 'different' AND judged.claims = '{}'
             THEN (SELECT 'calls ' || string_agg(d.refobjid::regprocedure::text, ', ' ORDER BY d.refobjid::regprocedure::text)
                          || ', which is not looked into'
                     FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
                    WHERE d.classid = 'pg_policy'::regclass AND d.objid = policy.oid
                      AND d.refclassid = 'pg_proc'::regclass
                      AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'custody'::regnamespace)) END,
        CASE WHEN judged.verdict = 'different' AND judged.replacement_verdict = 'different'
             THEN 'no replacement can be proven' END)
$$;
COMMENT ON FUNCTION custody.judgement_note(pg_policy, custody.policy_judgement, boolean) IS
'what to know about a judgement; fed: its claims are the verified context''s; errors: none; privilege: EXECUTE';

CREATE FUNCTION custody.judge_policies(
        relation regclass DEFAULT NULL, org_column name DEFAULT NULL, costs bool DEFAULT true)
    RETURNS TABLE (table_name regclass, policy name, roles text, command text, verdict text, expression text,
                   replacement text, replacement_verdict text, cost_before numeric, cost_after numeric, note text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    p pg_policy;
    judged custody.policy_judgement;
    org name;
    fed boolean;
BEGIN
    FOR p IN SELECT k.* FROM pg_policy k JOIN pg_class c ON c.oid = k.polrelid
              WHERE k.polrelid = relation
                 OR relation IS NULL AND c.relnamespace <> 'custody'::regnamespace
              ORDER BY c.oid::regclass::text, k.polname LOOP
        table_name := p.polrelid; policy := p.polname;
        roles := (SELECT string_agg(CASE r.oid WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(r.oid)) END, ', ')
                    FROM unnest(p.polroles) AS r (oid));
        command := CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                 WHEN 'd' THEN 'DELETE' ELSE 'ALL' END;
        org := coalesce(org_column, (SELECT n.org_column FROM custody.protection n WHERE n.relation = p.polrelid), 'org_id');
        verdict := 'different'; replacement := NULL; replacement_verdict := NULL;
        cost_before := NULL; cost_after := NULL;
        expression := concat_ws(' ', 'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                                'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')');
        IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = p.polrelid AND a.attname = org
                                                    AND a.attnum > 0 AND NOT a.attisdropped) THEN
            note := format('the table has no column %I', org);
            RETURN NEXT;
            CONTINUE;
        END IF;
        judged := custody.judge_policy(p, org, costs);
        fed := judged.claims <> '{}' AND judged.settings = '{}' AND judged.memberships = '{}'
               AND judged.verdict = 'different' AND judged.replacement_verdict <> 'different'
               AND judged.exact AND custody.claims_are_fed(judged.claims);
        verdict := CASE WHEN fed THEN judged.replacement_verdict ELSE judged.verdict END;
        cost_before := judged.cost_before;
        note := nullif(custody.judgement_note(p, judged, fed), '');
        IF judged.claims <> '{}' OR judged.settings <> '{}' OR judged.memberships <> '{}' THEN
            cost_after := judged.cost_after;
            IF judged.replacement_verdict <> 'different' THEN
                replacement := judged.replacement;
                replacement_verdict := judged.replacement_verdict;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.judge_policies(regclass, name, bool) IS
'how each policy of a table, or of all, stands by itself to "org column = org of the context": same, narrower or different (that could not be shown); org_column: NULL = as in custody.protection, else org_id; costs: with the planner''s cost of reading the table with the policy and with its replacement; columns: expression, and as replacement a statement whose result is proven (replacement_verdict), where claims, settings or sub-selects of memberships are recognised; errors: none; privilege: EXECUTE, SELECT on the state of isolation, and for costs to become the tables'' owners';
REVOKE ALL ON FUNCTION custody.judge_policy_expression(oid, name, pg_node_tree), custody.plan_as_owner(regclass, text),
    custody.policy_cost(regclass, text, text[]), custody.judge_policy(pg_policy, name, bool),
    custody.claims_are_fed(text[]), custody.judgement_note(pg_policy, custody.policy_judgement, boolean),
    custody.judge_policies(regclass, name, bool) FROM PUBLIC;
