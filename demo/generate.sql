-- A multi-tenant database with about :rows rows, the same rows on every run and every server from 13 on.
--
--     psql -v rows=1000000 -f demo/generate.sql 'dbname=demo'
--
-- The database has to be empty and UTF8; the one thing made outside of it are the roles anon, authenticated and
-- service_role, when the server lacks them. Values come from hashes of a row's number, not from random(), whose
-- algorithm changed between versions. Rows are written before indexes, keys and triggers exist.
\set ON_ERROR_STOP 1
\set QUIET 1
\if :{?rows}
\else
    \set rows 1000000
\endif
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET timezone = 'UTC';

SELECT greatest(5, :rows / 5000) AS organizations, greatest(20, :rows / 50) AS users,
    greatest(1, :rows * 24 / 100) AS calls,
       greatest(1, :rows * 45 / 100) AS messages, greatest(10, :rows / 10) AS documents \gset

BEGIN;

-- Roles and the function that the policies ask who is calling ---------------------------------------------------

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN %s', wanted, CASE wanted WHEN 'service_role' THEN 'BYPASSRLS' END);
        END IF;
    END LOOP;
END
$$;

CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
COMMENT ON FUNCTION auth.uid() IS 'The user of this request, from the verified token''s claim; NULL when there is none';

-- Dice: a number's hash as a fraction of one, and what is chosen with it ------------------------------------------

CREATE FUNCTION pg_temp.u(n bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE
    AS $$ SELECT (hashint8extended(n, salt) & 1073741823)::float8 / 1073741824 $$;
CREATE FUNCTION pg_temp.pick(n bigint, salt int, below bigint) RETURNS int LANGUAGE sql IMMUTABLE
    AS $$ SELECT 1 + trunc(below * pg_temp.u(n, salt))::int $$;
CREATE FUNCTION pg_temp.key(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT md5(kind || n)::uuid $$;
-- Most of the work belongs to a few organizations, and within them to a few people.
CREATE FUNCTION pg_temp.organization_of(usr bigint, organizations bigint) RETURNS int LANGUAGE sql IMMUTABLE
    AS $$ SELECT 1 + trunc(organizations * power(pg_temp.u(usr, 1), 3))::int $$;
CREATE FUNCTION pg_temp.someone(n bigint, salt int, users bigint) RETURNS int LANGUAGE sql IMMUTABLE
    AS $$ SELECT 1 + trunc(users * power(pg_temp.u(n, salt), 2))::int $$;
CREATE FUNCTION pg_temp.phrase(n bigint, salt int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (ARRAY[
        'Thanks for calling, how can I help you today?', 'Could you send me the offer again?', 'See you on Monday!',
        'The customer asked for a refund of $1,200.50 ("urgent")', 'Ticket closed, path was C:\Temp\new\table.txt',
        'Guten Morgen, die Rechnung für März ist überfällig.', 'Straße gesperrt – wir kommen später',
        'Où est passé le contrat signé à l''été dernier ?', '¿Puede llamarme mañana a las diez?', 'Até amanhã, João',
        'Jak się masz? Zażółć gęślą jaźń', 'Příliš žluťoučký kůň', 'Günaydın, İstanbul''dan arıyorum', 'Cảm ơn rất nhiều',
        'Добрый день, договор подписан', 'Доброго дня, ґанок і їжак', 'Καλημέρα, το συμβόλαιο είναι έτοιμο',
        'צהריים טובים, נדבר מחר', 'مرحبا، متى يمكننا التحدث؟', 'سلام، قرارداد آماده است', 'नमस्ते, भुगतान हो गया है',
        'வணக்கம், நாளை பேசலாம்', 'สวัสดีครับ ขอสายคุณสมชาย', '您好,合同已经签好了。', 'お世話になっております。明日お電話します。',
        '안녕하세요, 계약서를 보냈습니다', 'გამარჯობა', 'Բարև ձեզ', 'ሰላም፣ እንዴት ነህ', 'Great call 👍🏽 👩‍👩‍👧‍👦 🇩🇪', 'line one' || E'\n' || 'line two',
        'tab' || E'\t' || 'separated, NULL, \N and \.'])[pg_temp.pick(n, salt, 32)]
$$;

-- Types and tables ----------------------------------------------------------------------------------------------

CREATE TYPE member_role AS ENUM ('owner', 'admin', 'agent', 'viewer');
CREATE TYPE call_status AS ENUM ('queued', 'in progress', 'completed', 'missed', 'failed');
CREATE TYPE message_kind AS ENUM ('text', 'image', 'system');
CREATE TYPE postal_address AS (street text, city text, postcode text, country character(2));
CREATE DOMAIN email_address AS text CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');
CREATE DOMAIN phone_number AS text CONSTRAINT e164 CHECK (VALUE ~ '^\+[1-9][0-9]{6,14}$');
COMMENT ON DOMAIN phone_number IS 'E.164: a plus sign and 7 to 15 digits';

CREATE TABLE organizations (
    id uuid NOT NULL, number serial, name text NOT NULL, address postal_address, plan text NOT NULL DEFAULT 'free',
    contract daterange, monthly_fee numeric(12,2) NOT NULL DEFAULT 0, settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE users (
    id uuid NOT NULL, email email_address NOT NULL, full_name text NOT NULL, phone phone_number, birthday date,
    last_seen inet, avatar bytea, is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE memberships (
    organization_id uuid NOT NULL, user_id uuid NOT NULL, role member_role NOT NULL DEFAULT 'agent',
    shifts int4range[] NOT NULL DEFAULT '{}');
CREATE TABLE calls (
    id bigint GENERATED ALWAYS AS IDENTITY, organization_id uuid NOT NULL, agent_id uuid, caller phone_number NOT NULL,
    status call_status NOT NULL, started_at timestamptz NOT NULL, ended_at timestamptz,
    duration_seconds integer GENERATED ALWAYS AS (extract(epoch FROM ended_at - started_at)::integer) STORED,
    score real, cost numeric(10,4), notes text);
CREATE TABLE recordings (
    id uuid NOT NULL, call_id bigint NOT NULL, organization_id uuid NOT NULL, storage_path text NOT NULL,
    size_bytes bigint NOT NULL, sha256 bytea, channels smallint NOT NULL DEFAULT 1, length interval, peaks float4[],
    metadata jsonb);
CREATE TABLE messages (
    id bigint GENERATED BY DEFAULT AS IDENTITY, organization_id uuid NOT NULL, sender_id uuid, call_id bigint,
    kind message_kind NOT NULL DEFAULT 'text', body text, reactions text[], sent_at timestamptz NOT NULL)
    PARTITION BY RANGE (sent_at);
CREATE TABLE documents (
    id bigint GENERATED BY DEFAULT AS IDENTITY, organization_id uuid NOT NULL, author_id uuid, title text NOT NULL,
    body text, attributes jsonb NOT NULL DEFAULT '{}', tags text[] NOT NULL DEFAULT '{}', matrix integer[],
    word_count integer GENERATED ALWAYS AS (array_length(regexp_split_to_array(title, '\s+'), 1)) STORED,
    version integer NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE document_revisions (
    id bigserial, document_id bigint NOT NULL, version integer NOT NULL, title text, attributes jsonb,
    replaced_at timestamptz NOT NULL);

SELECT format('CREATE TABLE messages_%s PARTITION OF messages FOR VALUES FROM (%L) TO (%L)',
              to_char(month, 'YYYY_MM'), month, month + interval '1 month')
FROM generate_series('2025-01-01 00:00+00'::timestamptz, '2025-12-01 00:00+00', interval '1 month') AS month \gexec
CREATE TABLE messages_other PARTITION OF messages DEFAULT;

-- Rows -----------------------------------------------------------------------------------------------------------

INSERT INTO organizations (id, number, name, address, plan, contract, monthly_fee, settings, created_at, updated_at)
SELECT pg_temp.key('organization', n), n * 3, 'Organization ' || n || CASE WHEN n % 7 = 0 THEN ' "Søn & Töchter"'
    ELSE '' END,
       CASE WHEN n % 5 > 0 THEN ROW('Straße ' || n, (ARRAY['Köln', 'São Paulo', '東京', NULL])[pg_temp.pick(n, 50, 4)],
                                    lpad(n::text, 5, '0'), 'DE')::postal_address END,
       (ARRAY['free', 'team', 'enterprise'])[pg_temp.pick(n, 51, 3)],
       CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN daterange('2024-01-01', NULL)
                  ELSE daterange('2024-01-01', '2024-01-01'::date + n::int) END,
       round((pg_temp.u(n, 52) * 5000)::numeric, 2),
       jsonb_build_object('locale', 'de', 'limits', jsonb_build_object('seats', n % 50), 'beta', n % 2 = 0),
       t, t
FROM generate_series(1, :organizations) AS n,
    LATERAL (SELECT '2024-01-01 00:00+00'::timestamptz + n * interval '1 hour' AS t) AS s;

INSERT INTO users
SELECT pg_temp.key('user', n), 'user' || n || '@' || (ARRAY['example.org', 'bücher.example',
    'mail.test'])[pg_temp.pick(n, 60, 3)],
       (ARRAY['Anna', 'Jürgen', 'Łukasz', 'Олена', '美咲', 'علي', 'O''Brien', 'Zoë'])[pg_temp.pick(n, 61, 8)] || ' ' || n,
       CASE WHEN n % 3 > 0 THEN '+49' || (1000000 + n * 7919 % 9000000) END,
       '1950-01-01'::date + pg_temp.pick(n, 62, 20000),
       CASE WHEN n % 11 = 0 THEN '2001:db8::1'::inet + n ELSE '10.0.0.0'::inet + n END,
       CASE WHEN n % 20 = 0 THEN decode(md5('avatar' || n), 'hex') END, n % 13 > 0, t, t
FROM generate_series(1, :users) AS n,
    LATERAL (SELECT '2024-02-01 00:00+00'::timestamptz + n * interval '7 minutes' AS t) AS s;

INSERT INTO memberships
SELECT pg_temp.key('organization', pg_temp.organization_of(n, :organizations)), pg_temp.key('user', n),
       (CASE WHEN n % 40 = 0 THEN 'owner' WHEN n % 9 = 0 THEN 'admin' WHEN n % 5 = 0 THEN 'viewer'
           ELSE 'agent' END)::member_role,
       CASE WHEN n % 3 = 0 THEN ARRAY[int4range(8, 12), int4range(13, 13 + (n % 6)::int)] ELSE '{}' END
FROM generate_series(1, :users) AS n;

-- Every 97th number was rolled back; the sequence is ahead of the last row.
INSERT INTO calls (id, organization_id, agent_id, caller, status, started_at, ended_at, score, cost, notes)
    OVERRIDING SYSTEM VALUE
SELECT n, pg_temp.key('organization', pg_temp.organization_of(agent, :organizations)),
       CASE WHEN n % 17 > 0 THEN pg_temp.key('user', agent) END,
       '+1' || (2000000000 + pg_temp.pick(n, 70, 1000000)),
       (CASE WHEN n % 17 = 0 THEN 'missed' WHEN n % 101 = 0 THEN 'failed' ELSE 'completed' END)::call_status, started,
       CASE WHEN n % 17 > 0 THEN started + pg_temp.pick(n, 71, 3600) * interval '1 second' END,
       CASE WHEN n % 3 = 0 THEN pg_temp.u(n, 72)::real END,
       CASE WHEN n % 1009 = 0 THEN 'NaN' ELSE round((pg_temp.u(n, 73) * 12)::numeric, 4) END,
       CASE n % 4 WHEN 0 THEN '' WHEN 1 THEN NULL ELSE pg_temp.phrase(n, 74) END
FROM generate_series(1, :calls) AS n,
     LATERAL (SELECT pg_temp.someone(n, 75, :users) AS agent,
                     '2025-01-01 00:00+00'::timestamptz + n * (interval '364 days' / :calls) AS started OFFSET 0) AS s
WHERE n % 97 > 0;
SELECT setval('calls_id_seq', :calls + 1000) \g /dev/null

INSERT INTO recordings
SELECT md5('recording' || id)::uuid, id, organization_id,
    'recordings/' || to_char(started_at, 'YYYY/MM/DD/') || id || '.opus',
       duration_seconds * 4000::bigint, decode(md5('sha' || id) || md5('256' || id), 'hex'), 1 + (id % 2)::smallint,
       ended_at - started_at, CASE WHEN id % 2 = 0
           THEN ARRAY[pg_temp.u(id, 80)::real, NULL, pg_temp.u(id, 81)::real] END,
       jsonb_build_object('codec', 'opus', 'rate', 48000, 'speakers', jsonb_build_array('agent', caller), 'gain',
           pg_temp.u(id, 82))
FROM calls WHERE ended_at IS NOT NULL AND pg_temp.u(id, 83) < 0.7;

INSERT INTO messages (id, organization_id, sender_id, call_id, kind, body, reactions, sent_at)
SELECT n * 2, pg_temp.key('organization', pg_temp.organization_of(sender, :organizations)),
       CASE WHEN n % 50 > 0 THEN pg_temp.key('user', sender) END,
       CASE WHEN n % 10 = 0 AND of_call % 97 > 0 THEN of_call END,
       (CASE WHEN n % 50 = 0 THEN 'system' WHEN n % 23 = 0 THEN 'image' ELSE 'text' END)::message_kind,
       CASE WHEN n % 23 = 0 THEN NULL WHEN n % 500 = 0 THEN repeat(pg_temp.phrase(n, 92) || ' ', 40)
            ELSE pg_temp.phrase(n, 92) || ' ' || pg_temp.phrase(n, 93) END,
       CASE WHEN n % 8 = 0 THEN ARRAY['👍', NULL, 'a "quoted" one', ''] WHEN n % 9 = 0 THEN '{}' END,
       '2025-01-01 00:00+00'::timestamptz + pg_temp.u(n, 94) * interval '366 days'
FROM generate_series(1, :messages) AS n,
     LATERAL (SELECT pg_temp.someone(n, 90, :users) AS sender, pg_temp.pick(n, 91, :calls) AS of_call OFFSET 0) AS s;
SELECT setval('messages_id_seq', :messages * 2 + 1) \g /dev/null

INSERT INTO documents (id, organization_id, author_id, title, body, attributes, tags, matrix, created_at, updated_at)
SELECT n + n / 10, pg_temp.key('organization', pg_temp.organization_of(author, :organizations)),
    pg_temp.key('user', author),
       pg_temp.phrase(n, 100),
       CASE WHEN n % 200 = 0 THEN (SELECT string_agg(md5(n || ':' || part), '') FROM generate_series(1, 300) AS part)
            WHEN n % 3 = 0 THEN repeat(pg_temp.phrase(n, 102) || E'\n\n', 1 + (n % 12)::int) END,
       jsonb_build_object('language', (ARRAY['en', 'de', 'ja', 'ar'])[pg_temp.pick(n, 103, 4)], 'pages', n % 90,
                          'signed', n % 2 = 0, 'reviewer', NULL, 'weights', jsonb_build_array(n, n / 7.0, 'x\u0041"y')),
       CASE n % 4 WHEN 0 THEN '{}' ELSE ARRAY['tag' || n % 40, 'größe', 'with "quotes", commas'] END,
       CASE WHEN n % 25 = 0 THEN ARRAY[[1, 2, n::int], [NULL, 5, 6]] END, t, t
FROM generate_series(1, :documents) AS n,
     LATERAL (SELECT pg_temp.someone(n, 104, :users) AS author,
                     '2025-01-01 00:00+00'::timestamptz + n * (interval '360 days' / :documents) AS t OFFSET 0) AS s;
SELECT setval('documents_id_seq', :documents + :documents / 10 + 500) \g /dev/null

CREATE SEQUENCE invoice_number AS integer START WITH 1000 INCREMENT BY 10 MINVALUE 1000 MAXVALUE 999990 CACHE 5 CYCLE;
SELECT setval('invoice_number', 4210, false), setval('organizations_number_seq', :organizations * 3) \g /dev/null

-- Triggers: a copy of each changed document is kept ---------------------------------------------------------------

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A test may stop the clock with app.now.
    NEW.updated_at := coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now());
    RETURN NEW;
END
$$;
CREATE FUNCTION keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.document_revisions (document_id, version, title, attributes, replaced_at)
    VALUES (OLD.id, OLD.version, OLD.title, OLD.attributes, NEW.updated_at);
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER touch BEFORE UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
CREATE TRIGGER touch BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER zz_keep_revision BEFORE UPDATE OF title, attributes ON documents FOR EACH ROW
    EXECUTE FUNCTION keep_revision();

SET LOCAL app.now = '2025-12-24 18:00+00';
UPDATE documents SET attributes = attributes || '{"reviewer": "Zoë"}' WHERE id % 50 = 1;
UPDATE organizations SET settings = settings - 'beta' WHERE number % 9 = 0;

-- Keys, checks and indexes ----------------------------------------------------------------------------------------

ALTER TABLE organizations ADD PRIMARY KEY (id), ADD UNIQUE (number), ADD CHECK (plan IN ('free', 'team', 'enterprise')),
    ADD CONSTRAINT fee_is_not_negative CHECK (monthly_fee >= 0);
ALTER TABLE users ADD PRIMARY KEY (id);
ALTER TABLE memberships ADD PRIMARY KEY (organization_id, user_id),
    ADD FOREIGN KEY (organization_id) REFERENCES organizations ON DELETE CASCADE,
    ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE calls ADD PRIMARY KEY (id), ADD CONSTRAINT ends_after_start CHECK (ended_at >= started_at),
    ADD FOREIGN KEY (organization_id) REFERENCES organizations, ADD FOREIGN KEY (agent_id) REFERENCES users
        ON DELETE SET NULL;
ALTER TABLE recordings ADD PRIMARY KEY (id), ADD UNIQUE (call_id), ADD CHECK (channels IN (1, 2)),
    ADD FOREIGN KEY (call_id) REFERENCES calls ON DELETE CASCADE, ADD FOREIGN KEY (organization_id)
        REFERENCES organizations;
ALTER TABLE messages ADD PRIMARY KEY (id, sent_at), ADD CHECK (kind <> 'text' OR body IS NOT NULL),
    ADD FOREIGN KEY (organization_id) REFERENCES organizations, ADD FOREIGN KEY (sender_id) REFERENCES users,
    ADD FOREIGN KEY (call_id) REFERENCES calls;
ALTER TABLE documents ADD PRIMARY KEY (id), ADD FOREIGN KEY (organization_id) REFERENCES organizations,
    ADD FOREIGN KEY (author_id) REFERENCES users DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE document_revisions ADD PRIMARY KEY (id), ADD UNIQUE (document_id, version),
    ADD FOREIGN KEY (document_id) REFERENCES documents ON DELETE CASCADE;

CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE INDEX memberships_user ON memberships (user_id) INCLUDE (role);
CREATE INDEX calls_recent ON calls (organization_id, started_at DESC);
CREATE INDEX calls_open ON calls (organization_id) WHERE ended_at IS NULL;
CREATE INDEX messages_of_organization ON messages (organization_id, sent_at);
CREATE INDEX messages_of_call ON messages (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX documents_attributes ON documents USING gin (attributes jsonb_path_ops);
CREATE INDEX documents_tags ON documents USING gin (tags);
CREATE INDEX documents_language ON documents ((attributes ->> 'language'));
CREATE INDEX documents_created ON documents USING brin (created_at);
CREATE STATISTICS calls_status_by_organization (dependencies) ON organization_id, status FROM calls;

-- Views, tenants' walls, grants, comments ----------------------------------------------------------------------------

CREATE VIEW call_overview WITH (security_barrier) AS
    SELECT c.id, c.organization_id, o.name AS organization, u.full_name AS agent, c.status, c.duration_seconds,
    r.storage_path
    FROM calls c JOIN organizations o ON o.id = c.organization_id LEFT JOIN users u ON u.id = c.agent_id
         LEFT JOIN recordings r ON r.call_id = c.id;
CREATE VIEW long_calls AS SELECT * FROM call_overview WHERE duration_seconds > 1800;
CREATE MATERIALIZED VIEW monthly_activity AS
    SELECT organization_id, date_trunc('month', sent_at, 'UTC') AS month, count(*) AS messages,
           count(DISTINCT sender_id) AS senders
    FROM messages GROUP BY 1, 2;
CREATE UNIQUE INDEX monthly_activity_key ON monthly_activity (organization_id, month);

CREATE FUNCTION my_organizations() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$ SELECT organization_id FROM public.memberships WHERE user_id = auth.uid() $$;
REVOKE ALL ON FUNCTION my_organizations() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_organizations() TO authenticated;

CREATE POLICY mine ON organizations TO authenticated USING (id IN (SELECT my_organizations()));
CREATE POLICY myself ON users TO authenticated USING (id = auth.uid()) WITH CHECK (id = auth.uid() AND is_active);
CREATE POLICY colleagues ON users FOR SELECT TO authenticated
    USING (EXISTS (SELECT FROM memberships m
        WHERE m.user_id = users.id AND m.organization_id IN (SELECT my_organizations())));
CREATE POLICY mine ON memberships FOR SELECT TO authenticated USING (user_id = auth.uid());
SELECT format('CREATE POLICY mine ON %I TO authenticated USING (organization_id IN (SELECT my_organizations()))', name)
FROM unnest(ARRAY['calls', 'recordings', 'messages', 'documents']) AS name \gexec
CREATE POLICY not_signed ON documents AS RESTRICTIVE FOR DELETE TO authenticated
    USING (NOT (attributes ->> 'signed')::boolean);
SELECT format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name)
FROM unnest(ARRAY['organizations', 'users', 'memberships', 'calls', 'recordings', 'messages', 'documents',
                  'document_revisions']) AS name \gexec
ALTER TABLE documents FORCE ROW LEVEL SECURITY;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO authenticated, service_role;
REVOKE UPDATE ON users FROM authenticated;
GRANT UPDATE (full_name, phone, avatar) ON users TO authenticated;
GRANT SELECT (id, name) ON organizations TO anon;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO service_role;

COMMENT ON TABLE organizations IS 'The tenants. Everything else belongs to exactly one of them';
COMMENT ON COLUMN calls.duration_seconds IS 'Computed: NULL while the call lasts, and it''s NULL when missed';
COMMENT ON TABLE messages IS E'Partitioned by month of sent_at (UTC);\nwhat lies outside of 2025 is in messages_other';
COMMENT ON INDEX documents_attributes IS 'For @> only';
COMMENT ON POLICY not_signed ON documents IS 'A signed document stays';
COMMENT ON TRIGGER zz_keep_revision ON documents IS 'After touch, by its name';

COMMIT;
VACUUM (ANALYZE);
