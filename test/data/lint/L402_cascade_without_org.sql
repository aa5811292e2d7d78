-- planted: 3
CREATE TABLE parent (id int PRIMARY KEY, org_id uuid);
CREATE TABLE a (id int, org_id uuid, parent int REFERENCES parent ON DELETE CASCADE);
CREATE TABLE b (id int, org_id uuid, parent int REFERENCES parent ON DELETE SET NULL);
CREATE TABLE "C" (id int, org_id uuid, parent int REFERENCES parent ON UPDATE CASCADE);
ALTER TABLE parent ADD UNIQUE (org_id, id);
ALTER TABLE b ADD FOREIGN KEY (org_id, parent) REFERENCES parent (org_id, id) NOT VALID;
-- safe
CREATE TABLE parent (id int PRIMARY KEY, org_id uuid, UNIQUE (org_id, id));
CREATE TABLE a (id int, org_id uuid, parent int, FOREIGN KEY (parent, org_id) REFERENCES parent (id, org_id) ON DELETE CASCADE);
CREATE TABLE b (id int, org_id uuid, parent int REFERENCES parent);
CREATE TABLE c (id int, org_id uuid, parent int REFERENCES parent ON DELETE CASCADE, FOREIGN KEY (org_id, parent) REFERENCES parent (org_id, id));
