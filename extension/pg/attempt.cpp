// Plain C-style: no local has a destructor.
#include "extension/pg/attempt.hpp"

namespace custody::pg {

namespace {

/// What concerns the data, not the session or the machine.
bool is_of_data(int sqlstate, bool others) {
    const int category = ERRCODE_TO_CATEGORY(sqlstate);
    return category != ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION) &&
           (others || (category != ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES) &&
                       category != ERRCODE_TO_CATEGORY(ERRCODE_INTERNAL_ERROR)));
}

} // namespace

bool attempt(void (*thunk)(void *), void *frame, bool others) {
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
        if (!is_of_data(error->sqlerrcode, others)) {
            ReThrowError(error);
        }
    }
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    return good;
}

} // namespace custody::pg
