-- Legal holds. A hold is a set of triggers, one for each table it reaches: the condition stands in the
-- trigger, so that it holds for every transaction that can see the table at all, whatever its snapshot,
-- follows renamed columns, and comes back with a dump. The ledger's row says who wanted it, and what of the
-- events is held.

CREATE FUNCTION custody.refuse_held() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is under legal hold %', TG_RELID::regclass, TG_ARGV[0]
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = TG_OP || CASE TG_LEVEL WHEN 'ROW' THEN ' of a row that is held' ELSE '' END,
              HINT = 'custody.request_lift() asks to lift it.';
END
$$;
COMMENT ON FUNCTION custody.refuse_held() IS
'trigger on held tables: refuses (55000) to change, delete or truncate what is under a legal hold';
-- PUBLIC keeps EXECUTE: the server asks it of whoever makes or attaches a partition. That nobody else puts
-- the trigger anywhere is seen to by custody.audit_check_ddl().

CREATE FUNCTION custody.newest_holds()
    RETURNS TABLE (id int4, subject jsonb, org_text text, reason text, placed_by name, placed_at timestamptz,
                   lifted_at timestamptz, lifted_by int4)
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'custody_newest_holds';
COMMENT ON FUNCTION custody.newest_holds() IS
'table custody_ledger.hold as it is now, whatever the transaction''s snapshot is; errors: 42P01 without a ledger; privilege: superuser';

CREATE FUNCTION custody.check_reason(reason text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF reason IS NULL OR reason !~ '\S' THEN
        RAISE EXCEPTION 'a reason is needed' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'It goes into the ledger.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_reason(text) IS 'refuses (22023) an empty reason; privilege: none';

-- What may have to be erased one day is in an event by its hash only; its salt goes with it.
CREATE FUNCTION custody.told_hash(salt uuid, told bytea) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS
$$SELECT encode(sha256('\x14'::bytea || uuid_send(salt) || told), 'hex')$$;
COMMENT ON FUNCTION custody.told_hash(uuid, bytea) IS
'the hash by which an event of a hold or a request tells a key or user (docs/ledger-format.md, section 9); NULL for NULL; errors: none; privilege: none';

CREATE FUNCTION custody.salted(said jsonb, name text) RETURNS jsonb
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN said IS NULL THEN '{}' ELSE jsonb_build_object(name, said, name || '_salt', s.salt,
               name || '_hash', custody.told_hash(s.salt, convert_to(said::text, custody.ledger_encoding()))) END
      FROM (SELECT gen_random_uuid() AS salt) s
$$;
COMMENT ON FUNCTION custody.salted(jsonb, text) IS
'an object with a value under a name, a new salt and the hash that tells it (name_salt, name_hash), of which an event has the hash only; empty for NULL; errors: none; privilege: none';

CREATE FUNCTION custody.is_told(said jsonb, name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(custody.told_hash((said ->> (name || '_salt'))::uuid, convert_to((said -> name)::text, custody.ledger_encoding()))
                    = said ->> (name || '_hash'), NOT said ?| ARRAY[name, name || '_salt'])
$$;
COMMENT ON FUNCTION custody.is_told(jsonb, text) IS
'whether a value that custody.salted() made still has its hash; true where value and salt are gone, as they are when it was erased; errors: 22P02 for a salt that is none; privilege: none';

CREATE FUNCTION custody.table_rows(anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'custody_table_rows';
COMMENT ON FUNCTION custody.table_rows(anyelement) IS
'the rows of a table and of its partitions, as they are stored, by a value (NULL) of its row type; unlike a query of the table it runs nothing that belongs to the table''s owner: expressions of indexes, statistics and constraints; errors: 42809 for what is no table, and for partitions that are foreign tables, 42501 where row security would hide rows; privilege: SELECT on the table';

CREATE FUNCTION custody.event_is_held(tbl int4, org bytea, key bytea) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM custody_ledger.held e JOIN custody_ledger.hold h ON h.id = e.hold AND h.lifted_at IS NULL
         WHERE (e.tbl IS NULL OR e.tbl = event_is_held.tbl) AND (e.org IS NULL OR e.org = event_is_held.org)
           AND (e.key IS NULL OR e.key = event_is_held.key));
END
$$;
COMMENT ON FUNCTION custody.event_is_held(int4, bytea, bytea) IS
'true for an event of this table, organization and key when a hold reaches it; errors: 42P01 without a ledger; privilege: SELECT on the ledger';
REVOKE ALL ON FUNCTION custody.table_rows(anyelement), custody.event_is_held(int4, bytea, bytea),
    custody.newest_holds(), custody.check_reason(text), custody.told_hash(uuid, bytea), custody.salted(jsonb, text),
    custody.is_told(jsonb, text) FROM PUBLIC;
