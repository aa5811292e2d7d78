// Plain C-style: no local has a destructor.
#include "extension/tenant/claim_source.hpp"

namespace custody::tenant {

namespace {

/// The expression of (select expression); nullptr for other sub-selects.
Node *selected(const SubLink *link) {
    if (link->subLinkType != EXPR_SUBLINK || !IsA(link->subselect, Query)) {
        return nullptr;
    }
    const auto *query = castNode(Query, link->subselect);
    if (query->commandType != CMD_SELECT || query->rtable != NIL ||
        query->setOperations != nullptr || query->jointree->quals != nullptr ||
        list_length(query->targetList) != 1 || query->hasTargetSRFs ||
        query->limitCount != nullptr || query->limitOffset != nullptr) {
        return nullptr;
    }
    return reinterpret_cast<Node *>(linitial_node(TargetEntry, query->targetList)->expr);
}

} // namespace

Node *without_layer(Node *node) {
    switch (nodeTag(node)) {
    case T_RelabelType:
        return reinterpret_cast<Node *>(castNode(RelabelType, node)->arg);
    case T_CoerceViaIO:
        return reinterpret_cast<Node *>(castNode(CoerceViaIO, node)->arg);
    case T_CoerceToDomain:
        return reinterpret_cast<Node *>(castNode(CoerceToDomain, node)->arg);
    case T_FuncExpr: {
        const auto *call = castNode(FuncExpr, node);
        const bool is_cast =
            call->funcformat == COERCE_EXPLICIT_CAST || call->funcformat == COERCE_IMPLICIT_CAST;
        return is_cast && call->args != NIL ? static_cast<Node *>(linitial(call->args)) : nullptr;
    }
    case T_NullIfExpr: {
        const auto *call = reinterpret_cast<const OpExpr *>(node);
        return IsA(lsecond(call->args), Const) ? static_cast<Node *>(linitial(call->args))
                                               : nullptr;
    }
    case T_SubLink:
        return selected(castNode(SubLink, node));
    default:
        return nullptr;
    }
}

namespace {

char *text_constant(Node *node) {
    node = without_wrapping(node);
    if (!IsA(node, Const) || castNode(Const, node)->constisnull ||
        (castNode(Const, node)->consttype != TEXTOID &&
         castNode(Const, node)->consttype != INT4OID)) {
        return nullptr;
    }
    const auto *value = castNode(Const, node);
    return value->consttype == TEXTOID ? TextDatumGetCString(value->constvalue)
                                       : psprintf("%d", DatumGetInt32(value->constvalue));
}

/// The names in a constant text[]; NIL when it is none.
List *names_in(Node *node) {
    List *names = NIL;
    if (!IsA(node, Const) || castNode(Const, node)->constisnull ||
        castNode(Const, node)->consttype != TEXTARRAYOID) {
        return NIL;
    }
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(castNode(Const, node)->constvalue), TEXTOID, -1, false,
                      TYPALIGN_INT, &values, &nulls, &count);
    for (int i = 0; i < count; ++i) {
        names = lappend(names, nulls[i] ? pstrdup("") : TextDatumGetCString(values[i]));
    }
    return names;
}

ClaimSource called(const FuncExpr *call) {
    const char *name = get_func_name(call->funcid);
    const char *schema = get_namespace_name(get_func_namespace(call->funcid));
    if (name == nullptr || schema == nullptr) {
        return {SourceKind::none, NIL};
    }
    if (strcmp(schema, "pg_catalog") == 0 && strcmp(name, "current_setting") == 0) {
        char *setting = text_constant(static_cast<Node *>(linitial(call->args)));
        return setting == nullptr ? ClaimSource{SourceKind::none, NIL}
                                  : ClaimSource{SourceKind::setting, list_make1(setting)};
    }
    if (call->args != NIL || get_func_nargs(call->funcid) != 0) {
        return {SourceKind::none, NIL};
    }
    if (strcmp(schema, "custody") == 0) {
        return {strncmp(name, "current_user_id", 15) == 0 ? SourceKind::user : SourceKind::none,
                NIL};
    }
    if (strcmp(schema, "auth") != 0) {
        return {SourceKind::none, NIL};
    }
    if (strcmp(name, "jwt") == 0 || strcmp(name, "session") == 0) {
        return {SourceKind::claim, NIL};
    }
    if (strcmp(name, "organization") == 0) {
        return {SourceKind::claim, list_make1(pstrdup("o"))};
    }
    if (strcmp(name, "organization_id") == 0) {
        return {SourceKind::claim, list_make2(pstrdup("o"), pstrdup("id"))};
    }
    const bool is_user = strcmp(name, "uid") == 0 || strcmp(name, "user_id") == 0;
    return {is_user ? SourceKind::user : SourceKind::none, NIL};
}

} // namespace

const char *catalog_operator(Oid op) {
    const char *name = op < FirstNormalObjectId ? get_opname(op) : nullptr;
    return name == nullptr ? "" : name;
}

bool is_equality(const Node *expression) {
    return IsA(expression, OpExpr) &&
           strcmp(catalog_operator(reinterpret_cast<const OpExpr *>(expression)->opno), "=") == 0;
}

Node *without_wrapping(Node *expression) {
    for (Node *inner = without_layer(expression); inner != nullptr;
         inner = without_layer(expression)) {
        expression = inner;
    }
    return expression;
}

ClaimSource claim_source(Node *expression) {
    Node *node = without_wrapping(expression);
    if (IsA(node, FuncExpr)) {
        return called(castNode(FuncExpr, node));
    }
    if (!IsA(node, OpExpr) || list_length(castNode(OpExpr, node)->args) != 2) {
        return {SourceKind::none, NIL};
    }
    const auto *get = castNode(OpExpr, node);
    const char *op = catalog_operator(get->opno);
    auto *key = static_cast<Node *>(lsecond(get->args));
    List *names = NIL;
    if (strcmp(op, "->") == 0 || strcmp(op, "->>") == 0) {
        char *name = text_constant(key);
        names = name == nullptr ? NIL : list_make1(name);
    } else if (strcmp(op, "#>") == 0 || strcmp(op, "#>>") == 0) {
        names = names_in(key);
    }
    ClaimSource source = claim_source(static_cast<Node *>(linitial(get->args)));
    if (names == NIL || (source.kind != SourceKind::claim && source.kind != SourceKind::setting)) {
        return {SourceKind::none, NIL};
    }
    source.path = list_concat(source.path, names);
    return source;
}

} // namespace custody::tenant
