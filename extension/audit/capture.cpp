// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything.
// The capture trigger: AFTER ROW, for each row that an audited table loses, gets or has changed.

#include "extension/audit/capture_event.hpp"
#include "extension/audit/load.hpp"
#include "extension/audit/moved_rows.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

[[noreturn]] void refuse_call(const char *detail) {
    pg::raise(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
              "function custody.capture() is called as it must not be", detail,
              "call custody.audit() for the table, which makes its triggers");
}

void check_call(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        refuse_call("it is not called as a trigger");
    }
    const auto *data = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (!TRIGGER_FIRED_AFTER(data->tg_event) || !TRIGGER_FIRED_FOR_ROW(data->tg_event)) {
        refuse_call("it is not called after each row");
    }
    if (data->tg_trigger->tgnargs != 1) {
        refuse_call("it has no identity of a table as its argument");
    }
}

RowValues values_of(TupleTableSlot *slot) {
    slot_getallattrs(slot);
    return {slot->tts_values, slot->tts_isnull};
}

bool is_foreign(const TriggerData *data) {
    return data->tg_relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE;
}

/// A row of another server tells no command. That whose triggers fire reads by a snapshot from its
/// begin; what triggers that came before did counts commands on.
uint32 cid_of_snapshot() {
    return ActiveSnapshotSet() ? GetActiveSnapshot()->curcid : GetCurrentCommandId(false);
}

uint32 cid_of_new(const TriggerData *data, HeapTuple row) {
    return is_foreign(data) ? cid_of_snapshot() : HeapTupleHeaderGetCmin(row->t_data);
}

void capture_insert(const CaptureTable *table, const TriggerData *data) {
    const uint32 cid = cid_of_new(data, data->tg_trigtuple);
    const Moment moment = moment_now(data->tg_relation, cid);
    const uint32 pair = take_moved(table, cid);
    (void)capture_whole(table, pair == ledger::kNoPair ? 'I' : 'N', values_of(data->tg_trigslot),
                        moment, pair);
}

void capture_delete(const CaptureTable *table, const TriggerData *data) {
    const HeapTupleHeader row = data->tg_trigtuple->t_data;
    const bool foreign = is_foreign(data);
    const bool moves = !foreign && HeapTupleHeaderIndicatesMovedPartitions(row);
    const uint32 cid = foreign ? cid_of_snapshot() : HeapTupleHeaderGetCmax(row);
    const uint32 seq = capture_whole(table, moves ? 'M' : 'D', values_of(data->tg_trigslot),
                                     moment_now(data->tg_relation, cid), ledger::kNoPair);
    if (moves) {
        remember_moved(table, cid, seq);
    }
}

} // namespace

} // namespace custody::audit

CUSTODY_HOT_FUNCTION(custody_capture) {
    using namespace custody::audit;
    check_call(fcinfo);
    const auto *data = reinterpret_cast<TriggerData *>(fcinfo->context);
    const CaptureTable *table = capture_table(data->tg_relation, data->tg_trigger->tgargs[0]);
    if (!table->options.active) {
        return PointerGetDatum(nullptr);
    }
    if (TRIGGER_FIRED_BY_INSERT(data->tg_event) && counts_as_loaded(table)) {
        return PointerGetDatum(nullptr);
    }
    if (unlikely(table->options.require_org || table->options.require_user)) {
        check_required_context(table, data->tg_relation);
    }
    if (TRIGGER_FIRED_BY_INSERT(data->tg_event)) {
        capture_insert(table, data);
    } else if (TRIGGER_FIRED_BY_DELETE(data->tg_event)) {
        capture_delete(table, data);
    } else {
        const uint32 cid = cid_of_new(data, data->tg_newtuple);
        capture_update(table, values_of(data->tg_trigslot), values_of(data->tg_newslot),
                       moment_now(data->tg_relation, cid));
    }
    CHECK_FOR_INTERRUPTS();
    return PointerGetDatum(nullptr);
}
