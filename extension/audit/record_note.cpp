// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/capture_event.hpp"
#include "extension/audit/ledger_relation.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr AttrNumber kId = 1;
constexpr AttrNumber kRelation = 5;

/// What sessions know of the table may be other by now: options, descriptor, whether it is
/// recorded.
void tell_of_change(int32 tbl) {
    Relation audited = table_open(ledger_table_oid("audited"), AccessShareLock);
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    ScanKeyData key;
    ScanKeyInit(&key, kId, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(tbl));
    SysScanDesc scan = systable_beginscan(audited, InvalidOid, false, snapshot, 1, &key);
    HeapTuple row = systable_getnext(scan);
    if (HeapTupleIsValid(row)) {
        bool is_null;
        const Oid relation =
            DatumGetObjectId(heap_getattr(row, kRelation, RelationGetDescr(audited), &is_null));
        if (!is_null && SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation))) {
            CacheInvalidateRelcacheByRelid(relation);
        }
    }
    systable_endscan(scan);
    UnregisterSnapshot(snapshot);
    table_close(audited, AccessShareLock);
}

/// A bundle of evidence has the text as JSON. Elsewhere the server converts.
void refuse_other_bytes(const char *json) {
    if (GetDatabaseEncoding() == PG_SQL_ASCII &&
        !pg_verify_mbstr(PG_UTF8, json, static_cast<int>(strlen(json)), true)) {
        pg::raise(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, "the text of an event is not UTF-8", nullptr,
                  "In a database of encoding SQL_ASCII names, reasons, constant defaults "
                  "and organizations under hold must be UTF-8; values of rows may have "
                  "any bytes.");
    }
}

} // namespace

} // namespace custody::audit

CUSTODY_HOT_FUNCTION(custody_record_note) {
    using namespace custody::audit;
    const int32 tbl = PG_GETARG_INT32(0);
    const char op = PG_GETARG_CHAR(1);
    if (op != 'S' && op != 'T') {
        custody::pg::raise(ERRCODE_INVALID_PARAMETER_VALUE,
                           "an event with a text has the operation S or T");
    }
    PreventCommandIfReadOnly("custody.record_note()");
    const char *json = text_to_cstring(PG_GETARG_TEXT_PP(2));
    refuse_other_bytes(json);
    const uint32 seq = capture_note(tbl, op, json, true);
    if (tbl != 0) {
        tell_of_change(tbl);
    }
    PG_RETURN_INT32(static_cast<int32>(seq));
}
