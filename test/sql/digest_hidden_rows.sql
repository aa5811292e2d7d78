-- Row security: never the digest of the rows that a role is shown, whichever way the query goes.
SET client_min_messages = warning;
SET search_path = public, custody;
CREATE ROLE regress_custody_shown;
CREATE ROLE regress_custody_all BYPASSRLS;
GRANT USAGE ON SCHEMA custody TO regress_custody_shown, regress_custody_all;
CREATE TABLE secret (id int PRIMARY KEY, org int);
INSERT INTO secret SELECT g, g % 3 FROM generate_series(1, 30) g;
CREATE POLICY own ON secret USING (org = 1);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE TABLE divided (id int, org int) PARTITION BY LIST (org);
CREATE TABLE divided_1 PARTITION OF divided FOR VALUES IN (1);
CREATE TABLE divided_2 PARTITION OF divided FOR VALUES IN (2);
INSERT INTO divided SELECT g, 1 + g % 2 FROM generate_series(1, 20) g;
CREATE POLICY few ON divided_1 USING (id < 5);
ALTER TABLE divided_1 ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON secret, divided, divided_1, divided_2 TO regress_custody_shown, regress_custody_all;

-- A cursor that the shown role opened and another one reads.
BEGIN;
SET LOCAL ROLE regress_custody_shown;
DECLARE shown CURSOR FOR SELECT digest(s) FROM secret s;
RESET ROLE;
FETCH shown;
ROLLBACK;
CREATE FUNCTION open_as_shown() RETURNS refcursor SECURITY DEFINER LANGUAGE plpgsql AS
    $$DECLARE shown refcursor := 'shown'; BEGIN OPEN shown FOR SELECT custody.digest(s) FROM public.secret s; RETURN shown; END$$;
ALTER FUNCTION open_as_shown() OWNER TO regress_custody_shown;
BEGIN;
SELECT open_as_shown();
FETCH shown;
ROLLBACK;
-- A loop, a prepared statement, a cursor of a table without row security.
SET ROLE regress_custody_all;
DO $$
DECLARE r record;
BEGIN
    FOR r IN EXECUTE 'SELECT (custody.digest_info(custody.digest(s))).rows FROM secret s' LOOP
        RAISE WARNING '% rows in a loop', r.rows;
    END LOOP;
END$$;
PREPARE of_all AS SELECT (digest_info(digest(s))).rows FROM secret s;
EXECUTE of_all;
SET ROLE regress_custody_shown;
EXECUTE of_all;
SET ROLE regress_custody_all;
EXECUTE of_all;
RESET ROLE;
BEGIN;
DECLARE plain CURSOR FOR SELECT (digest_info(digest(d))).rows FROM divided_2 d;
FETCH plain;
ROLLBACK;

-- A partition has policies of its own; those count when it is named, not below its parent.
SET ROLE regress_custody_shown;
SELECT (digest_info(digest(d))).rows FROM divided d;
SELECT digest(d::divided) FROM divided_1 d;
SELECT (digest_info(digest(d::divided))).rows FROM divided_2 d;
RESET ROLE;
SELECT (digest_info(digest(d::divided))).rows FROM divided_1 d;

-- The sum over single rows compares with no table's digest where rows may be hidden.
SELECT sum(row_digest(s)) = table_digest('secret') AS by_owner FROM secret s;
SET ROLE regress_custody_shown;
SELECT (digest_info(sum(row_digest(s)))).* FROM secret s;
CREATE FUNCTION pg_temp.ad_hoc_as(role name) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('role', role, true);
    RETURN (custody.digest_info(custody.row_digest(ROW(1, 1)::public.secret))).ad_hoc;
END$$;
RESET ROLE;
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT role, pg_temp.ad_hoc_as(role) FROM unnest('{regress_custody_all,regress_custody_shown,regress_custody_all}'::name[]) role LOOP
        RAISE WARNING '%: %', r.role, r.ad_hoc_as;
    END LOOP;
END$$;

DROP FUNCTION open_as_shown();
DROP TABLE secret, divided;
DROP OWNED BY regress_custody_shown, regress_custody_all;
DROP ROLE regress_custody_shown, regress_custody_all;
