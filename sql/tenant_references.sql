-- What still names the platform that a database came from, so that "no reference left" is a query.

CREATE FUNCTION custody.reference_masked(options text[]) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(regexp_replace(o, '(?i)((password|passfile|sslkey|secret|token|_key)[^=]*)=.*', '\1=...'), ', ')
      FROM unnest(options) AS o
$$;
COMMENT ON FUNCTION custody.reference_masked(text[]) IS
'options as one text, without the values of secret ones; errors: none; privilege: none';

CREATE FUNCTION custody.reference_ours(class regclass, object oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                    WHERE d.classid = class AND d.objid = object AND d.deptype = 'e'
                      AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'custody')
$$;
COMMENT ON FUNCTION custody.reference_ours(regclass, oid) IS
'true for an object of custody itself; errors: none; privilege: none';

CREATE FUNCTION custody.reference_code() RETURNS TABLE (kind text, object text, place text, content text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
           p.oid::regprocedure::text, 'definition', pg_get_functiondef(p.oid)
      FROM pg_proc p
     WHERE p.oid >= 16384 AND p.prokind <> 'a' AND NOT custody.reference_ours('pg_proc', p.oid)
    UNION ALL
    SELECT 'aggregate', p.oid::regprocedure::text, 'functions',
           concat_ws(', ', a.aggtransfn::text, nullif(a.aggfinalfn::text, '-'), a.agginitval)
      FROM pg_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid
     WHERE p.oid >= 16384 AND NOT custody.reference_ours('pg_proc', p.oid)
    UNION ALL
    SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, c.oid::regclass::text,
           'definition', pg_get_viewdef(c.oid, true)
      FROM pg_class c
     WHERE c.relkind IN ('v', 'm') AND c.oid >= 16384 AND NOT custody.reference_ours('pg_class', c.oid)
    UNION ALL
    SELECT 'rule', format('%I on %s', r.rulename, r.ev_class::regclass), 'definition', pg_get_ruledef(r.oid, true)
      FROM pg_rewrite r WHERE r.oid >= 16384 AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy', format('%I on %s', p.polname, p.polrelid::regclass), x.place, x.content
      FROM pg_policy p CROSS JOIN LATERAL (VALUES
           ('using', pg_get_expr(p.polqual, p.polrelid, true)),
           ('with check', pg_get_expr(p.polwithcheck, p.polrelid, true)),
           ('roles', (SELECT string_agg(pg_get_userbyid(m.oid), ', ') FROM unnest(p.polroles) AS m (oid)
                       WHERE m.oid <> 0))) AS x (place, content)
    UNION ALL
    SELECT 'trigger', format('%I on %s', t.tgname, t.tgrelid::regclass), 'definition', pg_get_triggerdef(t.oid, true)
      FROM pg_trigger t
     WHERE t.oid >= 16384 AND NOT t.tgisinternal AND NOT custody.reference_ours('pg_class', t.tgrelid)
    UNION ALL
    SELECT 'event trigger', quote_ident(e.evtname), 'definition',
           concat_ws(' ', e.evtname, 'on', e.evtevent, 'executes', e.evtfoid::regprocedure, e.evttags::text)
      FROM pg_event_trigger e
$$;
COMMENT ON FUNCTION custody.reference_code() IS
'text of everything in this database that runs: functions, procedures, aggregates, views, rules, policies, triggers, event triggers, without what is the server''s or custody''s; errors: none; privilege: none';

CREATE FUNCTION custody.reference_tables() RETURNS TABLE (kind text, object text, place text, content text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN a.attgenerated = '' THEN 'default' ELSE 'generated column' END,
           format('%s.%I', d.adrelid::regclass, a.attname), 'expression', pg_get_expr(d.adbin, d.adrelid, true)
      FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE NOT custody.reference_ours('pg_class', d.adrelid)
    UNION ALL
    SELECT 'domain', t.oid::regtype::text, 'default', t.typdefault FROM pg_type t
     WHERE t.typtype = 'd' AND t.typdefault IS NOT NULL AND t.oid >= 16384
    UNION ALL
    SELECT 'constraint', format('%I on %s', c.conname, CASE WHEN c.conrelid <> 0 THEN c.conrelid::regclass::text
                                                            ELSE c.contypid::regtype::text END),
           'definition', pg_get_constraintdef(c.oid, true)
      FROM pg_constraint c WHERE c.oid >= 16384 AND NOT custody.reference_ours('pg_class', c.conrelid)
    UNION ALL
    SELECT 'index', i.indexrelid::regclass::text, 'definition', pg_get_indexdef(i.indexrelid)
      FROM pg_index i
     WHERE i.indexrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
       AND NOT custody.reference_ours('pg_class', i.indrelid)
    UNION ALL
    SELECT 'statistics', format('%I.%I', n.nspname, s.stxname), 'definition', pg_get_statisticsobjdef(s.oid)
      FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
    UNION ALL
    SELECT 'partition', c.oid::regclass::text, 'bound and key',
           concat_ws(' ', pg_get_expr(c.relpartbound, c.oid), CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END)
      FROM pg_class c WHERE c.relispartition OR c.relkind = 'p'
    UNION ALL
    SELECT 'foreign table', f.ftrelid::regclass::text, 'options', custody.reference_masked(f.ftoptions)
      FROM pg_foreign_table f
    UNION ALL
    SELECT 'publication', t.pubname || ' of ' || format('%I.%I', t.schemaname, t.tablename), 'row filter',
           to_jsonb(t) ->> 'rowfilter'
      FROM pg_publication_tables t
$$;
COMMENT ON FUNCTION custody.reference_tables() IS
'text of what belongs to tables and types: defaults, generated columns, constraints, indexes with expressions, statistics, partitions, options, row filters; errors: none; privilege: none';

-- pg_subscription's connection string and user mappings' options can be read by superusers only:
-- others see the rest.
CREATE FUNCTION custody.reference_settings() RETURNS TABLE (kind text, object text, place text, content text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'setting', CASE WHEN s.setdatabase = 0 THEN format('role %I', pg_get_userbyid(s.setrole))
                           WHEN s.setrole = 0 THEN format('database %I', current_database())
                           ELSE format('role %I in database %I', pg_get_userbyid(s.setrole), current_database()) END,
           'setting', custody.reference_masked(ARRAY[c.setting])
      FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS c (setting)
     WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()));
    RETURN QUERY
    SELECT 'setting', 'server', s.name, s.name || ' = ' || s.setting
      FROM pg_settings s WHERE s.source IN ('configuration file', 'command line', 'environment variable');
    RETURN QUERY
    SELECT 'foreign server', quote_ident(s.srvname), 'options', custody.reference_masked(s.srvoptions)
      FROM pg_foreign_server s
    UNION ALL
    SELECT 'foreign data wrapper', quote_ident(w.fdwname), 'options', custody.reference_masked(w.fdwoptions)
      FROM pg_foreign_data_wrapper w
    UNION ALL
    SELECT 'user mapping', format('%I for %s', m.srvname, coalesce(m.usename, 'PUBLIC')), 'options',
           custody.reference_masked(m.umoptions)
      FROM pg_user_mappings m
    UNION ALL
    SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), 'comment', d.description
      FROM pg_description d
     WHERE d.objoid >= 16384 AND pg_describe_object(d.classoid, d.objoid, d.objsubid) IS NOT NULL
       AND NOT custody.reference_ours(d.classoid::regclass, d.objoid)
    UNION ALL
    SELECT 'comment', pg_describe_object(d.classoid, d.objoid, 0), 'comment', d.description
      FROM pg_shdescription d
     WHERE d.objoid >= 16384 AND pg_describe_object(d.classoid, d.objoid, 0) IS NOT NULL
    UNION ALL
    SELECT 'security label', l.objtype || ' ' || l.objname, l.provider, l.label FROM pg_seclabels l;
    IF has_column_privilege('pg_subscription', 'subconninfo', 'SELECT') THEN
        RETURN QUERY
        SELECT 'subscription', quote_ident(s.subname), 'connection and publications',
               regexp_replace(s.subconninfo, '(?i)(password|passfile|sslkey)\s*=\s*(''[^'']*''|[^\s]+)|://[^@/]*@', '\1...', 'g')
                   || ' ' || s.subpublications::text
          FROM pg_subscription s WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
    END IF;
END
$$;
COMMENT ON FUNCTION custody.reference_settings() IS
'text of settings of roles, this database and the server, of options of foreign servers and subscriptions (without secrets), comments and security labels; errors: none; privilege: none, but a superuser sees more';

CREATE FUNCTION custody.reference_names() RETURNS TABLE (kind text, object text, place text, content text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.kind, n.object, 'name', n.object
      FROM (SELECT 'schema', quote_ident(s.nspname) FROM pg_namespace s
             WHERE s.oid >= 16384 AND s.nspname !~ '^pg_' AND s.nspname <> 'custody'
            UNION ALL SELECT 'role', quote_ident(r.rolname) FROM pg_roles r WHERE r.oid >= 16384 AND r.rolname !~ '^custody_'
            UNION ALL SELECT 'publication', quote_ident(p.pubname) FROM pg_publication p
            UNION ALL SELECT 'extension', quote_ident(e.extname) FROM pg_extension e
            UNION ALL SELECT 'foreign server', quote_ident(s.srvname) FROM pg_foreign_server s
            UNION ALL SELECT 'database', quote_ident(current_database())
            UNION ALL SELECT 'relation', c.oid::regclass::text FROM pg_class c
                       WHERE c.oid >= 16384 AND c.relkind <> 't'
                         AND NOT custody.reference_ours('pg_class', coalesce(
                             (SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = c.oid), c.oid))
            UNION ALL SELECT 'policy', format('%I on %s', p.polname, p.polrelid::regclass) FROM pg_policy p
            UNION ALL SELECT 'constraint', format('%I on %s', c.conname, c.conrelid::regclass)
                        FROM pg_constraint c
                       WHERE c.oid >= 16384 AND c.conrelid <> 0 AND NOT custody.reference_ours('pg_class', c.conrelid)
            UNION ALL SELECT 'type', t.oid::regtype::text FROM pg_type t
                       WHERE t.oid >= 16384 AND t.typtype IN ('d', 'e', 'r') AND NOT custody.reference_ours('pg_type', t.oid)
            UNION ALL SELECT 'aggregate', p.oid::regprocedure::text FROM pg_proc p
                       WHERE p.oid >= 16384 AND p.prokind = 'a' AND NOT custody.reference_ours('pg_proc', p.oid)
            UNION ALL SELECT 'column', format('%s.%I', a.attrelid::regclass, a.attname) FROM pg_attribute a
                        JOIN pg_class c ON c.oid = a.attrelid
                       WHERE a.attnum > 0 AND NOT a.attisdropped AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'c')
                         AND NOT custody.reference_ours('pg_class', c.oid)) AS n (kind, object)
$$;
COMMENT ON FUNCTION custody.reference_names() IS
'names of schemas, roles, publications, extensions, foreign servers, relations with indexes, columns, constraints, policies, types and aggregates, and of this database; errors: none; privilege: none';

CREATE FUNCTION custody.find_references(pattern text)
    RETURNS TABLE (kind text, object text, place text, line int, excerpt text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    SELECT t.kind, t.object, t.place, l.number::int,
           coalesce((regexp_match(l.line, '(.{0,70}(?:' || pattern || ').{0,70})', 'i'))[1], left(l.line, 140))
      FROM (SELECT * FROM custody.reference_code()
            UNION ALL SELECT * FROM custody.reference_tables()
            UNION ALL SELECT * FROM custody.reference_settings()
            UNION ALL SELECT * FROM custody.reference_names()) t
     CROSS JOIN LATERAL unnest(string_to_array(t.content, E'\n')) WITH ORDINALITY AS l (line, number)
     WHERE l.line ~* pattern
     ORDER BY 1, 2, 3, 4
$$;
COMMENT ON FUNCTION custody.find_references(text) IS
'every line of a definition, expression, comment, setting or option in this database, and every name, that matches a pattern: an advanced regular expression without regard to case, such as supabase|neon|\mauth\. ; objects of the server and of custody are left out, passwords are not shown, rows of tables (jobs of pg_cron) are not looked at; columns: kind of object, object, place, line within the place, excerpt; errors: 2201B for what is no pattern; privilege: EXECUTE, and a superuser sees connection strings, too';
REVOKE ALL ON FUNCTION custody.reference_masked(text[]), custody.reference_ours(regclass, oid),
    custody.reference_code(), custody.reference_tables(), custody.reference_settings(),
    custody.reference_names(), custody.find_references(text) FROM PUBLIC;
