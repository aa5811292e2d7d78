-- The ledger's tables: ordinary ones in a schema of their own, made by a function, so that a dump
-- carries them and DROP EXTENSION leaves them. Their columns stand in the order in which capture
-- writes them (heap_insert, no rights asked), so an index, a default or a constraint more would
-- be one that capture does not keep.

-- SECURITY DEFINER, here and below: the ledger belongs to a role that nobody can log in as, and its
-- makers are the duties of custody, not superusers. EXECUTE goes to those duties only.
-- Whoever may make schemas could make this one before the ledger is, with views and types of his own
-- that functions of custody would then read.
CREATE FUNCTION custody.ledger_schema_owner() RETURNS name
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.rolname FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
     WHERE n.nspname = 'custody_ledger' AND NOT r.rolsuper AND r.rolname <> 'custody_ledger_owner'
$$;
COMMENT ON FUNCTION custody.ledger_schema_owner() IS
'who owns schema custody_ledger and must not, being neither a superuser nor custody_ledger_owner; NULL: nobody; errors: none; privilege: none';

CREATE FUNCTION custody.ledger_exists() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
'SELECT custody.ledger_schema_owner() IS NULL AND to_regclass(''custody_ledger.ledger'') IS NOT NULL';
COMMENT ON FUNCTION custody.ledger_exists() IS
'true once custody.init_ledger() has made the ledger in this database; errors: none; privilege: none';

-- One after the other: who makes the ledger, records tables, holds, prunes and erases. No advisory lock,
-- which anybody could hold; of this table nobody has a right.
CREATE FUNCTION custody.lock_ledger() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE custody.duty_function IN SHARE ROW EXCLUSIVE MODE;
END
$$;
COMMENT ON FUNCTION custody.lock_ledger() IS
'waits for whoever changes what is recorded, held or kept, and keeps others from it until the transaction ends; privilege: superuser';

CREATE FUNCTION custody.check_ledger() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT custody.ledger_exists() THEN
        RAISE EXCEPTION 'there is no audit ledger in this database'
            USING ERRCODE = 'undefined_table', HINT = 'custody.init_ledger() makes it.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_ledger() IS
'refuses (42P01) a database without the ledger; privilege: none';

CREATE FUNCTION custody.check_isolation(what text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION '% needs isolation READ COMMITTED', what
            USING ERRCODE = 'active_sql_transaction',
                  DETAIL = format('The transaction is %s: it does not see the rows of writers that it waits for.',
                                  upper(current_setting('transaction_isolation')));
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_isolation(text) IS
'refuses (25001) what must not be done under a snapshot that is older than its locks; privilege: none';

-- IMMUTABLE, as a database never changes its encoding: plans have it as a constant.
CREATE FUNCTION custody.ledger_encoding() RETURNS name
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$SELECT CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END::pg_catalog.name$$;
COMMENT ON FUNCTION custody.ledger_encoding() IS
'encoding of the texts in the ledger''s bytes: UTF8, but SQL_ASCII in a database of that encoding, where texts are kept as they are; errors: none; privilege: none';

CREATE FUNCTION custody.ledger_period_start(period text, at timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
$$SELECT date_trunc(period, at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'$$;
COMMENT ON FUNCTION custody.ledger_period_start(text, timestamptz) IS
'begin, in UTC, of the month, week or day that a time lies in: the lower bound of its partition; errors: 22023 for another period; privilege: none';

CREATE FUNCTION custody.revoke_from_others(kind text, name text, acl aclitem[], owner oid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    other text;
BEGIN
    FOR other IN SELECT DISTINCT coalesce(quote_ident(r.rolname), 'PUBLIC')
                   FROM aclexplode(acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> owner LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s', kind, name, other);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.revoke_from_others(text, text, aclitem[], oid) IS
'takes what privileges it has on an object from everybody but its owner; part of custody.init_ledger(); privilege: superuser';

CREATE FUNCTION custody.own_ledger_relation(relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.maintain_ledger(format('ALTER TABLE %s OWNER TO custody_ledger_owner', relation));
    -- Not of PUBLIC only: ALTER DEFAULT PRIVILEGES may have given it to anybody.
    PERFORM custody.revoke_from_others('TABLE', relation::text, c.relacl, c.relowner) FROM pg_class c WHERE c.oid = relation;
    PERFORM custody.revoke_from_others('SEQUENCE', s.oid::regclass::text, s.relacl, s.relowner)
       FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
      WHERE d.classid = 'pg_class'::regclass AND d.refclassid = d.classid AND d.refobjid = relation;
END
$$;
COMMENT ON FUNCTION custody.own_ledger_relation(regclass) IS
'gives a table of the ledger its owner and takes it from everybody else; privilege: superuser';

CREATE FUNCTION custody.make_ledger_tables() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made regclass;
BEGIN
    CREATE TABLE custody_ledger.ledger (
        ledger uuid, format int4, made_at timestamptz, period text, options jsonb);
    CREATE TABLE custody_ledger.incarnation (
        short int8 PRIMARY KEY, incarnation bytea, system_identifier numeric, timeline int8,
        database oid, lineage int4, parent int8, reason text, noticed_at timestamptz);
    CREATE TABLE custody_ledger.audited (
        id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, identity uuid UNIQUE, schema name,
        name name, relid oid, active boolean, since timestamptz, until timestamptz, options jsonb);
    CREATE TABLE custody_ledger.descriptor (
        id int4 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, tbl int4, version int4, hash bytea,
        text text, made_at timestamptz, UNIQUE (tbl, hash));
    CREATE TABLE custody_ledger.event (
        at timestamptz, xid xid8, incarnation int8, lsn pg_lsn, seq int4, cid int4, tbl int4,
        descriptor int4, pair int4, context int2, op "char", key_salt uuid, images_salt uuid,
        org bytea, key bytea, old bytea, new bytea, key_hash bytea, images_hash bytea)
        PARTITION BY RANGE (at);
    -- A longer key would not fit: its events are found by their table.
    CREATE INDEX event_tbl_key ON custody_ledger.event (tbl, key) WHERE octet_length(key) <= 2000;
    -- A transaction's events have the time of its row in tx.
    CREATE INDEX event_at ON custody_ledger.event USING brin (at);
    CREATE TABLE custody_ledger.tx (
        at timestamptz, xid xid8, incarnation int8, committing_at timestamptz, events int4,
        secret bytea, orgs bytea, contexts bytea) PARTITION BY RANGE (at);
    CREATE INDEX tx_xid ON custody_ledger.tx (xid) WITH (deduplicate_items = off); -- none is there twice
    CREATE TABLE custody_ledger.block (
        number int8 PRIMARY KEY, incarnation int8, lineage int4, kind int2, snapshot pg_snapshot,
        secret bytea, transactions int8, events int8, tree bytea, slots bytea, private bytea,
        previous bytea, hash bytea, lsn pg_lsn, notes text, sealed_at timestamptz);
    CREATE TABLE custody_ledger.org (org bytea PRIMARY KEY, slot int4 UNIQUE, first_block int8);
    CREATE TABLE custody_ledger.link (
        org bytea, k int8, block int8, transactions int4, events int8, total int8, tree bytea,
        previous bytea, hash bytea, PRIMARY KEY (org, k));
    CREATE INDEX link_block ON custody_ledger.link (block);
    CREATE TABLE custody_ledger.hold (
        id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject jsonb, org_text text, reason text,
        placed_by name, placed_at timestamptz, lifted_at timestamptz, lifted_by int4);
    CREATE TABLE custody_ledger.held (hold int4, tbl int4, org bytea, key bytea);
    CREATE TABLE custody_ledger.held_event (
        LIKE custody_ledger.event, prune int4, proof text[]);
    CREATE TABLE custody_ledger.request (
        id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, arguments jsonb, reason text,
        requested_by name, requested_as text[], requested_at timestamptz, state text,
        approved_by name, approved_at timestamptz, result text);
    CREATE TABLE custody_ledger.prune (
        id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, request int4, lower timestamptz,
        upper timestamptz, transactions int8, events int8, held int8, pruned_at timestamptz);
    CREATE TABLE custody_ledger.event_default PARTITION OF custody_ledger.event DEFAULT;
    CREATE TABLE custody_ledger.tx_default PARTITION OF custody_ledger.tx DEFAULT;
    FOR made IN SELECT oid FROM pg_class
                 WHERE relnamespace = 'custody_ledger'::regnamespace AND relkind IN ('r', 'p') LOOP
        PERFORM custody.own_ledger_relation(made);
    END LOOP;
    -- What concerns no table has this descriptor: the hash is that of docs/ledger-format.md.
    INSERT INTO custody_ledger.descriptor (id, tbl, version, hash, text, made_at)
        VALUES (0, 0, 0, sha256(E'\\x07'::bytea || convert_to('{}', 'UTF8')), '{}', now());
END
$$;
COMMENT ON FUNCTION custody.make_ledger_tables() IS
'makes the tables of the ledger in schema custody_ledger; part of custody.init_ledger(); privilege: superuser';

-- A partition is made beside its parent and attached: that lets writers go on, where CREATE TABLE
-- ... PARTITION OF would lock the parent. What the default partition has of its time moves over.
CREATE FUNCTION custody.make_ledger_partition(parent text, lower timestamptz, upper timestamptz)
    RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    child text := format('%s_%s', parent, to_char(lower AT TIME ZONE 'UTC', 'YYYYMMDD'));
    place text := 'custody_ledger.' || quote_ident(child);
    range text := format('at >= %L AND at < %L', lower, upper);
    waiting boolean;
BEGIN
    IF to_regclass(place) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM custody.maintain_ledger(format('CREATE TABLE %s (LIKE custody_ledger.%I)', place, parent));
    PERFORM custody.own_ledger_relation(place::regclass);
    EXECUTE format('SELECT EXISTS (SELECT FROM custody_ledger.%I WHERE %s)', parent || '_default', range)
       INTO waiting;
    IF waiting THEN
        PERFORM custody.maintain_ledger(format('LOCK TABLE custody_ledger.%I IN ACCESS EXCLUSIVE MODE',
                                               parent || '_default'));
        PERFORM custody.maintain_ledger(format(
            'WITH gone AS (DELETE FROM custody_ledger.%I WHERE %s RETURNING *) INSERT INTO %s SELECT * FROM gone',
            parent || '_default', range, place));
    END IF;
    PERFORM custody.maintain_ledger(format('ALTER TABLE custody_ledger.%I ATTACH PARTITION %s '
                                           'FOR VALUES FROM (%L) TO (%L)', parent, place, lower, upper));
    PERFORM custody.guard_ledger_relation(place::regclass);
    PERFORM custody.grant_ledger_like(parent, place::regclass);
    RETURN true;
END
$$;
COMMENT ON FUNCTION custody.make_ledger_partition(text, timestamptz, timestamptz) IS
'makes one partition of event or tx; false where it is there already; privilege: superuser';

-- Whoever reads the parent may read its partitions by name, too.
CREATE FUNCTION custody.grant_ledger_like(parent text, relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reader name;
BEGIN
    FOR reader IN SELECT r.rolname FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
                    JOIN pg_roles r ON r.oid = a.grantee
                   WHERE c.oid = format('custody_ledger.%I', parent)::regclass
                     AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner LOOP
        EXECUTE format('GRANT SELECT ON %s TO %I', relation, reader);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.grant_ledger_like(text, regclass) IS
'lets the readers of a table of the ledger read another one; privilege: superuser';

CREATE FUNCTION custody.make_ledger_partitions() RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET timezone = 'UTC' AS $$
DECLARE
    period text;
    step interval;
    lower timestamptz;
    parent text;
    made int := 0;
BEGIN
    PERFORM custody.check_ledger();
    SELECT l.period INTO period FROM custody_ledger.ledger l;
    step := ('1 ' || period)::interval;
    lower := custody.ledger_period_start(period, now());
    FOR i IN 0 .. CASE period WHEN 'month' THEN 3 WHEN 'week' THEN 5 ELSE 14 END LOOP
        -- In the order in which writers lock them, where both come out of the default partitions.
        FOREACH parent IN ARRAY ARRAY['event', 'tx'] LOOP
            made := made + custody.make_ledger_partition(parent, lower, lower + step)::int;
        END LOOP;
        lower := lower + step;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION custody.make_ledger_partitions() IS
'makes the partitions of event and tx for this period and those that come (3 months, 5 weeks or 14 days) where they are missing; returns how many; called by custody.init_ledger() and custody.seal(); errors: 42P01 without a ledger; privilege: custody_admin, custody_operator';

CREATE FUNCTION custody.check_ledger_options(options jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong text;
BEGIN
    IF jsonb_typeof(options) <> 'object' THEN
        RAISE EXCEPTION 'options cannot be %', options
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give an object, such as {"retention": "6 years"}.';
    END IF;
    SELECT string_agg(quote_ident(k), ', ') INTO wrong FROM jsonb_object_keys(options) k
     WHERE k NOT IN ('retention', 'auditor_roles');
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger has no option %', wrong
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'use retention (an interval) and auditor_roles (an array of roles)';
    END IF;
    SELECT o.key INTO wrong FROM jsonb_each(options) o
     WHERE CASE o.key WHEN 'auditor_roles' THEN o.value @? 'strict $ ? (@.type() <> "array" || exists(@[*] ? (@.type() <> "string")))'
                      -- 22007 for what is no interval.
                      ELSE jsonb_typeof(o.value) <> 'string' OR (o.value #>> '{}')::interval < '0' END;
    IF FOUND THEN
        RAISE EXCEPTION 'option "%" cannot be %', wrong, options -> wrong
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'retention is an interval, such as "6 years"; auditor_roles is an array of names.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_ledger_options(jsonb) IS
'refuses options that custody.init_ledger() does not have, or with values that they cannot have (22023), and a retention that is no interval (22007); privilege: none';

CREATE FUNCTION custody.init_ledger(period text DEFAULT 'month', options jsonb DEFAULT '{}')
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    id uuid;
BEGIN
    IF period IS NULL OR period NOT IN ('month', 'week', 'day') THEN
        RAISE EXCEPTION 'the ledger has no partitions by "%"', period
            USING ERRCODE = 'invalid_parameter_value', HINT = 'use month, week or day';
    END IF;
    PERFORM custody.check_ledger_options(options);
    PERFORM custody.lock_ledger();
    IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'custody_ledger_owner'
                  AND (r.rolcanlogin OR EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = r.oid))) THEN
        RAISE EXCEPTION 'role "custody_ledger_owner" can be worked as'
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'It can log in, or has members.',
                  HINT = 'ALTER ROLE custody_ledger_owner NOLOGIN, and REVOKE it from its members.';
    END IF;
    IF custody.ledger_schema_owner() IS NOT NULL THEN
        RAISE EXCEPTION 'schema "custody_ledger" exists and belongs to role "%"', custody.ledger_schema_owner()
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'The role is not a superuser.',
                  HINT = 'Drop the schema, or make a superuser its owner after a look at what it holds.';
    END IF;
    PERFORM custody.audit_check_publications();
    IF NOT custody.ledger_exists() THEN
        CREATE SCHEMA custody_ledger;
        COMMENT ON SCHEMA custody_ledger IS
            'the audit ledger of custody: evidence; not part of the extension, and not to be changed by hand';
        PERFORM custody.revoke_from_others('SCHEMA', n.nspname, n.nspacl, n.nspowner)
           FROM pg_namespace n WHERE n.nspname = 'custody_ledger';
        PERFORM custody.make_ledger_tables();
        INSERT INTO custody_ledger.ledger (ledger, format, made_at, period, options)
            VALUES (gen_random_uuid(), 1, now(), period, coalesce(options, '{}'));
    ELSIF (period, options) <> ('month', '{}') AND EXISTS (
        SELECT FROM custody_ledger.ledger l
         WHERE (l.period, l.options) <> (init_ledger.period, init_ledger.options)) THEN
        RAISE WARNING 'the ledger is there already, and keeps its period and options';
    END IF;
    -- Capture calls these as the owner, in the transaction of anybody who writes an audited table.
    GRANT USAGE ON SCHEMA custody_ledger, custody TO custody_ledger_owner;
    GRANT EXECUTE ON FUNCTION custody.renew_descriptor(int4) TO custody_ledger_owner;
    PERFORM custody.install_ledger_guards();
    PERFORM custody.make_ledger_partitions();
    PERFORM custody.hold_again();
    PERFORM custody.grant_ledger(r.name, d.duty)
       FROM (VALUES ('custody_admin', 'admin'), ('custody_operator', 'operator'),
                    ('custody_auditor', 'auditor'), ('custody_legal', 'legal')) AS d (role, duty)
       JOIN custody.role r ON r.name = d.role::name AND r.made;
    -- Duties may have been given before there was anything to read.
    PERFORM custody.grant_ledger(h.role, h.duty) FROM custody.duty_holders() h;
    SELECT l.ledger INTO id FROM custody_ledger.ledger l;
    RAISE NOTICE 'the ledger shows later changes only to whoever keeps its digests elsewhere'
        USING HINT = 'custody audit anchor seals, signs and keeps them; without it nothing holds against a superuser.';
    RETURN id;
END
$$;
COMMENT ON FUNCTION custody.init_ledger(text, jsonb) IS
'makes the audit ledger in schema custody_ledger, with partitions by month, week or day, or, where it is there, what of it is missing (its period and options stay); options: retention, an interval, and auditor_roles, an array; returns the ledger''s id; errors: 22023 for another period or option, 22007 for a retention that is no interval; privilege: custody_admin';

-- Who may call what: each part of the ledger enters its functions. Reading the ledger's tables is
-- never given to an organization's own auditor, whose functions filter.
-- A regprocedure column would keep pg_upgrade from the whole cluster.
CREATE TABLE custody.duty_function (
    duty text NOT NULL CHECK (duty IN ('admin', 'operator', 'auditor', 'legal')),
    function text NOT NULL,
    PRIMARY KEY (duty, function)
);
COMMENT ON TABLE custody.duty_function IS 'which functions of the ledger come with a duty (custody.grant_duty())';
COMMENT ON COLUMN custody.duty_function.duty IS 'admin, operator, auditor or legal';
COMMENT ON COLUMN custody.duty_function.function IS 'the function, as regprocedure writes it';
REVOKE ALL ON custody.duty_function FROM PUBLIC;

CREATE FUNCTION custody.give_duty(duties text[], function regprocedure) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS
'INSERT INTO custody.duty_function (duty, function) SELECT d, function::text FROM unnest(duties) d';
COMMENT ON FUNCTION custody.give_duty(text[], regprocedure) IS
'enters a function of the ledger for duties, while custody is installed; privilege: superuser';

-- Whoever has some of a duty's functions only, to seal by a timer, say, has not the duty.
CREATE FUNCTION custody.duty_holders() RETURNS TABLE (role name, duty text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.rolname, f.duty
      FROM custody.duty_function f JOIN pg_proc p ON p.oid = to_regprocedure(f.function)
     CROSS JOIN LATERAL aclexplode(p.proacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner
     GROUP BY r.rolname, f.duty
    HAVING count(DISTINCT p.oid) = (SELECT count(*) FROM custody.duty_function d WHERE d.duty = f.duty)
     ORDER BY r.rolname, f.duty
$$;
COMMENT ON FUNCTION custody.duty_holders() IS
'roles with EXECUTE on every function of a duty, and the duty: whom custody.grant_duty() gave it; errors: none; privilege: superuser';

CREATE FUNCTION custody.grant_ledger(role name, duty text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA custody TO %I', role);
    FOR one IN SELECT f.function FROM custody.duty_function f WHERE f.duty = grant_ledger.duty LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', one, role);
    END LOOP;
    EXECUTE format('GRANT SELECT ON custody.audit_exemption, custody.audit_attestation TO %I', role);
    IF duty = 'admin' THEN
        -- Who exempted what, and when, is not for him to say.
        EXECUTE format('GRANT INSERT (relation, reason), DELETE ON custody.audit_exemption TO %I', role);
    END IF;
    IF custody.ledger_exists() THEN
        EXECUTE format('GRANT USAGE ON SCHEMA custody_ledger TO %I', role);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA custody_ledger TO %I', role);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.grant_ledger(name, text) IS
'gives a role its duty (admin, operator, auditor, legal) in the ledger; part of custody.grant_duty() and custody.init_ledger(); errors: 42704 for a role that does not exist; privilege: superuser';

REVOKE ALL ON FUNCTION custody.revoke_from_others(text, text, aclitem[], oid), custody.lock_ledger(), custody.own_ledger_relation(regclass), custody.make_ledger_tables(),
    custody.make_ledger_partition(text, timestamptz, timestamptz), custody.make_ledger_partitions(),
    custody.init_ledger(text, jsonb), custody.grant_ledger(name, text), custody.duty_holders(),
    custody.give_duty(text[], regprocedure), custody.grant_ledger_like(text, regclass) FROM PUBLIC;
