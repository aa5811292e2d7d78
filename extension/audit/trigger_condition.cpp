// Plain C-style: no local has a destructor, an ERROR may jump over everything.
// The condition of a trigger held against another one, both as the server understands them: as a
// text one condition may be written in many ways.
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

void add_row(ParseState *state, Relation table, const char *alias) {
    ParseNamespaceItem *item = addRangeTableEntryForRelation(state, table, AccessShareLock,
                                                             makeAlias(alias, NIL), false, false);
    addNSItemToQuery(state, item, false, true, true);
}

/// As CREATE TRIGGER reads the condition behind WHEN.
Node *read_condition(Relation table, const char *condition) {
    List *parsed = pg_parse_query(psprintf("SELECT WHERE %s", condition));
    const auto *select = castNode(SelectStmt, linitial_node(RawStmt, parsed)->stmt);
    ParseState *state = make_parsestate(nullptr);
    state->p_sourcetext = condition;
    add_row(state, table, "old");
    add_row(state, table, "new");
    Node *result = transformWhereClause(state, select->whereClause, EXPR_KIND_TRIGGER_WHEN, "WHEN");
    assign_expr_collations(state, result);
    free_parsestate(state);
    return result;
}

/// The stored condition, and the table; nullptr where there is none, or no such trigger.
char *stored_condition(Oid trigger, Oid *table) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(trigger));
    Relation triggers = table_open(TriggerRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(triggers, TriggerOidIndexId, true, nullptr, 1, &key);
    HeapTuple row = systable_getnext(scan);
    char *condition = nullptr;
    *table = InvalidOid;
    if (HeapTupleIsValid(row)) {
        bool is_null;
        const Datum stored =
            heap_getattr(row, Anum_pg_trigger_tgqual, RelationGetDescr(triggers), &is_null);
        condition = is_null ? nullptr : TextDatumGetCString(stored);
        *table = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(row))->tgrelid;
    }
    systable_endscan(scan);
    table_close(triggers, AccessShareLock);
    return condition;
}

bool is_condition_of(Oid trigger, const char *condition) {
    Oid oid;
    const char *stored = stored_condition(trigger, &oid);
    Relation table = OidIsValid(oid) ? try_relation_open(oid, AccessShareLock) : nullptr;
    if (table == nullptr) {
        return false;
    }
    const bool same = stored == nullptr || condition == nullptr
                          ? stored == nullptr && condition == nullptr
                          : equal(stringToNode(stored), read_condition(table, condition));
    relation_close(table, AccessShareLock);
    return same;
}

} // namespace

} // namespace custody::audit

CUSTODY_HOT_FUNCTION(custody_is_condition_of) {
    char *condition = PG_ARGISNULL(1) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(1));
    PG_RETURN_BOOL(!PG_ARGISNULL(0) &&
                   custody::audit::is_condition_of(PG_GETARG_OID(0), condition));
}
