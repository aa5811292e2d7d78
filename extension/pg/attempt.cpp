// Plain C-style: no local has a destructor.
#include "extension/pg/attempt.hpp"

namespace custody::pg {

namespace {

/// By where the server raised it: what somebody's own code raises may have any SQLSTATE, and it may
/// wait for locks, with a timeout of its own.
bool cancels(const ErrorData *error) {
    const char *place = error->funcname == nullptr ? "" : error->funcname;
    return error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
           (strcmp(place, "ProcessInterrupts") == 0 ||
            strcmp(place, "ProcessRecoveryConflictInterrupt") == 0);
}

/// What concerns the data, not the session or the machine.
bool is_of_data(const ErrorData *error, bool others) {
    const int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
    return others ? !cancels(error)
                  : category != ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION) &&
                        category != ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES) &&
                        category != ERRCODE_TO_CATEGORY(ERRCODE_INTERNAL_ERROR);
}

} // namespace

bool attempt(void (*thunk)(void *), void *frame, bool others, char **message) {
    MemoryContext context = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    const bool good = try_guarded(thunk, frame);
    if (good) {
        ReleaseCurrentSubTransaction();
    } else {
        MemoryContextSwitchTo(context);
        ErrorData *error = CopyErrorData();
        FlushErrorState();
        // Before it is raised on, too: who catches it rolls back a subtransaction of his own.
        RollbackAndReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(context);
        CurrentResourceOwner = owner;
        if (!is_of_data(error, others)) {
            ReThrowError(error);
        }
        if (message != nullptr) {
            *message = pstrdup(error->message);
        }
    }
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    return good;
}

} // namespace custody::pg
