-- Recorded tables of every sort, for 150_random_history.t. Triggers here do by the values of a row what an
-- application's do, so that a run can be repeated.
SELECT custody.init_ledger();
CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN words AS text[];
CREATE TYPE pair AS (x int, y text);
CREATE TYPE nest AS (p pair, q pair[], m mood);

CREATE TABLE plain (k1 int, k2 text, v int, w text, org int8, PRIMARY KEY (k1, k2));
CREATE TABLE kinds (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, a int[], j json, jb jsonb, num numeric,
    f float8, pos positive, ws words, m mood, c pair, n nest, b bytea, big text, packed text COMPRESSION pglz, ts timestamptz,
    iv interval, r int4range, t time, ch char(5), org uuid);
ALTER TABLE kinds ALTER big SET STORAGE EXTERNAL;

-- Two levels; the partitions' columns are in another order, with some that were dropped.
CREATE TABLE parted (id int, region text, year int, note text, n int, org int8, PRIMARY KEY (id, region, year))
    PARTITION BY LIST (region);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a') PARTITION BY RANGE (year);
CREATE TABLE parted_a1 PARTITION OF parted_a FOR VALUES FROM (2000) TO (2005);
CREATE TABLE parted_a2 (gone int, n int, year int NOT NULL, org int8, gone2 text, region text NOT NULL, id int NOT NULL, note text);
ALTER TABLE parted_a2 DROP gone, DROP gone2;
ALTER TABLE parted_a ATTACH PARTITION parted_a2 FOR VALUES FROM (2005) TO (2020);
CREATE TABLE parted_b (note text, id int NOT NULL, gone int, year int NOT NULL, region text NOT NULL, org int8, n int);
ALTER TABLE parted_b DROP gone;
ALTER TABLE parted ATTACH PARTITION parted_b FOR VALUES IN ('b');
CREATE TABLE parted_rest PARTITION OF parted DEFAULT PARTITION BY HASH (id);
CREATE TABLE parted_rest0 PARTITION OF parted_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_rest1 PARTITION OF parted_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
-- The partition is none of the key: a row that moves keeps it.
CREATE TABLE moved (id int NOT NULL, bucket int, a text, org int8) PARTITION BY LIST (bucket);
CREATE TABLE moved_1 PARTITION OF moved FOR VALUES IN (1);
CREATE TABLE moved_2 (org int8, a text, bucket int, id int NOT NULL);
ALTER TABLE moved ATTACH PARTITION moved_2 FOR VALUES IN (2);
CREATE TABLE moved_3 PARTITION OF moved DEFAULT;

CREATE TABLE acted (id int PRIMARY KEY, a text, n int DEFAULT 0, org int8);
CREATE TABLE echo (id int PRIMARY KEY, a text, times int);
CREATE FUNCTION acted_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.n % 4 = 3 AND pg_trigger_depth() = 1 THEN
            UPDATE acted SET a = 'kept', n = n + 1 WHERE id = OLD.id;
            RETURN NULL;
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.n % 5 = 4 THEN NEW.a := NEW.a || '+'; END IF;
    IF TG_OP = 'UPDATE' AND NEW.n % 11 = 10 THEN RETURN NULL; END IF;
    IF TG_OP = 'INSERT' AND NEW.n % 6 = 5 AND pg_trigger_depth() = 1 THEN
        INSERT INTO acted VALUES (NEW.id + 100, 'brought', 0, NEW.org) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER b_before BEFORE INSERT OR UPDATE OR DELETE ON acted FOR EACH ROW EXECUTE FUNCTION acted_before();
CREATE FUNCTION acted_after() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF pg_trigger_depth() > 1 THEN RETURN NULL; END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.n % 7 = 6 THEN INSERT INTO acted VALUES (OLD.id, 'again', 0, OLD.org); END IF;
    ELSIF NEW.n % 3 = 1 THEN
        UPDATE acted SET n = n + 1, a = a || TG_NAME WHERE id = NEW.id;
    ELSIF NEW.n % 9 = 5 THEN
        DELETE FROM acted WHERE id = NEW.id;
    ELSIF NEW.n % 13 = 8 THEN
        UPDATE acted SET id = id + 200 WHERE id = NEW.id;
        UPDATE acted SET id = id - 200, n = n + 1, org = 3 WHERE id = NEW.id + 200;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_after AFTER INSERT OR UPDATE OR DELETE ON acted FOR EACH ROW EXECUTE FUNCTION acted_after();
CREATE TRIGGER z_after AFTER UPDATE ON acted FOR EACH ROW WHEN (NEW.n % 2 = 0) EXECUTE FUNCTION acted_after();
CREATE FUNCTION acted_echo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO echo VALUES (coalesce(NEW.id, OLD.id), TG_OP, 1) ON CONFLICT (id) DO UPDATE SET times = echo.times + 1, a = excluded.a;
    RETURN NULL;
END $$;
CREATE TRIGGER m_echo AFTER INSERT OR UPDATE OR DELETE ON acted FOR EACH ROW EXECUTE FUNCTION acted_echo();
CREATE FUNCTION acted_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE acted SET a = 'late', n = n + 2 WHERE id = NEW.id AND a IS DISTINCT FROM 'late'; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON acted DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.id % 4 = 1) EXECUTE FUNCTION acted_late();

CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE DEFAULT 'none', org int8);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE, note text, org int8);
CREATE TABLE grand (id int PRIMARY KEY, child int REFERENCES child ON DELETE SET NULL ON UPDATE CASCADE
    DEFERRABLE, code text DEFAULT NULL REFERENCES parent (code) ON DELETE SET DEFAULT ON UPDATE CASCADE);
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE CASCADE ON UPDATE CASCADE, v text);

CREATE TABLE bag (a int, b text, org int8);
CREATE TABLE swapped (id int PRIMARY KEY DEFERRABLE, v text);
CREATE TABLE swapped_by (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, u int NOT NULL UNIQUE, v text);
CREATE TABLE hidden (id int PRIMARY KEY, h text, hn int, r text, x text, v int, org int8);
CREATE TABLE quiet (id int PRIMARY KEY, a text, x text, n numeric, org int8);
CREATE TABLE whole (id int PRIMARY KEY, a text, n int, org int8);
CREATE TABLE cut (id int PRIMARY KEY, a text, big text, org int8);

INSERT INTO plain SELECT i, 'b', i, 'base', i % 3 FROM generate_series(1, 4) i;
INSERT INTO parted SELECT i, 'a', 2000 + i, 'base', i, i % 3 FROM generate_series(1, 8) i;
INSERT INTO bag SELECT i % 2, 'base', 1 FROM generate_series(1, 5) i;
INSERT INTO hidden SELECT i, 'h' || i, i, 'r', 'x', i, 1 FROM generate_series(1, 3) i;
CREATE SCHEMA model;
CREATE TABLE model.subject (tbl regclass PRIMARY KEY, recorded text);
INSERT INTO model.subject VALUES
    ('plain', $$'plain', org_column => 'org'$$), ('kinds', $$'kinds', org_column => 'org'$$),
    ('parted', $$'parted', org_column => 'org'$$), ('moved', $$'moved', org_column => 'org', key => '{id}'$$),
    ('acted', $$'acted', org_column => 'org'$$), ('echo', $$'echo'$$), ('parent', $$'parent', org_column => 'org'$$),
    ('child', $$'child', org_column => 'org'$$), ('grand', $$'grand'$$), ('tree', $$'tree', options => '{"statement_text": false}'$$),
    ('bag', $$'bag', org_column => 'org'$$), ('swapped', $$'swapped'$$), ('swapped_by', $$'swapped_by'$$),
    ('hidden', $$'hidden', org_column => 'org', hash => '{h,hn}', redact => '{r}', exclude => '{x}'$$),
    ('quiet', $$'quiet', org_column => 'org', exclude => '{x}', options => '{"skip_unchanged": true}'$$),
    ('whole', $$'whole', org_column => 'org', options => '{"full_row": true}'$$),
    ('cut', $$'cut', org_column => 'org', options => '{"truncate": "event", "large_value": 1000}'$$);
DO $$ DECLARE s record; BEGIN
    FOR s IN SELECT * FROM model.subject ORDER BY recorded LOOP EXECUTE format('SELECT custody.audit(%s)', s.recorded); END LOOP;
END $$;
