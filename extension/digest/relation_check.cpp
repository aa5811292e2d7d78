// Plain C-style: what may be scanned, and by whom.
#include "extension/digest/relation_scan.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

/// Virtual generated columns came with 18; the letter is free before.
constexpr char kGeneratedVirtual = 'v';

struct RefusedKind {
    char kind;
    const char *detail;
    const char *hint;
};

const RefusedKind kRefusedKinds[] = {
    {RELKIND_PARTITIONED_TABLE, "it is a partitioned table, which holds no rows itself",
     "scan its partitions, or call custody.table_digest()"},
    {RELKIND_FOREIGN_TABLE, "it is a foreign table, whose rows lie elsewhere",
     "compare the table that it refers to"},
    {RELKIND_VIEW, "it is a view", "compare the tables that it reads"},
    {RELKIND_SEQUENCE, "it is a sequence", nullptr},
};

} // namespace

void check_kind(Relation relation) {
    const char kind = relation->rd_rel->relkind;
    if (kind == RELKIND_RELATION || kind == RELKIND_MATVIEW) {
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
        return;
    }
    const char *detail = "it is neither a table nor a materialized view";
    const char *hint = nullptr;
    for (const RefusedKind &refused : kRefusedKinds) {
        if (refused.kind == kind) {
            detail = refused.detail;
            hint = refused.hint;
        }
    }
    pg::raise(ERRCODE_WRONG_OBJECT_TYPE,
              psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)), detail,
              hint);
}

namespace {

bool may_select(Relation relation, const ScanRequest *request) {
    const Oid oid = RelationGetRelid(relation);
    const Oid user = GetUserId();
    if (pg_class_aclcheck(oid, user, ACL_SELECT) == ACLCHECK_OK) {
        return true;
    }
    if (request->column_count == 0) {
        return pg_attribute_aclcheck_all(oid, user, ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK;
    }
    for (int i = 0; i < request->column_count; ++i) {
        const AttrNumber attribute = find_column(relation, request->columns[i]);
        if (pg_attribute_aclcheck(oid, attribute, user, ACL_SELECT) != ACLCHECK_OK) {
            return false;
        }
    }
    return true;
}

} // namespace

AttrNumber find_column(Relation relation, const char *name) {
    const TupleDesc row_type = RelationGetDescr(relation);
    for (int i = 0; i < row_type->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type, i);
        if (attribute->attisdropped || strcmp(NameStr(attribute->attname), name) != 0) {
            continue;
        }
        if (attribute->attgenerated == kGeneratedVirtual) {
            pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                      psprintf("cannot digest column \"%s\" of relation \"%s\"", name,
                               RelationGetRelationName(relation)),
                      "it is a virtual generated column, which is not stored");
        }
        return attribute->attnum;
    }
    pg::raise(ERRCODE_UNDEFINED_COLUMN, psprintf("column \"%s\" of relation \"%s\" does not exist",
                                                 name, RelationGetRelationName(relation)));
}

void check_storage(Relation relation) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(RelationGetRelid(relation)));
    Relation classes = table_open(RelationRelationId, AccessShareLock);
    SysScanDesc scan =
        systable_beginscan(classes, ClassOidIndexId, true, GetActiveSnapshot(), 1, &key);
    HeapTuple found = systable_getnext(scan);
    const bool same =
        HeapTupleIsValid(found) && reinterpret_cast<Form_pg_class>(GETSTRUCT(found))->relfilenode ==
                                       relation->rd_rel->relfilenode;
    systable_endscan(scan);
    table_close(classes, AccessShareLock);
    if (!same) {
        pg::raise(ERRCODE_T_R_SERIALIZATION_FAILURE,
                  psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
                  "it was created, truncated or rewritten after the snapshot was taken",
                  "try again, in a new transaction unless this one is read committed");
    }
}

void check_may_read(Relation relation, const ScanRequest *request) {
    if (!may_select(relation, request)) {
        aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(relation->rd_rel->relkind),
                       RelationGetRelationName(relation));
    }
    if (check_enable_rls(RelationGetRelid(relation), InvalidOid, true) == RLS_ENABLED) {
        pg::raise(ERRCODE_INSUFFICIENT_PRIVILEGE,
                  psprintf("cannot digest relation \"%s\"", RelationGetRelationName(relation)),
                  "row security is active for the current role, so that rows may be hidden from it",
                  "use a role that has BYPASSRLS");
    }
}

} // namespace custody::digest
