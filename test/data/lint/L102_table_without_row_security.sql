-- planted: 3
CREATE TABLE a (id int);
GRANT SELECT, INSERT ON a TO app;
CREATE TABLE b (id int);
GRANT DELETE ON b TO PUBLIC;
CREATE TABLE "Mixed Case" (id int, secret text);
GRANT SELECT (id) ON "Mixed Case" TO app, other;
-- safe
CREATE TABLE a (id int);
CREATE TABLE b (id int);
GRANT SELECT ON b TO app;
ALTER TABLE b ENABLE ROW LEVEL SECURITY;
CREATE TABLE c (id int);
GRANT SELECT ON c TO unbound;
