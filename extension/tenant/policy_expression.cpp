// Plain C-style: no local has a destructor.
#include "extension/tenant/policy_expression.hpp"

#include "extension/tenant/rolled_back.hpp"
#include "extension/tenant/unknown_values.hpp"

namespace custody::tenant {

namespace {

bool is_false_or_null(const Node *node) {
    return IsA(node, Const) && (reinterpret_cast<const Const *>(node)->constisnull ||
                                !DatumGetBool(reinterpret_cast<const Const *>(node)->constvalue));
}

Node *conditions_of_truth(Node *node);

Node *all_of(List *arguments, BoolExprType kind) {
    List *parts = NIL;
    ListCell *cell;
    foreach (cell, arguments) {
        parts = lappend(parts, conditions_of_truth(static_cast<Node *>(lfirst(cell))));
    }
    return reinterpret_cast<Node *>(makeBoolExpr(kind, parts, -1));
}

/// An expression that is true for the same rows, easier on the prover. Whether it is false or NULL
/// for the others does not matter where a policy looks at it.
Node *conditions_of_truth(Node *node) {
    if (IsA(node, BoolExpr) && castNode(BoolExpr, node)->boolop != NOT_EXPR) {
        return all_of(castNode(BoolExpr, node)->args, castNode(BoolExpr, node)->boolop);
    }
    if (IsA(node, BooleanTest) && castNode(BooleanTest, node)->booltesttype == IS_TRUE) {
        return conditions_of_truth(reinterpret_cast<Node *>(castNode(BooleanTest, node)->arg));
    }
    if (IsA(node, CoalesceExpr)) {
        List *arguments = castNode(CoalesceExpr, node)->args;
        if (list_length(arguments) == 2 &&
            is_false_or_null(static_cast<Node *>(lsecond(arguments)))) {
            return conditions_of_truth(static_cast<Node *>(linitial(arguments)));
        }
    }
    if (IsA(node, CaseExpr)) {
        auto *choice = castNode(CaseExpr, node);
        if (choice->arg == nullptr && list_length(choice->args) == 1 &&
            (choice->defresult == nullptr ||
             is_false_or_null(reinterpret_cast<Node *>(choice->defresult)))) {
            auto *when = linitial_node(CaseWhen, choice->args);
            return all_of(list_make2(when->expr, when->result), AND_EXPR);
        }
    }
    return node;
}

List *simplify(Node *known) {
    Node *node = conditions_of_truth(eval_const_expressions(nullptr, known));
    node = eval_const_expressions(nullptr, node); // nested AND and OR made flat again
    return make_ands_implicit(canonicalize_qual(reinterpret_cast<Expr *>(node), false));
}

Node *known_part(const AccessorSet *set, List *expressions, bool *may_raise) {
    Node *all = reinterpret_cast<Node *>(
        make_ands_explicit(static_cast<List *>(copyObjectImpl(expressions))));
    return without_unknowns(set, all, may_raise);
}

struct Simplification {
    Node *known;
    List *conditions;
};

void simplify_known(void *state) {
    auto *simplification = static_cast<Simplification *>(state);
    simplification->conditions = simplify(simplification->known);
}

} // namespace

List *simplified(const AccessorSet *set, List *expressions) {
    bool may_raise;
    return simplify(known_part(set, expressions, &may_raise));
}

bool try_simplify(const AccessorSet *set, List *expressions, List **conditions, char **reason) {
    bool may_raise;
    Simplification simplification{known_part(set, expressions, &may_raise), NIL};
    if (may_raise) {
        char *error;
        if (!run_rolled_back(simplify_known, &simplification, &error)) {
            *reason = psprintf("the expression cannot be simplified: %s", error);
            return false;
        }
    } else {
        simplify_known(&simplification);
    }
    *conditions = simplification.conditions;
    return true;
}

bool admits_nothing(const List *conditions) {
    ListCell *cell;
    foreach (cell, conditions) {
        if (is_false_or_null(static_cast<Node *>(lfirst(cell)))) {
            return true;
        }
    }
    return false;
}

bool implies(List *conditions, List *targets) {
    if (targets == NIL) {
        return false;
    }
    // One OR of them all, so that each arm of an OR in the conditions may meet another target.
    Expr *target = list_length(targets) == 1 ? static_cast<Expr *>(linitial(targets))
                                             : makeBoolExpr(OR_EXPR, targets, -1);
    return predicate_implied_by(list_make1(target), conditions, false);
}

Standing standing(List *conditions, List *targets) {
    if (admits_nothing(conditions)) {
        return Standing::narrower;
    }
    if (!implies(conditions, targets)) {
        return Standing::different;
    }
    ListCell *cell;
    foreach (cell, targets) {
        if (predicate_implied_by(conditions, list_make1(lfirst(cell)), false)) {
            return Standing::same;
        }
    }
    return Standing::narrower;
}

const char *name_of(Standing standing) {
    switch (standing) {
    case Standing::same:
        return "same";
    case Standing::narrower:
        return "narrower";
    default:
        return "different";
    }
}

} // namespace custody::tenant
