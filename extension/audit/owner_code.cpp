// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/owner_code.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

bool owner_code = true;

/// The key of a partitioned table is made when it is asked for first, and its expressions are
/// simplified then: functions of constants run.
void make_key_as_owner(Relation table) {
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    SetUserIdAndSecContext(table->rd_rel->relowner, security | SECURITY_RESTRICTED_OPERATION);
    const int level = NewGUCNestLevel();
    (void)RelationGetPartitionKey(table);
    AtEOXact_GUC(false, level);
    SetUserIdAndSecContext(user, security);
}

List *open_tree(Oid root) {
    List *opened = NIL;
    ListCell *cell;
    foreach (cell, find_all_inheritors(root, ShareRowExclusiveLock, nullptr)) {
        if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_PARTITIONED_TABLE) {
            Relation table = table_open(lfirst_oid(cell), NoLock);
            make_key_as_owner(table);
            opened = lappend(opened, table);
        }
    }
    return opened;
}

void add_owner(Oid type, Oid owner, Oid *found) {
    if (type < FirstNormalObjectId || superuser_arg(owner) || owner == *found) {
        return;
    }
    if (OidIsValid(*found)) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "types of several owners are not read together",
                  psprintf("They belong to \"%s\" and \"%s\".", GetUserNameFromId(*found, true),
                           GetUserNameFromId(owner, true)));
    }
    *found = owner;
}

void look_at(Oid type, Oid *found);

void look_at_fields(Oid type, Oid *found) {
    TupleDesc row_type = lookup_rowtype_tupdesc_copy(type, -1);
    for (int i = 0; i < row_type->natts; ++i) {
        if (!TupleDescAttr(row_type, i)->attisdropped) {
            look_at(TupleDescAttr(row_type, i)->atttypid, found);
        }
    }
    FreeTupleDesc(row_type);
}

void look_at(Oid type, Oid *found) {
    check_stack_depth();
    CHECK_FOR_INTERRUPTS();
    HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
    if (!HeapTupleIsValid(tuple)) {
        pg::raise(ERRCODE_INTERNAL_ERROR, psprintf("cache lookup failed for type %u", type));
    }
    const FormData_pg_type form = *reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
    ReleaseSysCache(tuple);
    add_owner(type, form.typowner, found);
    if (form.typtype == TYPTYPE_DOMAIN) {
        look_at(form.typbasetype, found);
    } else if (form.typtype == TYPTYPE_COMPOSITE) {
        look_at_fields(type, found);
    } else if (form.typtype == TYPTYPE_RANGE) {
        look_at(get_range_subtype(type), found);
#if CUSTODY_HAS_MULTIRANGES
    } else if (form.typtype == TYPTYPE_MULTIRANGE) {
        look_at(get_multirange_range(type), found);
#endif
    } else if (OidIsValid(form.typelem)) {
        look_at(form.typelem, found);
    }
}

} // namespace

List *open_as_owners(const char *statement) {
    List *opened = NIL;
    ListCell *cell;
    foreach (cell, pg_parse_query(statement)) {
        Node *parsed = lfirst_node(RawStmt, cell)->stmt;
        if (IsA(parsed, CreateTrigStmt)) {
            const Oid root = RangeVarGetRelid(castNode(CreateTrigStmt, parsed)->relation,
                                              ShareRowExclusiveLock, true);
            if (get_rel_relkind(root) == RELKIND_PARTITIONED_TABLE) {
                opened = list_concat(opened, open_tree(root));
            }
        }
    }
    return opened;
}

void close_opened(List *relations) {
    ListCell *cell;
    foreach (cell, relations) {
        table_close(static_cast<Relation>(lfirst(cell)), NoLock);
    }
}

Oid owner_of_code(Oid type) {
    Oid found = InvalidOid;
    look_at(type, &found);
    return found;
}

bool runs_owner_code() { return owner_code; }

void init_owner_code() {
    DefineCustomBoolVariable(
        "custody.owner_code", "Whether code of owners of types runs when the ledger is read.",
        "Constraints of domains and casts to json; where it is off, such values are shown as "
        "bytes.",
        &owner_code, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
}

} // namespace custody::audit

CUSTODY_FUNCTION(custody_check_session) {
    if (InSecurityRestrictedOperation()) {
        custody::pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE,
                           "code of tables and types cannot act in the name of a session",
                           "It runs because the session maintains a table or reads a value, "
                           "with the rights of its owner.");
    }
    PG_RETURN_VOID();
}
