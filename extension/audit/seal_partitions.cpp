// Plain C-style: no local has a destructor.
#include "extension/audit/seal.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// Where somebody holds a lock for long, the next seal tries again.
constexpr const char *kPatience = "1s";

void call_maker(void *function) {
    const int level = NewGUCNestLevel();
    set_config_option("lock_timeout", kPatience, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                      0, false);
    OidFunctionCall0(*static_cast<Oid *>(function));
    AtEOXact_GUC(true, level);
}

} // namespace

void make_partitions() {
    List *name =
        list_make2(makeString(pstrdup("custody")), makeString(pstrdup("make_ledger_partitions")));
    Oid function = LookupFuncName(name, 0, nullptr, false);
    const MemoryContext context = CurrentMemoryContext;
    const ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    ErrorData *error = nullptr;
    if (pg::try_guarded(call_maker, &function)) {
        ReleaseCurrentSubTransaction();
    } else {
        MemoryContextSwitchTo(context);
        error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
    }
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    if (error == nullptr) {
        return;
    }
    if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION) {
        ReThrowError(error);
    }
    ereport(WARNING,
            (errcode(error->sqlerrcode),
             errmsg("could not make the next partitions of the ledger: %s", error->message)));
}

} // namespace custody::audit
