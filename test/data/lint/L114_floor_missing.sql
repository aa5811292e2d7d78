-- planted: 1
CREATE TABLE a (org_id uuid);
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE POLICY custody_floor ON a AS RESTRICTIVE TO app USING (org_id = ctx());
INSERT INTO custody.protection (relation, class, org_column, roles)
VALUES ('a', 'owned', 'org_id', '{app,other}');
-- safe
CREATE TABLE a (org_id uuid);
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE POLICY custody_floor ON a AS RESTRICTIVE TO other USING (org_id = ctx());
GRANT other TO app;
INSERT INTO custody.protection (relation, class, org_column, roles)
VALUES ('a', 'owned', 'org_id', '{app,other}');
