// custody.probe_step(); plain C-style.
#include "extension/tenant/probe_step.hpp"

namespace custody::tenant {

namespace {

ProbeSteps steps;
bool active = false;
PlanState *writing = nullptr; // the attempt's UPDATE or DELETE, as long as it is there
ExecutorStart_hook_type next_start = nullptr;

void forget(void *) { writing = nullptr; }

// The first one to start is the attempt's own; what its policies call comes later.
void start(QueryDesc *query, int flags) {
    (next_start != nullptr ? next_start : standard_ExecutorStart)(query, flags);
    if (writing != nullptr || (query->operation != CMD_UPDATE && query->operation != CMD_DELETE)) {
        return;
    }
    const MemoryContext context = query->estate->es_query_cxt;
    auto *callback = static_cast<MemoryContextCallback *>(
        MemoryContextAlloc(context, sizeof(MemoryContextCallback)));
    callback->func = forget;
    callback->arg = nullptr;
    MemoryContextRegisterResetCallback(context, callback);
    writing = query->planstate;
}

/// The row whose conditions are being asked; nullptr for plans in which that is not plain to see.
TupleTableSlot *scanned(PlanState *state) {
    while (state != nullptr) {
        switch (nodeTag(state)) {
        case T_ModifyTableState:
        case T_ResultState:
        case T_LockRowsState:
            state = outerPlanState(state);
            break;
        case T_AppendState: {
            const auto *append = reinterpret_cast<AppendState *>(state);
            const int at = append->as_whichplan;
            state = at >= 0 && at < append->as_nplans ? append->appendplans[at] : nullptr;
            break;
        }
        case T_SeqScanState:
        case T_IndexScanState:
        case T_BitmapHeapScanState:
        case T_TidScanState: {
            TupleTableSlot *slot = state->ps_ExprContext->ecxt_scantuple;
            return slot == nullptr || TTS_EMPTY(slot) ? nullptr : slot;
        }
        default:
            return nullptr;
        }
    }
    return nullptr;
}

// By its name: in a partition it may have another number.
int number_of_column(TupleDesc description, const char *name) {
    for (int i = 0; i < description->natts; ++i) {
        const Form_pg_attribute attribute = TupleDescAttr(description, i);
        if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0) {
            return i + 1;
        }
    }
    return 0;
}

void look_at_row() {
    TupleTableSlot *slot = scanned(writing);
    const int number =
        slot == nullptr ? 0 : number_of_column(slot->tts_tupleDescriptor, steps.org_column);
    if (number == 0) {
        return;
    }
    ++steps.looked;
    bool is_null;
    const Datum value = slot_getattr(slot, number, &is_null);
    if (!is_null) {
        Oid output;
        bool is_varlena;
        getTypeOutputInfo(TupleDescAttr(slot->tts_tupleDescriptor, number - 1)->atttypid, &output,
                          &is_varlena);
        if (strcmp(OidOutputFunctionCall(output, value), steps.org) == 0) {
            return;
        }
    }
    ++steps.others;
    pg::raise(ERRCODE_RAISE_EXCEPTION, "the statement met a row of another organization");
}

} // namespace

ProbeSteps &probe_steps() noexcept { return steps; }

bool is_counting() noexcept { return active; }

void begin_steps(const ProbeSteps &given) noexcept {
    steps = given;
    active = true;
    writing = nullptr;
    next_start = ExecutorStart_hook;
    ExecutorStart_hook = start;
}

void end_steps() noexcept {
    active = false;
    ExecutorStart_hook = next_start;
}

CUSTODY_FUNCTION(custody_probe_step) {
    if (!active) {
        PG_RETURN_BOOL(false);
    }
    ++steps.met;
    if (steps.org_column != nullptr) {
        look_at_row();
    }
    if (steps.met > steps.limit) {
        pg::raise(ERRCODE_RAISE_EXCEPTION, "the statement met a row more than it may");
    }
    PG_RETURN_BOOL(steps.takes_first && steps.met == 1);
}

} // namespace custody::tenant
