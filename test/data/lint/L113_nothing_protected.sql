-- planted: 1
CREATE TABLE a (org_id uuid);
-- safe
CREATE TABLE a (org_id uuid);
INSERT INTO custody.protection (relation, class, org_column) VALUES ('a', 'owned', 'org_id');
