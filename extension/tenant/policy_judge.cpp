// What custody.judge_policies() asks about one expression of a policy. Plain C-style: no local has
// a destructor.
#include "extension/pg/boundary.hpp"
#include "extension/tenant/policy_expression.hpp"
#include "extension/tenant/policy_rewrite.hpp"

namespace custody::tenant {

namespace {

enum Column {
    kVerdict,
    kReplacement,
    kReplacementVerdict,
    kClaims,
    kSettings,
    kMemberships,
    kSources,
    kMeasured,
    kMeasuredReplacement,
    kExact,
    kColumns
};

Datum verdict_of(const AccessorSet *set, Node *expression, List *targets) {
    List *conditions;
    char *reason;
    const Standing verdict = try_simplify(set, list_make1(expression), &conditions, &reason)
                                 ? standing(conditions, targets)
                                 : Standing::different;
    return CStringGetTextDatum(name_of(verdict));
}

Datum text_of(Oid relation, Node *expression) {
    List *names = deparse_context_for(get_rel_name(relation), relation);
    return CStringGetTextDatum(deparse_expression(expression, names, false, false));
}

/// Each path as the text of a JSON array.
Datum paths_of(List *paths) {
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * (list_length(paths) + 1)));
    int count = 0;
    ListCell *path;
    foreach (path, paths) {
        StringInfoData text;
        initStringInfo(&text);
        ListCell *name;
        foreach (name, static_cast<List *>(lfirst(path))) {
            appendStringInfoString(&text, text.len == 0 ? "[" : ", ");
            escape_json(&text, static_cast<char *>(lfirst(name)));
        }
        appendStringInfoChar(&text, ']');
        values[count++] = CStringGetTextDatum(text.data);
    }
    return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum relations_of(List *relations) {
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * (list_length(relations) + 1)));
    int count = 0;
    ListCell *relation;
    foreach (relation, relations) {
        values[count++] = ObjectIdGetDatum(lfirst_oid(relation));
    }
    return PointerGetDatum(
        construct_array(values, count, REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT));
}

Datum texts_of(Oid relation, List *expressions) {
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * (list_length(expressions) + 1)));
    int count = 0;
    ListCell *expression;
    foreach (expression, expressions) {
        values[count++] = text_of(relation, static_cast<Node *>(lfirst(expression)));
    }
    return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

void judge(Oid relation, AttrNumber column, Node *expression, Datum *values) {
    const AccessorSet set = find_accessors();
    List *targets = org_targets(&set, relation, column, Orgs::any);
    Rewrite rewrite{relation, column, &set, NIL, NIL, NIL, NIL, true};
    Node *replacement = rewritten(&rewrite, expression);
    values[kVerdict] = verdict_of(&set, expression, targets);
    values[kReplacement] = text_of(relation, replacement);
    values[kReplacementVerdict] = verdict_of(&set, replacement, targets);
    values[kClaims] = paths_of(rewrite.claims);
    values[kSettings] = paths_of(rewrite.settings);
    values[kMemberships] = relations_of(rewrite.memberships);
    values[kSources] = texts_of(relation, rewrite.sources);
    values[kMeasured] = text_of(relation, with_kept_subselects(expression));
    values[kMeasuredReplacement] = text_of(relation, with_kept_subselects(replacement));
    values[kExact] = BoolGetDatum(rewrite.is_exact);
}

} // namespace

} // namespace custody::tenant

using namespace custody;

CUSTODY_FUNCTION(custody_judge_policy_expression) {
    const Oid relation = PG_GETARG_OID(0);
    TupleDesc description;
    if (get_call_result_type(fcinfo, nullptr, &description) != TYPEFUNC_COMPOSITE) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "function is called where it cannot return a row");
    }
    Relation locked = relation_open(relation, AccessShareLock);
    const AttrNumber column = get_attnum(relation, NameStr(*PG_GETARG_NAME(1)));
    if (column <= 0) {
        pg::raise(ERRCODE_UNDEFINED_COLUMN,
                  psprintf("column \"%s\" of relation \"%s\" does not exist",
                           NameStr(*PG_GETARG_NAME(1)), RelationGetRelationName(locked)));
    }
    auto *expression = static_cast<Node *>(stringToNode(TextDatumGetCString(PG_GETARG_DATUM(2))));
    Datum values[tenant::kColumns];
    bool nulls[tenant::kColumns] = {};
    tenant::judge(relation, column, expression, values);
    relation_close(locked, NoLock);
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls)));
}
