// custody.probe_as_owner(): what the prober itself reads and makes up. A table's defaults, checks,
// index expressions and casts are code of its owner, which must not run as the superuser who
// probes.
#include "extension/pg/memory.hpp"
#include "extension/pg/values.hpp"
#include "extension/tenant/probe_timeout.hpp"

namespace custody::tenant {

namespace {

Oid owner_of(Oid relation) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) {
        pg::raise(ERRCODE_UNDEFINED_TABLE, "the relation does not exist");
    }
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

Datum columns_of(HeapTuple row, TupleDesc description, MemoryContext result) {
    const int count = description->natts;
    auto *values = static_cast<Datum *>(palloc0(sizeof(Datum) * count));
    auto *nulls = static_cast<bool *>(palloc(sizeof(bool) * count));
    for (int i = 0; i < count; ++i) {
        const char *value = SPI_getvalue(row, description, i + 1);
        nulls[i] = value == nullptr;
        if (value != nullptr) {
            values[i] = CStringGetTextDatum(value);
        }
    }
    int dimensions[1] = {count};
    int bounds[1] = {1};
    const MemoryContext before = MemoryContextSwitchTo(result);
    ArrayType *array =
        construct_md_array(values, nulls, 1, dimensions, bounds, TEXTOID, -1, false, TYPALIGN_INT);
    MemoryContextSwitchTo(before);
    return PointerGetDatum(array);
}

/// Plain C-style. As for the checks of foreign keys, the owner is not bound by FORCE. An ERROR
/// leaves the owner's identity to the abort, which gives the caller's back.
bool run_as_owner(Oid relation, const char *statement, Datum *columns) {
    const MemoryContext result = CurrentMemoryContext;
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    if (SPI_connect() != SPI_OK_CONNECT) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot connect to the server's SQL interface");
    }
    SetUserIdAndSecContext(owner_of(relation), security | SECURITY_LOCAL_USERID_CHANGE |
                                                   SECURITY_RESTRICTED_OPERATION |
                                                   SECURITY_NOFORCE_RLS);
    const int code = SPI_execute(statement, false, 1);
    if (code < 0) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot run a statement of custody",
                  SPI_result_code_string(code));
    }
    const bool found = SPI_tuptable != nullptr && SPI_tuptable->numvals > 0;
    if (found) {
        *columns = columns_of(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, result);
    }
    SetUserIdAndSecContext(user, security);
    SPI_finish();
    return found;
}

} // namespace

CUSTODY_FUNCTION(custody_probe_as_owner) {
    if (!superuser()) {
        throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, "only a superuser may probe");
    }
    const std::string statement = pg::text_value(PG_GETARG_DATUM(1));
    Datum columns = 0;
    try {
        const Timeout timeout(StatementTimeout);
        if (!pg::call<run_as_owner>(PG_GETARG_OID(0), statement.c_str(), &columns)) {
            PG_RETURN_NULL();
        }
    } catch (const pg::ServerError &error) {
        if (!is_timeout(error)) {
            throw;
        }
        // A cancelled query would end the whole probe.
        throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                        "looking for its rows took longer than the statement timeout");
    }
    PG_RETURN_DATUM(columns);
}

} // namespace custody::tenant
