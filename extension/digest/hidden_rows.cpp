// Plain C-style: no local has a destructor.
#include "extension/digest/hidden_rows.hpp"

#include "extension/digest/relation_scan.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

/// A child that is named itself, and not met on the way down from the relation, has policies of its
/// own; cast to the relation's type its rows look like the relation's.
bool reads(const RangeTblEntry *entry, Oid relation) {
    if (entry->rtekind != RTE_RELATION) {
        return false;
    }
    return entry->relid == relation ||
           (custody_is_named_itself(entry) &&
            typeInheritsFrom(get_rel_type_id(entry->relid), get_rel_type_id(relation)));
}

/// A view reads as its owner, who may be shown less than the caller.
void refuse_hiding(const EState *query, const RangeTblEntry *entry) {
    const Oid role = custody_reading_role(query, entry);
    if (!OidIsValid(role)) {
        refuse_row_security(entry->relid);
    } else if (check_enable_rls(entry->relid, role, true) == RLS_ENABLED) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE,
                  psprintf("cannot digest relation \"%s\"", get_rel_name(entry->relid)),
                  psprintf("row security is active for role \"%s\", as which a view reads it",
                           GetUserNameFromId(role, false)),
                  "read the table itself");
    }
}

bool has_row_security(Oid relation) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) {
        return false;
    }
    const bool enabled = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relrowsecurity;
    ReleaseSysCache(tuple);
    return enabled;
}

/// A query that no portal runs, or whose portal has no name, was planned when it began, and the
/// loop of a procedural language (a pinned portal) goes round as the role that began it. A cursor
/// from DECLARE or OPEN ... FOR EXECUTE does not tell for whom its plan is.
bool planned_for_caller(const EState *query) {
    if (ActivePortal == nullptr || ActivePortal->queryDesc == nullptr ||
        ActivePortal->queryDesc->estate != query) {
        return true;
    }
    if (ActivePortal->cplan != nullptr) {
        return ActivePortal->cplan->planRoleId == GetUserId();
    }
    return ActivePortal->name[0] == '\0' || ActivePortal->portalPinned;
}

} // namespace

void refuse_hidden_rows(Oid relation, const EState *query) {
    refuse_row_security(relation);
    ListCell *cell;
    foreach (cell, query->es_range_table) {
        const auto *entry = lfirst_node(RangeTblEntry, cell);
        if (reads(entry, relation)) {
            refuse_hiding(query, entry);
        }
    }
}

void refuse_plan_of_another_role(Oid type, const EState *query) {
    if (planned_for_caller(query)) {
        return;
    }
    const Oid relation = get_typ_typrelid(getBaseType(type));
    if (OidIsValid(relation) && has_row_security(relation)) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE,
                  psprintf("cannot digest relation \"%s\"", get_rel_name(relation)),
                  "it has row security, and its cursor may have been opened by another role",
                  "run the query without a cursor");
    }
}

} // namespace custody::digest
