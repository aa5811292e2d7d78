-- planted: 1
CREATE TABLE a (org_id uuid);
INSERT INTO custody.protection (relation, class, org_column) VALUES ('a', 'owned', 'org_id');
CREATE TABLE "own way" (note text); ALTER TABLE "own way" ENABLE ROW LEVEL SECURITY;
-- safe
CREATE TABLE a (org_id uuid); ALTER TABLE a ENABLE ROW LEVEL SECURITY;
INSERT INTO custody.protection (relation, class, org_column) VALUES ('a', 'owned', 'org_id');
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.b (note text); ALTER TABLE elsewhere.b ENABLE ROW LEVEL SECURITY;
