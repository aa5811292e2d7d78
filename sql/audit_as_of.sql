-- How a row, or a table, was at a time: of what had committed then. The time of a commit is exact where
-- track_commit_timestamp is on and the server still has it, else it is the time shortly before it
-- (clock: commit, pre-commit); an unexact time errs by what a commit takes.

CREATE FUNCTION custody.warn_detaching(tbl int4, rel regclass) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF custody.is_detaching(tbl) THEN
        RAISE WARNING 'a partition of % is being detached', rel
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'Its rows leave the table, in the ledger, when that is through; queries of the table do not show them any more.',
                  HINT = 'ALTER TABLE ... DETACH PARTITION ... FINALIZE ends what was interrupted.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.warn_detaching(int4, regclass) IS
'warns (55000) where an answer has rows of a partition that is being detached; part of custody.row_as_of() and table_as_of(); errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.check_time(at timestamptz) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF at IS NULL THEN
        RAISE EXCEPTION 'no time is named'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Give a timestamp with time zone.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_time(timestamptz) IS
'refuses (22004) NULL as a time; privilege: none';

CREATE FUNCTION custody.row_as_of(rel regclass, key jsonb, at timestamptz)
    RETURNS TABLE ("row" jsonb, "exists" boolean, whole boolean, changed_at timestamptz, clock text,
                   incarnation int8, xid xid8, seq int4)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
<<asked>>
DECLARE
    tbl int4 := custody.recorded_id(rel);
    version int4 := custody.fold_version(tbl, at);
    descriptor text := (SELECT d.text FROM custody_ledger.descriptor d
                         WHERE d.tbl = asked.tbl AND d.version = asked.version);
    wanted bytea := custody.descriptor_key(descriptor, custody.key_texts(tbl, key));
    this int8 := custody.this_incarnation();
BEGIN
    PERFORM custody.check_time(row_as_of.at);
    PERFORM custody.key_versions(tbl, key);
    PERFORM custody.warn_detaching(tbl, rel);
    RETURN QUERY SELECT custody.image_json(descriptor, (f.folded).image), (f.folded)."exists", (f.folded).whole,
           coalesce(c.exact, t.committing_at), CASE WHEN c.exact IS NULL THEN 'pre-commit' ELSE 'commit' END,
           (f.folded).incarnation, (f.folded).xid, (f.folded).seq
      FROM custody.fold_table(tbl, version, row_as_of.at, wanted) f
      JOIN custody_ledger.tx t ON t.at = (f.folded).at AND t.xid = (f.folded).xid AND t.incarnation = (f.folded).incarnation
     CROSS JOIN LATERAL (SELECT custody.exact_commit_time(t.xid, t.incarnation, this) AS exact) c
     WHERE version IS NOT NULL AND wanted IS NOT NULL;
    -- All of the table was truncated, or read anew without this row.
    IF NOT FOUND AND wanted IS NOT NULL AND EXISTS (SELECT FROM custody.fold_cut(tbl, row_as_of.at)) THEN
        RETURN QUERY SELECT NULL::jsonb, false, true, NULL::timestamptz, NULL::text, NULL::int8, NULL::xid8, NULL::int4;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.row_as_of(regclass, jsonb, timestamptz) IS
'the row with a key (as custody.history() takes it) as it was at a time, with the columns that the table had then: row, NULL where it did not exist (exists); whole: false where events of some column were pruned or erased; the time of the commit that made it so and its clock (commit: exact, pre-commit: shortly before), and the event; no result row where no event tells; warns where a partition is being detached, whose rows are there until that is through; errors: 22004 without a time, 22023 for what is not the key, 42704 for a table that is not recorded; privilege: custody_auditor';

CREATE FUNCTION custody.table_as_of(rel regclass, at timestamptz)
    RETURNS TABLE (key jsonb, "row" jsonb, whole boolean, changed_at timestamptz, clock text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
<<asked>>
DECLARE
    tbl int4 := custody.recorded_id(rel);
    version int4 := custody.fold_version(tbl, at);
    descriptor text := (SELECT d.text FROM custody_ledger.descriptor d
                         WHERE d.tbl = asked.tbl AND d.version = asked.version);
    this int8 := custody.this_incarnation();
BEGIN
    PERFORM custody.check_time(table_as_of.at);
    PERFORM custody.warn_detaching(tbl, rel);
    IF descriptor::jsonb -> 'key' = '[]' THEN
        RETURN QUERY SELECT NULL::jsonb, custody.image_json(descriptor, f.image), f.image IS NOT NULL,
                            NULL::timestamptz, NULL::text
          FROM custody.fold_multiset(tbl, version, table_as_of.at) f, generate_series(1, f.number);
        RETURN;
    END IF;
    RETURN QUERY SELECT custody.image_json(descriptor, f.key, true), custody.image_json(descriptor, (f.folded).image),
           (f.folded).whole, coalesce(c.exact, t.committing_at),
           CASE WHEN c.exact IS NULL THEN 'pre-commit' ELSE 'commit' END
      FROM custody.fold_table(tbl, version, table_as_of.at) f
      JOIN custody_ledger.tx t ON t.at = (f.folded).at AND t.xid = (f.folded).xid AND t.incarnation = (f.folded).incarnation
     CROSS JOIN LATERAL (SELECT custody.exact_commit_time(t.xid, t.incarnation, this) AS exact) c
     WHERE version IS NOT NULL AND (f.folded)."exists";
END
$$;
COMMENT ON FUNCTION custody.table_as_of(regclass, timestamptz) IS
'the rows of a table as they were at a time, with the columns that it had then, as custody.row_as_of() has them; key is NULL, and there is no time of change, for a table without key; errors: 22004 without a time, 42704 for a table that is not recorded; privilege: custody_auditor';

REVOKE ALL ON FUNCTION custody.check_time(timestamptz), custody.warn_detaching(int4, regclass), custody.row_as_of(regclass, jsonb, timestamptz), custody.table_as_of(regclass, timestamptz) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', 'custody.warn_detaching(int4, regclass)');
SELECT custody.give_duty('{admin,operator,auditor,legal}', 'custody.check_time(timestamptz)');
SELECT custody.give_duty('{admin,operator,auditor,legal}', 'custody.row_as_of(regclass, jsonb, timestamptz)');
SELECT custody.give_duty('{admin,operator,auditor,legal}', 'custody.table_as_of(regclass, timestamptz)');
