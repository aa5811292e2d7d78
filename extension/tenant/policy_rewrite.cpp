// Plain C-style: no local has a destructor.
#include "extension/tenant/policy_rewrite.hpp"

#include "extension/tenant/claim_source.hpp"

namespace custody::tenant {

namespace {

bool is_org_column(const Rewrite *rewrite, Node *node, Index levels_up) {
    node = without_wrapping(node);
    return IsA(node, Var) && castNode(Var, node)->varlevelsup == levels_up &&
           castNode(Var, node)->varno == 1 && castNode(Var, node)->varattno == rewrite->column;
}

/// The other side of a comparison with = of the org column; nullptr where it is none.
Node *compared_with_org(const Rewrite *rewrite, Node *node, Index levels_up) {
    if (!is_equality(node)) {
        return nullptr;
    }
    auto *left = static_cast<Node *>(linitial(castNode(OpExpr, node)->args));
    auto *right = static_cast<Node *>(lsecond(castNode(OpExpr, node)->args));
    if (is_org_column(rewrite, left, levels_up)) {
        return right;
    }
    return is_org_column(rewrite, right, levels_up) ? left : nullptr;
}

Node *target(const Rewrite *rewrite, Orgs orgs) {
    List *targets = org_targets(rewrite->accessors, rewrite->relation, rewrite->column, orgs);
    if (targets == NIL) {
        return nullptr;
    }
    return static_cast<Node *>(orgs == Orgs::active ? linitial(targets) : llast(targets));
}

bool is_inner_column(Node *node) {
    node = without_wrapping(node);
    return IsA(node, Var) && castNode(Var, node)->varlevelsup == 0 &&
           castNode(Var, node)->varno == 1;
}

/// column of the membership table = the user
bool is_user_condition(Node *node) {
    if (!is_equality(node)) {
        return false;
    }
    auto *left = static_cast<Node *>(linitial(castNode(OpExpr, node)->args));
    auto *right = static_cast<Node *>(lsecond(castNode(OpExpr, node)->args));
    const auto reads_user = [](Node *side) { return claim_source(side).kind != SourceKind::none; };
    return (is_inner_column(left) && reads_user(right)) ||
           (is_inner_column(right) && reads_user(left));
}

/// SELECT ... FROM one table WHERE its user is the user [AND its org is the row's], and nothing
/// else: the table; InvalidOid otherwise.
Oid membership_table(const Rewrite *rewrite, const Query *query, bool is_correlated) {
    if (query->commandType != CMD_SELECT || list_length(query->rtable) != 1 ||
        linitial_node(RangeTblEntry, query->rtable)->rtekind != RTE_RELATION ||
        query->setOperations != nullptr || query->groupClause != NIL || query->hasAggs ||
        query->hasWindowFuncs || query->hasTargetSRFs || query->havingQual != nullptr ||
        query->limitCount != nullptr || query->limitOffset != nullptr || query->cteList != NIL) {
        return InvalidOid;
    }
    int users = 0;
    int orgs = 0;
    ListCell *cell;
    foreach (cell, make_ands_implicit(reinterpret_cast<Expr *>(query->jointree->quals))) {
        auto *condition = static_cast<Node *>(lfirst(cell));
        Node *other = compared_with_org(rewrite, condition, 1);
        if (other != nullptr && is_inner_column(other)) {
            ++orgs;
        } else if (is_user_condition(condition)) {
            ++users;
        } else {
            return InvalidOid;
        }
    }
    const bool selects_column =
        is_correlated || is_inner_column(reinterpret_cast<Node *>(
                             linitial_node(TargetEntry, query->targetList)->expr));
    return users > 0 && orgs == (is_correlated ? 1 : 0) && selects_column
               ? linitial_node(RangeTblEntry, query->rtable)->relid
               : InvalidOid;
}

/// org IN (SELECT ...), EXISTS (SELECT ...), org = ANY (ARRAY (SELECT ...))
Oid membership(const Rewrite *rewrite, Node *node) {
    if (IsA(node, SubLink) && IsA(castNode(SubLink, node)->subselect, Query)) {
        const auto *link = castNode(SubLink, node);
        const auto *query = castNode(Query, link->subselect);
        if (link->subLinkType == EXISTS_SUBLINK) {
            return membership_table(rewrite, query, true);
        }
        const bool is_in = link->subLinkType == ANY_SUBLINK && link->testexpr != nullptr &&
                           compared_with_org(rewrite, link->testexpr, 0) != nullptr;
        return is_in ? membership_table(rewrite, query, false) : InvalidOid;
    }
    if (!IsA(node, ScalarArrayOpExpr)) {
        return InvalidOid;
    }
    const auto *any = castNode(ScalarArrayOpExpr, node);
    auto *array = without_wrapping(static_cast<Node *>(lsecond(any->args)));
    const bool is_any = any->useOr && strcmp(catalog_operator(any->opno), "=") == 0 &&
                        is_org_column(rewrite, static_cast<Node *>(linitial(any->args)), 0) &&
                        IsA(array, SubLink) &&
                        castNode(SubLink, array)->subLinkType == ARRAY_SUBLINK;
    return is_any ? membership_table(rewrite, castNode(Query, castNode(SubLink, array)->subselect),
                                     false)
                  : InvalidOid;
}

Node *rewrite_mutator(Node *node, void *context) {
    auto *rewrite = static_cast<Rewrite *>(context);
    if (node == nullptr) {
        return nullptr;
    }
    if (Node *other = compared_with_org(rewrite, node, 0)) {
        const ClaimSource source = claim_source(other);
        List **paths = source.kind == SourceKind::claim     ? &rewrite->claims
                       : source.kind == SourceKind::setting ? &rewrite->settings
                                                            : nullptr;
        Node *replacement = target(rewrite, Orgs::active);
        if (paths != nullptr && source.path != NIL && replacement != nullptr) {
            const auto *sides = castNode(OpExpr, node)->args;
            auto *first = static_cast<Node *>(linitial(sides));
            *paths = lappend(*paths, source.path);
            rewrite->is_exact &= compares_exactly(
                node, first == other ? static_cast<Node *>(lsecond(sides)) : first, other);
            rewrite->sources = lappend(rewrite->sources, other);
            return replacement;
        }
    }
    if (const Oid table = membership(rewrite, node); OidIsValid(table)) {
        if (Node *replacement = target(rewrite, Orgs::any)) {
            rewrite->memberships = lappend_oid(rewrite->memberships, table);
            return replacement;
        }
    }
    return custody_mutate(node, rewrite_mutator, context);
}

Node *keep_mutator(Node *node, void *context) {
    if (node == nullptr) {
        return nullptr;
    }
    if (IsA(node, SubLink) && (castNode(SubLink, node)->subLinkType == EXISTS_SUBLINK ||
                               castNode(SubLink, node)->subLinkType == ANY_SUBLINK)) {
        auto *test = makeNode(BooleanTest);
        test->arg = static_cast<Expr *>(copyObjectImpl(node));
        test->booltesttype = IS_TRUE;
        test->location = -1;
        return reinterpret_cast<Node *>(test);
    }
    return custody_mutate(node, keep_mutator, context);
}

} // namespace

Node *rewritten(Rewrite *rewrite, Node *expression) { return rewrite_mutator(expression, rewrite); }

Node *with_kept_subselects(Node *expression) { return keep_mutator(expression, nullptr); }

} // namespace custody::tenant
