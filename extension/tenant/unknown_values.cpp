// Plain C-style: no local has a destructor.
#include "extension/tenant/unknown_values.hpp"

namespace custody::tenant {

namespace {

struct Rewriting {
    const AccessorSet *accessors;
    List *unknown;  // nodes that stand for the same value when equal() ...
    List *stand_in; // ... and the parameters that took their place
    int parameters;
    bool may_raise; // a call of the server's with constant arguments was seen
};

struct Calls {
    const AccessorSet *accessors;
    bool of_users;
    bool any;
};

bool look_at_function(Oid function, void *context) {
    auto *calls = static_cast<Calls *>(context);
    calls->any = true;
    if (function >= FirstNormalObjectId && !is_accessor(calls->accessors, function)) {
        calls->of_users = true;
    }
    return calls->of_users;
}

/// A value of the node's type of which nothing is known; the same one for an equal node.
Node *unknown_value(Node *node, Rewriting *rewriting) {
    const bool repeatable = !contain_volatile_functions(node) && !IsA(node, SubLink);
    ListCell *old;
    ListCell *taken;
    forboth(old, rewriting->unknown, taken, rewriting->stand_in) {
        if (repeatable && equal(lfirst(old), node)) {
            return static_cast<Node *>(lfirst(taken));
        }
    }
    auto *value = makeNode(Param);
    value->paramkind = PARAM_EXTERN;
    value->paramid = ++rewriting->parameters;
    value->paramtype = exprType(node);
    value->paramtypmod = exprTypmod(node);
    value->paramcollid = exprCollation(node);
    value->location = -1;
    if (repeatable) {
        rewriting->unknown = lappend(rewriting->unknown, node);
        rewriting->stand_in = lappend(rewriting->stand_in, value);
    }
    return reinterpret_cast<Node *>(value);
}

/// The expression e of a sub-select that is (select e) and nothing more, seen from outside.
Node *bracketed(const Query *query) {
    if (query->commandType != CMD_SELECT || query->rtable != NIL || query->cteList != NIL ||
        list_length(query->targetList) != 1 || query->setOperations != nullptr || query->hasAggs ||
        query->hasWindowFuncs || query->hasTargetSRFs || query->jointree->fromlist != NIL ||
        query->jointree->quals != nullptr || query->groupClause != NIL ||
        query->groupingSets != NIL || query->havingQual != nullptr ||
        query->limitOffset != nullptr || query->limitCount != nullptr) {
        return nullptr;
    }
    auto *expression =
        static_cast<Node *>(copyObjectImpl(linitial_node(TargetEntry, query->targetList)->expr));
    IncrementVarSublevelsUp(expression, -1, 1);
    return expression;
}

struct Replacement {
    Node *value;
};

Node *replace_output(Node *node, void *context) {
    if (node == nullptr) {
        return nullptr;
    }
    if (IsA(node, Param) && castNode(Param, node)->paramkind == PARAM_SUBLINK) {
        return static_cast<Replacement *>(context)->value;
    }
    if (IsA(node, SubLink)) {
        return node; // its outputs are others, perhaps of another type
    }
    return custody_mutate(node, replace_output, context);
}

/// What a sub-select stands for when it reads nothing: (select e) is e, x = any (select e) is
/// x = e. nullptr for any other.
Node *unwrapped(SubLink *link) {
    if (!IsA(link->subselect, Query)) {
        return nullptr;
    }
    Node *expression = bracketed(castNode(Query, link->subselect));
    if (expression == nullptr || link->subLinkType == EXPR_SUBLINK) {
        return expression;
    }
    if (link->subLinkType == ANY_SUBLINK && link->testexpr != nullptr &&
        IsA(link->testexpr, OpExpr)) {
        Replacement replacement{expression};
        return replace_output(link->testexpr, &replacement);
    }
    return nullptr;
}

bool find_param(Node *node, void *context) {
    return node != nullptr && (IsA(node, Param) || custody_walk(node, find_param, context));
}

bool is_constant(Node *node) {
    return !contain_var_clause(node) && !find_param(node, nullptr) &&
           !contain_mutable_functions(node);
}

bool find_calls(Node *node, void *context) {
    return node != nullptr && (check_functions_in_node(node, look_at_function, context) ||
                               custody_walk(node, find_calls, context));
}

/// Which functions the evaluation of the node itself calls; those of its operands aside.
Calls calls_of(Node *node, const AccessorSet *accessors) {
    Calls calls{accessors, false, false};
    if (IsA(node, ArrayCoerceExpr)) {
        calls.any = true;
        (void)find_calls(reinterpret_cast<Node *>(castNode(ArrayCoerceExpr, node)->elemexpr),
                         &calls);
    } else if (IsA(node, MinMaxExpr)) {
        calls.of_users = castNode(MinMaxExpr, node)->minmaxtype >= FirstNormalObjectId;
    } else {
        (void)check_functions_in_node(node, look_at_function, &calls);
    }
    return calls;
}

bool is_deterministic(Oid collation) {
    return OidIsValid(collation) && get_collation_isdeterministic(collation);
}

/// Equality of bytes, whatever the collation, as long as that is a deterministic one.
void forget_collation(Node *node) {
    if (IsA(node, OpExpr) && castNode(OpExpr, node)->opfuncid == F_TEXTEQ &&
        is_deterministic(castNode(OpExpr, node)->inputcollid)) {
        castNode(OpExpr, node)->inputcollid = DEFAULT_COLLATION_OID;
    } else if (IsA(node, ScalarArrayOpExpr) &&
               get_opcode(castNode(ScalarArrayOpExpr, node)->opno) == F_TEXTEQ &&
               is_deterministic(castNode(ScalarArrayOpExpr, node)->inputcollid)) {
        castNode(ScalarArrayOpExpr, node)->inputcollid = DEFAULT_COLLATION_OID;
    }
}

Node *rewrite(Node *node, void *context) {
    auto *rewriting = static_cast<Rewriting *>(context);
    if (node == nullptr) {
        return nullptr;
    }
    if (IsA(node, SubLink)) {
        Node *expression = unwrapped(castNode(SubLink, node));
        return expression != nullptr ? rewrite(expression, context)
                                     : unknown_value(node, rewriting);
    }
    if (IsA(node, CollateExpr)) {
        return rewrite(reinterpret_cast<Node *>(castNode(CollateExpr, node)->arg), context);
    }
    const Calls calls = calls_of(node, rewriting->accessors);
    if (calls.of_users || (calls.any && contain_volatile_functions(node))) {
        return unknown_value(node, rewriting);
    }
    Node *result = custody_mutate(node, rewrite, context);
    forget_collation(result);
    if (calls.any && is_constant(result)) {
        rewriting->may_raise = true;
    }
    return result;
}

} // namespace

Node *without_unknowns(const AccessorSet *set, Node *expression, bool *may_raise) {
    Rewriting rewriting{set, NIL, NIL, 0, false};
    Node *result = rewrite(expression, &rewriting);
    *may_raise = rewriting.may_raise;
    return result;
}

} // namespace custody::tenant
