-- planted: 3
CREATE TABLE a (org_id uuid);
CREATE TABLE "Ärger ""x" (id int, org_id uuid);
CREATE TABLE parted (org_id uuid) PARTITION BY HASH (org_id);
CREATE TABLE part PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- safe
CREATE TABLE a (org_id uuid);
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE TABLE lookup (id int);
