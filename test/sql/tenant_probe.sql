-- Every attack on a table: a planted leak that it shows, and beside it the safe twin on which it holds.
SET client_min_messages = warning;
SET search_path = public, custody;
CREATE ROLE probe_app;
CREATE ROLE probe_owner;
CREATE ROLE probe_bypass BYPASSRLS;
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe, custody TO probe_app;
CREATE TABLE probe.planted (name text, attack text, relation regclass, side text);

CREATE FUNCTION probe.make(name text, side text, breaking text, extra text DEFAULT '') RETURNS regclass LANGUAGE plpgsql AS $$
DECLARE
    t text := format('probe.%I', name || '_' || side);
BEGIN
    EXECUTE format('CREATE TABLE %s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id bigint NOT NULL, title text NOT NULL %s)',
        t, extra);
    EXECUTE format('INSERT INTO %s (org_id, title) VALUES (1, ''a''), (1, ''b''), (2, ''c''), (2, ''d''), (2, ''e'')', t);
    EXECUTE format('CREATE POLICY s ON %s FOR SELECT TO probe_app USING (org_id = custody.current_org_bigint())', t);
    EXECUTE format('CREATE POLICY i ON %s FOR INSERT TO probe_app WITH CHECK (org_id = custody.current_org_bigint())', t);
    EXECUTE format('CREATE POLICY u ON %s FOR UPDATE TO probe_app USING (org_id = custody.current_org_bigint())', t);
    EXECUTE format('CREATE POLICY d ON %s FOR DELETE TO probe_app USING (org_id = custody.current_org_bigint())', t);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO probe_app', t);
    EXECUTE replace(breaking, '@', t);
    RETURN t::regclass;
END
$$;

CREATE FUNCTION probe.plant(attack text, leaking text, safe text DEFAULT '', extra text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO probe.planted VALUES (attack, split_part(attack, ' ', 1), probe.make(attack, 'leak', leaking, extra), 'leak'),
        (attack, split_part(attack, ' ', 1), probe.make(attack, 'safe', safe, replace(extra, 'UNIQUE (', 'UNIQUE (org_id, ')), 'safe');
END
$$;

DO $plant$
BEGIN
    PERFORM probe.plant('read_all', 'CREATE POLICY other ON @ FOR SELECT USING (title = ''d'')',
        'CREATE POLICY other ON @ FOR SELECT USING (title = ''d'' AND org_id = custody.current_org_bigint())');
    PERFORM probe.plant('read_all user',
        'CREATE POLICY other ON @ FOR SELECT USING (custody.current_user_id()::uuid IS NOT NULL AND title = ''d'')',
        'CREATE POLICY other ON @ FOR SELECT USING (custody.current_user_id()::uuid IS NULL AND title = ''d'')');
    PERFORM probe.plant('read_key', 'ALTER TABLE @ DISABLE ROW LEVEL SECURITY');
    PERFORM probe.plant('row_security_off', 'ALTER TABLE @ NO FORCE ROW LEVEL SECURITY; ALTER TABLE @ OWNER TO probe_app',
        'ALTER TABLE @ NO FORCE ROW LEVEL SECURITY; ALTER TABLE @ OWNER TO probe_owner');
    PERFORM probe.plant('owner', 'GRANT CREATE ON SCHEMA probe TO probe_app; ALTER TABLE @ OWNER TO probe_app',
        'ALTER TABLE @ OWNER TO probe_owner');
    PERFORM probe.plant('no_context',
        'ALTER POLICY s ON @ USING (custody.current_org_or_null_bigint() IS NULL OR org_id = custody.current_org_or_null_bigint())',
        'ALTER POLICY s ON @ USING (org_id = custody.current_org_or_null_bigint())');
    PERFORM probe.plant('expired_context',
        'ALTER POLICY s ON @ USING (org_id = (SELECT orgs[1]::bigint FROM custody.context_info()))');
    PERFORM probe.plant('forged_settings', 'CREATE POLICY other ON @ FOR SELECT USING (org_id = nullif(current_setting(''probe.org'', true), '''')::bigint)',
        'CREATE POLICY other ON @ AS RESTRICTIVE FOR SELECT USING (org_id = custody.current_org_bigint())');
    PERFORM probe.plant('forged_no_context', 'ALTER POLICY s ON @ USING (org_id = coalesce(custody.current_org_or_null_bigint(), current_setting(''probe.org'')::bigint))',
        'ALTER POLICY s ON @ USING (org_id = coalesce(custody.current_org_or_null_bigint(), 0))');
    PERFORM probe.plant('forged_settings claims', 'ALTER POLICY s ON @ USING (org_id = ((nullif(current_setting(''request.jwt.claims'', true), '''')::jsonb
        -> ''app_metadata'') ->> ''org_id'')::bigint)');
    PERFORM probe.plant('empty_settings', 'ALTER POLICY s ON @ USING (current_setting(''probe.org'', true) = '''' OR org_id = custody.current_org_or_null_bigint())',
        'CREATE POLICY other ON @ AS RESTRICTIVE FOR SELECT USING (current_setting(''probe.org'', true) IS DISTINCT FROM ''x'')');
    PERFORM probe.plant('garbage_settings', 'ALTER POLICY s ON @ USING (current_setting(''probe.org'', true) !~ ''^\d*$'' OR org_id = custody.current_org_or_null_bigint())',
        'CREATE POLICY other ON @ AS RESTRICTIVE FOR SELECT USING (current_setting(''probe.org'', true) IS DISTINCT FROM ''x'')');
    PERFORM probe.plant('stale_plan', 'CREATE FUNCTION probe.folded() RETURNS bigint LANGUAGE sql IMMUTABLE AS ''SELECT custody.current_org_bigint()'';
        ALTER POLICY s ON @ USING (org_id = probe.folded())',
        'CREATE FUNCTION probe.stable() RETURNS bigint LANGUAGE sql STABLE AS ''SELECT custody.current_org_bigint()'';
        ALTER POLICY s ON @ USING (org_id = probe.stable())');
    PERFORM probe.plant('insert_other', 'ALTER POLICY i ON @ WITH CHECK (true)');
    PERFORM probe.plant('insert_null', 'ALTER TABLE @ ALTER org_id DROP NOT NULL; ALTER POLICY i ON @ WITH CHECK (org_id IS NOT DISTINCT FROM nullif(custody.current_org_bigint(), org_id) OR org_id = custody.current_org_bigint() OR org_id IS NULL)',
        'ALTER TABLE @ ALTER org_id DROP NOT NULL');
    PERFORM probe.plant('move', 'ALTER POLICY u ON @ WITH CHECK (true); CREATE POLICY other ON @ FOR SELECT USING (title = ''a'')');
    PERFORM probe.plant('move_blind', 'ALTER POLICY u ON @ WITH CHECK (true)');
    PERFORM probe.plant('update_blind', 'ALTER POLICY u ON @ USING (true)');
    PERFORM probe.plant('delete_blind', 'ALTER POLICY d ON @ USING (true)');
    PERFORM probe.plant('delete_blind few', 'ALTER POLICY d ON @ USING (org_id <> custody.current_org_bigint())');
    PERFORM probe.plant('update_key', 'ALTER POLICY u ON @ USING (true); ALTER POLICY s ON @ USING (true)');
    PERFORM probe.plant('delete_key', 'ALTER POLICY d ON @ USING (true); ALTER POLICY s ON @ USING (true)');
    PERFORM probe.plant('on_conflict', 'ALTER POLICY u ON @ USING (true); ALTER POLICY s ON @ USING (true)');
    PERFORM probe.plant('on_conflict unique', 'ALTER POLICY u ON @ USING (true); ALTER POLICY s ON @ USING (true)', '', ', code text DEFAULT gen_random_uuid(), UNIQUE (code)');
    -- Read by all and written by none: a MERGE meets the row, and row security refuses then.
    PERFORM probe.plant('merge', 'ALTER POLICY s ON @ USING (true); ALTER POLICY d ON @ USING (true)', 'ALTER POLICY s ON @ USING (true)');
    PERFORM probe.plant('merge update', 'ALTER POLICY s ON @ USING (true); ALTER POLICY u ON @ USING (true)', 'ALTER POLICY s ON @ USING (true); ALTER POLICY u ON @ WITH CHECK (true)');
    PERFORM probe.plant('merge_move', 'ALTER POLICY u ON @ WITH CHECK (true); ALTER POLICY s ON @ USING (title IN (''a'', ''c''))');
    PERFORM probe.plant('merge_insert', 'ALTER POLICY i ON @ WITH CHECK (true)');
    PERFORM probe.plant('unique_oracle', '', '', ', email text, UNIQUE (title)');
    PERFORM probe.plant('unique_oracle expression', 'CREATE UNIQUE INDEX ON @ (lower(title))', 'CREATE UNIQUE INDEX ON @ (org_id, lower(title))');
    PERFORM probe.plant('truncate', 'GRANT TRUNCATE ON @ TO probe_app');
    PERFORM probe.plant('trigger', 'GRANT TRIGGER ON @ TO PUBLIC');
    PERFORM probe.plant('references', 'GRANT REFERENCES (id) ON @ TO probe_app');
END
$plant$;
CREATE TABLE probe.result AS
    SELECT p.name, p.attack AS planted, p.side, f.* FROM probe.planted p, custody.probe_isolation('probe_app', ARRAY[p.relation]) f
     WHERE f.object LIKE 'probe.%';
-- The planted attack on both sides, and what else leaks with it.
SELECT l.name, string_agg(DISTINCT l.verdict, ' ') FILTER (WHERE l.attack = l.planted AND l.side = 'leak') AS leak,
    string_agg(DISTINCT l.verdict, ' ') FILTER (WHERE l.attack = l.planted AND l.side = 'safe') AS safe,
    string_agg(DISTINCT l.attack, ' ') FILTER (WHERE l.attack <> l.planted AND l.side = 'leak' AND l.verdict = 'leak') AS too,
    string_agg(DISTINCT l.attack || ' ' || l.verdict, ' ') FILTER (WHERE l.side = 'safe' AND l.verdict <> 'held') AS safe_not_held
  FROM probe.result l GROUP BY l.name ORDER BY l.name;
-- MERGE came with 15.
SELECT (count(*) FILTER (WHERE attack = 'merge' AND verdict = 'leak') > 0) = (current_setting('server_version_num')::int4 >= 150000) AS merge_leaks
  FROM probe.result WHERE name = 'delete_key' AND side = 'leak';

-- Foreign keys: with the org column on both sides they hold.
SELECT probe.make('parent', 'x', 'ALTER TABLE @ ADD UNIQUE (org_id, id)');
SELECT probe.make('child', 'leak', 'ALTER TABLE @ ADD FOREIGN KEY (parent) REFERENCES probe.parent_x ON DELETE CASCADE', ', parent bigint');
SELECT probe.make('child', 'safe', 'ALTER TABLE @ ADD FOREIGN KEY (org_id, parent) REFERENCES probe.parent_x (org_id, id) ON DELETE CASCADE', ', parent bigint');
SELECT object, attack, verdict, detail FROM custody.probe_isolation('probe_app', '{probe.child_leak,probe.child_safe}')
 WHERE attack IN ('foreign_key', 'cascade') ORDER BY object COLLATE "C", attack;

-- The role itself.
SELECT attack, verdict, sqlstate FROM custody.probe_isolation('probe_app', '{probe.parent_x}')
 WHERE object = 'role probe_app' ORDER BY attack;
GRANT probe_bypass TO probe_app;
SELECT attack, verdict, detail FROM custody.probe_isolation('probe_app', '{probe.parent_x}') WHERE attack = 'become';
REVOKE probe_bypass FROM probe_app;
SELECT verdict, detail FROM custody.probe_isolation('probe_app', '{probe.parent_x}') WHERE attack = 'statistics';
ANALYZE probe.parent_x, probe.read_key_leak;
SELECT verdict, detail FROM custody.probe_isolation('probe_app', '{probe.parent_x}') WHERE attack = 'statistics';
SELECT verdict, detail FROM custody.probe_isolation('probe_app', '{probe.read_key_leak}') WHERE attack = 'statistics';

DROP SCHEMA probe CASCADE;
REVOKE ALL ON SCHEMA custody FROM probe_app;
DROP ROLE probe_app, probe_owner, probe_bypass;
