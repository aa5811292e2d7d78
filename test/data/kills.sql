-- A small database that takes a run through all of its steps: tables of one part and of several
-- (with a part size of 64kB), an identity and a serial key, foreign keys within and between tables,
-- partitions, an unlogged table, a generated column, a materialized view, a trigger, a policy,
-- large objects, a sequence by itself, and an owner (a role) that the target lacks at first.
SELECT 'CREATE ROLE kills_owner' WHERE to_regrole('kills_owner') IS NULL \gexec

CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    friend bigint REFERENCES customer,
    shout text GENERATED ALWAYS AS (upper(name)) STORED
);
INSERT INTO customer (name, friend)
    SELECT 'customer ' || n, nullif(n / 2, 0) FROM generate_series(1, 60) n;

CREATE TABLE purchase (
    id serial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customer,
    amount numeric(10, 2) NOT NULL,
    note text
);
INSERT INTO purchase (customer_id, amount, note)
    SELECT n % 60 + 1, n * 1.25, repeat(md5(n::text), 8) FROM generate_series(1, 800) n;
CREATE INDEX purchase_customer ON purchase (customer_id);

CREATE TABLE visit (at date NOT NULL, customer_id bigint REFERENCES customer, page text)
    PARTITION BY RANGE (at);
CREATE TABLE visit_2024 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO visit SELECT date '2024-12-01' + n % 60, n % 60 + 1, 'page ' || n
    FROM generate_series(1, 200) n;

CREATE UNLOGGED TABLE session (id int PRIMARY KEY, token text);
INSERT INTO session SELECT n, md5(n::text) FROM generate_series(1, 30) n;
CREATE TABLE nothing (id int);

CREATE MATERIALIZED VIEW spent AS
    SELECT customer_id, sum(amount) AS total FROM purchase GROUP BY customer_id;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''triggers must not fire''; END';
CREATE TRIGGER refuse BEFORE INSERT ON session FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON customer USING (name = current_user);
CREATE SEQUENCE ticket START 1000;
SELECT nextval('ticket') FROM generate_series(1, 5);
SELECT lo_from_bytea(800001, decode(repeat('01ab', 3000), 'hex')), lo_from_bytea(800002, 'x');
ALTER TABLE purchase OWNER TO kills_owner;
ANALYZE;
