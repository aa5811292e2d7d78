-- custody.lint(): its rows, exemptions and privileges. What each rule finds is in test/data/lint.
\set VERBOSITY terse
-- What tests before this one left is not its matter.
DELETE FROM custody.protection;
CREATE ROLE lint_app;
CREATE ROLE lint_auditor;
CREATE SCHEMA lint_shop;
GRANT USAGE ON SCHEMA lint_shop TO lint_app;
CREATE TABLE lint_shop."Doc's" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL);
CREATE TABLE lint_shop.open (org_id uuid PRIMARY KEY);
CREATE INDEX ON lint_shop."Doc's" (org_id);
ALTER TABLE lint_shop."Doc's" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON lint_shop."Doc's" USING (1 = 1);
GRANT SELECT, TRUNCATE ON lint_shop."Doc's" TO lint_app;

CREATE VIEW lint_here AS
SELECT code, level, object, seen, exempt FROM custody.lint() WHERE object LIKE '%lint\_shop%';

-- Without a protected table the org column is not known, and that is said.
SELECT code, level, title FROM custody.lint() WHERE code = 'L113';
SELECT * FROM lint_here;
-- It can be given.
SELECT code, object FROM custody.lint('org_id') WHERE code = 'L101';
SELECT code, object FROM custody.lint('no_such_column') WHERE code = 'L101';

INSERT INTO custody.protection (relation, class, org_column, roles)
VALUES ('lint_shop."Doc''s"', 'owned', 'org_id', '{lint_app}'), ('lint_shop.open', 'owned', 'org_id', '{lint_app}');
SELECT * FROM lint_here;
SELECT count(*) FROM custody.lint() WHERE code = 'L113';
SELECT title, remediation FROM custody.lint() WHERE code = 'L210' AND object LIKE 'lint\_shop%';
-- The view is the same.
SELECT count(*) FROM ((SELECT * FROM custody.lint_findings EXCEPT SELECT code, level, object, title, seen, remediation, exempt FROM custody.lint())
    UNION ALL (SELECT code, level, object, title, seen, remediation, exempt FROM custody.lint() EXCEPT SELECT * FROM custody.lint_findings)) x;

-- Exemptions are shown with their reason; they hold for their object and until they expire.
INSERT INTO custody.exemption (tool, code, object, reason, expires) VALUES
    ('lint', 'L107', 'everything on %', 'demo data', NULL),
    ('lint', 'L210', '%', 'expired', now() - interval '1 second'),
    ('guard', 'L101', '%', 'of another tool', NULL),
    ('lint', 'L101', 'lint_shop', 'of another object', NULL);
SELECT code, object, exempt FROM lint_here WHERE code IN ('L101', 'L107', 'L210');
UPDATE custody.exemption SET expires = now() + interval '1 hour' WHERE code = 'L210';
SELECT code, exempt FROM lint_here WHERE code = 'L210';

-- A shared table may be read by all, and only read.
CREATE TABLE lint_shop.country (code text PRIMARY KEY);
CREATE TABLE lint_shop.currency (code text PRIMARY KEY);
ALTER TABLE lint_shop.country ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE lint_shop.currency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_read ON lint_shop.country FOR SELECT USING (true);
CREATE POLICY some_read ON lint_shop.country FOR SELECT USING (code <> 'XX');
CREATE POLICY all_write ON lint_shop.currency USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON lint_shop.country, lint_shop.currency TO lint_app;
INSERT INTO custody.protection (relation, class, roles)
VALUES ('lint_shop.country', 'shared', '{lint_app}'), ('lint_shop.currency', 'shared', '{lint_app}');
SELECT code, object, seen FROM lint_here WHERE object LIKE '%lint\_shop.c%' AND code <> 'L110';
UPDATE custody.protection SET class = 'owned', org_column = 'code' WHERE class = 'shared';
SELECT code, object, seen FROM lint_here WHERE object LIKE '%lint\_shop.c%' AND code IN ('L107', 'L108', 'L111');

-- Reads only.
BEGIN READ ONLY;
SELECT count(*) > 0 FROM custody.lint();
COMMIT;

-- Not for everybody; who may call it but not read the state is told what was not run.
SET ROLE lint_auditor;
SELECT count(*) FROM custody.lint();
RESET ROLE;
GRANT USAGE ON SCHEMA custody TO lint_auditor;
GRANT EXECUTE ON FUNCTION custody.lint(name) TO lint_auditor;
GRANT SELECT ON custody.exemption TO lint_auditor;
SET ROLE lint_auditor;
SELECT count(*) > 0 AS some, bool_and(seen LIKE 'not run: permission denied for table protection') AS refused
  FROM custody.lint() WHERE object LIKE 'rule L%';
SELECT count(*) FROM custody.lint() WHERE code = 'L103' AND object LIKE 'rule%';
RESET ROLE;
GRANT SELECT ON custody.protection TO lint_auditor;
SET ROLE lint_auditor;
SELECT count(*) FROM custody.lint() WHERE object LIKE 'rule L%';
RESET ROLE;

-- The rules: all that needs to be known of each.
SELECT count(*) > 60 AS many, count(DISTINCT code) = count(*) AS codes, count(DISTINCT name) = count(*) AS names,
       bool_and(title <> '' AND why <> '' AND level IN ('error', 'warning', 'info')) AS told,
       array_agg(DISTINCT needs ORDER BY needs) AS needs
  FROM custody.lint_rules();
-- One after another they find what they find together.
CREATE FUNCTION lint_one_by_one() RETURNS TABLE (code text, object text, seen text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rule record;
BEGIN
    FOR rule IN SELECT * FROM custody.lint_rules() r WHERE r.since <= current_setting('server_version_num')::int LOOP
        RETURN QUERY EXECUTE format('SELECT %L, f.object, f.seen FROM (%s) f', rule.code, rule.query) USING NULL::text;
    END LOOP;
END
$$;
SELECT count(*) FROM (SELECT code, object, seen FROM custody.lint() EXCEPT SELECT * FROM lint_one_by_one()) x;
SELECT count(*) FROM (SELECT * FROM lint_one_by_one() EXCEPT SELECT code, object, seen FROM custody.lint()) x;

\set ECHO none
DROP VIEW lint_here;
DROP FUNCTION lint_one_by_one();
SET client_min_messages = error;
DROP SCHEMA lint_shop CASCADE;
DELETE FROM custody.protection;
DELETE FROM custody.exemption;
DROP OWNED BY lint_app, lint_auditor;
DROP ROLE lint_app, lint_auditor;
