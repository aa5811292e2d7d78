-- How a leak is planted: one protected table in a schema of its own, and then what breaks it.
CREATE SCHEMA suite;

CREATE TABLE suite.planted (
    place text PRIMARY KEY,
    leak int NOT NULL,
    shape text NOT NULL,
    side text NOT NULL CHECK (side IN ('leak', 'twin')),
    org_type text NOT NULL,
    relations regclass[] NOT NULL,
    app name NOT NULL,
    attack text[] NOT NULL,
    leak_state text,
    held_state text,
    tools text[] NOT NULL,
    why text
);
COMMENT ON COLUMN suite.planted.place IS 'the schema, and the stem of its roles';
COMMENT ON COLUMN suite.planted.attack IS
'steps: @A, @B or @none = the application role with that context, @login:ROLE = a session of ROLE, @super = a superuser; else SQL; the last one counts what leaked';
COMMENT ON COLUMN suite.planted.leak_state IS 'SQLSTATE of the attack that is a leak, too: an oracle';
COMMENT ON COLUMN suite.planted.held_state IS 'SQLSTATE that holds the attack off beside 42501';
COMMENT ON COLUMN suite.planted.tools IS
'who flags the leak, and nobody else: prove, probe, lint; loader = custody probe';
COMMENT ON COLUMN suite.planted.why IS 'why the others cannot see it';

-- Where a finding belongs whose object does not carry the name of its place.
CREATE TABLE suite.elsewhere (object text PRIMARY KEY, place text NOT NULL);

CREATE TYPE suite.shape AS (
    base text, s text, app text, g text, keeper text, t text, r text, org text, type text, ctx text, "null" text, a text, b text, va text, vb text, db text, "A" text, "B" text, file text);

CREATE FUNCTION suite.shape_of(base text, place text) RETURNS suite.shape LANGUAGE plpgsql AS $$
DECLARE
    made suite.shape;
BEGIN
    made.base := base;
    made.s := place;
    made.app := place;
    made.g := place || CASE WHEN base = 'inherited' THEN '_group' ELSE '' END;
    made.keeper := place || '_keeper';
    made.t := place || CASE WHEN base = 'quoted' THEN $n$."Doc's ""own"""$n$ ELSE '.doc' END;
    made.r := CASE WHEN base = 'view' THEN place || '.doc_view' ELSE made.t END;
    made.org := CASE WHEN base = 'quoted' THEN '"Org Id"' ELSE 'org_id' END;
    made.type := CASE base WHEN 'quoted' THEN 'text' WHEN 'partitioned' THEN 'bigint' ELSE 'uuid' END;
    made.ctx := format('custody.current_org_%s()', made.type);
    made."null" := format('custody.current_org_or_null_%s()', made.type);
    made.a := format('%L::%s', suite.org('A', made.type), made.type);
    made.b := format('%L::%s', suite.org('B', made.type), made.type);
    -- Ids of a row of each, which an attacker may know from a link.
    made.va := format('%L::uuid', md5('A1'));
    made.vb := format('%L::uuid', md5('B1'));
    made."A" := quote_literal(suite.org('A', made.type));
    made."B" := quote_literal(suite.org('B', made.type));
    made.file := (('x' || substr(md5(place), 1, 6))::bit(24)::int + 100000)::text;
    made.db := quote_ident(current_database());
    RETURN made;
END
$$;

CREATE FUNCTION suite.org(which text, type text) RETURNS text LANGUAGE sql AS $$
SELECT CASE type WHEN 'text' THEN CASE which WHEN 'A' THEN 'acme' ELSE 'bolt' END
                 WHEN 'bigint' THEN CASE which WHEN 'A' THEN '101' ELSE '202' END
                 ELSE repeat(lower(which), 8) || '-0000-4000-8000-00000000000' || lower(which) END
$$;

CREATE FUNCTION suite.fill(template text, made suite.shape) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    k text;
    v text;
BEGIN
    FOR k, v IN SELECT * FROM jsonb_each_text(to_jsonb(made)) LOOP
        template := replace(template, '{' || k || '}', v);
    END LOOP;
    RETURN template;
END
$$;

-- Five policies, as custody.protect() makes them.
CREATE FUNCTION suite.policies(relation text, org text, ctx text, role_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY '{select,insert,update,delete}'::text[] LOOP
        EXECUTE format('CREATE POLICY custody_%1$s ON %2$s FOR %1$s TO %3$s %4$s %5$s', command, relation, role_name,
            CASE WHEN command <> 'insert' THEN format('USING (%s = %s)', org, ctx) END,
            CASE WHEN command IN ('insert', 'update') THEN format('WITH CHECK (%s = %s)', org, ctx) END);
    END LOOP;
    EXECUTE format('CREATE POLICY custody_floor ON %s AS RESTRICTIVE FOR ALL TO %s USING (%s = %s) WITH CHECK (%3$s = %4$s)',
        relation, role_name, org, ctx);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, OWNER TO %s', relation,
        split_part(relation, '.', 1) || '_keeper');
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s', relation, role_name);
END
$$;

-- A partition has the policies of its root, and nobody a privilege on it.
CREATE FUNCTION suite.partition(relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM suite.policies(relation, 'org_id', 'custody.current_org_bigint()', split_part(relation, '.', 1));
    EXECUTE format('REVOKE ALL ON %s FROM %s', relation, split_part(relation, '.', 1));
END
$$;

CREATE FUNCTION suite.base(made suite.shape) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    EXECUTE format('CREATE ROLE %I LOGIN; CREATE ROLE %I NOLOGIN', made.app, made.keeper);
    IF made.g <> made.app THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN; GRANT %1$I TO %I', made.g, made.app);
    END IF;
    FOREACH statement IN ARRAY ARRAY[
        'CREATE SCHEMA {s} AUTHORIZATION {keeper}',
        'GRANT USAGE ON SCHEMA {s}, custody TO {g}',
        'CREATE TABLE {t} (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), {org} {type} NOT NULL, '
            'title text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())'
            || CASE WHEN made.base = 'partitioned' THEN ' PARTITION BY HASH (id)' ELSE '' END,
        CASE WHEN made.base = 'partitioned' THEN
            'CREATE TABLE {s}.doc_0 PARTITION OF {t} FOR VALUES WITH (MODULUS 2, REMAINDER 0);'
            'CREATE TABLE {s}."doc 1" PARTITION OF {t} FOR VALUES WITH (MODULUS 2, REMAINDER 1);'
            'SELECT suite.partition(''{s}.doc_0''), suite.partition(''{s}."doc 1"'')' END,
        'INSERT INTO {t} (id, {org}, title) SELECT md5(w || i)::uuid, o, ''doc '' || i || '' of '' || w '
            'FROM (VALUES (''A'', {a}), (''B'', {b})) v (w, o), generate_series(1, 4) i',
        'ALTER TABLE {t} ALTER {org} SET DEFAULT {ctx}',
        'CREATE INDEX ON {t} ({org})',
        CASE WHEN made.base = 'view' THEN
            'CREATE VIEW {r} WITH (security_invoker) AS SELECT * FROM {t}; ALTER VIEW {r} OWNER TO {keeper};'
            'GRANT SELECT, INSERT, UPDATE, DELETE ON {r} TO {g}' END]
    LOOP
        EXECUTE suite.fill(coalesce(statement, ''), made);
    END LOOP;
    PERFORM suite.policies(made.t, made.org, made.ctx, made.g);
    PERFORM suite.register(made.t, trim('"' FROM made.org), made.g);
END
$$;

-- A table of this suite with its org column and the role that is bound, as custody.protect() keeps them.
CREATE FUNCTION suite.register(relation regclass, org name, role_name text) RETURNS void LANGUAGE sql AS $$
INSERT INTO custody.protection (relation, class, org_column, roles) VALUES (relation, 'owned', org, ARRAY[role_name::regrole])
$$;

-- What stands beside the protected tables of a place was looked at: it is no organization's.
CREATE FUNCTION suite.exempt_others(place text) RETURNS void LANGUAGE sql AS $$
INSERT INTO custody.protection (relation, class, reason)
SELECT c.oid, 'exempt', 'a table beside the protected ones' FROM pg_class c
 WHERE c.relnamespace = place::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
ON CONFLICT DO NOTHING
$$;

-- Plants one leak on each of the bases, and its twin beside it. Templates: {s} schema, {t} table, {r} what
-- is read (a view of it on base "view"), {org} {type} its org column, {app} {g} the role that logs in and the
-- one that has the rights, {ctx} {null} accessors, {a} {b} the two orgs.
CREATE FUNCTION suite.plant(leak int, name text, bases text[], leaky text, safe text, tools text[],
    attack text[] DEFAULT ARRAY['@A', 'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    twin_attack text[] DEFAULT NULL, leak_state text DEFAULT NULL, held_state text DEFAULT NULL, why text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    base text;
    side text;
    made suite.shape;
    shape text;
BEGIN
    FOREACH base IN ARRAY bases LOOP
        shape := concat_ws('_', base, name);
        FOREACH side IN ARRAY '{leak,twin}'::text[] LOOP
            CONTINUE WHEN side = 'leak' AND leaky IS NULL;
            made := suite.shape_of(base, format('%s%s_%s', side, lpad(leak::text, 2, '0'), shape));
            PERFORM suite.base(made);
            BEGIN
                EXECUTE suite.fill(CASE side WHEN 'leak' THEN leaky ELSE safe END, made);
            EXCEPTION WHEN OTHERS THEN
                RAISE EXCEPTION '%: %', made.s, SQLERRM;
            END;
            IF leak <> 40 THEN
                PERFORM suite.exempt_others(made.s);
            END IF;
            INSERT INTO suite.planted VALUES (made.s, leak, shape, side, made.type,
                ARRAY(SELECT c.oid::regclass FROM pg_class c JOIN custody.protection p ON p.relation = c.oid
                       WHERE c.relnamespace = made.s::regnamespace AND p.class <> 'exempt' ORDER BY 1),
                made.app,
                ARRAY(SELECT suite.fill(step, made)
                        FROM unnest(CASE side WHEN 'leak' THEN attack ELSE coalesce(twin_attack, attack) END)
                             WITH ORDINALITY u (step, n) ORDER BY n),
                leak_state, held_state, CASE side WHEN 'leak' THEN tools ELSE '{}' END, why);
        END LOOP;
    END LOOP;
END
$$;
