-- Policies that are there already, judged without a floor, with what they would be with the context.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT count(*) > 0 AS made FROM custody.install_supabase_compat();
CREATE SCHEMA judged;
SET search_path = judged;
CREATE TABLE members (user_id uuid, org_id uuid, role text);
CREATE TABLE doc (id int PRIMARY KEY, org_id uuid NOT NULL, title text, owner uuid, pub bool);
INSERT INTO doc SELECT n, md5((n % 1000)::text)::uuid FROM generate_series(1, 20000) n;
CREATE INDEX ON doc (org_id);
ANALYZE doc;
CREATE FUNCTION is_member(uuid) RETURNS bool LANGUAGE sql STABLE AS 'SELECT true';
CREATE FUNCTION helper() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (auth.jwt() ->> 'org_id')::uuid $$;
CREATE TABLE shape (number serial, expression text, note text);
INSERT INTO shape (expression) VALUES
    -- claims
    ($$org_id = (auth.jwt() ->> 'org_id')::uuid$$),
    ($$(auth.jwt() ->> 'org_id')::uuid = org_id$$),
    ($$org_id = (SELECT (auth.jwt() ->> 'org_id')::uuid)$$),
    ($$org_id = ((SELECT auth.jwt()) ->> 'org_id')::uuid$$),
    ($$org_id = nullif(auth.jwt() ->> 'org_id', '')::uuid AND pub$$),
    ($$org_id::text = (auth.jwt() -> 'app_metadata') ->> 'org_id'$$),
    ($$org_id = (auth.jwt() #>> '{app_metadata,org_id}')::uuid$$),
    ($$org_id = ((auth.jwt() -> 'orgs') ->> 0)::uuid$$),
    ($$org_id = auth.organization_id()$$),
    ($$org_id = (auth.organization() ->> 'id')::uuid$$),
    ($$org_id = (auth.session() -> 'o' ->> 'id')::uuid$$),
    -- settings
    ($$org_id = current_setting('app.org')::uuid$$),
    ($$org_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)$$),
    ($$org_id = (current_setting('request.jwt.claims', true)::jsonb ->> 'org_id')::uuid$$),
    -- memberships
    ($$org_id IN (SELECT m.org_id FROM members m WHERE m.user_id = auth.uid())$$),
    ($$org_id IN (SELECT m.org_id FROM members m WHERE (SELECT auth.uid()) = m.user_id)$$),
    ($$EXISTS (SELECT 1 FROM members m WHERE m.org_id = doc.org_id AND m.user_id = (SELECT auth.uid()))$$),
    ($$org_id = ANY (ARRAY (SELECT org_id FROM members WHERE user_id = auth.uid()))$$),
    ($$pub AND org_id IN (SELECT org_id FROM members WHERE user_id = (auth.jwt() ->> 'sub')::uuid)$$),
    -- what must not be taken for one of these
    ($$org_id IN (SELECT org_id FROM members WHERE user_id = auth.uid() AND role = 'admin')$$),
    ($$org_id IN (SELECT org_id FROM members)$$),
    ($$org_id IN (SELECT org_id FROM members WHERE user_id <> auth.uid())$$),
    ($$org_id IN (SELECT doc.org_id FROM members WHERE user_id = auth.uid())$$),
    ($$org_id IN (SELECT org_id FROM members WHERE user_id = auth.uid() UNION SELECT owner FROM doc)$$),
    ($$EXISTS (SELECT 1 FROM members m WHERE m.user_id = auth.uid())$$),
    ($$EXISTS (SELECT 1 FROM members m WHERE m.org_id = doc.owner AND m.user_id = auth.uid())$$),
    ($$NOT EXISTS (SELECT 1 FROM members m WHERE m.org_id = doc.org_id AND m.user_id = auth.uid())$$),
    ($$org_id = ALL (ARRAY (SELECT org_id FROM members WHERE user_id = auth.uid()))$$),
    ($$org_id <> (auth.jwt() ->> 'org_id')::uuid$$),
    ($$owner = (auth.jwt() ->> 'org_id')::uuid$$),
    ($$org_id = auth.uid()$$),
    ($$org_id = coalesce((auth.jwt() ->> 'org_id')::uuid, org_id)$$),
    ($$org_id = (auth.jwt() ->> 'org_id')::uuid OR pub$$),
    ($$org_id = (auth.jwt() ->> title)::uuid$$),
    ($$org_id = helper()$$),
    ($$is_member(org_id)$$),
    ($$true$$),
    -- the context already
    ($$org_id = custody.current_org_uuid()$$),
    ($$org_id = custody.current_org_uuid() AND owner = auth.uid()$$);
DO $$
DECLARE s record;
BEGIN
    FOR s IN SELECT * FROM shape LOOP
        EXECUTE format('CREATE POLICY p%s ON doc USING (%s)', to_char(s.number, 'FM00'), s.expression);
    END LOOP;
END
$$;
\a
SELECT policy, s.expression, verdict, replacement_verdict AS replaced,
       substring(replacement FROM 'USING .*') AS replacement, j.note
  FROM custody.judge_policies('doc', costs => false) j JOIN shape s ON policy = 'p' || to_char(number, 'FM00')
 ORDER BY 1;
\a
-- What the planner says of both: a sub-select of memberships cannot use the org's index.
SELECT s.expression, cost_before > 1.1 * cost_after AS dearer, cost_before < 1.1 * cost_after AS alike
  FROM custody.judge_policies('doc') JOIN shape s ON policy = 'p' || to_char(number, 'FM00')
 WHERE number IN (1, 3, 12, 15, 17, 18) ORDER BY number;

-- The claim is the context's org when every issuer says so, and auth.jwt() is ours.
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy IN ('p01', 'p05', 'p06', 'p07', 'p33');
INSERT INTO custody.jwt_issuer (issuer, audience, org_type, org_path)
    VALUES ('https://issuer.example', '{app}', 'uuid', '{org_id}');
SELECT policy, verdict, note FROM custody.judge_policies('doc', costs => false) WHERE policy IN ('p01', 'p05', 'p06', 'p07', 'p33');
UPDATE custody.jwt_issuer SET org_path = '{app_metadata,org_id}';
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy IN ('p01', 'p05', 'p06', 'p07', 'p33');
SELECT custody.trust_request_settings(true);
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy = 'p06';
SELECT custody.trust_request_settings(false);
BEGIN;
CREATE OR REPLACE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT '{}'::jsonb $$;
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy = 'p06';
ROLLBACK;
INSERT INTO custody.jwt_issuer (issuer, audience, org_type, org_path)
    VALUES ('https://other.example', '{app}', 'uuid', '{org}');
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy = 'p06';
DELETE FROM custody.jwt_issuer WHERE issuer LIKE '%other%';
-- Nor while there is another way in, whose claims name what they like: own tokens, with issuers or without;
-- a membership table; a grant of set_context().
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy = 'p06';
BEGIN;
INSERT INTO custody.token_key (kid, algorithm, public_key) VALUES ('own', 'Ed25519', '\x00');
SELECT policy, verdict, note FROM custody.judge_policies('doc', costs => false) WHERE policy = 'p06';
DELETE FROM custody.jwt_issuer;
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy = 'p06';
ROLLBACK;
BEGIN;
INSERT INTO custody.membership_source (relation, user_column, org_column) VALUES ('members', 'user_id', 'org_id');
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy = 'p06';
ROLLBACK;
BEGIN;
CREATE ROLE regress_judge_gate;
GRANT EXECUTE ON FUNCTION custody.set_context(uuid, text, text, timestamptz, jsonb, boolean) TO regress_judge_gate;
SELECT policy, verdict FROM custody.judge_policies('doc', costs => false) WHERE policy = 'p06';
ROLLBACK;

-- A comparison that takes two organizations for one is none of the organization that the claim names.
CREATE COLLATION loose (provider = icu, locale = 'und', deterministic = false);
CREATE DOMAIN loose_text AS text COLLATE loose;
CREATE DOMAIN short_text AS varchar(3);
CREATE FUNCTION one_for_all(text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5('')::uuid $$;
CREATE TABLE loss (org text NOT NULL, number bigint NOT NULL, org_id uuid NOT NULL);
UPDATE custody.jwt_issuer SET org_path = '{org}', org_type = 'text';
CREATE POLICY exact_1 ON loss USING (org = auth.jwt() ->> 'org');
CREATE POLICY exact_2 ON loss USING (org::varchar = nullif((SELECT auth.jwt() ->> 'org'), ''));
CREATE POLICY exact_3 ON loss USING (org = (auth.session() #>> '{org}')::varchar);
CREATE POLICY lossy_01 ON loss USING (org = (auth.jwt() ->> 'org')::varchar(3));
CREATE POLICY lossy_02 ON loss USING (org::varchar(3) = auth.jwt() ->> 'org');
CREATE POLICY lossy_03 ON loss USING (org::bpchar = (auth.jwt() ->> 'org')::bpchar);
CREATE POLICY lossy_04 ON loss USING (org = (auth.jwt() ->> 'org')::loose_text);
CREATE POLICY lossy_05 ON loss USING (org = (auth.jwt() ->> 'org')::short_text);
CREATE POLICY lossy_06 ON loss USING (org::name = (auth.jwt() ->> 'org')::name);
CREATE POLICY lossy_07 ON loss USING (org::"char" = (auth.jwt() ->> 'org')::"char");
CREATE POLICY lossy_08 ON loss USING (org::bytea = (auth.jwt() ->> 'org')::bytea);
CREATE POLICY lossy_09 ON loss USING (org::jsonb = auth.jwt() -> 'org');
CREATE POLICY lossy_10 ON loss USING (org = nullif(auth.jwt() ->> 'org', 'acme'));
CREATE POLICY lossy_11 ON loss USING (org = (auth.jwt() -> 'org')::text);
CREATE POLICY lossy_12 ON loss USING (org::uuid = (auth.jwt() ->> 'org')::uuid);
CREATE POLICY number_exact ON loss USING (number = (auth.jwt() ->> 'org')::int);
CREATE POLICY number_1 ON loss USING (number::float8 = (auth.jwt() ->> 'org')::float8);
CREATE POLICY number_2 ON loss USING (number::int::bool = (auth.jwt() ->> 'org')::bool);
CREATE POLICY number_3 ON loss USING (number = (auth.jwt() ->> 'org')::numeric::bigint);
CREATE CAST (text AS uuid) WITH FUNCTION one_for_all(text);
CREATE POLICY uuid_1 ON loss USING (org_id = (auth.jwt() ->> 'org')::uuid);
DROP CAST (text AS uuid);
SELECT policy, verdict, note FROM custody.judge_policies('loss', 'org', false) WHERE policy ~ '^(exact|lossy)';
SELECT policy, verdict FROM custody.judge_policies('loss', 'number', false) WHERE policy ~ '^number';
SELECT policy, verdict FROM custody.judge_policies('loss', 'org_id', false) WHERE policy ~ '^uuid';
-- What else reads the claims has to be custody's, too.
BEGIN;
CREATE OR REPLACE FUNCTION auth.session() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT '{}'::jsonb $$;
SELECT policy, verdict FROM custody.judge_policies('loss', 'org', false) WHERE policy ~ '^exact';
ROLLBACK;
DELETE FROM custody.jwt_issuer;

-- USING and WITH CHECK together, commands and roles; other columns and types; no such column.
CREATE ROLE regress_judge_app;
CREATE ROLE regress_judge_other;
CREATE TABLE note (org bigint, "Org" text);
CREATE POLICY a ON note FOR UPDATE TO regress_judge_app, regress_judge_other
    USING (org = (auth.jwt() ->> 'org')::bigint) WITH CHECK (true);
CREATE POLICY b ON note FOR INSERT TO regress_judge_app WITH CHECK (org = (auth.jwt() ->> 'org')::bigint);
CREATE POLICY c ON note AS RESTRICTIVE FOR SELECT USING (org = (SELECT current_setting('x.org')::bigint));
CREATE POLICY d ON note FOR DELETE USING ("Org" = auth.jwt() ->> 'org');
CREATE POLICY e ON note;
SELECT policy, roles, command, verdict, replacement, replacement_verdict, note FROM custody.judge_policies('note', 'org', false);
SELECT policy, verdict, replacement FROM custody.judge_policies('note', 'Org', false) WHERE policy = 'd';
SELECT policy, verdict, note FROM custody.judge_policies('note') WHERE policy = 'a';
-- The statements do what they say.
SELECT replacement FROM custody.judge_policies('note', 'org', false) WHERE replacement IS NOT NULL \gexec
SELECT policy, verdict, replacement FROM custody.judge_policies('note', 'org', false);

-- Costs are planned as the table's owner: what policies call does not run with the caller's rights.
CREATE FUNCTION trap() RETURNS uuid LANGUAGE plpgsql STABLE AS
$$ BEGIN RAISE WARNING 'called by %', current_user; RETURN NULL; END $$;
CREATE TABLE trapped (org_id uuid);
CREATE POLICY trap ON trapped USING (org_id = trap());
GRANT USAGE ON SCHEMA judged TO regress_judge_app;
ALTER TABLE trapped OWNER TO regress_judge_app;
SELECT cost_before IS NOT NULL AS planned FROM custody.judge_policies('trapped');
SELECT current_user = session_user AS as_before;
ALTER TABLE trapped ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT cost_before IS NOT NULL AS planned FROM custody.judge_policies('trapped');
-- Nor can it go back to them.
ALTER TABLE trapped DISABLE ROW LEVEL SECURITY;
GRANT CREATE ON SCHEMA judged TO regress_judge_app;
CREATE FUNCTION climb() RETURNS uuid LANGUAGE plpgsql AS
$$ BEGIN RESET ROLE; ALTER ROLE regress_judge_app SUPERUSER; RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION trap() RETURNS uuid LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN judged.climb(); END $$;
SELECT cost_before IS NOT NULL AS planned FROM custody.judge_policies('trapped');
CREATE OR REPLACE FUNCTION climb() RETURNS uuid LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('role', 'none', false); ALTER ROLE regress_judge_app SUPERUSER; RETURN NULL; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;
SELECT cost_before IS NOT NULL AS planned FROM custody.judge_policies('trapped');
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_judge_app';
SELECT count(*) > 40 AS everything FROM custody.judge_policies(costs => false);
SELECT * FROM custody.judge_policies(0);

RESET search_path;
DROP SCHEMA judged CASCADE;
DROP ROLE regress_judge_app, regress_judge_other;
SELECT count(*) FROM custody.remove_supabase_compat() WHERE action <> 'drop';
