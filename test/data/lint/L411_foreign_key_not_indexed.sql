-- planted: 1
CREATE TABLE p (id int PRIMARY KEY, b int, UNIQUE (id, b)); CREATE TABLE c (a int, b int);
ALTER TABLE c ADD CONSTRAINT "To p" FOREIGN KEY (a, b) REFERENCES p (id, b); CREATE INDEX ON c (a);
-- safe
CREATE TABLE p (id int PRIMARY KEY, b int, UNIQUE (id, b)); CREATE TABLE c (a int, b int, x int);
ALTER TABLE c ADD FOREIGN KEY (a, b) REFERENCES p (id, b); CREATE INDEX ON c (b, a, x);
