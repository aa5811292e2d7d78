-- A schema of 140 tables of one company, as it comes before anybody thought of isolation: chains of foreign
-- keys, tables without an org column, members, shared ones, partitions, views, a materialized view, functions
-- and triggers; rows of three organizations.
--
-- psql -v ON_ERROR_STOP=1 -f tables_140.sql, as a superuser. Roles: shop_owner (NOLOGIN) has the tables,
-- shop_app (LOGIN) is the application.
SET client_min_messages = warning;
CREATE ROLE shop_owner NOLOGIN;
CREATE ROLE shop_app LOGIN;
CREATE SCHEMA shop AUTHORIZATION shop_owner;
GRANT USAGE ON SCHEMA shop TO shop_app;
SET ROLE shop_owner;
SET search_path = shop;

CREATE TABLE organization (id uuid PRIMARY KEY, name text NOT NULL);
INSERT INTO organization SELECT md5('org ' || i)::uuid, 'org ' || i FROM generate_series(1, 3) i;
CREATE TABLE membership (org_id uuid NOT NULL REFERENCES organization, user_id text NOT NULL, role text NOT NULL DEFAULT 'member',
    PRIMARY KEY (org_id, user_id));
INSERT INTO membership SELECT id, 'user ' || i FROM organization, generate_series(1, 3) i;

-- Shared: read by all.
CREATE TABLE country (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE currency (code text PRIMARY KEY, digits int NOT NULL);
CREATE TABLE plan (code text PRIMARY KEY, price numeric NOT NULL);
CREATE TABLE tax_rate (country text REFERENCES country, kind text, rate numeric NOT NULL, PRIMARY KEY (country, kind));
CREATE TABLE "Holidays" (country text REFERENCES country, day date, PRIMARY KEY (country, day));
INSERT INTO country VALUES ('AT', 'Austria'), ('CH', 'Switzerland');
INSERT INTO currency VALUES ('EUR', 2), ('CHF', 2);
INSERT INTO plan VALUES ('free', 0), ('all', 99);
INSERT INTO tax_rate VALUES ('AT', 'normal', 20);
INSERT INTO "Holidays" VALUES ('AT', '2026-10-26');
-- The operator's own: nobody's data.
CREATE TABLE schema_version (version int PRIMARY KEY);
CREATE TABLE job_lock (name text PRIMARY KEY, taken timestamptz);
INSERT INTO schema_version VALUES (140);
INSERT INTO job_lock VALUES ('nightly', NULL);

-- Owned: 57, each third with a key to the one before, some with odd names, their org column not the first.
DO $$
DECLARE
    i int;
    name text;
    before text;
BEGIN
    FOR i IN 1..57 LOOP
        name := CASE WHEN i % 10 = 0 THEN format('Owned "%s" of it', i) ELSE 'owned_' || i END;
        EXECUTE format('CREATE TABLE %I (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL,
            amount numeric(12, 2), at timestamptz NOT NULL DEFAULT now(), currency text REFERENCES currency, org_id uuid NOT NULL REFERENCES organization
            %s)', name, CASE WHEN i % 3 = 0 THEN format(', parent_id uuid REFERENCES %I', before) END);
        EXECUTE format('INSERT INTO %I (id, name, amount, org_id) SELECT md5(%L || o.name || k)::uuid, ''row '' || k, k, o.id
            FROM organization o, generate_series(1, 4) k', name, 'owned ' || i);
        IF i % 3 = 0 THEN
            EXECUTE format('UPDATE %I t SET parent_id = (SELECT p.id FROM %I p WHERE p.org_id = t.org_id ORDER BY p.id LIMIT 1)', name, before);
            EXECUTE format('CREATE INDEX ON %I (parent_id)', name);
        END IF;
        IF i % 4 = 0 THEN
            EXECUTE format('CREATE UNIQUE INDEX ON %I (org_id, lower(name))', name);
        END IF;
        before := name;
    END LOOP;
END
$$;

-- Trees, and with bigint keys of each organization's own.
DO $$
DECLARE
    i int;
    name text;
BEGIN
    FOR i IN 1..3 LOOP
        name := 'tree_' || i;
        EXECUTE format('CREATE TABLE %I (org_id uuid NOT NULL REFERENCES organization, id bigint, parent bigint, name text,
            PRIMARY KEY (org_id, id), FOREIGN KEY (org_id, parent) REFERENCES %1$I (org_id, id))', name);
        EXECUTE format('INSERT INTO %I SELECT o.id, k, nullif(k / 2, 0), ''node '' || k FROM organization o, generate_series(1, 5) k', name);
    END LOOP;
    FOR i IN 1..5 LOOP
        name := format('Order Items %s', i);
        EXECUTE format('CREATE TABLE %I (org_id uuid NOT NULL REFERENCES organization, "No." bigint, "Unit Price" numeric,
            PRIMARY KEY (org_id, "No."))', name);
        EXECUTE format('INSERT INTO %I SELECT o.id, k, k FROM organization o, generate_series(1, 5) k', name);
    END LOOP;
END
$$;

-- Partitioned by hash, range and list, one of them twice.
DO $$
DECLARE
    i int;
    k int;
    name text;
    bound text;
BEGIN
    FOR i IN 1..6 LOOP
        name := 'event_' || i;
        EXECUTE format('CREATE TABLE %I (id uuid DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES organization, kind int NOT NULL,
            at timestamptz NOT NULL, body text, PRIMARY KEY (id, at, kind)) PARTITION BY %s', name,
            (ARRAY['HASH (id)', 'HASH (id)', 'RANGE (at)', 'RANGE (at)', 'LIST (kind)', 'LIST (kind)'])[i]);
        FOR k IN 0..3 LOOP
            bound := CASE (i + 1) / 2 WHEN 1 THEN format('WITH (MODULUS 4, REMAINDER %s)', k)
                WHEN 2 THEN format('FROM (%L) TO (%L)', make_date(2024 + k, 1, 1), make_date(2025 + k, 1, 1))
                ELSE format('IN (%s)', k) END;
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES %s%s', format('%s part %s', name, k), name, bound,
                CASE WHEN i = 6 THEN ' PARTITION BY HASH (id)' END);
            IF i = 6 THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 1, REMAINDER 0)',
                    format('%s part %s.0', name, k), format('%s part %s', name, k));
            END IF;
        END LOOP;
        EXECUTE format('INSERT INTO %I (org_id, kind, at, body) SELECT o.id, k %% 4, make_date(2024 + k %% 4, 5, 5), ''event '' || k
            FROM organization o, generate_series(1, 8) k', name);
    END LOOP;
END
$$;

-- Derived: 60 without an org column; chains of three, the last third with two parents that must agree.
DO $$
DECLARE
    i int;
    parent text;
    other text;
BEGIN
    FOR i IN 1..60 LOOP
        parent := CASE WHEN i <= 20 THEN 'owned_' || (i + (i % 10 = 0)::int) ELSE 'line_' || (i - 20) END;
        other := CASE WHEN i > 40 THEN 'line_' || (i - 40) END;
        EXECUTE format('CREATE TABLE %I (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), position int NOT NULL, note text,
            parent_id uuid NOT NULL REFERENCES %I %s %s)', 'line_' || i, parent, CASE WHEN i % 2 = 0 THEN 'ON DELETE CASCADE' END,
            CASE WHEN i > 40 THEN format(', other_id uuid NOT NULL REFERENCES %I', other) END);
        EXECUTE format('INSERT INTO %I (id, position, note, parent_id %s) SELECT md5(p.id::text || %L)::uuid, 1, ''note'', p.id %s FROM %I p',
            'line_' || i, CASE WHEN i > 40 THEN ', other_id' END, 'line ' || i,
            CASE WHEN i > 40 THEN ', p.parent_id' END, parent);
        EXECUTE format('CREATE INDEX ON %I (parent_id)', 'line_' || i);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO shop_app;
-- Not the partitions: who may read one of them passes by the policies of the root.
SELECT format('REVOKE ALL ON %s FROM shop_app', c.oid::regclass) FROM pg_class c
 WHERE c.relnamespace = 'shop'::regnamespace AND (c.relispartition OR c.relname IN ('schema_version', 'job_lock')) AND c.relkind IN ('r', 'p')
\gexec
SELECT format('REVOKE INSERT, UPDATE, DELETE ON %I FROM shop_app', t) FROM unnest('{country,currency,plan,tax_rate,Holidays}'::text[]) t
\gexec

SELECT format('CREATE VIEW %I WITH (security_invoker) AS SELECT o.*, l.position FROM owned_%s o JOIN line_%2$s l ON l.parent_id = o.id',
              'owned with lines ' || i, i) FROM generate_series(1, 9) i
\gexec
CREATE VIEW latest WITH (security_invoker) AS SELECT * FROM event_3 ORDER BY at DESC LIMIT 10;
GRANT SELECT ON latest TO shop_app;
SELECT format('GRANT SELECT ON %I TO shop_app', 'owned with lines ' || i) FROM generate_series(1, 9) i
\gexec

CREATE FUNCTION owned_names() RETURNS SETOF text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
    $$SELECT name FROM shop.owned_1$$;
CREATE FUNCTION amount_of(wanted uuid) RETURNS numeric LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS
    $$BEGIN RETURN (SELECT sum(amount) FROM shop.owned_2 WHERE id = wanted); END$$;
CREATE FUNCTION shout(word text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT upper(word) || '!'$$;
RESET ROLE;
RESET search_path;
-- Its owner reads past row security, and nobody else may read it.
CREATE MATERIALIZED VIEW shop.totals AS SELECT org_id, count(*) FROM shop.owned_1 GROUP BY org_id;
