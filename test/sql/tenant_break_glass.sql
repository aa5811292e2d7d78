-- Break glass: declared and committed first, then entered, by who declared it, until it ends.
CREATE SCHEMA glass;
GRANT USAGE ON SCHEMA glass TO PUBLIC;
SET search_path = glass;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    RETURN SQLSTATE || ' ' || message;
END$$;
SELECT made FROM custody.role WHERE name = 'custody_break_glass';
CREATE ROLE glass_support IN ROLE custody_break_glass;
CREATE ROLE glass_other IN ROLE custody_break_glass;
CREATE ROLE glass_app;
GRANT USAGE ON SCHEMA custody TO glass_app;

SET SESSION AUTHORIZATION glass_app;
SELECT try('SELECT custody.declare_break_glass(''{1}''::bigint[], ''curious'')'),
       try('SELECT custody.record_break_glass(''bigint'', ''{1}'', ''curious'', 1)'),
       try('SELECT custody.enter_break_glass(gen_random_uuid())');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION glass_support;
SELECT try('INSERT INTO custody.break_glass (org_type, orgs, reason, expires) VALUES (''bigint'', ''{1}'', ''x'', now() + ''1 h'')'),
       try('SELECT * FROM custody.break_glass');
SELECT try(s) FROM unnest(ARRAY[
    'SELECT custody.declare_break_glass(NULL::bigint[], ''why'')', 'SELECT custody.declare_break_glass(''{}''::text[], ''why'')',
    'SELECT custody.declare_break_glass(''{NULL}''::uuid[], ''why'')', 'SELECT custody.declare_break_glass(''{""}''::text[], ''why'')',
    'SELECT custody.declare_break_glass(''{1}''::bigint[], NULL)', 'SELECT custody.declare_break_glass(''{1}''::bigint[], '' '')',
    'SELECT custody.declare_break_glass(''{1}''::bigint[], ''why'', 0)', 'SELECT custody.declare_break_glass(''{1}''::bigint[], ''why'', 1441)']) s;
-- Not in the transaction that declares it: also not from a subtransaction of it.
BEGIN;
SAVEPOINT s;
SELECT custody.declare_break_glass('{7}'::bigint[], 'ticket 1') AS id \gset
SELECT try(format('SELECT custody.enter_break_glass(%L)', :'id'));
RELEASE s;
SELECT try(format('SELECT custody.enter_break_glass(%L)', :'id'));
ROLLBACK;
SELECT try(format('SELECT custody.enter_break_glass(%L)', :'id'));
SELECT custody.declare_break_glass('{7,8}'::bigint[], E'ticket 2\nLOG:  break glass entered by "nobody"', 10) AS id \gset
BEGIN;
SELECT custody.enter_break_glass(:'id');
SELECT custody.current_orgs_bigint(), custody.current_user_id(), custody.current_role_name();
SELECT way, is_session, expires > now() + '9 min' AND expires < now() + '11 min' AS as_declared FROM custody.context_info();
ROLLBACK;
SELECT is_valid FROM custody.context_info();
SELECT custody.declare_break_glass('{aaaaaaaa-0000-0000-0000-000000000001}'::uuid[], 'ticket 3') AS uuid_id,
       custody.declare_break_glass('{x}'::text[], 'ticket 4') AS text_id \gset
BEGIN;
SELECT custody.enter_break_glass(:'uuid_id');
SELECT custody.current_org_uuid();
SELECT custody.enter_break_glass(:'text_id');
SELECT custody.current_org_text();
COMMIT;
RESET SESSION AUTHORIZATION;
-- Another one's is none, and it ends.
SET SESSION AUTHORIZATION glass_other;
SELECT try(format('SELECT custody.enter_break_glass(%L)', :'id'));
RESET SESSION AUTHORIZATION;
UPDATE custody.break_glass SET declared_at = declared_at - interval '1 hour', expires = expires - interval '1 hour' WHERE id = :'id';
SET SESSION AUTHORIZATION glass_support;
SELECT try(format('SELECT custody.enter_break_glass(%L)', :'id'));
RESET SESSION AUTHORIZATION;
SELECT org_type, orgs, reason, declared_by FROM custody.break_glass ORDER BY declared_at;
DELETE FROM custody.break_glass;
DROP OWNED BY glass_support, glass_other, glass_app;
DROP ROLE glass_support, glass_other, glass_app;
\set VERBOSITY terse
DROP SCHEMA glass CASCADE;
