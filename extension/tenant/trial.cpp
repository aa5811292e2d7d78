// Plain C-style: no local has a destructor.
#include "extension/tenant/trial.hpp"

#include "extension/pg/boundary.hpp"
#include "extension/tenant/rolled_back.hpp"
#include "extension/tenant/trial_context.hpp"

namespace custody::tenant {

namespace {

void set_locally(const char *name, const char *value) {
    (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
                            false);
}

struct Reading {
    const char *query;
    const Standpoint *standpoint;
    MemoryContext keep;
    List *values;
};

void read(void *state) {
    auto *reading = static_cast<Reading *>(state);
    if (SPI_connect() != SPI_OK_CONNECT) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot connect to the server's SQL interface");
    }
    if (reading->standpoint != nullptr) {
        take(reading->standpoint);
    }
    if (SPI_execute(reading->query, true, 0) == SPI_OK_SELECT) {
        for (uint64 i = 0; i < SPI_processed; ++i) {
            const char *value = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
            MemoryContext caller = MemoryContextSwitchTo(reading->keep);
            if (value != nullptr) {
                reading->values = lappend(reading->values, pstrdup(value));
            }
            MemoryContextSwitchTo(caller);
        }
    }
    SPI_finish();
}

} // namespace

bool may_take(Oid role) { return superuser() || custody_may_set_role(GetUserId(), role); }

void take(const Standpoint *standpoint) {
    char error[256];
    if (!enter_trial_context(standpoint->org_type, standpoint->org, error, sizeof(error))) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE, error);
    }
    // What functions of a policy do is as in a session of the role, but cannot write.
    set_locally("search_path",
                psprintf("pg_catalog, %s", GetConfigOptionResetString("search_path")));
    set_locally("transaction_read_only", "on");
    Oid caller;
    int security;
    GetUserIdAndSecContext(&caller, &security);
    SetUserIdAndSecContext(standpoint->role,
                           security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    // As the role: some settings of extensions are not for it to make.
    ListCell *cell;
    foreach (cell, standpoint->setting_value == nullptr ? NIL : standpoint->settings) {
        set_locally(static_cast<const char *>(lfirst(cell)), standpoint->setting_value);
    }
}

bool read_values(const char *query, const Standpoint *standpoint, List **values, char **error) {
    Reading reading{query, standpoint, CurrentMemoryContext, NIL};
    const bool done = run_rolled_back(read, &reading, error);
    *values = reading.values;
    return done;
}

MadeUpOrgs made_up_orgs(Oid column_type) {
    switch (getBaseType(column_type)) {
    case UUIDOID:
        return {"00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"};
    case INT2OID:
    case INT4OID:
    case INT8OID:
        return {"32001", "32002"};
    default:
        return {"org a", "org b"};
    }
}

} // namespace custody::tenant
