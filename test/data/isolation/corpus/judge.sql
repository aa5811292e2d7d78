-- Says, with nothing of custody but its context, whether an attack shows rows of the other organization.
CREATE FUNCTION suite.enter(org_type text, who text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    org text := suite.org(who, org_type);
BEGIN
    IF who = 'none' THEN
        RETURN;
    ELSIF org_type = 'uuid' THEN
        PERFORM custody.set_context(org::uuid, 'mallory');
    ELSIF org_type = 'bigint' THEN
        PERFORM custody.set_context(org::bigint, 'mallory');
    ELSE
        PERFORM custody.set_context(org, 'mallory');
    END IF;
END
$$;

-- leak | held | ..., with the SQLSTATE where an error said so. Whatever was done is undone.
CREATE FUNCTION suite.judge(which text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    planted suite.planted;
    step text;
    seen bigint;
    self name := session_user;
BEGIN
    SELECT * INTO STRICT planted FROM suite.planted WHERE place = which;
    FOREACH step IN ARRAY planted.attack LOOP
        IF step IN ('@A', '@B', '@none') THEN
            PERFORM set_config('session_authorization', self, true);
            PERFORM suite.enter(planted.org_type, substr(step, 2));
            PERFORM set_config('session_authorization', planted.app, true);
        ELSIF step LIKE '@login:%' THEN
            PERFORM set_config('session_authorization', substr(step, 8), true);
        ELSIF step = '@super' THEN
            PERFORM set_config('session_authorization', self, true);
        ELSIF step = planted.attack[cardinality(planted.attack)] THEN
            EXECUTE step INTO seen;
        ELSE
            EXECUTE step;
        END IF;
    END LOOP;
    RAISE EXCEPTION '%', CASE WHEN seen > 0 THEN 'leak' WHEN seen = 0 THEN 'held' ELSE 'nothing was counted' END
        USING ERRCODE = 'SUITE';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE = 'SUITE' THEN SQLERRM
                WHEN SQLSTATE = planted.leak_state THEN 'leak ' || SQLSTATE
                WHEN SQLSTATE IN ('42501', planted.held_state) THEN format('held %s: %s', SQLSTATE, SQLERRM)
                ELSE format('%s: %s', SQLSTATE, SQLERRM) END;
END
$$;
