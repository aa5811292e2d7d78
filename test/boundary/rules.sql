-- The rules of the boundary, asserted; prints TAP lines without numbers. After functions.sql.

SET search_path = boundary;
SET client_min_messages = warning;
SELECT pg_backend_pid() AS pid, pg_postmaster_start_time() AS started \gset

-- Each experiment within a subtransaction: SQLSTATE, message, detail and hint.
SELECT same(statement, concat_ws('|', e.code, e.message, e.detail, e.hint), error)
FROM expected_error, error_of(statement) AS e;
SELECT same('no object outlives its error', live(), 0);
SELECT same('no exception stays caught', caught(), false);

SELECT same('every named field survives the round trip', named,
            'a schema,a table,a column,a type,a constraint')
FROM error_of('SELECT nested_guards(3)');
SELECT same('C++ errors have a context like the server''s',
            context LIKE '%boundary.throw_error()%PL/pgSQL function%', true)
FROM error_of('SELECT spi(''SELECT boundary.throw_in_sql($1)'')');
SELECT same('a message of 100000 characters is whole', length(message), 100000)
FROM error_of('SELECT throw_huge_message()');

-- Each experiment again as a transaction of its own, where the abort checks for leaks.
\set ON_ERROR_STOP 0
SELECT throw_error();
SELECT same('top level: error of C++', :'LAST_ERROR_SQLSTATE'::text, '42809');
SELECT throw_other();
SELECT same('top level: throw of an int', :'LAST_ERROR_SQLSTATE'::text, 'XX000');
SELECT throw_bad_alloc();
SELECT same('top level: bad_alloc', :'LAST_ERROR_SQLSTATE'::text, '53200');
SELECT guarded();
SELECT same('top level: guarded', :'LAST_ERROR_SQLSTATE'::text, '23514');
SELECT spi('SELECT boundary.throw_in_sql($1)');
SELECT same('top level: through SPI', :'LAST_ERROR_SQLSTATE'::text, '42809');
SELECT spi('SELECT boundary.spi(''SELECT 1/($1 - 7) FROM pg_class'')');
SELECT same('top level: through SPI twice', :'LAST_ERROR_SQLSTATE'::text, '22012');
SELECT cancel_c_style(100000);
SELECT same('top level: cancelled in C-style', :'LAST_ERROR_SQLSTATE'::text, '57014');
SELECT same('C-style: cancelled at the end of its batch', rows_done(), 5120);
SELECT cancel_cpp(100000);
SELECT same('top level: cancelled in C++', :'LAST_ERROR_SQLSTATE'::text, '57014');
SELECT same('C++: cancelled at the end of its batch', rows_done(), 5120);
\set ON_ERROR_STOP 1
SELECT same('top level: no object outlives its error', live(), 0);
SELECT same('top level: no exception stays caught', caught(), false);

-- Where nothing goes wrong.
SELECT same('a statement with an argument', spi('SELECT $1 * 6'), '42');
SELECT same('NULL of a statement', spi('SELECT NULL WHERE $1 = 7'), 'null');
SELECT same('text[] and bytea', text_array('{a,"b c",é}'), convert_to('a;b c;é;', 'UTF8'));
SELECT same('an owned object lives within its call', owned(false), 1);
SELECT same('and ends with it', live(), 0);
SELECT same('an owned object per row, freed per row', max(owned(false)) <= 2, true)
FROM generate_series(1, 1000);
SELECT same('per-row memory is reset', scratch_growth(100000), 0::bigint);

-- Rules broken on purpose: what is measured above can be seen at all.
SELECT same('an object under an unguarded error leaks', live(), 1) FROM error_of('SELECT unguarded()');
SELECT forget_live() \gset
SELECT same('a guard too shallow leaks', live(), 1) FROM error_of('SELECT shallow()');
SELECT forget_live() \gset
SELECT same('a throw inside noexcept ends the process', throw_inside_noexcept(), 6);

-- 100,000 errors: nothing grows. The first thousand fill caches.
CREATE PROCEDURE many(statement text, errors int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..errors LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN check_violation OR wrong_object_type THEN
        END;
    END LOOP;
END
$$;
CALL many('SELECT boundary.guarded()', 1000);
CALL many('SELECT boundary.throw_error()', 1000);
SELECT many_caught(1000) AS warm, top_bytes() AS top, heap_bytes() AS heap \gset
SELECT same('100000 errors caught in C++', many_caught(100000), 100000);
CALL many('SELECT boundary.guarded()', 50000);
CALL many('SELECT boundary.throw_error()', 50000);
SELECT same('TopMemoryContext is flat over 200000 errors', top_bytes() - :top, 0::bigint);
SELECT same('the heap is flat over 200000 errors', heap_bytes() - :heap < 200000, true);
SELECT same('no object outlives 200000 errors', live(), 0);
SELECT same('no exception of 200000 stays caught', caught(), false);

SELECT same('the backend is the same', pg_backend_pid(), :pid);
SELECT same('the server was not restarted', pg_postmaster_start_time(), :'started'::timestamptz);
