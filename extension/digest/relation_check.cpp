// Plain C-style: what may be scanned, and by whom.
#include "extension/digest/relation_scan.hpp"

#include "extension/digest/columns.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

struct RefusedKind {
    char kind;
    const char *detail;
    const char *hint;
};

const RefusedKind kRefusedKinds[] = {
    {RELKIND_PARTITIONED_TABLE, "it is a partitioned table, which holds no rows itself",
     "scan its partitions, or call custody.table_digest()"},
    {RELKIND_FOREIGN_TABLE, "it is a foreign table, whose rows lie elsewhere",
     "read it through its wrapper, with the aggregate: SELECT custody.digest(t.*) FROM %s t"},
    {RELKIND_VIEW, "it is a view", "compare the tables that it reads"},
    {RELKIND_SEQUENCE, "it is a sequence", nullptr},
};

void check_stored(Relation relation) {
    if (RELATION_IS_OTHER_TEMP(relation)) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                  psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
                  "it is a temporary table of another session");
    }
    if (!RelationIsScannable(relation)) {
        pg::raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
                  "it is a materialized view that has not been populated",
                  "use REFRESH MATERIALIZED VIEW");
    }
    if (relation->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED && RecoveryInProgress()) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                  psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
                  "it is an unlogged table, which a standby does not have",
                  "digest it on the primary");
    }
}

} // namespace

Relation open_relation(Oid oid) {
    Relation relation = try_relation_open(oid, AccessShareLock);
    if (relation == nullptr) {
        pg::raise(ERRCODE_UNDEFINED_TABLE, psprintf("relation with OID %u does not exist", oid));
    }
    return relation;
}

void check_kind(Relation relation) {
    const char kind = relation->rd_rel->relkind;
    if (kind == RELKIND_RELATION || kind == RELKIND_MATVIEW) {
        check_stored(relation);
        return;
    }
    for (const RefusedKind &refused : kRefusedKinds) {
        if (refused.kind == kind) {
            const char *name =
                quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                           RelationGetRelationName(relation));
            pg::raise(ERRCODE_WRONG_OBJECT_TYPE,
                      psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
                      refused.detail,
                      refused.hint == nullptr ? nullptr : psprintf(refused.hint, name));
        }
    }
    pg::raise(ERRCODE_WRONG_OBJECT_TYPE,
              psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
              "it is neither a table nor a materialized view");
}

namespace {

bool may_select(Relation relation, const RowShape *shape) {
    const Oid oid = RelationGetRelid(relation);
    const Oid user = GetUserId();
    if (pg_class_aclcheck(oid, user, ACL_SELECT) == ACLCHECK_OK) {
        return true;
    }
    if (shape->column_count == 0) {
        return pg_attribute_aclcheck_all(oid, user, ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK;
    }
    for (int i = 0; i < shape->column_count; ++i) {
        const AttrNumber attribute = find_column(row_type_of(relation), shape->columns[i]);
        if (pg_attribute_aclcheck(oid, attribute, user, ACL_SELECT) != ACLCHECK_OK) {
            return false;
        }
    }
    return true;
}

} // namespace

void check_may_read(Relation relation, const RowShape *shape) {
    const Oid schema = RelationGetNamespace(relation);
    if (!custody_may_use_schema(schema, GetUserId())) { // an OID gets past the look-up of the name
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, get_namespace_name(schema));
    }
    if (!may_select(relation, shape)) {
        aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(relation->rd_rel->relkind),
                       RelationGetRelationName(relation));
    }
    refuse_row_security(RelationGetRelid(relation));
}

void refuse_row_security(Oid relation) {
    if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE,
                  psprintf("cannot digest relation \"%s\"", get_rel_name(relation)),
                  "row security is active for the current role, so that rows may be hidden from it",
                  "use a role that has BYPASSRLS");
    }
}

} // namespace custody::digest
