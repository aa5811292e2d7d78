-- Attacks through constraints, whose checks go past row security, and what privileges alone allow.

-- Whether the server gives out the values of a column: nobody can guess a uuid, and the number of a
-- sequence tells no more than that it was given out.
CREATE FUNCTION custody.probe_generated(relation oid, number int2) RETURNS bool
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT a.atttypid = 'uuid'::regtype OR a.attidentity <> ''
            OR coalesce(pg_get_expr(d.adbin, d.adrelid) ~ 'nextval\(', false)
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = relation AND a.attnum = number);
END
$$;
COMMENT ON FUNCTION custody.probe_generated(oid, int2) IS
'whether a column has values that nobody chooses: uuid, identity, or from a sequence; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_generated(oid, int2) FROM PUBLIC;

CREATE FUNCTION custody.probe_unique(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    i record;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
    statement text;
    victim jsonb;
BEGIN
    FOR i IN SELECT n.relname, x.indpred IS NOT NULL AS partial, c.columns
               FROM pg_index x JOIN pg_class n ON n.oid = x.indexrelid,
                    custody.probe_index_columns(x.indexrelid) c (columns)
              WHERE x.indrelid = subject.relation AND (x.indisunique OR x.indisexclusion)
                AND NOT subject.org_attribute = ANY (c.columns)
                AND NOT EXISTS (SELECT FROM unnest(c.columns) u
                                 WHERE custody.probe_generated(subject.relation, u)) LOOP
        victim := coalesce(victim, custody.probe_row(subject, subject.victim_key));
        statement := custody.probe_insert(subject.relation, subject.object, subject.own_values || (SELECT jsonb_object_agg(attname, victim -> attname::text) FROM pg_attribute
                WHERE attrelid = subject.relation AND attnum = ANY (i.columns)), setup.role);
        outcome := custody.probe_try(setup, subject, statement);
        finding := custody.probe_judge(subject, 'unique_oracle', statement, outcome,
            coalesce(outcome.sqlstate IN ('23505', '23P01') AND outcome.message LIKE '%"' || i.relname || '"%', false),
            'the error tells that another organization has this value', control => outcome.rows > 0 AND NOT i.partial);
        finding.object := format('%s index %I', subject.object, i.relname);
        IF finding.verdict = 'held' AND outcome.sqlstate IS NULL THEN
            finding.detail := 'the same value was inserted for the own organization';
        END IF;
        RETURN NEXT finding;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_unique(custody.probe_setup, custody.probe_subject) IS
'for each unique index or exclusion constraint without the org column: does its error tell what others have?; values that the server gives out are left out; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_unique(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

-- The parent of another organization: its key by the names of the child's columns.
CREATE FUNCTION custody.probe_victim_parent(
        setup custody.probe_setup, subject custody.probe_subject, foreign_key oid)
    RETURNS jsonb LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent record;
    query text;
    found jsonb;
BEGIN
    SELECT k.confrelid, custody.probe_org_column(k.confrelid) AS number, a.attname
      INTO parent
      FROM pg_constraint k
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = custody.probe_org_column(k.confrelid)
     WHERE k.oid = foreign_key;
    SELECT CASE WHEN count(*) > 0 THEN format('SELECT jsonb_build_object(%s) FROM %s WHERE %%s LIMIT 1',
            string_agg(format('%L, %I', c.attname, p.attname), ', '), parent.confrelid::regclass) END
      INTO query
      FROM pg_constraint k, unnest(k.conkey, k.confkey) u(child, parent)
        JOIN pg_attribute c ON c.attnum = u.child AND c.attrelid = subject.relation
        JOIN pg_attribute p ON p.attnum = u.parent AND p.attrelid = parent.confrelid
     WHERE k.oid = foreign_key AND u.child <> subject.org_attribute;
    IF query IS NULL THEN
        RETURN NULL; -- the foreign key is the org column alone
    END IF;
    found := (custody.probe_as_owner(parent.confrelid, format(query, format('%I = %L', parent.attname, subject.victim_org))))[1];
    IF found IS NULL THEN
        found := (custody.probe_as_owner(parent.confrelid, format(query, format('%I <> %L', parent.attname, subject.own_org))))[1];
    END IF;
    IF found IS NULL THEN
        PERFORM custody.probe_make(parent.confrelid, parent.number, subject.victim_org);
        found := (custody.probe_as_owner(parent.confrelid, format(query, format('%I = %L', parent.attname, subject.victim_org))))[1];
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION custody.probe_victim_parent(custody.probe_setup, custody.probe_subject, oid) IS
'key of a row of another organization that a foreign key could point to, made where there is none; NULL when it has no column but the org column; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_victim_parent(custody.probe_setup, custody.probe_subject, oid) FROM PUBLIC;

-- In replica mode the server did not look whether the parent is there: with the key of a row that is,
-- and the child's other values, it would have found it.
CREATE FUNCTION custody.probe_points(subject custody.probe_subject, foreign_key oid, key jsonb)
    RETURNS bool LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target oid := (SELECT confrelid FROM pg_constraint WHERE oid = foreign_key);
    condition text;
    found bool;
BEGIN
    SELECT format('SELECT EXISTS (SELECT FROM %s WHERE %s)', k.confrelid::regclass, string_agg(
            format('%I = %L', p.attname, CASE WHEN u.child = subject.org_attribute THEN subject.own_org
                ELSE key ->> c.attname END), ' AND '))
      INTO condition
      FROM pg_constraint k, unnest(k.conkey, k.confkey) u(child, parent)
        JOIN pg_attribute c ON c.attnum = u.child AND c.attrelid = subject.relation
        JOIN pg_attribute p ON p.attnum = u.parent AND p.attrelid = target
     WHERE k.oid = foreign_key
     GROUP BY k.confrelid;
    found := (custody.probe_as_owner(target, condition))[1];
    -- With the organization among its columns the key points to a row of the own one, whatever the rest is.
    RETURN found AND NOT EXISTS (
        SELECT FROM pg_constraint k, unnest(k.conkey, k.confkey) u(child, parent)
         WHERE k.oid = foreign_key AND u.child = subject.org_attribute
           AND u.parent = custody.probe_org_column(k.confrelid));
END
$$;
COMMENT ON FUNCTION custody.probe_points(custody.probe_subject, oid, jsonb) IS
'whether an own child with this key would point to a parent of another organization that exists; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_points(custody.probe_subject, oid, jsonb) FROM PUBLIC;

CREATE FUNCTION custody.probe_foreign_key(
        setup custody.probe_setup, subject custody.probe_subject, foreign_key oid)
    RETURNS custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key jsonb := custody.probe_victim_parent(setup, subject, foreign_key);
    statement text;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
    points bool;
BEGIN
    IF key IS NULL THEN
        RETURN NULL;
    END IF;
    points := custody.probe_points(subject, foreign_key, key);
    statement := custody.probe_insert(subject.relation, subject.object, subject.own_values || key, setup.role);
    outcome := custody.probe_try(setup, subject, statement);
    IF outcome.sqlstate = '42501' AND outcome.origin = 'privilege' THEN
        statement := format('UPDATE %s SET (%s) = ROW (%s) WHERE %s', subject.object,
            (SELECT string_agg(quote_ident(k), ', ') FROM jsonb_object_keys(key) k),
            (SELECT string_agg(quote_nullable(key ->> k), ', ') FROM jsonb_object_keys(key) k), subject.own_key);
        outcome := custody.probe_try(setup, subject, statement);
    END IF;
    finding := custody.probe_judge(subject, 'foreign_key', statement, outcome, outcome.rows > 0 AND points,
        'an own row came to point to a row of another organization', control => outcome.rows > 0);
    IF outcome.sqlstate = '23503' OR outcome.rows > 0 AND NOT points THEN
        finding.verdict := 'held';
        finding.detail := 'with the own organization in the key there is no such row to point to';
    END IF;
    RETURN finding;
END
$$;
COMMENT ON FUNCTION custody.probe_foreign_key(custody.probe_setup, custody.probe_subject, oid) IS
'lets an own row point to a parent of another organization; NULL when the key is the org column alone; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_foreign_key(custody.probe_setup, custody.probe_subject, oid) FROM PUBLIC;

-- ON DELETE CASCADE, SET NULL and SET DEFAULT act as the owner and past row security: where a child may
-- belong to another organization than its parent, who may delete the parent changes it.
CREATE FUNCTION custody.probe_cascade(
        setup custody.probe_setup, subject custody.probe_subject, foreign_key oid,
        pointing custody.probe_finding)
    RETURNS custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent oid := (SELECT confrelid FROM pg_constraint WHERE oid = foreign_key);
    statement text := format('DELETE FROM %s WHERE custody.probe_step()', parent::regclass);
    outcome custody.probe_outcome;
    finding custody.probe_finding := pointing;
BEGIN
    finding.attack := 'cascade';
    IF pointing.verdict = 'leak' THEN
        outcome := custody.probe_try(setup, subject, statement);
        subject.relation := parent; -- whose privileges count
        finding := custody.probe_judge(subject, 'cascade', statement, outcome, outcome.met > 0,
            'rows of another organization can point to a row that the role may delete: they go with it',
            control => false);
        finding.object := pointing.object;
    END IF;
    RETURN finding;
END
$$;
COMMENT ON FUNCTION custody.probe_cascade(custody.probe_setup, custody.probe_subject, oid, custody.probe_finding) IS
'the verdict on a foreign key that deletes or changes children, from that on pointing across organizations and from what the role may delete; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_cascade(custody.probe_setup, custody.probe_subject, oid, custody.probe_finding)
    FROM PUBLIC;

CREATE FUNCTION custody.probe_foreign_keys(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    k record;
    finding custody.probe_finding;
BEGIN
    FOR k IN SELECT oid, conname, confdeltype FROM pg_constraint
              WHERE conrelid = subject.relation AND contype = 'f' AND custody.probe_org_column(confrelid) IS NOT NULL
                AND conparentid = 0
                AND coalesce((SELECT class FROM custody.protection WHERE relation = confrelid), 'owned')
                    NOT IN ('shared', 'exempt') LOOP
        BEGIN
            finding := custody.probe_foreign_key(setup, subject, k.oid);
        EXCEPTION WHEN OTHERS THEN
            finding := (NULL, 'foreign_key', 'inconclusive', NULL, 'no victim to point to: ' || SQLERRM,
                SQLSTATE, NULL);
        END;
        CONTINUE WHEN finding.attack IS NULL;
        finding.object := format('%s constraint %I', subject.object, k.conname);
        RETURN NEXT finding;
        IF k.confdeltype IN ('c', 'n', 'd') THEN
            RETURN NEXT custody.probe_cascade(setup, subject, k.oid, finding);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_foreign_keys(custody.probe_setup, custody.probe_subject) IS
'for each foreign key to a table of organizations: may an own row point to another organization''s, and does a delete reach across?; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_foreign_keys(custody.probe_setup, custody.probe_subject) FROM PUBLIC;
