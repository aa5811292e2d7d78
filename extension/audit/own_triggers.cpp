// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/own_triggers.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

bool is_own(Oid function, Oid schema) {
    const char *name = OidIsValid(function) && get_func_namespace(function) == schema
                           ? get_func_name(function)
                           : nullptr;
    return name != nullptr &&
           (strcmp(name, "capture") == 0 || strcmp(name, "capture_truncate") == 0 ||
            strcmp(name, "refuse_held") == 0);
}

/// The function of a trigger that there is.
Oid function_of(const RangeVar *table, const char *trigger) {
    const Oid relation = RangeVarGetRelidExtended(table, NoLock, RVR_MISSING_OK, nullptr, nullptr);
    ScanKeyData key[2];
    ScanKeyInit(&key[0], Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(relation));
    ScanKeyInit(&key[1], Anum_pg_trigger_tgname, BTEqualStrategyNumber, F_NAMEEQ,
                CStringGetDatum(trigger));
    Relation triggers = table_open(TriggerRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, nullptr, 2, key);
    HeapTuple row = systable_getnext(scan);
    const Oid function = HeapTupleIsValid(row)
                             ? reinterpret_cast<Form_pg_trigger>(GETSTRUCT(row))->tgfoid
                             : InvalidOid;
    systable_endscan(scan);
    table_close(triggers, AccessShareLock);
    return function;
}

struct Concerned {
    const char *trigger; // nullptr: none
    Oid function;
};

Concerned concerned(Node *statement) {
    if (IsA(statement, CreateTrigStmt)) {
        const auto *create = castNode(CreateTrigStmt, statement);
        return {create->trigname, LookupFuncName(create->funcname, 0, nullptr, true)};
    }
    if (IsA(statement, RenameStmt)) {
        const auto *rename = castNode(RenameStmt, statement);
        if (rename->renameType == OBJECT_TRIGGER) {
            return {rename->subname, function_of(rename->relation, rename->subname)};
        }
    } else if (IsA(statement, AlterObjectDependsStmt)) {
        const auto *alter = castNode(AlterObjectDependsStmt, statement);
        if (alter->objectType == OBJECT_TRIGGER) {
            const char *name = strVal(llast(castNode(List, alter->object)));
            return {name, function_of(alter->relation, name)};
        }
    }
    return {nullptr, InvalidOid};
}

} // namespace

void refuse_own_triggers(Node *statement, Oid schema) {
    if (superuser()) {
        return;
    }
    const Concerned what = concerned(statement);
    if (what.trigger == nullptr || !is_own(what.function, schema)) {
        return;
    }
    if (IsA(statement, RenameStmt)) {
        const Oid table = RangeVarGetRelidExtended(castNode(RenameStmt, statement)->relation,
                                                   NoLock, RVR_MISSING_OK, nullptr, nullptr);
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE,
                  psprintf("trigger \"%s\" of %s stays as it is", what.trigger,
                           quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
                                                      get_rel_name(table))),
                  "It records the table or holds its rows.",
                  "custody.unaudit() ends recording, custody.request_lift() asks to lift a hold.");
    }
    pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE,
              psprintf("trigger \"%s\" is made by custody.audit() and custody.place_hold() only",
                       what.trigger));
}

} // namespace custody::audit
