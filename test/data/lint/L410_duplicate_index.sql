-- planted: 1
CREATE TABLE "A" (id int, name text); CREATE INDEX one ON "A" (id); CREATE INDEX "Two" ON "A" (id);
-- safe
CREATE TABLE a (id int, name text); CREATE INDEX ON a (id); CREATE INDEX ON a (id DESC); CREATE INDEX ON a (id) WHERE id > 1;
