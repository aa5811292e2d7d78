// custody.probe_attempt(): one attack, as another role, in a subtransaction that never commits.
#include "extension/pg/memory.hpp"
#include "extension/pg/values.hpp"
#include "extension/tenant/probe_context.hpp"
#include "extension/tenant/probe_step.hpp"
#include "extension/tenant/probe_timeout.hpp"

namespace custody::tenant {

namespace {

struct Attempt {
    Oid role;
    const char *path; // search_path of the statement
    const ProbeContext *context;
    const char *next_org; // nullptr: the statement runs once
    const char *statement;
    std::int64_t row_cap;
    int timeout; // milliseconds, 0 = none
};

struct Outcome {
    std::int64_t rows = 0;
    char *value = nullptr; // first column of the first row
    std::string sqlstate, message, origin;
    bool entered = false;
};

/// Ends the attempt's counting on every way out.
class Counting {
  public:
    explicit Counting(const ProbeSteps &steps) { begin_steps(steps); }
    ~Counting() { end_steps(); }
    Counting(const Counting &) = delete;
    Counting &operator=(const Counting &) = delete;
};

void must(int code, const char *what) {
    if (code < 0) {
        pg::raise(ERRCODE_INTERNAL_ERROR, what, SPI_result_code_string(code));
    }
}

SPIPlanPtr prepare(const char *statement) {
    SPIPlanPtr plan = SPI_prepare_cursor(statement, 0, nullptr, CURSOR_OPT_GENERIC_PLAN);
    must(plan == nullptr ? SPI_result : 0, "cannot prepare the statement");
    return plan;
}

/// Plain C-style. The role is changed as a SECURITY DEFINER function does it, so that what the
/// statement calls cannot change it back (SET ROLE, SET SESSION AUTHORIZATION); the end of the
/// subtransaction restores it. The error context starts here: what an error's context then names is
/// code that the statement called.
void attack(const Attempt *attempt, Outcome *outcome, MemoryContext result) {
    error_context_stack = nullptr;
    must(SPI_connect(), "cannot connect to the server's SQL interface");
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    const int bound = security | SECURITY_LOCAL_USERID_CHANGE;
    set_config_option("search_path", attempt->path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
                      true, 0, false);
    enter_probe_context(attempt->context, nullptr);
    outcome->entered = true;
    SetUserIdAndSecContext(attempt->role, bound);
    if (attempt->next_org == nullptr) {
        must(SPI_execute(attempt->statement, false, attempt->row_cap), "cannot run the statement");
    } else {
        SPIPlanPtr plan = prepare(attempt->statement);
        must(SPI_execute_plan(plan, nullptr, nullptr, false, attempt->row_cap),
             "cannot run the statement");
        SetUserIdAndSecContext(user, security);
        enter_probe_context(attempt->context, attempt->next_org);
        SetUserIdAndSecContext(attempt->role, bound);
        must(SPI_execute_plan(plan, nullptr, nullptr, false, attempt->row_cap),
             "cannot run the statement");
    }
    outcome->rows = static_cast<std::int64_t>(SPI_processed);
    if (SPI_tuptable != nullptr && SPI_tuptable->numvals > 0 && SPI_tuptable->tupdesc->natts > 0) {
        const char *value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
        outcome->value = value == nullptr ? nullptr : MemoryContextStrdup(result, value);
    }
    SetUserIdAndSecContext(user, security);
    SPI_finish();
}

/// Who raised it. SPI names the statement itself in the context and nothing else, unless the error
/// comes out of a function or a trigger that the statement ran. The server keeps the last part of
/// a file's path only.
const char *origin_of(const ErrorData &error, const Attempt &attempt, bool entered) {
    const std::string itself = "SQL statement \"" + std::string(attempt.statement) + "\"";
    const std::string_view file = error.filename == nullptr ? "" : error.filename;
    if (!entered) {
        return "enter";
    }
    if (file.starts_with("context") && file.ends_with(".cpp")) {
        return "custody";
    }
    if (error.context != nullptr && error.context != itself) {
        return "function";
    }
    if (file.ends_with("aclchk.c")) {
        return "privilege";
    }
    return file.ends_with("execMain.c") || file.ends_with("rls.c") ? "row security" : "server";
}

/// What is not the attack's own doing ends the probe, too.
bool must_go_on(const pg::ServerError &error) {
    switch (error.sqlstate()) {
    case ERRCODE_ADMIN_SHUTDOWN:
    case ERRCODE_CRASH_SHUTDOWN:
    case ERRCODE_OUT_OF_MEMORY:
        return false;
    case ERRCODE_QUERY_CANCELED:
        return is_timeout(error);
    default:
        return true;
    }
}

void begin_subtransaction() { BeginInternalSubTransaction(nullptr); }

void try_attack(const Attempt &attempt, Outcome &outcome) {
    const MemoryContext context = CurrentMemoryContext;
    const ResourceOwner owner = CurrentResourceOwner;
    pg::call<begin_subtransaction>();
    MemoryContextSwitchTo(context);
    std::exception_ptr fatal;
    try {
        const Timeout timeout(attempt.timeout);
        pg::call<attack>(&attempt, &outcome, context);
    } catch (const pg::ServerError &error) {
        if (!must_go_on(error)) {
            fatal = std::current_exception();
        }
        outcome.sqlstate = unpack_sql_state(error.sqlstate());
        outcome.message = error.what();
        outcome.origin = origin_of(error.data(), attempt, outcome.entered);
    } catch (const pg::Error &error) { // no context of this organization
        outcome.sqlstate = unpack_sql_state(error.sqlstate());
        outcome.message = error.what();
        outcome.origin = "enter";
    }
    pg::call<RollbackAndReleaseCurrentSubTransaction>();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    if (fatal) {
        std::rethrow_exception(fatal);
    }
}

Datum row_of(const Outcome &outcome, FunctionCallInfo fcinfo) {
    TupleDesc description;
    if (pg::call<get_call_result_type>(fcinfo, static_cast<Oid *>(nullptr), &description) !=
        TYPEFUNC_COMPOSITE) {
        throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "the result has no row type");
    }
    const bool failed = !outcome.sqlstate.empty();
    const ProbeSteps &steps = probe_steps();
    Datum values[7] = {Int64GetDatum(outcome.rows)};
    bool nulls[7] = {false,   outcome.value == nullptr, false, !failed, !failed,
                     !failed, steps.looked < steps.met};
    if (outcome.value != nullptr) {
        values[1] = pg::text_datum(outcome.value);
    }
    values[2] = Int64GetDatum(steps.met);
    values[6] = Int64GetDatum(steps.others);
    if (failed) {
        values[3] = pg::text_datum(outcome.sqlstate);
        values[4] = pg::text_datum(outcome.message);
        values[5] = pg::text_datum(outcome.origin);
    }
    const HeapTuple tuple = pg::call<heap_form_tuple>(description, values, nulls);
    return HeapTupleGetDatum(tuple);
}

enum Argument {
    kRole,
    kPath,
    kOrg,
    kOrgType,
    kHow,
    kEnter,
    kStatement,
    kLimit,
    kFirst,
    kCap,
    kTimeout,
    kNext,
    kColumn
};

std::optional<std::string> optional_text(FunctionCallInfo fcinfo, int argument) {
    return PG_ARGISNULL(argument) ? std::nullopt
                                  : std::optional(pg::text_value(PG_GETARG_DATUM(argument)));
}

} // namespace

CUSTODY_FUNCTION(custody_probe_attempt) {
    if (!superuser()) {
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "only a superuser may probe")
            .detail("a probe acts as other roles and enters contexts of any organization");
    }
    if (is_counting()) {
        throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "a probe is running already")
            .detail("what it attacks has called the prober");
    }
    for (const int required : {kRole, kPath, kHow, kStatement, kLimit, kFirst, kCap, kTimeout}) {
        if (PG_ARGISNULL(required)) {
            throw pg::Error(ERRCODE_NULL_VALUE_NOT_ALLOWED, "an argument is null");
        }
    }
    const std::string path = pg::text_value(PG_GETARG_DATUM(kPath));
    const std::string statement = pg::text_value(PG_GETARG_DATUM(kStatement));
    const auto next = optional_text(fcinfo, kNext);
    const ProbeContext context{optional_text(fcinfo, kOrg), optional_text(fcinfo, kOrgType),
                               pg::text_value(PG_GETARG_DATUM(kHow)),
                               optional_text(fcinfo, kEnter)};
    const Attempt attempt{PG_GETARG_OID(kRole),           path.c_str(),      &context,
                          next ? next->c_str() : nullptr, statement.c_str(), PG_GETARG_INT64(kCap),
                          PG_GETARG_INT32(kTimeout)};
    Outcome outcome;
    const auto column = optional_text(fcinfo, kColumn);
    const std::string org = context.org.value_or("");
    const Counting counting({.takes_first = PG_GETARG_BOOL(kFirst),
                             .limit = PG_GETARG_INT64(kLimit),
                             .org_column = column ? column->c_str() : nullptr,
                             .org = org.c_str()});
    try_attack(attempt, outcome);
    return row_of(outcome, fcinfo);
}

} // namespace custody::tenant
