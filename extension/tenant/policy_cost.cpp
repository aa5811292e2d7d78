// The plan of a query over a table, made as the table's owner: the planner runs stable functions,
// and these are the owner's. With the restrictions that the server puts on maintenance commands, so
// that they cannot go back to the caller's rights. Plain C-style: no local has a destructor.
#include "extension/pg/boundary.hpp"
#include "extension/tenant/rolled_back.hpp"
#include "extension/tenant/trial.hpp"

namespace custody::tenant {

namespace {

struct Planning {
    const char *query;
    Oid role;
    MemoryContext keep;
    char *plan;
};

/// The table's owner; the current user where that is a superuser, or the table is gone.
Oid planning_role(Oid relation) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) {
        return GetUserId();
    }
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return superuser_arg(owner) ? GetUserId() : owner;
}

void plan(void *state) {
    auto *planning = static_cast<Planning *>(state);
    if (SPI_connect() != SPI_OK_CONNECT) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot connect to the server's SQL interface");
    }
    (void)set_config_option("transaction_read_only", "on", PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_LOCAL, true, 0, false);
    Oid caller;
    int security;
    GetUserIdAndSecContext(&caller, &security);
    SetUserIdAndSecContext(planning->role,
                           security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    if (SPI_execute(planning->query, false, 0) == SPI_OK_UTILITY && SPI_processed == 1) {
        const char *text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
        planning->plan = text == nullptr ? nullptr : MemoryContextStrdup(planning->keep, text);
    }
    SPI_finish();
}

} // namespace

} // namespace custody::tenant

using namespace custody;

CUSTODY_FUNCTION(custody_plan_as_owner) {
    const Oid role = tenant::planning_role(PG_GETARG_OID(0));
    tenant::Planning planning{text_to_cstring(PG_GETARG_TEXT_PP(1)), role, CurrentMemoryContext,
                              nullptr};
    char *error;
    if ((role != GetUserId() && !tenant::may_take(role)) ||
        !tenant::run_rolled_back(tenant::plan, &planning, &error) || planning.plan == nullptr) {
        PG_RETURN_NULL();
    }
    PG_RETURN_TEXT_P(cstring_to_text(planning.plan));
}
