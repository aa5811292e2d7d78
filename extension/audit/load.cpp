// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/load.hpp"

#include "extension/audit/capture_event.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// The open load of this transaction. One at a time: a loader fills one table after another.
struct {
    Oid relation; // InvalidOid: none is open
    int32 tbl;
    int64 rows;
} load;

// What a savepoint takes back would leave rows without their event.
void require_top_level(const char *function) {
    if (GetCurrentTransactionNestLevel() > 1) {
        pg::raise(ERRCODE_ACTIVE_SQL_TRANSACTION,
                  psprintf("function custody.%s() cannot be called after a savepoint", function));
    }
}

/// Writers of other tables go on; custody.audit() of this one waits for the transaction's end.
bool open_load(Oid oid) {
    Relation relation = table_open(oid, RowExclusiveLock);
    const char *identity = capture_identity(relation);
    const CaptureTable *table = identity == nullptr ? nullptr : capture_table(relation, identity);
    const bool audited = table != nullptr && table->options.active;
    if (audited) {
        load = {oid, table->tbl, 0};
    }
    table_close(relation, NoLock);
    return audited;
}

void at_transaction(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        if (OidIsValid(load.relation)) {
            pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                      "rows were loaded without the event that stands for them",
                      psprintf("The load of table %s was begun and not recorded.",
                               get_rel_name(load.relation)),
                      "call custody.record_load() before the transaction commits");
        }
        break;
    case XACT_EVENT_ABORT:
        load.relation = InvalidOid;
        break;
    default:
        break;
    }
}

} // namespace

bool counts_as_loaded(const CaptureTable *table) noexcept {
    if (likely(!OidIsValid(load.relation)) || load.tbl != table->tbl) {
        return false;
    }
    ++load.rows;
    return true;
}

void watch_loads() { RegisterXactCallback(at_transaction, nullptr); }

} // namespace custody::audit

CUSTODY_HOT_FUNCTION(custody_begin_load) {
    using namespace custody::audit;
    require_top_level("begin_load");
    if (OidIsValid(load.relation)) {
        custody::pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "a load is begun already");
    }
    PG_RETURN_BOOL(open_load(PG_GETARG_OID(0)));
}

CUSTODY_HOT_FUNCTION(custody_end_load) {
    using namespace custody::audit;
    require_top_level("end_load");
    const Oid relation = PG_GETARG_OID(0);
    const int64 rows = PG_GETARG_INT64(1);
    if (!OidIsValid(load.relation) || load.relation != relation) {
        custody::pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                           "no load of this table is begun in this transaction", nullptr,
                           "call custody.begin_load() before its rows are copied");
    }
    if (rows != load.rows) {
        custody::pg::raise(ERRCODE_DATA_EXCEPTION, "rows were loaded that are not accounted for",
                           psprintf("The table got " INT64_FORMAT
                                    " rows, the state of the migration says " INT64_FORMAT ".",
                                    load.rows, rows));
    }
    const uint32 seq = capture_note(load.tbl, 'S', text_to_cstring(PG_GETARG_TEXT_PP(2)), false);
    load.relation = InvalidOid;
    PG_RETURN_INT32(static_cast<int32>(seq));
}
