-- planted: 2
CREATE TABLE a (org_id uuid);
CREATE TABLE "B" (org_id uuid) PARTITION BY HASH (org_id);
CREATE TABLE b1 PARTITION OF "B" FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- safe
CREATE TABLE a (org_id uuid NOT NULL); CREATE TABLE b (id int, org_id uuid, PRIMARY KEY (org_id, id));
