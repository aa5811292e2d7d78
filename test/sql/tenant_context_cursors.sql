-- Cursors and the tenant context: what was read in one context is not for another, an end that has
-- passed is seen at the next FETCH, and nothing outlives the transaction.
CREATE SCHEMA cursors;
GRANT USAGE ON SCHEMA cursors TO PUBLIC;
SET search_path = cursors;
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
-- Waits until a moment has passed, as a client that comes back late.
CREATE PROCEDURE wait_until(moment timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    WHILE clock_timestamp() <= moment LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
END$$;
CREATE TABLE docs (id int PRIMARY KEY, org_id uuid NOT NULL, note text);
INSERT INTO docs SELECT i, ('00000000-0000-0000-0000-00000000000' || i % 3)::uuid, 'note' FROM generate_series(1, 30) i;
CREATE INDEX ON docs (org_id, id);
ANALYZE docs;
CREATE ROLE cursor_app;
GRANT USAGE ON SCHEMA custody TO cursor_app;
GRANT ALL ON docs TO cursor_app;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON docs TO cursor_app USING (org_id = custody.current_org_uuid());
\set a '''00000000-0000-0000-0000-000000000000'''
\set b '''00000000-0000-0000-0000-000000000001'''

-- An open cursor keeps its index key, so it is not for the next context.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE cursor_app;
DECLARE c CURSOR FOR SELECT * FROM docs ORDER BY id;
FETCH 2 FROM c;
SAVEPOINT s;
RESET ROLE;
SELECT custody.set_context(:b::uuid, 'bob');
SET LOCAL ROLE cursor_app;
FETCH 1 FROM c;
ROLLBACK;
-- Nor for none, nor for a function that fetches; a context that comes back is the same.
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE cursor_app;
DECLARE c CURSOR FOR SELECT * FROM docs ORDER BY id;
FETCH 1 FROM c;
SAVEPOINT s;
SELECT custody.leave();
ROLLBACK TO s;
FETCH 1 FROM c;
SELECT custody.leave();
SELECT try('DO $_$ DECLARE c refcursor := ''c''; r record; BEGIN FETCH c INTO r; END $_$');
COMMIT;
-- The same without an index: the rows are in a sort.
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_seqscan = on;
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE cursor_app;
DECLARE c CURSOR FOR SELECT * FROM docs ORDER BY note, id;
FETCH 1 FROM c;
RESET ROLE;
SELECT custody.set_context(:b::uuid, 'bob');
SET LOCAL ROLE cursor_app;
FETCH 1 FROM c;
ROLLBACK;
RESET enable_indexscan;
RESET enable_indexonlyscan;
RESET enable_bitmapscan;
-- Entering the same again, for longer, is no other context; a cursor that read none is for all.
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE cursor_app;
DECLARE c CURSOR FOR SELECT id FROM docs ORDER BY id;
DECLARE free CURSOR FOR SELECT 1 FROM generate_series(1, 3);
FETCH 1 FROM c;
RESET ROLE;
FETCH 1 FROM free;
SELECT custody.set_context(:a::uuid, 'ann', expires => now() + '1 hour');
SET LOCAL ROLE cursor_app;
FETCH 1 FROM c;
RESET ROLE;
SELECT custody.set_context(:b::uuid, 'ann');
FETCH 1 FROM free;
ROLLBACK;
-- A loop over organizations works in each; its own query is nobody's.
DO $$
DECLARE
    org uuid;
    seen int;
BEGIN
    FOR org IN SELECT DISTINCT org_id FROM docs ORDER BY 1 LOOP
        PERFORM custody.set_context(org, 'job');
        SET LOCAL ROLE cursor_app;
        SELECT count(*) INTO seen FROM docs;
        RESET ROLE;
        RAISE NOTICE '% has %', org, seen;
    END LOOP;
END$$;

-- The end is looked at with each FETCH, though the plan has what it needs.
SET enable_seqscan = off;
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann', expires => clock_timestamp() + '300 ms');
SET LOCAL ROLE cursor_app;
DECLARE c CURSOR FOR SELECT * FROM docs ORDER BY id;
FETCH 1 FROM c;
CALL wait_until(now() + '400 ms');
\set VERBOSITY terse
FETCH 1 FROM c;
\set VERBOSITY default
ROLLBACK;
-- A command that began in time finishes, with what it calls and what that opens.
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann', expires => clock_timestamp() + '300 ms');
SET LOCAL ROLE cursor_app;
DO $$
DECLARE
    r record;
    seen int := 0;
BEGIN
    PERFORM custody.current_org_uuid();
    CALL wait_until(now() + '400 ms');
    FOR r IN SELECT * FROM docs LOOP
        seen := seen + 1;
    END LOOP;
    RAISE NOTICE 'saw %', seen;
END$$;
SELECT left(try('SELECT count(*) FROM docs'), 32);
ROLLBACK;
RESET enable_seqscan;

-- WITH HOLD would give the rows to whoever has the connection next.
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE cursor_app;
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM docs ORDER BY id;
COMMIT;
FETCH 1 FROM held;
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE cursor_app;
DECLARE held SCROLL CURSOR WITH HOLD FOR SELECT * FROM docs ORDER BY id;
FETCH ALL FROM held;
COMMIT;
FETCH FIRST FROM held;
-- Nor what a function has read for it, in a cursor of its own; such rows belong to the context, too.
-- The function has run before, so that no planning is left.
CREATE FUNCTION ids() RETURNS SETOF int LANGUAGE plpgsql STABLE AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT id FROM docs WHERE org_id = custody.current_org_uuid() ORDER BY id LOOP
        RETURN NEXT r.id;
    END LOOP;
END$$;
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE cursor_app;
SELECT count(*) FROM ids();
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM ids();
COMMIT;
FETCH 1 FROM held;
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE cursor_app;
DECLARE c CURSOR FOR SELECT * FROM ids();
FETCH 1 FROM c;
SELECT custody.leave();
FETCH 1 FROM c;
ROLLBACK;
-- A query whose functions go from one context to the next may be fetched in portions.
CREATE FUNCTION visit(org uuid) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM custody.set_context(org, 'job');
    RETURN (SELECT count(*) FROM ids());
END$$;
SELECT visit(:a);
BEGIN;
DECLARE c CURSOR FOR SELECT org, visit(org) FROM (SELECT DISTINCT org_id AS org FROM docs ORDER BY 1) AS orgs;
FETCH 1 FROM c;
FETCH 1 FROM c;
FETCH 1 FROM c;
ROLLBACK;
-- Without rows of a context it is held as ever.
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT 1 AS one;
COMMIT;
FETCH 1 FROM held;
CLOSE held;
-- The loop of a procedure that commits goes on, the context does not.
CREATE PROCEDURE committing() LANGUAGE plpgsql AS $$
DECLARE
    r record;
    ids text := '';
BEGIN
    PERFORM custody.set_context('00000000-0000-0000-0000-000000000000'::uuid, 'job');
    FOR r IN SELECT id FROM docs WHERE org_id = custody.current_org_uuid() ORDER BY id LOOP
        ids := ids || ' ' || r.id;
        IF r.id = 6 THEN
            COMMIT;
            RAISE NOTICE 'then %', custody.current_org_or_null_uuid();
        END IF;
    END LOOP;
    RAISE NOTICE 'saw%', ids;
END$$;
CALL committing();
DROP OWNED BY cursor_app;
\set VERBOSITY terse
DROP SCHEMA cursors CASCADE;
DROP ROLE cursor_app;
