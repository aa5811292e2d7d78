-- The hashes of docs/ledger-format.md one by one, for exports of evidence and for anybody who wants to
-- compute a ledger's hashes again in SQL. They read nothing but their arguments.

CREATE FUNCTION custody.ledger_time(at timestamptz) RETURNS int8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_time';
COMMENT ON FUNCTION custody.ledger_time(timestamptz) IS
'a time as the ledger''s hashes have it: microseconds since 2000-01-01 00:00 UTC; errors: none; privilege: none';

CREATE FUNCTION custody.ledger_token(secret bytea, incarnation bytea, xid xid8) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_token';
COMMENT ON FUNCTION custody.ledger_token(bytea, bytea, xid8) IS
'token of a transaction (byte 08): its secret, the 32 bytes of its incarnation, its number; errors: 22023 for bytes of another length; privilege: none';

CREATE FUNCTION custody.ledger_order(secret bytea, incarnation bytea, xid xid8, seq int4, cid int4, lsn pg_lsn, pair int4) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_order';
COMMENT ON FUNCTION custody.ledger_order(bytea, bytea, xid8, int4, int4, pg_lsn, int4) IS
'commitment to an event''s order (byte 02); pair NULL: no pair''s second; NULL for NULL in another; errors: 22023 for bytes of another length; privilege: none';

CREATE FUNCTION custody.ledger_context_hash(contexts bytea, number int4) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_context_hash';
COMMENT ON FUNCTION custody.ledger_context_hash(bytea, int4) IS
'commitment to one of the contexts (from 0) of custody_ledger.tx.contexts (byte 06); errors: XX001 where they are malformed; privilege: none';

CREATE FUNCTION custody.ledger_context_line(contexts bytea, number int4, shown int4) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_context_line';
COMMENT ON FUNCTION custody.ledger_context_line(bytea, int4, int4) IS
'line of a bundle for one of the contexts (from 0) of custody_ledger.tx.contexts, the first shown parts open, the others as hashes; errors: XX001 where they are malformed; privilege: none';

CREATE FUNCTION custody.ledger_orgs(orgs bytea) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_orgs';
COMMENT ON FUNCTION custody.ledger_orgs(bytea) IS
'custody_ledger.tx.orgs as a JSON list of org, events and tree; errors: XX001 where it is malformed; privilege: none';

CREATE FUNCTION custody.ledger_org_events(orgs bytea, org bytea) RETURNS int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_org_events';
COMMENT ON FUNCTION custody.ledger_org_events(bytea, bytea) IS
'number of an organization''s events in a transaction, from custody_ledger.tx.orgs; NULL: none; errors: none; privilege: none';

CREATE FUNCTION custody.ledger_org_transaction(token bytea, started timestamptz, committing timestamptz, orgs bytea, org bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_org_transaction';
COMMENT ON FUNCTION custody.ledger_org_transaction(bytea, timestamptz, timestamptz, bytea, bytea) IS
'a transaction as one organization sees it (byte 09), from custody_ledger.tx.orgs; NULL where it has no events of it; errors: 22023 for bytes of another length; privilege: none';

CREATE FUNCTION custody.ledger_key_hash(salt uuid, key bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_key_hash';
COMMENT ON FUNCTION custody.ledger_key_hash(uuid, bytea) IS
'commitment to a key (byte 03); errors: none; privilege: none';

CREATE FUNCTION custody.ledger_images_hash(salt uuid, old bytea, new bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_images_hash';
COMMENT ON FUNCTION custody.ledger_images_hash(uuid, bytea, bytea) IS
'commitment to the images of an event (byte 04), none being the byte 00; errors: none; privilege: none';

CREATE FUNCTION custody.ledger_event_hash("order" bytea, op "char", context bytea, descriptor bytea, key bytea, images bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_event_hash';
COMMENT ON FUNCTION custody.ledger_event_hash(bytea, "char", bytea, bytea, bytea, bytea) IS
'hash of an event (byte 00) from the commitments to its parts; errors: 22023 for bytes of another length; privilege: none';

CREATE FUNCTION custody.ledger_path(leaves bytea[], index int8) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_path';
COMMENT ON FUNCTION custody.ledger_path(bytea[], int8) IS
'audit path (RFC 6962) of the leaf at index, from 0, as a JSON list of hashes; errors: 22023 where there is no such leaf, 22004 for NULL in the list; privilege: none';

CREATE FUNCTION custody.ledger_slot_path(secret bytea, slots int4[], links bytea[], slot int4) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_ledger_slot_path';
COMMENT ON FUNCTION custody.ledger_slot_path(bytea, int4[], bytea[], int4) IS
'members blinding and path of a bundle''s head line: of a slot in the tree of a block with this secret, in which these slots have these newest links; errors: 22023 where they do not fit, 22004 for NULL in a list; privilege: none';
