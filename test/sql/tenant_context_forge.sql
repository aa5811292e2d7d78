-- Every way in a session to give the setting custody.context a value, or another end, without the
-- functions that verify one: as the application's role, as a role that was granted it, as a superuser.
CREATE SCHEMA forge;
GRANT ALL ON SCHEMA forge TO PUBLIC;
SET search_path = forge;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    RETURN SQLSTATE || ' ' || replace(message, 'database ' || current_database(), 'database regress');
END$$;
CREATE ROLE forger;
GRANT USAGE ON SCHEMA custody TO forger;
-- What a context looks like, as an attacker with the source would write it; first of all a value that
-- is one: who reads the setting (a superuser) finds it there.
BEGIN;
SELECT custody.set_context(1::bigint, 'mallory', expires => 'infinity');
SELECT current_setting('custody.context') AS good \gset
COMMIT;
SELECT :'good' LIKE '1:b%' AS looks_good;
CREATE TABLE attempt (number int PRIMARY KEY, statement text);
INSERT INTO attempt VALUES
    (1, format('SET custody.context = %L', :'good')),
    (2, format('SET LOCAL custody.context = %L', :'good')),
    (3, format('SET SESSION "Custody.Context" = %L', :'good')),
    (4, format('SELECT set_config(''custody.context'', %L, true)', :'good')),
    (5, format('SELECT pg_catalog.set_config(''CUSTODY.CONTEXT'', %L, false)', :'good')),
    (6, format('UPDATE pg_settings SET setting = %L WHERE name = ''custody.context''', :'good')),
    (7, format('CREATE FUNCTION f() RETURNS int LANGUAGE sql SET custody.context = %L AS ''SELECT 1''', :'good')),
    (8, format('ALTER FUNCTION forge.plain() SET custody.context = %L', :'good')),
    (9, 'CREATE FUNCTION f() RETURNS int LANGUAGE sql SET custody.context FROM CURRENT AS ''SELECT 1'''),
    (10, format('ALTER ROLE forger SET custody.context = %L', :'good')),
    (11, format('ALTER DATABASE %I SET custody.context = %L', current_database(), :'good')),
    (12, format('ALTER ROLE forger IN DATABASE %I SET custody.context = %L', current_database(), :'good')),
    (13, 'SET custody.context = ''left'''),
    (14, 'SET custody.context = ''garbage''');
GRANT SELECT ON attempt TO PUBLIC;
CREATE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION plain() OWNER TO forger;
CREATE FUNCTION attack() RETURNS TABLE (number int, outcome text, org bigint, then_valid boolean) LANGUAGE plpgsql AS $$
BEGIN
    FOR attack.number, outcome IN SELECT a.number, a.statement FROM attempt a ORDER BY 1 LOOP
        outcome := try(outcome);
        SELECT custody.current_org_or_null_bigint(), is_valid INTO org, then_valid FROM custody.context_info();
        RETURN NEXT;
    END LOOP;
END$$;
-- With and without a context.
SET ROLE forger;
SELECT * FROM attack();
RESET ROLE;
BEGIN;
SELECT custody.set_context(5::bigint, 'ann');
SET LOCAL ROLE forger;
SELECT * FROM attack();
ROLLBACK;
-- Who was granted the parameter (from 15 on), and superusers.
GRANT SET, ALTER SYSTEM ON PARAMETER custody.context TO forger;
SET ROLE forger;
SELECT * FROM attack();
SELECT try('ALTER SYSTEM SET custody.context = ''x''');
RESET ROLE;
SELECT * FROM attack();
BEGIN;
SELECT custody.set_context(5::bigint, 'ann');
SELECT * FROM attack();
ROLLBACK;
ALTER SYSTEM SET custody.context = 'x';
-- A superuser's function that does what it is told.
CREATE FUNCTION obliging(name text, value text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT set_config(name, value, true)';
SET ROLE forger;
SELECT obliging('custody.context', current_setting('server_version')), custody.current_org_or_null_bigint();
SELECT try(format('SELECT obliging(''custody.context'', %L)', statement)) FROM attempt WHERE number = 13;
SELECT custody.current_org_or_null_bigint();
RESET ROLE;
SELECT count(*) AS left_over FROM pg_db_role_setting WHERE setconfig::text LIKE '%custody%';

-- Resetting leaves no context. It is allowed, but no door to another one either: only what may set
-- contexts anyway enters again in that transaction.
CREATE TABLE reset (number int PRIMARY KEY, statement text);
INSERT INTO reset VALUES (1, 'RESET custody.context'), (2, 'SET LOCAL custody.context TO DEFAULT'),
    (3, 'SET custody.context = '''''), (4, 'RESET ALL');
CREATE FUNCTION each_reset() RETURNS TABLE (number int, outcome text, org bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR each_reset.number, outcome IN SELECT r.number, r.statement FROM reset r ORDER BY 1 LOOP
        PERFORM custody.set_context(5::bigint, 'ann');
        outcome := try(outcome);
        org := custody.current_org_or_null_bigint();
        RETURN NEXT;
    END LOOP;
END$$;
SELECT * FROM each_reset();
-- The end of a session's context.
SELECT custody.set_context(5::bigint, 'ann', is_session => true);
SET ROLE forger;
SELECT custody.current_org_bigint();
DISCARD ALL;
SELECT custody.current_org_or_null_bigint();
SET search_path = forge;
SELECT custody.set_context(5::bigint, 'ann', is_session => true);
RESET ALL;
SELECT custody.current_org_or_null_bigint();
-- A rolled back session context was none.
BEGIN;
SELECT custody.set_context(5::bigint, 'ann', is_session => true);
SELECT custody.current_org_bigint();
ROLLBACK;
SELECT custody.current_org_or_null_bigint();
-- The prefix is the extension's.
SET custody.other = 'x';
SET search_path = forge;
REVOKE ALL ON PARAMETER custody.context FROM forger;
DROP OWNED BY forger;
DROP ROLE forger;
\set VERBOSITY terse
DROP SCHEMA forge CASCADE;
