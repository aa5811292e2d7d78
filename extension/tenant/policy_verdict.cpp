// How one policy stands to the org column. Plain C-style: no local has a destructor.
#include "extension/pg/boundary.hpp"
#include "extension/tenant/policy_expression.hpp"

namespace custody::tenant {

namespace {

Relation open_policies() { return table_open(PolicyRelationId, AccessShareLock); }

/// The policy's relation; raises undefined_object.
Oid relation_of(Oid policy) {
    Relation policies = open_policies();
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_policy_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(policy));
    SysScanDesc scan = systable_beginscan(policies, PolicyOidIndexId, true, nullptr, 1, &key);
    HeapTuple found = systable_getnext(scan);
    const Oid relation = HeapTupleIsValid(found)
                             ? reinterpret_cast<Form_pg_policy>(GETSTRUCT(found))->polrelid
                             : InvalidOid;
    systable_endscan(scan);
    table_close(policies, AccessShareLock);
    return relation;
}

/// USING and WITH CHECK; nullptr for one that is not there. Read under the relation's lock.
void read_expressions(Oid policy, Node **visible, Node **checked) {
    Relation policies = open_policies();
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_policy_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(policy));
    SysScanDesc scan = systable_beginscan(policies, PolicyOidIndexId, true, nullptr, 1, &key);
    HeapTuple found = systable_getnext(scan);
    Node **expressions[] = {visible, checked};
    const AttrNumber columns[] = {Anum_pg_policy_polqual, Anum_pg_policy_polwithcheck};
    for (int i = 0; i < 2 && HeapTupleIsValid(found); ++i) {
        bool is_null;
        const Datum stored = heap_getattr(found, columns[i], RelationGetDescr(policies), &is_null);
        *expressions[i] =
            is_null ? nullptr : static_cast<Node *>(stringToNode(TextDatumGetCString(stored)));
    }
    systable_endscan(scan);
    table_close(policies, AccessShareLock);
}

Standing standing_of(const AccessorSet *set, Node *expression, List *targets) {
    List *conditions;
    char *reason;
    return try_simplify(set, list_make1(expression), &conditions, &reason)
               ? standing(conditions, targets)
               : Standing::different;
}

/// Different beats narrower, narrower beats same.
Standing worse(Standing a, Standing b) { return a > b ? a : b; }

} // namespace

} // namespace custody::tenant

using namespace custody;

CUSTODY_FUNCTION(custody_policy_verdict) {
    const Oid policy = PG_GETARG_OID(0);
    const char *column = NameStr(*PG_GETARG_NAME(1));
    const Oid relation = tenant::relation_of(policy);
    Relation locked = OidIsValid(relation) ? try_relation_open(relation, AccessShareLock) : nullptr;
    if (locked == nullptr) {
        pg::raise(ERRCODE_UNDEFINED_OBJECT, psprintf("policy with OID %u does not exist", policy));
    }
    const AttrNumber number = get_attnum(relation, column);
    if (number <= 0) {
        pg::raise(ERRCODE_UNDEFINED_COLUMN,
                  psprintf("column \"%s\" of relation \"%s\" does not exist", column,
                           RelationGetRelationName(locked)));
    }
    const tenant::AccessorSet set = tenant::find_accessors();
    List *targets = tenant::org_targets(&set, relation, number, tenant::Orgs::any);
    Node *visible = nullptr;
    Node *checked = nullptr;
    tenant::read_expressions(policy, &visible, &checked);
    tenant::Standing verdict = tenant::Standing::same;
    for (Node *expression : {visible, checked}) {
        if (expression != nullptr) {
            verdict = tenant::worse(verdict, tenant::standing_of(&set, expression, targets));
        }
    }
    if (visible == nullptr && checked == nullptr) {
        verdict = tenant::Standing::narrower; // such a policy lets nothing through
    }
    relation_close(locked, NoLock);
    PG_RETURN_TEXT_P(cstring_to_text(tenant::name_of(verdict)));
}
