-- planted: 1
CREATE TABLE a (id serial, b serial, org_id uuid); GRANT ALL ON ALL SEQUENCES IN SCHEMA s TO app;
-- safe
CREATE TABLE a (id serial, org_id uuid); GRANT USAGE ON ALL SEQUENCES IN SCHEMA s TO app;
CREATE TABLE b (id serial); GRANT SELECT ON b_id_seq TO app;
