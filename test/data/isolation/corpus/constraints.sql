-- Leaks 16 to 18: constraints look past row security.

-- A child of the table of a place, protected as well, with the foreign key that is given.
CREATE FUNCTION suite.child(base text, place text, key text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made suite.shape := suite.shape_of(base, place);
BEGIN
    EXECUTE suite.fill('CREATE TABLE {s}.line (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), {org} {type} NOT NULL DEFAULT {ctx},
        doc_id uuid DEFAULT {vb}, UNIQUE ({org}, id)); CREATE INDEX ON {s}.line ({org}, doc_id); CREATE INDEX ON {s}.line (doc_id);
        ALTER TABLE {t} ADD UNIQUE ({org}, id);
        INSERT INTO {s}.line ({org}, doc_id) VALUES ({a}, {va}), ({b}, {vb});', made);
    EXECUTE suite.fill('ALTER TABLE {s}.line ADD CONSTRAINT line_key FOREIGN KEY ' || key, made);
    PERFORM suite.policies(made.s || '.line', made.org, made.ctx, made.g);
    PERFORM suite.register(made.s || '.line', trim('"' FROM made.org), made.g);
END
$$;

SELECT suite.plant(16, NULL, '{plain,quoted,partitioned,inherited}',
    $$SELECT suite.child('{base}', '{s}', $k$(doc_id) REFERENCES {t}$k$)$$,
    $$SELECT suite.child('{base}', '{s}', $k$({org}, doc_id) REFERENCES {t} ({org}, id)$k$)$$,
    '{probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {s}.line (doc_id) VALUES ({vb})', 'SELECT count(*) FROM {s}.line WHERE doc_id = {vb}'],
    held_state => '23503',
    why => 'no policy is asked about the key''s target: there is nothing to prove');
-- Validated by an owner whom FORCE binds: it saw no row, and passed what no parent has.
SELECT suite.plant(16, 'orphan', '{plain,quoted,inherited}',
    $$SELECT suite.child('{base}', '{s}', $k$({org}, doc_id) REFERENCES {t} ({org}, id)$k$);
      SELECT set_config('session_replication_role', 'replica', true);
      INSERT INTO {s}.line ({org}, doc_id) VALUES ({a}, gen_random_uuid());
      SELECT set_config('session_replication_role', 'origin', true);
      ALTER TABLE {s}.line DROP CONSTRAINT line_key;
      SELECT set_config('role', '{keeper}', true);
      ALTER TABLE {s}.line ADD CONSTRAINT line_key FOREIGN KEY ({org}, doc_id) REFERENCES {t} ({org}, id) NOT VALID;
      ALTER TABLE {s}.line VALIDATE CONSTRAINT line_key;
      SELECT set_config('role', 'none', true)$$,
    $$SELECT suite.child('{base}', '{s}', $k$({org}, doc_id) REFERENCES {t} ({org}, id)$k$)$$,
    '{probe,loader}',
    ARRAY['@super', 'SELECT count(*) FROM {s}.line l WHERE NOT EXISTS (SELECT FROM {t} d WHERE d.id = l.doc_id)'],
    why => 'the key is marked as valid: what is wrong is in the rows, which proof and lint do not read; custody.find_orphans() does');

SELECT suite.plant(17, 'cascade', '{plain,quoted,partitioned,inherited}',
    $$SELECT suite.child('{base}', '{s}', $k$(doc_id) REFERENCES {t} ON DELETE CASCADE$k$);
      INSERT INTO {s}.line ({org}, doc_id) VALUES ({b}, {va})$$,
    $$SELECT suite.child('{base}', '{s}', $k$({org}, doc_id) REFERENCES {t} ({org}, id) ON DELETE CASCADE$k$)$$,
    '{probe,lint,loader}',
    ARRAY['@super', 'CREATE TEMPORARY TABLE before ON COMMIT DROP AS SELECT * FROM {s}.line WHERE {org} = {b}',
          '@A', 'DELETE FROM {r} WHERE id = {va}', '@super',
          'SELECT count(*) FROM (TABLE before EXCEPT ALL TABLE {s}.line) x'],
    why => 'no policy is asked about rows that a key changes: there is nothing to prove');
SELECT suite.plant(17, 'set_null', '{plain,quoted,inherited}',
    $$SELECT suite.child('{base}', '{s}', $k$(doc_id) REFERENCES {t} ON DELETE SET NULL$k$);
      INSERT INTO {s}.line ({org}, doc_id) VALUES ({b}, {va})$$,
    $$SELECT suite.child('{base}', '{s}', $k$({org}, doc_id) REFERENCES {t} ({org}, id) ON DELETE SET NULL (doc_id)$k$)$$,
    '{probe,lint,loader}',
    ARRAY['@super', 'CREATE TEMPORARY TABLE before ON COMMIT DROP AS SELECT * FROM {s}.line WHERE {org} = {b}',
          '@A', 'DELETE FROM {r} WHERE id = {va}', '@super',
          'SELECT count(*) FROM (TABLE before EXCEPT ALL TABLE {s}.line) x'],
    why => 'no policy is asked about rows that a key changes: there is nothing to prove');

SELECT suite.plant(18, 'constraint', '{plain,quoted,view,inherited}',
    'ALTER TABLE {t} ADD UNIQUE (title)', 'ALTER TABLE {t} ADD UNIQUE ({org}, title)', '{probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {r} (title) VALUES (''doc 1 of B'')', 'SELECT 0'],
    leak_state => '23505',
    why => 'the index is not a policy: there is nothing to prove');
SELECT suite.plant(18, 'expression', '{plain,quoted}',
    'CREATE UNIQUE INDEX ON {t} (lower(title))', 'CREATE UNIQUE INDEX ON {t} ({org}, lower(title))', '{probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {r} (title) VALUES (''DOC 1 of B'')', 'SELECT 0'],
    leak_state => '23505',
    why => 'the index is not a policy: there is nothing to prove');
CREATE EXTENSION btree_gist;
SELECT suite.plant(18, 'exclusion', '{plain,inherited}',
    'ALTER TABLE {t} ADD EXCLUDE USING gist (title WITH =)',
    'ALTER TABLE {t} ADD EXCLUDE USING gist ({org} WITH =, title WITH =)', '{probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {r} (title) VALUES (''doc 1 of B'')', 'SELECT 0'],
    leak_state => '23P01',
    why => 'the index is not a policy: there is nothing to prove');
SELECT suite.plant(18, 'do_nothing', '{plain,quoted}',
    'ALTER TABLE {t} ADD UNIQUE (title)', 'ALTER TABLE {t} ADD UNIQUE ({org}, title)', '{probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {r} (title) VALUES (''doc 1 of B'') ON CONFLICT DO NOTHING',
          'SELECT 1 - count(*) FROM {r} WHERE title = ''doc 1 of B'''],
    why => 'the index is not a policy: there is nothing to prove');
