-- Constraints that are deferrable, not valid, circular, or enforced by an unusual index.

CREATE SCHEMA checks;

CREATE TABLE checks.bookings (
    id integer PRIMARY KEY, room integer NOT NULL, during tstzrange NOT NULL, box box,
    cancelled boolean NOT NULL DEFAULT false,
    place point, EXCLUDE USING gist (box WITH &&),
    CONSTRAINT "no overlap" EXCLUDE USING gist (int4range(room, room, '[]') WITH =, during WITH &&)
        WHERE (NOT cancelled) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO checks.bookings
    SELECT g, g % 5, tstzrange(at, at + interval '1 hour'), box(point(g * 10, 0), point(g * 10 + 5, 5)), g % 10 = 0,
    point(g, -g)
    FROM generate_series(1, 200) AS g,
    LATERAL (SELECT '2025-01-01 00:00+00'::timestamptz + g * interval '30 minutes' AS at) AS s;
CREATE TABLE checks.excluded_by_btree (id integer, EXCLUDE (id WITH =) INCLUDE (id));
INSERT INTO checks.excluded_by_btree VALUES (1), (2), (NULL), (NULL);

CREATE TABLE checks.keys (
    id integer CONSTRAINT "the ""key""" PRIMARY KEY, a integer UNIQUE DEFERRABLE, b integer CONSTRAINT b_once UNIQUE
        DEFERRABLE INITIALLY DEFERRED,
    c integer, d integer, CONSTRAINT c_and_d UNIQUE (c, d) INCLUDE (a) WITH (fillfactor = 50));
INSERT INTO checks.keys SELECT g, -g, g * 2, nullif(g % 7, 0), g FROM generate_series(1, 100) AS g;
CREATE UNIQUE INDEX keys_even_c ON checks.keys (d, c) WHERE d % 2 = 0;
CREATE UNIQUE INDEX named_by_index ON checks.keys (d DESC NULLS LAST, id);
ALTER TABLE checks.keys ALTER d SET NOT NULL, ADD CONSTRAINT not_the_index_name UNIQUE (d);
COMMENT ON CONSTRAINT c_and_d ON checks.keys IS 'a constraint''s comment';
COMMENT ON INDEX checks.c_and_d IS 'its index''s comment';
\if :from_15
    CREATE TABLE checks.nulls_once (a integer, b integer, UNIQUE NULLS NOT DISTINCT (a, b));
    INSERT INTO checks.nulls_once VALUES (1, NULL), (NULL, NULL), (2, 2);
\endif

-- Not proven, because not true: these rows were there first.
CREATE TABLE checks.unproven (id integer PRIMARY KEY, n integer, key_id integer);
INSERT INTO checks.unproven VALUES (1, -5, 1), (2, 5, 9999), (3, NULL, NULL), (4, 1, 2);
ALTER TABLE checks.unproven ADD CONSTRAINT n_is_positive CHECK (n > 0) NOT VALID,
    ADD CONSTRAINT key_exists FOREIGN KEY (key_id) REFERENCES checks.keys ON DELETE CASCADE NOT VALID;
-- Not proven either, though true.
ALTER TABLE checks.unproven ADD CONSTRAINT id_is_small CHECK (id < 100) NOT VALID,
    ADD CONSTRAINT id_exists FOREIGN KEY (id) REFERENCES checks.keys DEFERRABLE INITIALLY DEFERRED NOT VALID;

-- Circles: a table to itself, two tables to each other, and a key that one row breaks until the other is there.
CREATE TABLE checks.tree (id integer PRIMARY KEY, parent integer DEFAULT 0 REFERENCES checks.tree ON DELETE
    SET DEFAULT, path text);
INSERT INTO checks.tree VALUES (0, NULL, ''), (3, 3, 'its own parent');
INSERT INTO checks.tree SELECT g, CASE WHEN g < 20 THEN 0 ELSE g / 2 END, 'node ' || g
    FROM generate_series(300, 10, -1) AS g;
CREATE TABLE checks.chicken (id integer PRIMARY KEY, egg integer NOT NULL);
CREATE TABLE checks.egg (id integer PRIMARY KEY, chicken integer NOT NULL REFERENCES checks.chicken
    DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE checks.chicken ADD FOREIGN KEY (egg) REFERENCES checks.egg DEFERRABLE;
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO checks.chicken SELECT g, 101 - g FROM generate_series(1, 100) AS g;
INSERT INTO checks.egg SELECT g, 101 - g FROM generate_series(1, 100) AS g;
COMMIT;

CREATE TABLE checks.target (a integer, b text, c date DEFAULT '2020-01-01', PRIMARY KEY (b, a), UNIQUE (c, b, a));
INSERT INTO checks.target SELECT g, 'b' || g % 3, '2020-01-01' FROM generate_series(-50, 50) AS g;
CREATE TABLE checks.reference (
    id integer PRIMARY KEY, a integer, b text, c date, CONSTRAINT full_match FOREIGN KEY (a, b)
        REFERENCES checks.target (a, b) MATCH FULL ON UPDATE CASCADE,
    FOREIGN KEY (c, a, b) REFERENCES checks.target (c, a, b) ON DELETE SET NULL ON UPDATE RESTRICT);
INSERT INTO checks.reference SELECT row_number() OVER (ORDER BY a, b), a, b, CASE WHEN a > 0 THEN c END
    FROM checks.target;
INSERT INTO checks.reference VALUES (1000, NULL, NULL, '1900-01-01');
\if :from_15
    CREATE TABLE checks.forgetful (id integer PRIMARY KEY, a integer, b text, FOREIGN KEY (a, b)
        REFERENCES checks.target (a, b) ON DELETE SET NULL (a));
    INSERT INTO checks.forgetful VALUES (1, 0, 'b0'), (2, NULL, 'x');
\endif

-- A check on the whole row, one that calls a function, and one on the table's own system column.
CREATE FUNCTION checks.is_even(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 2 = 0';
CREATE TABLE checks.odd_checks (id integer CHECK (checks.is_even(id)), t text, CHECK (odd_checks IS NOT NULL),
    CHECK (tableoid <> 0), CHECK (t ~ E'^[a-z\\\\]*$'));
INSERT INTO checks.odd_checks VALUES (2, 'a'), (4, E'b\\c');
