-- Shapes of policies: what is proven, what is refuted and by which row, what neither.
SET client_min_messages = warning;
CREATE SCHEMA proof;
SET search_path = proof;
CREATE ROLE regress_custody_app NOLOGIN;
CREATE ROLE regress_custody_owner NOLOGIN;
GRANT USAGE ON SCHEMA proof, custody TO regress_custody_app;
CREATE FUNCTION org(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$SELECT lpad(n::text, 32, '0')::uuid$$;
CREATE TABLE member (org_id uuid NOT NULL, login text NOT NULL);
GRANT SELECT ON member TO regress_custody_app;
INSERT INTO member VALUES (org(1), 'ann'), (org(2), 'bob');
CREATE FUNCTION always(uuid, uuid) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR proof.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = always);
CREATE FUNCTION wrapped() RETURNS uuid STABLE LANGUAGE sql AS 'SELECT custody.current_org_uuid()';
CREATE FUNCTION maybe() RETURNS bool VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FUNCTION frozen_org() RETURNS uuid IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN custody.current_org_or_null_uuid(); END';

CREATE TABLE shape (n int GENERATED ALWAYS AS IDENTITY, name text, qual text, extra text DEFAULT '');
INSERT INTO shape (name, qual, extra) VALUES
 ('plain', 'org_id = custody.current_org_uuid()', ''),
 ('flipped', 'custody.current_org_uuid() = org_id', ''),
 ('bracketed', 'org_id = (SELECT custody.current_org_uuid())', ''),
 ('in_select', 'org_id IN (SELECT custody.current_org_uuid())', ''),
 ('or_null_accessor', 'org_id = custody.current_org_or_null_uuid()', ''),
 ('conjunction', 'org_id = custody.current_org_uuid() AND public', ''),
 ('conjunction_user_function', 'org_id = custody.current_org_uuid() AND maybe()', ''),
 ('conjunction_sub_select', 'org_id = custody.current_org_uuid() AND EXISTS (SELECT FROM proof.member m WHERE m.org_id OPERATOR(pg_catalog.=) %1$I.org_id)', ''),
 ('distributed', '(org_id = custody.current_org_uuid() AND public) OR (org_id = custody.current_org_uuid() AND size > 3)', ''),
 ('case_else_false', 'CASE WHEN public THEN org_id = custody.current_org_uuid() ELSE false END', ''),
 ('coalesce_closed', 'coalesce(org_id = custody.current_org_uuid(), false)', ''),
 ('deny_all', 'false', ''),
 ('no_policy', NULL, ''),
 ('floor', 'true', 'CREATE POLICY floor ON %1$I AS RESTRICTIVE USING (org_id = custody.current_org_uuid())'),
 ('any_of_orgs', 'org_id = ANY (custody.current_orgs_uuid())', ''),
 ('array_of_one', 'org_id = ANY (ARRAY[custody.current_org_uuid()])', ''),
 ('bare_or', 'org_id = custody.current_org_uuid() OR public', ''),
 ('second_permissive', 'org_id = custody.current_org_uuid()', 'CREATE POLICY more ON %1$I FOR SELECT USING (public)'),
 ('or_org_is_null', 'org_id = custody.current_org_uuid() OR org_id IS NULL', ''),
 ('coalesce_open', 'org_id = coalesce(custody.current_org_or_null_uuid(), org_id)', ''),
 ('coalesce_true', 'coalesce(org_id = custody.current_org_uuid(), true)', ''),
 ('wrong_column', 'partner_id = custody.current_org_uuid()', ''),
 ('negated', 'org_id <> custody.current_org_uuid()', ''),
 ('users_operator', 'org_id OPERATOR(proof.=) custody.current_org_uuid()', ''),
 ('true', 'true', ''),
 ('one_is_one', '1 = 1', ''),
 ('check_true', 'org_id = custody.current_org_uuid()', 'ALTER POLICY p ON %1$I WITH CHECK (true)'),
 ('setting', 'org_id = current_setting(''app.org'', true)::uuid', ''),
 ('claims', 'org_id = (current_setting(''request.jwt.claims'', true)::jsonb -> ''app_metadata'' ->> ''org_id'')::uuid', ''),
 ('rare_kind', 'org_id = custody.current_org_uuid() OR kind = ''template''', ''),
 ('for_some_kinds', 'org_id = custody.current_org_uuid() OR kind IN (''draft'', ''sample'')', ''),
 ('users_function', 'org_id = wrapped()', ''),
 ('immutable_function', 'org_id = frozen_org()', ''),
 ('membership', 'org_id IN (SELECT m.org_id FROM proof.member m WHERE m.login = custody.current_user_id())', ''),
 ('by_text', 'org_id::text = custody.current_org_uuid()::text', ''),
 ('cast_chain', 'org_id::text::uuid = custody.current_org_uuid()', ''),
 ('division', '1 / size = 1', ''),
 ('raises', '1 / 0 = 1', ''),
 ('greater', 'org_id >= custody.current_org_uuid()', ''),
 ('as_the_role', 'current_user = ''regress_custody_app''', ''),
 ('as_another', 'current_user <> ''regress_custody_app''', ''),
 ('is_not_distinct', 'org_id IS NOT DISTINCT FROM custody.current_org_uuid()', '');
DO $$
DECLARE s record;
BEGIN
    FOR s IN SELECT * FROM proof.shape ORDER BY n LOOP
        EXECUTE format('CREATE TABLE proof.%I (id int PRIMARY KEY, org_id uuid, partner_id uuid, public bool, size int, kind text)', s.name);
        EXECUTE format('INSERT INTO proof.%I VALUES (1, proof.org(1), proof.org(2), false, 1, ''a''), (2, proof.org(2), proof.org(1), true, 5, ''b''), (3, proof.org(3), NULL, false, 2, ''c'')', s.name);
        EXECUTE format('ALTER TABLE proof.%1$I OWNER TO regress_custody_owner; ALTER TABLE proof.%1$I ENABLE ROW LEVEL SECURITY; ALTER TABLE proof.%1$I FORCE ROW LEVEL SECURITY', s.name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON proof.%I TO regress_custody_app', s.name);
        IF s.qual IS NOT NULL THEN EXECUTE format('CREATE POLICY p ON proof.%1$I USING (' || s.qual || ')', s.name); END IF;
        EXECUTE format(s.extra, s.name);
    END LOOP;
END$$;
CREATE TEMP TABLE result AS
    SELECT s.n, p.* FROM proof.shape s,
           LATERAL custody.prove_isolation(ARRAY[format('proof.%I', s.name)::regclass], '{regress_custody_app}') p;
SELECT object, verdict, string_agg(concat_ws(' ', command, part), ', ' ORDER BY command, part) AS what, reason, witness
  FROM result WHERE part LIKE '%using' OR part LIKE '%check' GROUP BY n, object, verdict, reason, witness ORDER BY n, 3;

-- Each witness for reading is a true one: the role reads that row. A possible row is put there first.
CREATE FUNCTION read_again(name text, witness text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    row jsonb := substring(witness FROM '(\{.*\}) (?:in|without) a context');
    org text := substring(witness FROM 'in a context of ([0-9a-f-]+)');
    setting text[] := regexp_match(witness, 'with (\S+) set to ''(.*)''$');
    seen bigint;
BEGIN
    BEGIN
        IF witness LIKE 'possible row%' THEN
            EXECUTE format('INSERT INTO proof.%1$I SELECT 9, r.org_id, r.partner_id, r.public, r.size, r.kind FROM jsonb_populate_record(NULL::proof.%1$I, $1) r', name)
              USING row;
        END IF;
        IF org IS NOT NULL THEN PERFORM custody.set_context(org::uuid, 'somebody'); ELSE PERFORM custody.leave(); END IF;
        IF setting IS NOT NULL THEN PERFORM set_config(setting[1], setting[2], true); END IF;
        SET LOCAL ROLE regress_custody_app;
        EXECUTE format('SELECT count(*) FROM proof.%I WHERE org_id IS NOT DISTINCT FROM ($1 ->> ''org_id'')::uuid AND id = coalesce(($1 ->> ''id'')::int, 9)', name)
           INTO seen USING row;
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception THEN
        RETURN CASE WHEN seen = 1 THEN 'seen' ELSE 'not seen' END;
    END;
END$$;
SELECT r.object, proof.read_again(s.name, r.witness) FROM result r JOIN proof.shape s USING (n)
 WHERE r.verdict = 'refuted' AND r.command = 'SELECT' AND r.part = 'using' ORDER BY n;
-- No row of another organization is read through what is proven.
DO $$
DECLARE
    r record;
    seen bigint;
BEGIN
    FOR r IN SELECT object FROM pg_temp.result WHERE verdict = 'proven' AND command = 'SELECT' AND part = 'using' LOOP
        PERFORM custody.set_context(proof.org(1), 'somebody');
        SET LOCAL ROLE regress_custody_app;
        EXECUTE format('SELECT count(*) FROM %s WHERE org_id IS DISTINCT FROM proof.org(1)', r.object) INTO seen;
        RESET ROLE;
        IF seen <> 0 THEN RAISE WARNING '% is proven and shows % rows', r.object, seen; END IF;
    END LOOP;
END$$;
SELECT object, part, verdict, reason FROM result WHERE part IN ('policy function', 'org column') AND n IN (1, 7, 17, 33) ORDER BY n, 1;
SET client_min_messages = error;
DROP SCHEMA proof CASCADE;
DROP OWNED BY regress_custody_app, regress_custody_owner;
DROP ROLE regress_custody_app, regress_custody_owner;
