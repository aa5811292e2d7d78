// Plain C-style: no local has a destructor.
#include "extension/tenant/membership_query.hpp"

#include "extension/pg/errors.hpp"

namespace custody::tenant {

namespace {

char *kept_query = nullptr; // the text of kept_plan
SPIPlanPtr kept_plan = nullptr;

/// Type of the column; InvalidOid where there is none. `deterministic` becomes false where its
/// collation is not.
Oid column_type(Relation relation, const char *name, bool *deterministic) {
    TupleDesc columns = RelationGetDescr(relation);
    for (int i = 0; name != nullptr && i < columns->natts; ++i) {
        Form_pg_attribute column = TupleDescAttr(columns, i);
        if (column->attisdropped || strcmp(NameStr(column->attname), name) != 0) {
            continue;
        }
        if (OidIsValid(column->attcollation) &&
            !get_collation_isdeterministic(column->attcollation)) {
            *deterministic = false;
        }
        return column->atttypid;
    }
    return InvalidOid;
}

void prepare(const char *query) {
    if (kept_query != nullptr && strcmp(kept_query, query) == 0) {
        return;
    }
    if (kept_plan != nullptr) {
        SPI_freeplan(kept_plan);
        kept_plan = nullptr;
        pfree(kept_query);
        kept_query = nullptr;
    }
    Oid types[] = {TEXTOID, TEXTOID};
    SPIPlanPtr plan = SPI_prepare(query, 2, types);
    if (plan == nullptr) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot run a statement of custody",
                  SPI_result_code_string(SPI_result));
    }
    char *copy = MemoryContextStrdup(TopMemoryContext, query);
    SPI_keepplan(plan);
    kept_plan = plan;
    kept_query = copy;
}

MembershipAnswer answer_from(SPITupleTable *rows, uint64 count, MemoryContext context) {
    MembershipAnswer answer = {};
    answer.is_member = count > 0;
    for (uint64 i = 0; i < count; ++i) {
        char *role = SPI_getvalue(rows->vals[i], rows->tupdesc, 1);
        if (i == 0 && role != nullptr) {
            answer.role = MemoryContextStrdup(context, role);
        } else if (i > 0 && ((role == nullptr) != (answer.role == nullptr) ||
                             (role != nullptr && strcmp(role, answer.role) != 0))) {
            answer.has_several_roles = true;
        }
    }
    return answer;
}

} // namespace

MembershipShape membership_shape(Oid oid, const char *user_column, const char *org_column,
                                 const char *role_column) {
    MembershipShape shape = {};
    Relation relation = try_relation_open(oid, AccessShareLock);
    if (relation == nullptr) {
        return shape;
    }
    const char kind = relation->rd_rel->relkind;
    shape.is_partitioned = kind == RELKIND_PARTITIONED_TABLE;
    shape.is_table = (kind == RELKIND_RELATION || shape.is_partitioned) &&
                     relation->rd_rel->relpersistence != RELPERSISTENCE_TEMP;
    shape.is_deterministic = true;
    shape.user_type = column_type(relation, user_column, &shape.is_deterministic);
    shape.org_type = column_type(relation, org_column, &shape.is_deterministic);
    bool ignored = true;
    shape.role_type = column_type(relation, role_column, &ignored);
    shape.schema = pstrdup(quote_identifier(get_namespace_name(RelationGetNamespace(relation))));
    shape.table = pstrdup(quote_identifier(RelationGetRelationName(relation)));
    relation_close(relation, NoLock); // kept until the end: what was looked at is what is asked
    return shape;
}

MembershipAnswer ask_membership(Oid relation, const char *query, const char *org,
                                const char *user) {
    MemoryContext context = CurrentMemoryContext;
    Oid caller;
    int security;
    GetUserIdAndSecContext(&caller, &security);
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) {
        pg::raise(ERRCODE_UNDEFINED_TABLE, "the membership table does not exist");
    }
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    Datum values[] = {CStringGetTextDatum(org), CStringGetTextDatum(user)};
    if (SPI_connect() != SPI_OK_CONNECT) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot connect to the server's SQL interface");
    }
    // An ERROR leaves the owner's identity to the abort, which gives the caller's back.
    SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    prepare(query);
    // Who was taken off a moment ago is none any more, whatever this transaction's snapshot is.
    const int code = SPI_execute_snapshot(kept_plan, values, nullptr, GetLatestSnapshot(),
                                          InvalidSnapshot, false, false, 0);
    if (code != SPI_OK_SELECT) {
        pg::raise(ERRCODE_INTERNAL_ERROR, "cannot run a statement of custody",
                  SPI_result_code_string(code));
    }
    const MembershipAnswer answer = answer_from(SPI_tuptable, SPI_processed, context);
    SetUserIdAndSecContext(caller, security);
    (void)SPI_finish();
    return answer;
}

} // namespace custody::tenant
