-- The experiments as SQL functions. psql variable: module, the path of custody_boundary_test.

\set ON_ERROR_STOP 1
\set QUIET 1
CREATE SCHEMA boundary;
SET search_path = boundary;

SELECT format('CREATE FUNCTION %I(%s) RETURNS %s LANGUAGE c %s AS %L, %L', name, arguments, result,
              coalesce(options, ''), :'module', 'test_' || name)
FROM (VALUES
    ('live', '', 'int', NULL),
    ('forget_live', '', 'void', NULL),
    ('caught', '', 'bool', NULL),
    ('top_bytes', '', 'bigint', NULL),
    ('heap_bytes', '', 'bigint', NULL),
    ('throw_error', '', 'void', 'PARALLEL SAFE'),
    ('throw_bare_error', '', 'void', NULL),
    ('throw_std', '', 'void', NULL),
    ('throw_other', '', 'void', NULL),
    ('throw_bad_alloc', '', 'bigint', NULL),
    ('throw_huge_message', '', 'void', NULL),
    ('raise_inside_catch', '', 'void', NULL),
    ('throw_through_guard', '', 'void', NULL),
    ('throw_out_of_pg_try', '', 'void', NULL),
    ('throw_inside_noexcept', '', 'int', NULL),
    ('unguarded', '', 'void', NULL),
    ('guarded', '', 'void', 'PARALLEL SAFE'),
    ('shallow', '', 'void', NULL),
    ('c_style', '', 'void', NULL),
    ('c_style_raise', '', 'void', NULL),
    ('nested_guards', 'depth int', 'void', NULL),
    ('inspect', '', 'void', NULL),
    ('spi', 'statement text', 'text', 'STRICT'),
    ('spi_out_of_range', '', 'void', NULL),
    ('text_array', 'names text[]', 'bytea', 'STRICT'),
    ('report', '', 'void', NULL),
    ('owned', 'fail bool', 'int', NULL),
    ('scratch_growth', 'row_count int', 'bigint', NULL),
    ('cancel_cpp', 'row_count int', 'void', NULL),
    ('cancel_c_style', 'row_count int', 'void', NULL),
    ('endless_cpp', '', 'void', NULL),
    ('endless_c_style', '', 'void', NULL),
    ('rows_done', '', 'int', NULL),
    ('many_caught', 'errors int', 'int', NULL)
) AS f (name, arguments, result, options) \gexec

-- One line of TAP without its number; "not ok" says what was seen.
CREATE FUNCTION same(name text, seen anyelement, expected anyelement) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN seen IS NOT DISTINCT FROM expected THEN 'ok - ' || name
        ELSE format('not ok - %s: saw "%s", expected "%s"', name, seen, expected) END
$$;

-- Runs a statement and returns its error, field by field; NULLs where there is none.
CREATE FUNCTION error_of(statement text, OUT code text, OUT message text, OUT detail text,
                         OUT hint text, OUT named text, OUT context text) LANGUAGE plpgsql AS $$
DECLARE
    s text; t text; c text; d text; n text;
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS OR query_canceled THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT,
        s = SCHEMA_NAME, t = TABLE_NAME, c = COLUMN_NAME, d = PG_DATATYPE_NAME,
        n = CONSTRAINT_NAME;
    named = concat_ws(',', s, t, c, d, n);
END
$$;

CREATE FUNCTION throw_in_sql(x int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM boundary.throw_error();
    RETURN x;
END
$$;

-- What each experiment must look like in SQL. Fields: SQLSTATE|message|detail|hint.
CREATE TABLE expected_error (statement text, error text);
INSERT INTO expected_error VALUES
    ('SELECT throw_error()', '42809|cannot scan that|a view|do this'),
    ('SELECT throw_bare_error()', '42809|100% of it||'),
    ('SELECT throw_std()', 'XX000|a runtime error||'),
    ('SELECT throw_other()',
     'XX000|unknown exception in custody|its type is not derived from std::exception|'),
    ('SELECT throw_bad_alloc()', '53200|out of memory||'),
    ('SELECT throw_through_guard()', '23514|error of the server|seen: 42|do that'),
    ('SELECT throw_out_of_pg_try()', 'XX000|out of a guarded call||'),
    ('SELECT guarded()', '23514|error of the server|seen: 42|do that'),
    ('SELECT c_style()', '23514|error of the server|seen: 42|do that'),
    ('SELECT c_style_raise()', '42809|cannot scan that|a view|do this'),
    ('SELECT nested_guards(50)', '23514|error of the server|seen: 42|do that'),
    ('SELECT inspect()', '23514|error of the server|seen: 42|do that'),
    ('SELECT spi(''SELECT boundary.throw_in_sql($1)'')', '42809|cannot scan that|a view|do this'),
    ('SELECT spi(''SELECT boundary.c_style() FROM generate_series(1, $1)'')',
     '23514|error of the server|seen: 42|do that'),
    ('SELECT spi(''SELECT boundary.spi(''''SELECT 1/($1 - 7)'''') WHERE $1 = 7'')',
     '22012|division by zero||'),
    ('SELECT spi(''no statement'')', '42601|syntax error at or near "no"||'),
    ('SELECT spi(''COPY pg_class TO STDOUT'')',
     'XX000|cannot run a statement of custody|SPI_ERROR_COPY: COPY pg_class TO STDOUT|'),
    ('SELECT spi_out_of_range()', 'XX000|no such value in the result of a statement||'),
    ('SELECT text_array(''{a,NULL}'')', '22004|names must not hold NULL|element 2 is NULL|'),
    ('SELECT owned(true)', '23514|error of the server|seen: 42|do that'),
    ('SELECT cancel_cpp(100000)', '57014|canceling statement due to user request||'),
    ('SELECT cancel_c_style(100000)', '57014|canceling statement due to user request||');
