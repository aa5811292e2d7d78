-- Ways around proven policies: code that runs as somebody else, parents, powers of a role; and what an
-- owner of a table must not get done by who asks for the proof. Each with a twin that is safe.
SET client_min_messages = warning;
CREATE SCHEMA detours;
CREATE SCHEMA hidden;
SET search_path = detours;
CREATE ROLE regress_custody_app LOGIN;
CREATE ROLE regress_custody_owner NOLOGIN;
CREATE ROLE regress_custody_open NOLOGIN;
GRANT USAGE ON SCHEMA detours, custody TO regress_custody_app, regress_custody_owner, regress_custody_open;
CREATE FUNCTION org(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$SELECT lpad(n::text, 32, '0')::uuid$$;
CREATE TABLE docs (id int PRIMARY KEY, org_id uuid NOT NULL, title text);
INSERT INTO docs VALUES (1, org(1), 'a'), (2, org(2), 'b');
ALTER TABLE docs OWNER TO regress_custody_owner;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON docs USING (org_id = custody.current_org_uuid());
GRANT SELECT, UPDATE ON docs TO regress_custody_app;
CREATE VIEW open AS SELECT object, command, part, verdict, reason
  FROM custody.prove_isolation('{docs}', '{regress_custody_app}') WHERE verdict <> 'proven';
SELECT * FROM open;

-- SECURITY DEFINER functions in a schema that the role may not use, through what it may use.
CREATE FUNCTION hidden.count_all(int, int) RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM detours.docs';
SELECT * FROM open;
CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = hidden.count_all);
SET ROLE regress_custody_app;
SELECT 1 OPERATOR(detours.###) 1 AS seen;
RESET ROLE;
SELECT * FROM open;
DROP FUNCTION hidden.count_all CASCADE;
CREATE FUNCTION hidden.step(bigint, int) RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM detours.docs';
REVOKE EXECUTE ON FUNCTION hidden.step FROM PUBLIC;
CREATE AGGREGATE total(int) (SFUNC = hidden.step, STYPE = bigint);
SET ROLE regress_custody_app;
SELECT total(1) AS seen;
RESET ROLE;
SELECT * FROM open;
REVOKE EXECUTE ON FUNCTION total(int) FROM PUBLIC;
SELECT * FROM open;
DROP FUNCTION hidden.step CASCADE;

-- Of an owner who is bound, by policies that let more through, then by the same ones.
CREATE POLICY more ON docs TO regress_custody_open USING (true);
GRANT SELECT ON docs TO regress_custody_open;
CREATE FUNCTION count_more() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM detours.docs';
ALTER FUNCTION count_more() OWNER TO regress_custody_open;
SELECT * FROM open;
DROP POLICY more ON docs;
SELECT * FROM open;
DROP FUNCTION count_more();

-- Triggers: on a table without organizations, set off by itself, a parent, a foreign key, a view, a rule.
CREATE TABLE plain (id int PRIMARY KEY);
CREATE FUNCTION overwrite() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS
    $$BEGIN UPDATE detours.docs SET title = 'overwritten'; RETURN coalesce(NEW, OLD); END$$;
CREATE TRIGGER "over write" AFTER INSERT OR UPDATE OR DELETE ON plain FOR EACH ROW EXECUTE FUNCTION overwrite();
SELECT * FROM open;
GRANT INSERT ON plain TO regress_custody_app;
SELECT * FROM open;
ALTER TABLE plain DISABLE TRIGGER "over write";
SELECT * FROM open;
ALTER TABLE plain ENABLE TRIGGER "over write";
ALTER FUNCTION overwrite() SECURITY INVOKER;
SELECT * FROM open;
ALTER FUNCTION overwrite() SECURITY DEFINER;
REVOKE INSERT ON plain FROM regress_custody_app;
CREATE TABLE referenced (id int PRIMARY KEY);
ALTER TABLE plain ADD CONSTRAINT to_referenced FOREIGN KEY (id) REFERENCES referenced;
GRANT DELETE ON referenced TO regress_custody_app;
SELECT * FROM open;
ALTER TABLE plain DROP CONSTRAINT to_referenced, ADD FOREIGN KEY (id) REFERENCES referenced ON DELETE CASCADE;
SELECT * FROM open;
DROP TABLE referenced CASCADE;
CREATE VIEW over_plain AS SELECT * FROM plain;
GRANT INSERT ON over_plain TO regress_custody_app;
SELECT * FROM open;
DROP VIEW over_plain;
CREATE VIEW instead AS SELECT 1 AS id;
CREATE TRIGGER instead INSTEAD OF INSERT ON instead FOR EACH ROW EXECUTE FUNCTION overwrite();
GRANT INSERT ON instead TO regress_custody_app;
SET ROLE regress_custody_app;
INSERT INTO instead VALUES (2);
RESET ROLE;
SELECT DISTINCT title FROM docs;
SELECT * FROM open;
DROP VIEW instead;
DROP TABLE plain;

-- Rules act as the owner of their table or view, of an invoker's view too.
CREATE TABLE ruled (id int);
GRANT INSERT ON ruled TO regress_custody_app;
CREATE RULE also AS ON INSERT TO ruled DO ALSO UPDATE docs SET title = 'ruled';
SELECT * FROM open;
ALTER TABLE ruled OWNER TO regress_custody_owner;
SELECT * FROM open;
DROP TABLE ruled;
CREATE VIEW through WITH (security_invoker) AS SELECT * FROM docs;
CREATE RULE instead AS ON INSERT TO through DO INSTEAD UPDATE docs SET title = 'ruled';
SELECT * FROM open;
GRANT INSERT ON through TO regress_custody_app;
SET ROLE regress_custody_app;
INSERT INTO through VALUES (3);
RESET ROLE;
SELECT DISTINCT title FROM docs;
SELECT * FROM open;
DROP VIEW through;

-- A materialized view of what a function read.
CREATE FUNCTION read_all() RETURNS TABLE (id int, text text) LANGUAGE sql STABLE AS 'SELECT id, title FROM detours.docs';
CREATE MATERIALIZED VIEW kept AS SELECT * FROM read_all();
SELECT * FROM open;
CREATE VIEW over_kept AS SELECT * FROM kept;
GRANT SELECT ON over_kept TO regress_custody_app;
SELECT * FROM open;
DROP MATERIALIZED VIEW kept CASCADE;

-- Rows are met through a parent under the parent's policies, with or without the org column.
CREATE TABLE parent (id int, org_id uuid);
CREATE TABLE parent_without (id int);
ALTER TABLE docs INHERIT parent, INHERIT parent_without;
SELECT * FROM open;
GRANT SELECT ON parent, parent_without TO regress_custody_app;
SELECT * FROM open;
ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON parent USING (org_id = custody.current_org_uuid());
REVOKE SELECT ON parent_without FROM regress_custody_app;
SELECT * FROM open;
ALTER TABLE docs NO INHERIT parent, NO INHERIT parent_without;

-- Powers of the role, or of one that it can become.
ALTER ROLE regress_custody_app REPLICATION;
SELECT * FROM open;
ALTER ROLE regress_custody_app NOREPLICATION;
GRANT pg_read_server_files TO regress_custody_open;
GRANT regress_custody_open TO regress_custody_app;
SELECT * FROM open;
REVOKE regress_custody_open FROM regress_custody_app;
SELECT * FROM open;

-- What logs in only to become the role, and can become another that bypasses row security or owns the table.
CREATE ROLE regress_custody_web LOGIN NOINHERIT IN ROLE regress_custody_app;
CREATE ROLE regress_custody_free BYPASSRLS;
GRANT SELECT ON docs TO regress_custody_free;
INSERT INTO custody.protection (relation, class, org_column, roles, multi_roles, writers)
VALUES ('docs', 'owned', 'org_id', '{regress_custody_app}', '{}', '{}');
CREATE VIEW open_to_all AS SELECT object, role, part, verdict, reason FROM custody.prove_isolation() WHERE verdict <> 'proven';
SELECT * FROM open_to_all;
GRANT regress_custody_free TO regress_custody_web;
SELECT * FROM open_to_all;
REVOKE regress_custody_free FROM regress_custody_web;
GRANT regress_custody_owner TO regress_custody_web;
SELECT * FROM open_to_all;
DELETE FROM custody.protection;
REVOKE SELECT ON docs FROM regress_custody_free;
DROP ROLE regress_custody_web, regress_custody_free;

-- A sub-select in the operand of another: neither takes the other's output for its own.
ALTER POLICY p ON docs USING ((org(1) = ANY (SELECT org(2))) = ANY (SELECT true));
SELECT DISTINCT verdict FROM open;
ALTER POLICY p ON docs USING (('00000000-0000-0000-0000-000000000001'::uuid = ANY (SELECT '00000000-0000-0000-0000-000000000002'::uuid)) = ANY (SELECT true));
SELECT DISTINCT verdict FROM custody.prove_isolation('{docs}', '{regress_custody_app}') WHERE part = 'using';

-- What belongs to an owner runs as the role, and cannot write: checks of domains, columns of views.
GRANT CREATE ON SCHEMA detours TO regress_custody_owner;
SET ROLE regress_custody_owner;
CREATE FUNCTION told(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN
    RAISE WARNING '%: as %, read only %', $1, current_user, current_setting('transaction_read_only');
    RETURN true;
END$$;
CREATE DOMAIN told_org AS uuid CHECK (detours.told('domain'));
CREATE TABLE told_docs (org_id told_org NOT NULL);
ALTER TABLE told_docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON told_docs TO regress_custody_app USING (org_id::text LIKE '0%');
GRANT SELECT ON told_docs TO regress_custody_app;
ALTER POLICY p ON docs USING (true);
CREATE VIEW told_view AS SELECT org_id, told('view') FROM docs LIMIT 1;
GRANT SELECT ON told_view TO regress_custody_app;
RESET ROLE;
SELECT verdict, witness FROM custody.prove_isolation('{told_docs}', '{regress_custody_app}') WHERE part = 'using';
SELECT verdict, witness FROM custody.prove_isolation('{docs}', '{regress_custody_app}') WHERE part = 'view';

-- No witness that is none: a row that a NOT NULL column rules out, a setting that the role cannot make.
CREATE TABLE bounded (org_id text NOT NULL, a int NOT NULL, b int CHECK (a = b), CHECK (a < 3));
ALTER TABLE bounded ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON bounded USING (b = 5);
GRANT SELECT ON bounded TO regress_custody_app;
SELECT verdict, witness FROM custody.prove_isolation('{bounded}', '{regress_custody_app}') WHERE part = 'using';
ALTER POLICY p ON bounded USING (b = 2);
SELECT verdict, witness FROM custody.prove_isolation('{bounded}', '{regress_custody_app}') WHERE part = 'using';
INSERT INTO bounded VALUES ('use_column', 1, 1), ('use_variable', 1, 1);
ALTER POLICY p ON bounded USING (org_id = current_setting('plpgsql.variable_conflict'));
SELECT verdict, witness FROM custody.prove_isolation('{bounded}', '{regress_custody_app}') WHERE part = 'using';
ALTER POLICY p ON bounded USING (org_id = current_setting('app.org'));
SELECT verdict, witness FROM custody.prove_isolation('{bounded}', '{regress_custody_app}') WHERE part = 'using';

SET client_min_messages = error;
DROP SCHEMA detours, hidden CASCADE;
DROP OWNED BY regress_custody_app, regress_custody_owner, regress_custody_open;
DROP ROLE regress_custody_app, regress_custody_owner, regress_custody_open;
