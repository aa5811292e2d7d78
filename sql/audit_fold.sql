-- The fold: the events of a row, in their order, become the row as they left it. Answers of the ledger
-- (as_of, reconcile) compare and show what it makes; they work with the bytes, never with jsonb.

CREATE TYPE custody.folded_row AS (
    image bytea, hashes bytea, whole boolean, "exists" boolean, descriptor int4,
    incarnation int8, xid xid8, seq int4, at timestamptz);
COMMENT ON TYPE custody.folded_row IS
'a row as its events left it: image under the descriptor that was asked for (only the columns that are known, where not all are), salts and positions of its hashed values, whether all columns are known, whether the row exists; descriptor, incarnation, transaction, number and time of its last event';

CREATE FUNCTION custody.fold_event(internal, plan text, descriptor int4, op "char", image bytea,
    salt uuid, incarnation int8, xid xid8, seq int4, at timestamptz) RETURNS internal
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_fold_event';
COMMENT ON FUNCTION custody.fold_event(internal, text, int4, "char", bytea, uuid, int8, xid8, int4, timestamptz) IS
'step of the aggregate custody.fold(); errors: 0A000 outside an aggregate, XX001 for what is no plan or image; privilege: none';
CREATE FUNCTION custody.folded_row(internal) RETURNS custody.folded_row
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_folded_row';
COMMENT ON FUNCTION custody.folded_row(internal) IS
'end of the aggregate custody.fold(); errors: none; privilege: none';
CREATE AGGREGATE custody.fold(plan text, descriptor int4, op "char", image bytea, salt uuid,
    incarnation int8, xid xid8, seq int4, at timestamptz) (
    SFUNC = custody.fold_event, STYPE = internal, FINALFUNC = custody.folded_row);
COMMENT ON AGGREGATE custody.fold(text, int4, "char", bytea, uuid, int8, xid8, int4, timestamptz) IS
'one row as its events left it; the events come in their order (ORDER BY), plan is custody.fold_plan()''s, image the new one; NULL where no event counts; errors: XX001 for what is no plan or image; privilege: none';

CREATE FUNCTION custody.image_differences(folded bytea, hashes bytea, live bytea) RETURNS int4[]
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'custody_image_differences';
COMMENT ON FUNCTION custody.image_differences(bytea, bytea, bytea) IS
'positions of the columns in which a folded row and a wire row of the live one differ; -1 - position for those that cannot be compared (redacted, or no event says); NULL where there are none; errors: XX001 for what is no image; privilege: none';

CREATE FUNCTION custody.context_fields(contexts bytea, context int2) RETURNS text[]
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'custody_context_fields';
COMMENT ON FUNCTION custody.context_fields(bytea, int2) IS
'the fields of one of a transaction''s contexts (docs/ledger-format.md, section 4): session user, outer user, current user, application user, its role, how it was verified, application name, client address, process id, origin, claims, organizations, hash of the query; NULL is unknown, all of an erased part; NULL where there is no such context; errors: none; privilege: none';

-- Order of noticing: a place that no seal has noticed yet is the newest.
CREATE FUNCTION custody.incarnation_places() RETURNS TABLE (short int8, place int8)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT i.short, row_number() OVER (ORDER BY i.noticed_at, i.lineage, i.short)
                   FROM custody_ledger.incarnation i;
END
$$;
COMMENT ON FUNCTION custody.incarnation_places() IS
'the incarnations in the order in which they were noticed, from 1; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.this_incarnation() RETURNS int8
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ('x' || encode(substr(sha256(E'\\x12'::bytea || int8send(s.system_identifier) ||
               decode(substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8), 'hex') ||
               int4send(d.oid::int8::bit(32)::int4)), 1, 8), 'hex'))::bit(64)::int8
      FROM pg_control_system() s, pg_database d
     WHERE d.datname = current_database() AND NOT pg_is_in_recovery()
$$;
COMMENT ON FUNCTION custody.this_incarnation() IS
'the incarnation that transactions of this database have now, as the ledger''s tables name it; NULL on a standby; errors: none; privilege: none';

-- The server keeps exact times for as long as it keeps the transactions' status.
CREATE FUNCTION custody.exact_commit_time(xid xid8, incarnation int8, this_incarnation int8) RETURNS timestamptz
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'custody_exact_commit_time';
COMMENT ON FUNCTION custody.exact_commit_time(xid8, int8, int8) IS
'when a transaction of this incarnation committed, where track_commit_timestamp kept it; else NULL; errors: none; privilege: none';
