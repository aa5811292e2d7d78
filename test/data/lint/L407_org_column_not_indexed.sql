-- planted: 3
CREATE TABLE a (org_id uuid); CREATE TABLE "B" (id int, org_id uuid, PRIMARY KEY (id, org_id));
CREATE TABLE c (org_id uuid, done bool); CREATE INDEX ON c (org_id) WHERE done;
-- safe
CREATE TABLE a (id int, org_id uuid, PRIMARY KEY (org_id, id));
CREATE TABLE b (org_id uuid) PARTITION BY HASH (org_id); CREATE INDEX ON b (org_id);
CREATE TABLE b1 PARTITION OF b FOR VALUES WITH (MODULUS 1, REMAINDER 0);
