// Plain C-style: no local has a destructor.
#include "extension/tenant/rolled_back.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

namespace {

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
    if (!pg::try_guarded(work, state)) {
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
