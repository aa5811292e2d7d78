-- For attacks of the loader that commit, on a copy of the database: rows of organizations that did not exist
-- before, pictures of what all others have, and the way back.

CREATE FUNCTION custody.probe_targets() RETURNS TABLE (object text, relation oid)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT s.object, s.relation FROM custody.probe_subjects(NULL) s JOIN pg_class c ON c.oid = s.relation
 WHERE s.kind IN ('r', 'p') AND s.org_type IS NOT NULL AND coalesce(s.class, '') <> 'shared' AND NOT c.relispartition
$$;
COMMENT ON FUNCTION custody.probe_targets() IS
'the tables that "custody probe" attacks on a copy, partitions only through their tables; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_targets() FROM PUBLIC;

-- Triggers that fire even in replica mode act as the owner now, and not as the superuser at COMMIT.
CREATE FUNCTION custody.probe_settle(relation oid, org text, role regrole)
    RETURNS TABLE (rows bigint, change text, remove text, more text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    org_number int2 := custody.probe_org_column(relation);
    place text := relation::regclass::text;
    made jsonb;
    changed text := custody.probe_column(relation, role);
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM set_config('session_replication_role', 'replica', true);
    BEGIN
        made := custody.probe_make(relation, org_number, org);
    EXCEPTION WHEN check_violation OR feature_not_supported THEN
        -- What cannot be made up (a partition, a type) is taken from a row that is there, if there is one.
        made := custody.probe_make(relation, org_number, org,
            (custody.probe_as_owner(relation, format('SELECT to_jsonb(r.*) FROM %s r LIMIT 1', place)))[1]::jsonb);
    END;
    rows := (custody.probe_as_owner(relation, (SELECT format('SELECT count(*) FROM %s WHERE %I = %L', place, attname, org)
        FROM pg_attribute WHERE attrelid = relation AND attnum = org_number)))[1];
    change := format('UPDATE %s SET %s = %L', place, changed, made ->> (parse_ident(changed))[1]);
    remove := 'DELETE FROM ' || place;
    more := custody.probe_insert(relation, place,
        custody.probe_values(relation, org_number, org, made, 0, 1), role);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION custody.probe_settle(oid, text, regrole) IS
'makes a row of an organization in a table, with the parents that it needs, and lets it stay: rows: that the organization now has there; change, remove, more: statements that write all rows that the role reaches, and one that inserts another; errors: those of custody.probe_make(); privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_settle(oid, text, regrole) FROM PUBLIC;

CREATE FUNCTION custody.probe_picture(relations oid[], org text, own bool)
    RETURNS TABLE (object text, picture text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    relation oid;
BEGIN
    FOREACH relation IN ARRAY relations LOOP
        object := relation::regclass::text;
        picture := (custody.probe_as_owner(relation, (SELECT format(
            'SELECT concat(count(*), '' '', sum(hashtextextended((r.*)::text, 0))) FROM %s r WHERE (%I = %L) IS %s TRUE',
            object, attname, org, CASE WHEN own THEN '' ELSE 'NOT' END)
            FROM pg_attribute WHERE attrelid = relation AND attnum = custody.probe_org_column(relation))))[1];
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_picture(oid[], text, bool) IS
'number and hash of the rows that an organization has in the tables (own), or that all others have; reads the tables whole; errors: 55000 when that takes longer than statement_timeout; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_picture(oid[], text, bool) FROM PUBLIC;

CREATE FUNCTION custody.probe_forget(relations oid[], orgs text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR r IN
        WITH RECURSIVE ancestor AS (
            SELECT unnest(relations) AS oid
            UNION
            SELECT k.confrelid FROM ancestor a JOIN pg_constraint k ON k.conrelid = a.oid AND k.contype = 'f')
        SELECT a.oid, format('DELETE FROM %s WHERE %I = ANY (%L)', a.oid::regclass, c.attname, orgs) AS statement
          FROM ancestor a JOIN pg_attribute c ON c.attrelid = a.oid AND c.attnum = custody.probe_org_column(a.oid)
    LOOP
        PERFORM custody.probe_as_owner(r.oid, r.statement);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_forget(oid[], text[]) IS
'removes the rows of organizations from the tables and from those that their foreign keys lead to; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_forget(oid[], text[]) FROM PUBLIC;

CREATE FUNCTION custody.probe_deferrable(relations oid[])
    RETURNS TABLE (relation oid, object text, events text, sure bool)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT t.tgrelid, format('%s trigger %I', t.tgrelid::regclass, t.tgname),
    concat(CASE WHEN t.tgtype & 4 <> 0 THEN 'i' END, CASE WHEN t.tgtype & 16 <> 0 THEN 'u' END,
        CASE WHEN t.tgtype & 8 <> 0 THEN 'd' END),
    t.tgqual IS NULL AND cardinality(t.tgattr::int2[]) = 0
  FROM pg_trigger t
 WHERE t.tgrelid = ANY (relations) AND t.tgdeferrable AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
 ORDER BY 2
$$;
COMMENT ON FUNCTION custody.probe_deferrable(oid[]) IS
'triggers that may wait for COMMIT: events: i, u and d for INSERT, UPDATE and DELETE; sure: they have no condition, so that every such event fires them; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_deferrable(oid[]) FROM PUBLIC;

-- A child of `org` that points to the parent of `stranger`, and what then takes the parent away.
CREATE FUNCTION custody.probe_crossings(relations oid[])
    RETURNS TABLE (foreign_key oid, object text, child oid, parent oid)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT k.oid, format('%s constraint %I', k.conrelid::regclass, k.conname), k.conrelid, k.confrelid
  FROM pg_constraint k
 WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confdeltype IN ('c', 'n', 'd') AND k.conrelid <> k.confrelid
   AND k.conrelid = ANY (relations) AND k.confrelid = ANY (relations)
   AND k.conkey <> ARRAY[custody.probe_org_column(k.conrelid)]
 ORDER BY 2
$$;
COMMENT ON FUNCTION custody.probe_crossings(oid[]) IS
'foreign keys between the tables that delete or change children with their parents; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_crossings(oid[]) FROM PUBLIC;

CREATE FUNCTION custody.probe_cross(
        setup_role regrole, foreign_key oid, own text, victim text, OUT point text, OUT remove text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    k pg_constraint;
    setup custody.probe_setup;
    subject custody.probe_subject;
    key jsonb;
BEGIN
    SELECT * INTO k FROM pg_constraint WHERE oid = foreign_key;
    subject.relation := k.conrelid;
    subject.org_attribute := custody.probe_org_column(k.conrelid);
    subject.victim_org := own;
    key := custody.probe_victim_parent(setup, subject, foreign_key);
    point := custody.probe_insert(k.conrelid, k.conrelid::regclass::text,
        custody.probe_values(k.conrelid, subject.org_attribute, victim, custody.probe_row_of(k.conrelid, victim), 0, 1) || key,
        setup_role);
    remove := 'DELETE FROM ' || k.confrelid::regclass;
END
$$;
COMMENT ON FUNCTION custody.probe_cross(regrole, oid, text, text) IS
'statements for two organizations that have rows already: point: by which the victim inserts a child of a parent of the own one, remove: by which the own one deletes its parents; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_cross(regrole, oid, text, text) FROM PUBLIC;

CREATE FUNCTION custody.probe_row_of(relation oid, org text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (custody.probe_as_owner(relation, (SELECT format('SELECT to_jsonb(r.*) FROM %s r WHERE %I = %L LIMIT 1',
            relation::regclass, attname, org)
        FROM pg_attribute WHERE attrelid = relation AND attnum = custody.probe_org_column(relation))))[1];
END
$$;
COMMENT ON FUNCTION custody.probe_row_of(oid, text) IS
'a row of an organization as an object; NULL when it has none; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_row_of(oid, text) FROM PUBLIC;
