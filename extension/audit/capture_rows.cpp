// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything.
// Events of all rows of a relation: when recording begins, and before a TRUNCATE.
#include "extension/audit/capture_event.hpp"
#include "extension/audit/json_text.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// One relation with storage. The caller's lock keeps its rows as they are: the newest snapshot
/// sees all that are committed, whatever the transaction's own does.
int64 capture_rows(Relation relation, const CaptureTable *table, char op) {
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    TableScanDesc scan = table_beginscan(relation, snapshot, 0, nullptr);
    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "custody captured row", ALLOCSET_DEFAULT_SIZES);
    const Moment moment = moment_now(relation, GetCurrentCommandId(true));
    int64 rows = 0;
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        CHECK_FOR_INTERRUPTS();
        MemoryContext caller = MemoryContextSwitchTo(per_row);
        slot_getallattrs(slot);
        (void)capture_whole(table, op, {slot->tts_values, slot->tts_isnull}, moment,
                            ledger::kNoPair);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(per_row);
        ++rows;
    }
    MemoryContextDelete(per_row);
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    return rows;
}

const CaptureTable *table_of(Relation relation) {
    const char *identity = capture_identity(relation);
    if (identity == nullptr) {
        pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  psprintf("table \"%s\" is not audited", RelationGetRelationName(relation)),
                  "it has no capture trigger", "call custody.audit() for it");
    }
    return capture_table(relation, identity);
}

int64 capture_relation(Oid oid, char op) {
    // Waits for writers: what they wrote before is among the rows, what comes after is captured.
    Relation relation = table_open(oid, ShareRowExclusiveLock);
    int64 rows = 0;
    if (relation->rd_rel->relkind == RELKIND_RELATION) {
        const CaptureTable *table = table_of(relation);
        rows = table->options.active ? capture_rows(relation, table, op) : 0;
    } else if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE &&
               relation->rd_rel->relkind != RELKIND_FOREIGN_TABLE) {
        pg::raise(ERRCODE_WRONG_OBJECT_TYPE,
                  psprintf("\"%s\" is not a table", RelationGetRelationName(relation)));
    }
    table_close(relation, NoLock);
    return rows;
}

/// A table, or all partitions of one.
int64 capture_tree(Oid oid, char op) {
    if (get_rel_relkind(oid) != RELKIND_PARTITIONED_TABLE) {
        return capture_relation(oid, op);
    }
    int64 rows = 0;
    List *tree = find_all_inheritors(oid, ShareRowExclusiveLock, nullptr);
    ListCell *cell;
    foreach (cell, tree) {
        rows += capture_relation(lfirst_oid(cell), op);
    }
    return rows;
}

[[noreturn]] void refuse_call(const char *detail) {
    pg::raise(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
              "function custody.capture_truncate() is called as it must not be", detail,
              "call custody.audit() for the table, which makes its triggers");
}

const TriggerData *truncating(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        refuse_call("it is not called as a trigger");
    }
    const auto *data = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (!TRIGGER_FIRED_BEFORE(data->tg_event) || !TRIGGER_FIRED_BY_TRUNCATE(data->tg_event)) {
        refuse_call("it is not called before TRUNCATE");
    }
    if (data->tg_trigger->tgnargs != 1) {
        refuse_call("it has no identity of a table as its argument");
    }
    return data;
}

/// Text of the event: which relation, all of the table or one partition, and how many rows.
char *truncate_note(Relation relation, const CaptureTable *table, int64 rows) {
    StringInfoData json;
    initStringInfo(&json);
    appendStringInfoString(&json, "{\"kind\": \"truncate\", \"schema\": ");
    append_json(&json, get_namespace_name(RelationGetNamespace(relation)));
    appendStringInfoString(&json, ", \"name\": ");
    append_json(&json, RelationGetRelationName(relation));
    appendStringInfo(&json, ", \"partition\": %s",
                     RelationGetRelid(relation) == table->root ? "false" : "true");
    if (rows >= 0) {
        appendStringInfo(&json, ", \"rows\": " INT64_FORMAT, rows);
    }
    appendStringInfoChar(&json, '}');
    return json.data;
}

} // namespace

} // namespace custody::audit

CUSTODY_HOT_FUNCTION(custody_record_baseline) {
    PG_RETURN_INT64(custody::audit::capture_tree(PG_GETARG_OID(0), 'B'));
}

CUSTODY_HOT_FUNCTION(custody_record_removal) {
    PG_RETURN_INT64(custody::audit::capture_tree(PG_GETARG_OID(0), 'D'));
}

CUSTODY_HOT_FUNCTION(custody_capture_truncate) {
    using namespace custody::audit;
    const TriggerData *data = truncating(fcinfo);
    Relation relation = data->tg_relation;
    const CaptureTable *table = capture_table(relation, data->tg_trigger->tgargs[0]);
    if (!table->options.active) {
        return PointerGetDatum(nullptr);
    }
    check_required_context(table, relation);
    // A partitioned table has no rows itself: its partitions are truncated, each with this trigger.
    const bool by_row = table->options.truncated == Truncated::rows &&
                        relation->rd_rel->relkind == RELKIND_RELATION;
    const int64 rows = by_row ? capture_rows(relation, table, 'D') : -1;
    (void)capture_note(table->tbl, 'T', truncate_note(relation, table, rows),
                       table->options.with_query);
    return PointerGetDatum(nullptr);
}
