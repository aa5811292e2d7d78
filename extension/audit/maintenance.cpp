// Changes of the ledger that are lawful: one statement at a time, while a mark is up that the
// guards look for. The mark is down again when the statement ends, however it ends; nothing that
// a user calls can raise it without one of the functions that check duties.
#include "extension/audit/owner_code.hpp"
#include "extension/pg/attempt.hpp"
#include "extension/pg/boundary.hpp"
#include "extension/pg/spi.hpp"
#include "extension/pg/values.hpp"

namespace {

int maintained = 0;

/// Plain C-style. A query that may run code of owners of tables.
void run_query(void *query) {
    if (SPI_connect() != SPI_OK_CONNECT ||
        SPI_execute(static_cast<const char *>(query), false, 0) < 0) {
        custody::pg::raise(ERRCODE_INTERNAL_ERROR, "a step of a hold cannot be run");
    }
    SPI_finish();
}

/// The message of the error, nullptr where there was none.
char *attempt_query(const char *query) {
    char *message = nullptr;
    (void)custody::pg::attempt(run_query, const_cast<char *>(query), true, &message);
    return message;
}

struct Mark {
    Mark() { ++maintained; }
    ~Mark() { --maintained; }
    Mark(const Mark &) = delete;
    Mark &operator=(const Mark &) = delete;
};

} // namespace

CUSTODY_FUNCTION(custody_maintain_ledger) {
    const std::string statement = custody::pg::text_value(PG_GETARG_DATUM(0));
    // Code of owners may run here: the mark is not for it.
    List *tables = custody::pg::call<custody::audit::open_as_owners>(statement.c_str());
    int64 rows;
    {
        const Mark mark;
        custody::pg::Spi spi;
        rows = static_cast<int64>(spi.execute(statement.c_str()));
    }
    custody::pg::call<custody::audit::close_opened>(tables);
    PG_RETURN_INT64(rows);
}

CUSTODY_FUNCTION(custody_attempt_query) {
    const std::string query = custody::pg::text_value(PG_GETARG_DATUM(0));
    const char *message = custody::pg::call<attempt_query>(query.c_str());
    if (message == nullptr) {
        PG_RETURN_NULL();
    }
    PG_RETURN_DATUM(custody::pg::text_datum(message));
}

CUSTODY_FUNCTION(custody_ledger_is_maintained) { PG_RETURN_BOOL(maintained > 0); }

CUSTODY_FUNCTION(custody_guard_ledger) {
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        throw custody::pg::Error(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                                 "custody.guard_ledger() was not called by a trigger");
    }
    const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (maintained == 0) {
        throw custody::pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "the audit ledger is not changed")
            .detail(std::string("The table is custody_ledger.") +
                    RelationGetRelationName(trigger->tg_relation) + ".")
            .hint("custody.request_prune(), request_erase() and request_lift() are the ways.");
    }
    HeapTuple kept =
        TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
    PG_RETURN_POINTER(TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ? kept : nullptr);
}
