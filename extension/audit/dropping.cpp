// DROP TABLE, before it does anything: the rows of a partition of an audited table can still be
// read then. Event triggers in SQL are not told which tables it names; the parse tree says. Plain
// C-style.
#include "extension/pg/boundary.hpp"

namespace {

/// custody.audit_dropping(oid), found without asking for rights on the schema: whoever drops a
/// table has none.
Oid dropping_function(FunctionCallInfo fcinfo) {
    const Oid argument = OIDOID;
    const Oid schema = get_func_namespace(fcinfo->flinfo->fn_oid);
    return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("audit_dropping"),
                           PointerGetDatum(buildoidvector(&argument, 1)), ObjectIdGetDatum(schema));
}

} // namespace

CUSTODY_FUNCTION(custody_audit_drop_start) {
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo)) {
        custody::pg::raise(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED,
                           "custody.audit_drop_start() was not called by an event trigger");
    }
    const auto *data = reinterpret_cast<EventTriggerData *>(fcinfo->context);
    const auto *drop = reinterpret_cast<const DropStmt *>(data->parsetree);
    if (!IsA(data->parsetree, DropStmt) || drop->removeType != OBJECT_TABLE) {
        PG_RETURN_NULL();
    }
    const Oid function = dropping_function(fcinfo);
    ListCell *cell;
    foreach (cell, drop->objects) {
        RangeVar *name = makeRangeVarFromNameList(static_cast<List *>(lfirst(cell)));
        const Oid relation =
            RangeVarGetRelidExtended(name, NoLock, RVR_MISSING_OK, nullptr, nullptr);
        if (OidIsValid(relation) && OidIsValid(function)) {
            (void)OidFunctionCall1(function, ObjectIdGetDatum(relation));
        }
    }
    PG_RETURN_NULL();
}
