// A DROP, before it does anything: the rows of a partition of an audited table that goes with it
// can still be read then; and what takes a column or an attribute away. Event triggers in SQL are
// not told what a command names; the parse tree says. Plain C-style.
#include "extension/audit/own_triggers.hpp"
#include "extension/pg/boundary.hpp"

namespace {

/// What a command names of what its caller may drop: who may not must not lock it. Objects with
/// their catalogs, or (by: owner) roles.
struct Named {
    const char *by;
    List *objects;
    List *classes;
};

void add(Named *named, Oid catalog, Oid object) {
    named->objects = lappend_oid(named->objects, object);
    named->classes = lappend_oid(named->classes, catalog);
}

bool owns_schema(Oid schema) {
    HeapTuple row =
        OidIsValid(schema) ? SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema)) : nullptr;
    if (!HeapTupleIsValid(row)) {
        return false;
    }
    const Oid owner = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(row))->nspowner;
    ReleaseSysCache(row);
    return has_privs_of_role(GetUserId(), owner);
}

/// Those without rows, too: a partition key may name them (regclass).
bool is_relation(ObjectType kind) {
    return kind == OBJECT_TABLE || kind == OBJECT_VIEW || kind == OBJECT_MATVIEW ||
           kind == OBJECT_FOREIGN_TABLE || kind == OBJECT_SEQUENCE || kind == OBJECT_INDEX;
}

/// Of a kind, apart from relations, on which tables may depend: by types of columns, or by what
/// partition keys use.
bool may_take_tables(ObjectType kind) {
    switch (kind) {
    case OBJECT_ACCESS_METHOD:
    case OBJECT_AGGREGATE:
    case OBJECT_CAST:
    case OBJECT_COLLATION:
    case OBJECT_DOMAIN:
    case OBJECT_EXTENSION:
    case OBJECT_FUNCTION:
    case OBJECT_LANGUAGE:
    case OBJECT_OPCLASS:
    case OBJECT_OPERATOR:
    case OBJECT_OPFAMILY:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE:
    case OBJECT_TSCONFIGURATION:
    case OBJECT_TSDICTIONARY:
    case OBJECT_TSPARSER:
    case OBJECT_TSTEMPLATE:
    case OBJECT_TYPE:
        return true;
    default:
        return false;
    }
}

/// Locked as the command will; for those that the caller may not drop the error is its own.
Named named_others(const DropStmt *drop) {
    Named named = {"object", NIL, NIL};
    ListCell *cell;
    foreach (cell, drop->objects) {
        auto *name = static_cast<Node *>(lfirst(cell));
        Relation relation = nullptr;
        const ObjectAddress object =
            get_object_address(drop->removeType, name, &relation, AccessExclusiveLock, true);
        if (!OidIsValid(object.objectId)) {
            continue;
        }
        if (!owns_schema(get_object_namespace(&object))) {
            check_object_ownership(GetUserId(), drop->removeType, object, name, relation);
        }
        add(&named, object.classId, object.objectId);
    }
    return named;
}

bool owns_relation(Oid relation) {
    HeapTuple row = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(row)) {
        return false;
    }
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->relowner;
    ReleaseSysCache(row);
    return has_privs_of_role(GetUserId(), owner);
}

Named named_relations(const DropStmt *drop) {
    Named named = {"object", NIL, NIL};
    ListCell *cell;
    foreach (cell, drop->objects) {
        RangeVar *name = makeRangeVarFromNameList(static_cast<List *>(lfirst(cell)));
        const Oid table = RangeVarGetRelidExtended(name, NoLock, RVR_MISSING_OK, nullptr, nullptr);
        if (owns_relation(table) || owns_schema(get_rel_namespace(table))) {
            add(&named, RelationRelationId, table);
        }
    }
    return named;
}

Named named_schemas(const DropStmt *drop) {
    Named named = {"object", NIL, NIL};
    ListCell *cell;
    foreach (cell, drop->objects) {
        const Oid schema = get_namespace_oid(strVal(lfirst(cell)), true);
        if (owns_schema(schema)) {
            add(&named, NamespaceRelationId, schema);
        }
    }
    return named;
}

Named named_owners(const DropOwnedStmt *drop) {
    Named named = {"owner", NIL, NIL};
    ListCell *cell;
    foreach (cell, roleSpecsToIds(drop->roles)) {
        if (has_privs_of_role(GetUserId(), lfirst_oid(cell))) {
            named.objects = lappend_oid(named.objects, lfirst_oid(cell));
        }
    }
    return named;
}

/// What depends on a column; apart from columns, whose tables stay.
void add_dependents(Named *named, Oid relation, AttrNumber column) {
    ScanKeyData key[3];
    ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(RelationRelationId));
    ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(relation));
    ScanKeyInit(&key[2], Anum_pg_depend_refobjsubid, BTEqualStrategyNumber, F_INT4EQ,
                Int32GetDatum(column));
    Relation depend = table_open(DependRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(depend, DependReferenceIndexId, true, nullptr, 3, key);
    for (HeapTuple row; HeapTupleIsValid(row = systable_getnext(scan));) {
        const auto *dependent = reinterpret_cast<Form_pg_depend>(GETSTRUCT(row));
        if (dependent->objsubid == 0) {
            add(named, dependent->classid, dependent->objid);
        }
    }
    systable_endscan(scan);
    table_close(depend, AccessShareLock);
}

/// The tables that are made OF a type.
List *typed_tables(Oid row_type) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_class_reloftype, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(row_type));
    List *tables = NIL;
    Relation classes = table_open(RelationRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, nullptr, 1, &key);
    for (HeapTuple row; HeapTupleIsValid(row = systable_getnext(scan));) {
        tables = lappend_oid(tables, reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->oid);
    }
    systable_endscan(scan);
    table_close(classes, AccessShareLock);
    return tables;
}

/// What loses a column with a table, or an attribute with a type.
List *losing_column(Oid table) {
    List *members = find_all_inheritors(table, NoLock, nullptr);
    if (get_rel_relkind(table) == RELKIND_COMPOSITE_TYPE) {
        ListCell *cell;
        foreach (cell, typed_tables(get_rel_type_id(table))) {
            members = list_concat(members, find_all_inheritors(lfirst_oid(cell), NoLock, nullptr));
        }
    }
    return members;
}

/// The columns of a table, or attributes of a type, that the caller may drop go with all that
/// depends on them, and so do those of tables that inherit them, or are made OF the type.
Named named_columns(const AlterTableStmt *alter) {
    Named named = {"object", NIL, NIL};
    const Oid table =
        RangeVarGetRelidExtended(alter->relation, NoLock, RVR_MISSING_OK, nullptr, nullptr);
    if (!OidIsValid(table) || !owns_relation(table)) {
        return named;
    }
    ListCell *cell;
    foreach (cell, alter->cmds) {
        const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);
        if (command->subtype != AT_DropColumn || command->behavior != DROP_CASCADE) {
            continue;
        }
        ListCell *member;
        foreach (member, losing_column(table)) {
            const AttrNumber column = get_attnum(lfirst_oid(member), command->name);
            if (column > 0) {
                add_dependents(&named, lfirst_oid(member), column);
            }
        }
    }
    return named;
}

Named named_by(Node *statement) {
    if (IsA(statement, AlterTableStmt)) {
        return named_columns(castNode(AlterTableStmt, statement));
    }
    if (IsA(statement, DropOwnedStmt)) {
        return named_owners(castNode(DropOwnedStmt, statement));
    }
    if (!IsA(statement, DropStmt)) {
        return {"", NIL, NIL};
    }
    const DropStmt *drop = castNode(DropStmt, statement);
    if (is_relation(drop->removeType)) {
        return named_relations(drop);
    }
    // Without CASCADE only an empty schema is dropped.
    if (drop->removeType == OBJECT_SCHEMA && drop->behavior == DROP_CASCADE) {
        return named_schemas(drop);
    }
    if (may_take_tables(drop->removeType)) {
        return named_others(drop);
    }
    return {"", NIL, NIL};
}

/// custody.audit_dropping(text, oid[], oid[]), found without asking for rights on the schema:
/// whoever drops a table has none.
Oid dropping_function(FunctionCallInfo fcinfo) {
    const Oid arguments[] = {TEXTOID, OIDARRAYOID, OIDARRAYOID};
    const Oid schema = get_func_namespace(fcinfo->flinfo->fn_oid);
    return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("audit_dropping"),
                           PointerGetDatum(buildoidvector(arguments, 3)), ObjectIdGetDatum(schema));
}

ArrayType *as_array(const List *objects) {
    auto *values = static_cast<Datum *>(palloc0(sizeof(Datum) * (list_length(objects) + 1)));
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
    custody::audit::refuse_own_triggers(data->parsetree,
                                        get_func_namespace(fcinfo->flinfo->fn_oid));
    const Named named = named_by(data->parsetree);
    const Oid function = dropping_function(fcinfo);
    if (named.objects != NIL && OidIsValid(function)) {
        (void)OidFunctionCall3(function, PointerGetDatum(cstring_to_text(named.by)),
                               PointerGetDatum(as_array(named.classes)),
                               PointerGetDatum(as_array(named.objects)));
    }
    PG_RETURN_NULL();
}
