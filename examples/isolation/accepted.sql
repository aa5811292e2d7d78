-- What was looked at and accepted, with a reason; for the probe with an end, too: then it has to be looked at again.
-- Only what could not be decided can be accepted: a leak or a refutation fails the gate all the same.
\set ON_ERROR_STOP on
BEGIN;
DELETE FROM custody.exemption WHERE reason LIKE 'example: %';
INSERT INTO custody.exemption (tool, code, object, reason, expires)
SELECT tool, code, object, 'example: ' || reason, now() + interval '1 year'
  FROM (VALUES
    ('lint', 'L403', 'storage.objects_bucket_id_name_key',
        'a name begins with its organization, objects_folder_check sees to it: nobody meets the names of others'),
    ('probe', 'unique_oracle', 'storage.objects index objects_bucket_id_name_key',
        'objects_folder_check refuses the name of another organization before the index could tell'),
    ('probe', 'on_conflict', 'storage.objects index objects_bucket_id_name_key', 'the same'),
    ('probe', 'move', 'public.comments', 'authors only change comments, and the probe is none; insert_other is held'),
    ('probe', 'move_blind', 'public.comments', 'the same'),
    -- These need a login of their own: custody probe tries them, in gate.sh.
    ('probe', 'reset_role', 'session', 'custody probe'),
    ('probe', 'session_authorization', 'session', 'custody probe'),
    ('probe', 'copy', 'session', 'custody probe'),
    ('probe', 'startup_options', 'session', 'custody probe'),
    ('probe', 'discard', 'session', 'custody probe'),
    ('probe', 'deferred_trigger', 'session', 'custody probe'),
    ('probe', 'temporary_objects', 'session', 'custody probe'),
    -- These need a pooler: name yours in CUSTODY_POOLER, and take them out.
    ('probe', 'pooled_context', 'pooler', 'no pooler'),
    ('probe', 'pooled_setting', 'pooler', 'no pooler'),
    ('probe', 'pooled_temporary_table', 'pooler', 'no pooler'),
    ('probe', 'pooled_prepared', 'pooler', 'no pooler'),
    ('probe', 'pooled_cursor', 'pooler', 'no pooler'),
    ('probe', 'pooled_statement_text', 'pooler', 'no pooler'))
    AS a (tool, code, object, reason);
COMMIT;
