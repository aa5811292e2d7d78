-- Foreign keys that do not hold: passed by an owner whom FORCE binds, or across organizations.
SET client_min_messages = warning;
CREATE ROLE custody_regress_keeper NOLOGIN;
CREATE SCHEMA custody_regress_o AUTHORIZATION custody_regress_keeper;
SET search_path = custody_regress_o;
CREATE TABLE "Doc's" (id int PRIMARY KEY, "Org Id" text NOT NULL, UNIQUE ("Org Id", id));
CREATE TABLE line (id int PRIMARY KEY, org_id text NOT NULL, doc_id int, up int) PARTITION BY RANGE (id);
CREATE TABLE line_1 PARTITION OF line FOR VALUES FROM (0) TO (100);
INSERT INTO "Doc's" VALUES (1, 'a'), (2, 'b');
INSERT INTO line VALUES (1, 'a', 1, NULL), (2, 'b', 2, 1), (3, 'a', NULL, 2);
ALTER TABLE line ADD CONSTRAINT whose FOREIGN KEY (org_id, doc_id) REFERENCES "Doc's" ("Org Id", id);
ALTER TABLE line ADD CONSTRAINT loose FOREIGN KEY (doc_id) REFERENCES "Doc's";
ALTER TABLE line ADD CONSTRAINT above FOREIGN KEY (up) REFERENCES line;
ALTER TABLE line_1 ADD CONSTRAINT own FOREIGN KEY (up) REFERENCES "Doc's";
INSERT INTO custody.protection (relation, class, org_column, roles) VALUES
    ('"Doc''s"', 'owned', 'Org Id', '{}'), ('line', 'owned', 'org_id', '{}');
-- Of "above" one row points to another organization: up 1 of a belongs to b's line 2, and 2 of b to a's 3.
SELECT relation, foreign_key, parent, missing, elsewhere, example FROM custody.find_orphans();
-- What the owner has passed under FORCE.
DELETE FROM line WHERE id > 1;
ALTER TABLE line DROP CONSTRAINT whose, DROP CONSTRAINT loose;
ALTER TABLE line_1 DROP CONSTRAINT own;
SELECT count(*) FROM custody.find_orphans();
INSERT INTO line VALUES (5, 'b', 7, NULL), (6, 'a', 2, NULL);
ALTER TABLE line OWNER TO custody_regress_keeper;
ALTER TABLE "Doc's" OWNER TO custody_regress_keeper;
ALTER TABLE line_1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, OWNER TO custody_regress_keeper;
ALTER TABLE line ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET ROLE custody_regress_keeper;
ALTER TABLE line ADD CONSTRAINT passed FOREIGN KEY (doc_id) REFERENCES "Doc's";
RESET ROLE;
SELECT relation, foreign_key, parent, missing, elsewhere, example FROM custody.find_orphans('{line}');
SELECT count(*) FROM custody.find_orphans(ARRAY['"Doc''s"'::regclass]);
-- The query says which: it can be run.
SELECT query FROM custody.find_orphans() \gexec
-- The prober looks, too: a row across organizations leaks, one without a parent is not known to be anybody's.
SELECT object, verdict, detail FROM custody.probe_isolation('custody_regress_keeper', '{line}') WHERE attack = 'orphans'
 ORDER BY 1;
DELETE FROM line WHERE id = 6;
SELECT object, verdict, detail FROM custody.probe_isolation('custody_regress_keeper', '{line}') WHERE attack = 'orphans'
 ORDER BY 1;
-- Whom row security binds is not told that all is well.
GRANT USAGE ON SCHEMA custody TO custody_regress_keeper;
GRANT EXECUTE ON FUNCTION custody.find_orphans(regclass[]), custody.orphan_queries(regclass[]) TO custody_regress_keeper;
GRANT SELECT ON custody.protection TO custody_regress_keeper;
SET ROLE custody_regress_keeper;
SELECT * FROM custody.find_orphans();
RESET ROLE;
DELETE FROM custody.protection WHERE relation IN ('"Doc''s"'::regclass, 'line'::regclass);
DROP SCHEMA custody_regress_o CASCADE;

DROP OWNED BY custody_regress_keeper;
DROP ROLE custody_regress_keeper;
