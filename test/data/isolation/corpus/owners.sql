-- Leaks 1 to 4: who is not bound at all.
SELECT suite.plant(1, NULL, '{plain,quoted,partitioned,view,inherited}',
    'ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY, OWNER TO {g}; GRANT CREATE ON SCHEMA {s} TO {g}',
    '',
    '{prove,probe,lint,loader}');

SELECT suite.plant(2, 'bypassrls', '{plain,quoted}',
    'ALTER ROLE {app} BYPASSRLS', 'ALTER ROLE {app} NOBYPASSRLS CREATEDB', '{prove,probe,lint,loader}');
SELECT suite.plant(2, 'superuser', '{plain,view}',
    'ALTER ROLE {app} SUPERUSER', '', '{prove,probe,lint,loader}');
SELECT suite.plant(2, 'of_bypassrls', '{partitioned,inherited}',
    'CREATE ROLE {s}_service NOLOGIN BYPASSRLS; GRANT {s}_service TO {app};
     GRANT USAGE ON SCHEMA {s} TO {s}_service; GRANT SELECT ON {t} TO {s}_service',
    'CREATE ROLE {s}_service NOLOGIN; GRANT {s}_service TO {app};
     GRANT USAGE ON SCHEMA {s} TO {s}_service',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SET LOCAL ROLE {s}_service', 'SELECT count(*) FROM {r} WHERE {org} <> {a}']);
SELECT suite.plant(2, 'of_owner', '{plain,quoted}',
    'CREATE ROLE {s}_owner NOLOGIN; ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY, OWNER TO {s}_owner;
     GRANT USAGE ON SCHEMA {s} TO {s}_owner; ALTER ROLE {app} NOINHERIT; GRANT {s}_owner TO {app}',
    'CREATE ROLE {s}_owner NOLOGIN; ALTER TABLE {t} OWNER TO {s}_owner; GRANT USAGE ON SCHEMA {s} TO {s}_owner',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SET LOCAL ROLE {s}_owner', 'SELECT count(*) FROM {r} WHERE {org} <> {a}']);

-- A session that logs in as somebody else and only becomes the application role.
SELECT suite.plant(3, 'bypassrls', '{plain,quoted}',
    'CREATE ROLE {s}_login LOGIN BYPASSRLS; GRANT {app} TO {s}_login',
    'CREATE ROLE {s}_login LOGIN NOINHERIT; GRANT {app} TO {s}_login',
    '{prove,lint,loader}',
    ARRAY['@A', '@login:{s}_login', 'SET LOCAL ROLE {app}', 'RESET ROLE',
          'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    why => 'the prober is asked about the application role; who logs in is known to the catalog and to the session');
SELECT suite.plant(3, 'authenticator', '{partitioned,view}',
    'CREATE ROLE {s}_service NOLOGIN BYPASSRLS; GRANT USAGE ON SCHEMA {s} TO {s}_service;
     GRANT SELECT ON {t}, {r} TO {s}_service;
     CREATE ROLE {s}_login LOGIN NOINHERIT; GRANT {app}, {s}_service TO {s}_login',
    'CREATE ROLE {s}_service NOLOGIN; CREATE ROLE {s}_login LOGIN NOINHERIT; GRANT {app}, {s}_service TO {s}_login',
    '{prove,lint,loader}',
    ARRAY['@A', '@login:{s}_login', 'SET LOCAL ROLE {app}', 'SET LOCAL ROLE {s}_service',
          'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    why => 'prover and prober are asked about the application role; who logs in is known to the catalog and to the session');
SELECT suite.plant(3, 'owner', '{inherited}',
    'CREATE ROLE {s}_login LOGIN; GRANT {app} TO {s}_login; ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY, OWNER TO {s}_login;
     GRANT USAGE ON SCHEMA {s} TO {s}_login',
    'CREATE ROLE {s}_login LOGIN NOINHERIT; GRANT {app} TO {s}_login',
    '{prove,lint,loader}',
    ARRAY['@A', '@login:{s}_login', 'SET LOCAL ROLE {app}', 'RESET ROLE',
          'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    why => 'the prober is asked about the application role');

SELECT suite.plant(4, NULL, '{plain,quoted,partitioned,view,inherited}',
    'ALTER TABLE {t} DISABLE ROW LEVEL SECURITY', '', '{prove,probe,lint,loader}');
SELECT suite.plant(4, 'never_on', '{plain,quoted,inherited}',
    'ALTER TABLE {t} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
     DROP POLICY custody_select ON {t}; DROP POLICY custody_insert ON {t}; DROP POLICY custody_update ON {t};
     DROP POLICY custody_delete ON {t}; DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}');
