-- Errors that a parallel worker raises arrive whole. psql variable: force, the name of the setting
-- that forces a worker (it was renamed in 16).

SET search_path = boundary;
SET :force = on;
SELECT same('a worker''s error of C++', concat_ws('|', code, message, detail, hint),
            '42809|cannot scan that|a view|do this')
FROM error_of('SELECT throw_error()');
SELECT same('it came from a worker', context LIKE '%parallel worker%', true)
FROM error_of('SELECT throw_error()');
SELECT same('a worker''s error of the server', concat_ws('|', code, message, detail, hint, named),
            '23514|error of the server|seen: 42|do that|'
            'a schema,a table,a column,a type,a constraint')
FROM error_of('SELECT guarded()');
