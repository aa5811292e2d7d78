// Plain C-style: no local has a destructor, an ERROR may jump over everything.
// The statements that take back what a transaction did, as one command: what a foreign key did when
// its row changed is taken back before that, so it can be looked at only when all is done.
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// AFTER triggers wait for the command around it.
void take_back(const char *statement) {
    SPIPlanPtr plan = SPI_prepare(statement, 0, nullptr);
    const int code = plan == nullptr ? SPI_result
                                     : SPI_execute_snapshot(plan, nullptr, nullptr, InvalidSnapshot,
                                                            InvalidSnapshot, false, false, 0);
    if (code < 0) {
        pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot take back a change",
                  SPI_result_code_string(code));
    }
    if (SPI_processed != 1) {
        pg::raise(
            ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot take back a change",
            psprintf(UINT64_FORMAT " rows instead of one: %s", uint64{SPI_processed}, statement));
    }
    SPI_freeplan(plan);
}

} // namespace

} // namespace custody::audit

CUSTODY_HOT_FUNCTION(custody_take_back) {
    Datum *statements;
    bool *nulls;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &statements,
                      &nulls, &count);
    EState *state = CreateExecutorState();
    AfterTriggerBeginQuery();
    if (SPI_connect() != SPI_OK_CONNECT) {
        custody::pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot take back a change");
    }
    for (int i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (!nulls[i]) {
            custody::audit::take_back(TextDatumGetCString(statements[i]));
        }
    }
    SPI_finish();
    AfterTriggerEndQuery(state);
    custody_close_trigger_relations(state);
    ExecResetTupleTable(state->es_tupleTable, false);
    FreeExecutorState(state);
    PG_RETURN_VOID();
}
