// DROP TABLE, DROP SCHEMA and DROP OWNED, before they do anything: the rows of a partition of an
// audited table can still be read then. Event triggers in SQL are not told what a command names;
// the parse tree says. Plain C-style.
#include "extension/pg/boundary.hpp"

namespace {

/// What a command names, and by what it takes tables along.
struct Named {
    const char *by;
    List *objects;
};

List *named_tables(const DropStmt *drop) {
    List *tables = NIL;
    ListCell *cell;
    foreach (cell, drop->objects) {
        RangeVar *name = makeRangeVarFromNameList(static_cast<List *>(lfirst(cell)));
        const Oid table = RangeVarGetRelidExtended(name, NoLock, RVR_MISSING_OK, nullptr, nullptr);
        if (OidIsValid(table)) {
            tables = lappend_oid(tables, table);
        }
    }
    return tables;
}

List *named_schemas(const DropStmt *drop) {
    List *schemas = NIL;
    ListCell *cell;
    foreach (cell, drop->objects) {
        const Oid schema = get_namespace_oid(strVal(lfirst(cell)), true);
        if (OidIsValid(schema)) {
            schemas = lappend_oid(schemas, schema);
        }
    }
    return schemas;
}

Named named_by(Node *statement) {
    if (IsA(statement, DropOwnedStmt)) {
        return {"owner", roleSpecsToIds(castNode(DropOwnedStmt, statement)->roles)};
    }
    if (!IsA(statement, DropStmt)) {
        return {"", NIL};
    }
    const DropStmt *drop = castNode(DropStmt, statement);
    if (drop->removeType == OBJECT_TABLE) {
        return {"table", named_tables(drop)};
    }
    // Without CASCADE only an empty schema is dropped.
    if (drop->removeType == OBJECT_SCHEMA && drop->behavior == DROP_CASCADE) {
        return {"schema", named_schemas(drop)};
    }
    return {"", NIL};
}

/// custody.audit_dropping(text, oid[]), found without asking for rights on the schema: whoever
/// drops a table has none.
Oid dropping_function(FunctionCallInfo fcinfo) {
    const Oid arguments[] = {TEXTOID, OIDARRAYOID};
    const Oid schema = get_func_namespace(fcinfo->flinfo->fn_oid);
    return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("audit_dropping"),
                           PointerGetDatum(buildoidvector(arguments, 2)), ObjectIdGetDatum(schema));
}

ArrayType *as_array(const List *objects) {
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * list_length(objects)));
    int count = 0;
    ListCell *cell;
    foreach (cell, objects) {
        values[count++] = ObjectIdGetDatum(lfirst_oid(cell));
    }
    return construct_array(values, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT);
}

} // namespace

CUSTODY_FUNCTION(custody_audit_drop_start) {
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo)) {
        custody::pg::raise(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED,
                           "custody.audit_drop_start() was not called by an event trigger");
    }
    const auto *data = reinterpret_cast<EventTriggerData *>(fcinfo->context);
    const Named named = named_by(data->parsetree);
    const Oid function = dropping_function(fcinfo);
    if (named.objects != NIL && OidIsValid(function)) {
        (void)OidFunctionCall2(function, PointerGetDatum(cstring_to_text(named.by)),
                               PointerGetDatum(as_array(named.objects)));
    }
    PG_RETURN_NULL();
}
