-- What is attacked: the relations, and for each the rows of two organizations.

-- Triggers and rules that fire in replica mode, too, and are not the server's or custody's own: what
-- they do may reach outside, so that without on_clone nothing is written to their table.
CREATE VIEW custody.probe_untrusted_trigger AS
    SELECT t.tgrelid AS relation, t.tgname AS name, t.tgenabled IN ('A', 'R') AS always,
        t.tgtype & 2 <> 0 AS before, t.tgtype & 4 <> 0 AS on_insert, t.tgtype & 8 <> 0 AS on_delete,
        t.tgtype & 16 <> 0 AS on_update
      FROM pg_catalog.pg_trigger t
     WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgfoid >= 16384
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'custody'
            WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = t.tgfoid AND d.deptype = 'e')
    UNION ALL
    SELECT r.ev_class, r.rulename, r.ev_enabled <> 'O', true,
        r.ev_type = '3', r.ev_type = '4', r.ev_type = '2'
      FROM pg_catalog.pg_rewrite r WHERE r.rulename <> '_RETURN' AND r.ev_enabled <> 'D';
COMMENT ON VIEW custody.probe_untrusted_trigger IS
'enabled triggers and rules of tables whose functions are neither the server''s nor custody''s';
COMMENT ON COLUMN custody.probe_untrusted_trigger.relation IS 'OID of the table';
COMMENT ON COLUMN custody.probe_untrusted_trigger.name IS 'name of the trigger or rule';
COMMENT ON COLUMN custody.probe_untrusted_trigger.always IS 'true when it also fires in replica mode';
COMMENT ON COLUMN custody.probe_untrusted_trigger.before IS 'true when it can change or refuse a row before row security looks at it';
COMMENT ON COLUMN custody.probe_untrusted_trigger.on_insert IS 'true when it fires for INSERT';
COMMENT ON COLUMN custody.probe_untrusted_trigger.on_delete IS 'true when it fires for DELETE';
COMMENT ON COLUMN custody.probe_untrusted_trigger.on_update IS 'true when it fires for UPDATE';
REVOKE ALL ON custody.probe_untrusted_trigger FROM PUBLIC;

-- Views and materialized views that read one of the relations, also through other views.
CREATE FUNCTION custody.probe_views(relations oid[]) RETURNS SETOF oid
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
WITH RECURSIVE reader AS (
    SELECT unnest(relations) AS oid
    UNION
    SELECT w.ev_class FROM reader r
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
        AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN'
)
SELECT r.oid FROM reader r JOIN pg_class c ON c.oid = r.oid WHERE c.relkind IN ('v', 'm')
$$;
COMMENT ON FUNCTION custody.probe_views(oid[]) IS
'views and materialized views that read one of the relations, directly or through other views; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_views(oid[]) FROM PUBLIC;

-- Without a list: what is protected, what looks like it in the same schemas (all schemas of users
-- when nothing is protected), partitions, and the views of all that.
CREATE FUNCTION custody.probe_relations(relations regclass[]) RETURNS SETOF oid
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
WITH RECURSIVE exempt AS (
    SELECT relation::oid AS oid FROM custody.protection WHERE class = 'exempt'
), named AS (
    SELECT unnest(relations)::oid AS oid
    UNION
    SELECT p.relation::oid FROM custody.protection p WHERE relations IS NULL AND p.class <> 'exempt'
    UNION
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE relations IS NULL AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'custody')
       AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass
            AND e.objid = c.oid AND e.deptype = 'e')
       AND (NOT EXISTS (SELECT FROM custody.protection) OR c.relnamespace IN (
            SELECT o.relnamespace FROM custody.protection p JOIN pg_class o ON o.oid = p.relation))
), tree AS (
    SELECT oid FROM named
    UNION
    SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
)
SELECT oid FROM tree WHERE oid NOT IN (SELECT oid FROM exempt)
UNION
SELECT v FROM custody.probe_views(ARRAY(
    SELECT t.oid FROM tree t WHERE t.oid NOT IN (SELECT oid FROM exempt))) v
$$;
COMMENT ON FUNCTION custody.probe_relations(regclass[]) IS
'relations to attack: those given (NULL = the protected ones and the other tables of their schemas; of all schemas when nothing is protected), without exempt ones, with partitions, children and views; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_relations(regclass[]) FROM PUBLIC;

CREATE FUNCTION custody.probe_subjects(relations regclass[]) RETURNS SETOF custody.probe_subject
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT c.oid, c.oid::regclass::text, c.relkind, p.class, quote_ident(a.attname), a.attnum,
    CASE coalesce(nullif(t.typbasetype, 0), t.oid)
        WHEN 'uuid'::regtype THEN 'uuid'
        WHEN 'int2'::regtype THEN 'bigint' WHEN 'int4'::regtype THEN 'bigint' WHEN 'int8'::regtype THEN 'bigint'
        WHEN 'text'::regtype THEN 'text' WHEN 'varchar'::regtype THEN 'text'
        ELSE CASE t.typname WHEN 'citext' THEN 'text' END END,
    -- Organizations are told apart by their bytes, whatever the column's collation says.
    CASE WHEN t.typcategory = 'S' THEN format('(%I::text COLLATE "C")', a.attname) ELSE quote_ident(a.attname) END,
    key.columns,
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum
        AND i.indpred IS NULL AND i.indisvalid),
    (SELECT string_agg(quote_ident(g.name), ', ') FROM custody.probe_untrusted_trigger g
      WHERE g.relation = c.oid AND g.always),
    (SELECT string_agg(quote_ident(g.name), ', ') FROM custody.probe_untrusted_trigger g
      WHERE g.relation = c.oid AND g.before AND g.on_insert),
    (SELECT string_agg(quote_ident(g.name), ', ') FROM custody.probe_untrusted_trigger g
      WHERE g.relation = c.oid AND g.before AND g.on_update),
    NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, false,
    NULL::jsonb, NULL::jsonb, NULL::text, NULL::text, NULL::oid
  FROM custody.probe_relations(relations) r
    JOIN pg_class c ON c.oid = r
    LEFT JOIN custody.protection p ON p.relation = c.oid
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = custody.probe_org_column(c.oid)
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN LATERAL (
        SELECT array_agg(quote_ident(k.attname) ORDER BY k.attnum) AS columns
          FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey::int2[])
         WHERE i.indrelid = c.oid AND i.indisprimary) key ON true
 ORDER BY c.relkind IN ('v', 'm'), c.oid::regclass::text COLLATE "C"
$$;
COMMENT ON FUNCTION custody.probe_subjects(regclass[]) IS
'the relations to attack with what the attacks need to know from the catalogs; relations as of custody.probe_isolation(); privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_subjects(regclass[]) FROM PUBLIC;

-- A value of the org column that no row has.
CREATE FUNCTION custody.probe_stranger(subject custody.probe_subject) RETURNS text
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT custody.probe_fresh(a.atttypid, a.atttypmod, 0) FROM pg_attribute a
        WHERE a.attrelid = subject.relation AND a.attnum = subject.org_attribute);
END
$$;
COMMENT ON FUNCTION custody.probe_stranger(custody.probe_subject) IS
'name of an organization without rows; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_stranger(custody.probe_subject) FROM PUBLIC;

-- A condition that finds a row again: its primary key, or its place.
CREATE FUNCTION custody.probe_key(subject custody.probe_subject) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT string_agg(format('%L || quote_literal(%s::text)', k || ' = ', k), ' || '' AND '' || ')
                       FROM unnest(subject.key_columns) k),
        $key$'tableoid = ' || tableoid::oid || ' AND ctid = ' || quote_literal(ctid)$key$);
END
$$;
COMMENT ON FUNCTION custody.probe_key(custody.probe_subject) IS
'SQL expression that gives the condition by which a row of the subject is found; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_key(custody.probe_subject) FROM PUBLIC;

CREATE FUNCTION custody.probe_pick(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS custody.probe_subject LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key text := custody.probe_key(subject);
    pattern text;
    found text[];
BEGIN
    -- The first and the last organization of the index, or of as many rows as may be read.
    pattern := CASE WHEN subject.indexed
        THEN format('SELECT %1$s::text, %2$s FROM %3$s WHERE %1$s IS NOT NULL ORDER BY %1$s %%s LIMIT 1',
                subject.org_column, key, subject.object)
        ELSE format('SELECT o, k FROM (SELECT %1$s AS v, %1$s::text AS o, %2$s AS k FROM %3$s LIMIT %4$s) r
                WHERE o IS NOT NULL ORDER BY v %%s LIMIT 1',
                subject.org_column, key, subject.object, setup.row_cap) END;
    found := custody.probe_as_owner(subject.relation, format(pattern, ''));
    subject.own_org := found[1];
    subject.own_key := found[2];
    found := custody.probe_as_owner(subject.relation, format(pattern, 'DESC'));
    subject.victim_org := found[1];
    subject.victim_key := found[2];
    IF subject.victim_org = subject.own_org THEN
        subject.victim_org := NULL;
    END IF;
    RETURN subject;
END
$$;
COMMENT ON FUNCTION custody.probe_pick(custody.probe_setup, custody.probe_subject) IS
'the subject with an own row and a victim''s row from among its live ones; NULL where there are none; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_pick(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

CREATE FUNCTION custody.probe_count(setup custody.probe_setup, subject custody.probe_subject) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The column by itself, too, for its index.
    RETURN (custody.probe_as_owner(subject.relation, format(
        'SELECT count(*) FROM (SELECT FROM %s WHERE %s = %L AND %s = %3$L LIMIT %5$s) r', subject.object,
        subject.org_column, subject.own_org, subject.exact, setup.row_cap + 1)))[1];
END
$$;
COMMENT ON FUNCTION custody.probe_count(custody.probe_setup, custody.probe_subject) IS
'number of own rows, row cap + 1 when there are more than the cap; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_count(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

-- Rows that are not there are made up; the caller's subtransaction takes them away again.
CREATE FUNCTION custody.probe_complete(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS custody.probe_subject LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    find text := format('SELECT %s FROM %s WHERE %s = %%L LIMIT 1',
        custody.probe_key(subject), subject.object, subject.org_column);
BEGIN
    IF subject.own_org IS NULL OR subject.victim_org IS NULL THEN
        IF subject.always_triggers IS NOT NULL AND NOT setup.on_clone THEN
            RAISE EXCEPTION 'it lacks rows of two organizations, and making them up would fire %',
                subject.always_triggers USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        IF subject.own_org IS NULL THEN
            subject.own_org := custody.probe_stranger(subject);
            PERFORM custody.probe_make(subject.relation, subject.org_attribute, subject.own_org);
            subject.own_key := (custody.probe_as_owner(subject.relation, format(find, subject.own_org)))[1];
        END IF;
        subject.victim_org := custody.probe_stranger(subject);
        PERFORM custody.probe_make(subject.relation, subject.org_attribute, subject.victim_org);
        subject.victim_key := (custody.probe_as_owner(subject.relation, format(find, subject.victim_org)))[1];
    END IF;
    IF subject.own_key IS NULL OR subject.victim_key IS NULL THEN
        RAISE EXCEPTION 'the rows that were made up are not there'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    subject.own_rows := custody.probe_count(setup, subject);
    RETURN subject;
END
$$;
COMMENT ON FUNCTION custody.probe_complete(custody.probe_setup, custody.probe_subject) IS
'the subject with both rows, made up where they are missing, and the number of own rows (row cap + 1 = more); errors: 55000 when triggers would fire that may reach outside, and those of custody.probe_make(); privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_complete(custody.probe_setup, custody.probe_subject) FROM PUBLIC;
