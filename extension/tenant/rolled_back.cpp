// Plain C-style: no local has a destructor.
#include "extension/tenant/rolled_back.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

namespace {

/// Whom else the server asks about functions that are about to run.
object_access_hook_type next_hook;

/// pg_advisory_lock() and its like, not those of the transaction, which go with it.
bool outlasts_transaction(Oid function) {
    const char *name = function < FirstNormalObjectId ? get_func_name(function) : nullptr;
    return name != nullptr &&
           (strncmp(name, "pg_advisory_", 12) == 0 || strncmp(name, "pg_try_advisory_", 16) == 0) &&
           strstr(name, "xact") == nullptr;
}

/// No subtransaction gives back what the session has taken, or takes back what it gave up.
void refuse_session_locks(ObjectAccessType access, Oid catalog, Oid object, int part, void *more) {
    if (next_hook != nullptr) {
        next_hook(access, catalog, object, part, more);
    }
    if (access == OAT_FUNCTION_EXECUTE && outlasts_transaction(object)) {
        pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  "advisory locks of the session cannot be rolled back");
    }
}

/// As pg::try_guarded(); within another one the hook is there already.
bool run_without_session_locks(void (*work)(void *), void *state) {
    const object_access_hook_type outer = object_access_hook;
    if (outer != refuse_session_locks) {
        next_hook = outer;
        object_access_hook = refuse_session_locks;
    }
    const bool done = pg::try_guarded(work, state);
    object_access_hook = outer;
    return done;
}

bool is_for_the_session(int sqlstate) {
    return sqlstate == ERRCODE_QUERY_CANCELED ||
           ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_OPERATOR_INTERVENTION ||
           ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INSUFFICIENT_RESOURCES ||
           ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INTERNAL_ERROR;
}

} // namespace

bool run_rolled_back(void (*work)(void *), void *state, char **error) {
    const MemoryContext context = CurrentMemoryContext;
    const ResourceOwner owner = CurrentResourceOwner;
    ErrorData *raised = nullptr;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    if (!run_without_session_locks(work, state)) {
        MemoryContextSwitchTo(context);
        raised = CopyErrorData();
        FlushErrorState();
    }
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    if (raised == nullptr) {
        return true;
    }
    if (is_for_the_session(raised->sqlerrcode)) {
        ReThrowError(raised);
    }
    *error = pstrdup(raised->message);
    FreeErrorData(raised);
    return false;
}

} // namespace custody::tenant
