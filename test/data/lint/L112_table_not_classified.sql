-- planted: 1
CREATE TABLE a (org_id uuid);
INSERT INTO custody.protection (relation, class, org_column) VALUES ('a', 'owned', 'org_id');
CREATE TABLE "table 141" (note text); GRANT SELECT ON "table 141" TO app;
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.b (note text); GRANT SELECT ON elsewhere.b TO app;
-- safe
CREATE TABLE closed (note text);
CREATE TABLE a (org_id uuid) PARTITION BY HASH (org_id);
CREATE TABLE a1 PARTITION OF a FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE b (note text);
INSERT INTO custody.protection (relation, class, org_column, reason)
VALUES ('a', 'owned', 'org_id', NULL), ('b', 'exempt', NULL, 'no rows of organizations');
