-- planted: 2
CREATE TABLE parent (id int PRIMARY KEY, org_id uuid, boss int REFERENCES parent);
CREATE TABLE "Child" (id int, org_id uuid, parent int CONSTRAINT "To parent" REFERENCES parent);
-- safe
CREATE TABLE parent (id int PRIMARY KEY, org_id uuid, UNIQUE (org_id, id));
CREATE TABLE child (id int, org_id uuid, parent int, FOREIGN KEY (parent, org_id) REFERENCES parent (id, org_id));
CREATE TABLE kind (id int PRIMARY KEY);
CREATE TABLE other (id int, org_id uuid, kind int REFERENCES kind);
