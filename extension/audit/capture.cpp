// Plain C-style hot code: no local has a destructor, an ERROR may jump over everything.
// The capture trigger: AFTER ROW, for each row that an audited table loses, gets or has changed.

#include "extension/audit/capture_event.hpp"
#include "extension/audit/load.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// A row that an UPDATE took out of a partition and has not yet put into another: the server
/// deletes and inserts it within one command.
struct Moving {
    LocalTransactionId transaction;
    uint32 cid;
    int32 tbl;
    Oid partition;
    uint32 seq;
};

/// One for each command that runs: others run in triggers between the two, with larger numbers.
constexpr int kMostMoving = 16;
Moving moving[kMostMoving];
int moving_count = 0;

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

/// What commands left that are over, or rolled back, or whose row a trigger kept out.
void forget_moved_after(uint32 cid) {
    while (moving_count > 0 && (moving[moving_count - 1].transaction != MyProc->lxid ||
                                moving[moving_count - 1].cid > cid)) {
        --moving_count;
    }
}

void remember_moved(Moving row) {
    forget_moved_after(row.cid);
    if (moving_count == kMostMoving ||
        (moving_count > 0 && moving[moving_count - 1].cid == row.cid)) {
        --moving_count; // of many the newest are more likely to be left over
    }
    moving[moving_count++] = row;
}

/// The event that a row which comes goes on with, or none.
uint32 take_moved(int32 tbl, Oid partition, uint32 cid) {
    forget_moved_after(cid);
    if (moving_count == 0) {
        return ledger::kNoPair;
    }
    const Moving *row = &moving[moving_count - 1];
    if (row->cid != cid || row->tbl != tbl || row->partition == partition) {
        return ledger::kNoPair;
    }
    --moving_count;
    return row->seq;
}

RowValues values_of(TupleTableSlot *slot) {
    slot_getallattrs(slot);
    return {slot->tts_values, slot->tts_isnull};
}

void capture_insert(const CaptureTable *table, const TriggerData *data) {
    const uint32 cid = HeapTupleHeaderGetCmin(data->tg_trigtuple->t_data);
    const Moment moment = moment_now(data->tg_relation, cid);
    const uint32 pair = take_moved(table->tbl, RelationGetRelid(data->tg_relation), cid);
    (void)capture_whole(table, pair == ledger::kNoPair ? 'I' : 'N', values_of(data->tg_trigslot),
                        moment, pair);
}

void capture_delete(const CaptureTable *table, const TriggerData *data) {
    const HeapTupleHeader row = data->tg_trigtuple->t_data;
    const bool moves = HeapTupleHeaderIndicatesMovedPartitions(row);
    const uint32 cid = HeapTupleHeaderGetCmax(row);
    const uint32 seq = capture_whole(table, moves ? 'M' : 'D', values_of(data->tg_trigslot),
                                     moment_now(data->tg_relation, cid), ledger::kNoPair);
    if (moves) {
        remember_moved({MyProc->lxid, cid, table->tbl, RelationGetRelid(data->tg_relation), seq});
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
        const uint32 cid = HeapTupleHeaderGetCmin(data->tg_newtuple->t_data);
        capture_update(table, values_of(data->tg_trigslot), values_of(data->tg_newslot),
                       moment_now(data->tg_relation, cid));
    }
    CHECK_FOR_INTERRUPTS();
    return PointerGetDatum(nullptr);
}
