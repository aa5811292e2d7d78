-- planted: 2
CREATE SCHEMA elsewhere; CREATE SEQUENCE elsewhere.n; GRANT SELECT ON elsewhere.n TO app;
CREATE TABLE elsewhere.a (id int); ALTER TABLE elsewhere.a ENABLE ROW LEVEL SECURITY;
CREATE TABLE a (id serial, b serial, org_id uuid); GRANT ALL ON ALL SEQUENCES IN SCHEMA s TO app;
-- safe
CREATE TABLE a (id serial, org_id uuid); GRANT USAGE ON ALL SEQUENCES IN SCHEMA s TO app;
CREATE TABLE b (id serial); GRANT SELECT ON b_id_seq TO app;
