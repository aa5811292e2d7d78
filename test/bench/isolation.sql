-- The tables of test/bench/isolation: `rows` rows of `orgs` organizations in random order, the same in
-- 64 partitions, and a table of which one organization has 40 percent. Each way to write the policy
-- is bound to a role of its own, so that all read the same pages.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE FUNCTION org(i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$SELECT md5('org ' || i)::uuid$$;
CREATE TABLE docs (id uuid PRIMARY KEY, org_id uuid NOT NULL, created_at timestamptz NOT NULL, title text NOT NULL);
INSERT INTO docs SELECT md5('doc ' || g)::uuid, org((hashint8(g)::bigint & 2147483647) % :orgs),
    timestamptz '2024-01-01' + (g * 7919 % :rows) * interval '1 s', 'title of document ' || g || repeat('.', (g % 40)::int)
    FROM generate_series(1::bigint, :rows) g;
CREATE INDEX docs_org_created ON docs (org_id, created_at DESC);
CREATE TABLE parts (LIKE docs) PARTITION BY HASH (org_id);
SELECT format('CREATE TABLE part_%s PARTITION OF parts FOR VALUES WITH (MODULUS 64, REMAINDER %1$s)', i)
    FROM generate_series(0, 63) i \gexec
INSERT INTO parts SELECT * FROM docs;
ALTER TABLE parts ADD PRIMARY KEY (org_id, id);
CREATE TABLE skewed (id uuid PRIMARY KEY, org_id uuid NOT NULL, created_at timestamptz NOT NULL, title text NOT NULL);
INSERT INTO skewed SELECT id, CASE WHEN row_number() OVER () % 5 < 2 THEN org(0) ELSE org_id END, created_at, title
    FROM docs LIMIT :rows / 5;
CREATE INDEX ON skewed (org_id);
CREATE TABLE memberships (user_id uuid, org_id uuid, PRIMARY KEY (user_id, org_id));
INSERT INTO memberships SELECT org(i + 1000000), org(i) FROM generate_series(0, :orgs - 1) i;

CREATE SCHEMA auth;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                    nullif(current_setting('request.jwt.claims', true), ''))::jsonb $$;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE way (name text PRIMARY KEY, qual text);
INSERT INTO way VALUES
    ('way_setting', $$= current_setting('app.org')::uuid$$),
    ('way_setting_selected', $$= (SELECT current_setting('app.org')::uuid)$$),
    ('way_jwt', $$= (auth.jwt() ->> 'org')::uuid$$),
    ('way_jwt_selected', $$= (SELECT (auth.jwt() ->> 'org')::uuid)$$),
    ('way_membership', $$IN (SELECT m.org_id FROM memberships m WHERE m.user_id = auth.uid())$$),
    ('way_custody', NULL);
CREATE ROLE way_none BYPASSRLS;
SELECT format('CREATE ROLE %I', name) FROM way \gexec
GRANT USAGE ON SCHEMA auth TO PUBLIC;
GRANT SELECT ON docs, parts, skewed, memberships TO PUBLIC;
SELECT format('CREATE POLICY %I ON %I FOR SELECT TO %1$I USING (org_id %3$s)', name, t, qual)
    FROM way, unnest('{docs,parts,skewed}'::text[]) t WHERE qual IS NOT NULL \gexec
SELECT custody.protect(t, roles => '{way_custody}') FROM unnest('{docs,parts,skewed}'::regclass[]) t \g /dev/null

-- What is measured: each query with the condition written into it, with a constant or a parameter, and
-- without, many times in one call, because one is too short for the clock. Plans are kept, as those of
-- prepared statements are; the look-up by key is planned each time.
CREATE FUNCTION make(name text, query text, planned bool DEFAULT false, settings text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
    form text;
    filled text;
BEGIN
    FOREACH form IN ARRAY '{plain,parameter,secured}'::text[] LOOP
        filled := replace(query, '{org}', CASE form WHEN 'plain' THEN format('org_id = %L', org(7))
            WHEN 'secured' THEN 'true' WHEN 'parameter' THEN CASE WHEN planned THEN 'org_id = $1' ELSE 'org_id = own' END END);
        EXECUTE format($f$CREATE FUNCTION %I(times int) RETURNS float8 LANGUAGE plpgsql %s AS $$
            DECLARE
                own uuid := org(7);
                since timestamptz := clock_timestamp();
            BEGIN
                FOR i IN 1..times LOOP %s; END LOOP;
                RETURN extract(epoch FROM clock_timestamp() - since) * 1e6 / times;
            END$$$f$, name || '_' || form,
            settings || CASE form WHEN 'parameter' THEN ' SET plan_cache_mode = force_generic_plan' ELSE '' END,
            CASE WHEN planned THEN 'EXECUTE ' || quote_literal(filled) || CASE form WHEN 'parameter' THEN ' USING own' ELSE '' END ELSE format('PERFORM * FROM (%s) q', filled) END);
    END LOOP;
END
$make$;
SELECT make('scan', 'SELECT count(*), max(length(title)) FROM docs WHERE {org}');
SELECT make('scan_all', 'SELECT count(*), max(length(title)) FROM docs WHERE {org}',
    settings => 'SET enable_indexscan = off SET enable_bitmapscan = off');
SELECT make('top', 'SELECT id, title FROM docs WHERE {org} ORDER BY created_at DESC LIMIT 20');
SELECT make('partitions', 'SELECT count(*), max(length(title)) FROM parts WHERE {org}');
SELECT make('key', format('SELECT * FROM docs WHERE {org} AND id = %L', id), planned => true)
    FROM docs WHERE org_id = org(7) ORDER BY id LIMIT 1;
VACUUM (FREEZE, ANALYZE);
CHECKPOINT;
