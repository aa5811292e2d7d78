// Plain C-style: no local has a destructor.
#include "extension/tenant/expression_parts.hpp"

namespace custody::tenant {

namespace {

struct Walk {
    ExpressionParts *parts;
    Index depth; // of sub-selects
};

char *text_constant(Node *node) {
    if (node == nullptr || !IsA(node, Const) || castNode(Const, node)->constisnull ||
        castNode(Const, node)->consttype != TEXTOID) {
        return nullptr;
    }
    return TextDatumGetCString(castNode(Const, node)->constvalue);
}

void add_column(const Var *var, const Walk *walk) {
    if (var->varno != 1 || var->varlevelsup != walk->depth) {
        return;
    }
    if (var->varattno > 0) {
        walk->parts->columns = bms_add_member(walk->parts->columns, var->varattno);
    } else {
        walk->parts->whole_row = true;
    }
}

void add_constant(Const *constant, ExpressionParts *parts) {
    if (constant->constisnull) {
        return;
    }
    const Oid element = get_element_type(constant->consttype);
    if (!OidIsValid(element)) {
        parts->constants = lappend(parts->constants, constant);
        return;
    }
    int16 length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(element, &length, &by_value, &alignment);
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(constant->constvalue), element, length, by_value,
                      alignment, &values, &nulls, &count);
    for (int i = 0; i < count && i < 8; ++i) {
        if (!nulls[i]) {
            parts->constants =
                lappend(parts->constants, makeConst(element, -1, constant->constcollid, length,
                                                    values[i], false, by_value));
        }
    }
}

/// current_setting() of a name with a dot: any role can give it a value, unless an extension
/// defines it otherwise.
void add_setting(const FuncExpr *call, ExpressionParts *parts) {
    const char *name = get_func_name(call->funcid);
    char *setting =
        call->args == NIL ? nullptr : text_constant(static_cast<Node *>(linitial(call->args)));
    if (call->funcid < FirstNormalObjectId && name != nullptr && setting != nullptr &&
        strcmp(name, "current_setting") == 0 && strchr(setting, '.') != nullptr &&
        strncmp(setting, "custody.", strlen("custody.")) != 0) {
        parts->settings = lappend(parts->settings, setting);
    }
}

void add_key(const OpExpr *operation, ExpressionParts *parts) {
    const char *name = get_opname(operation->opno);
    if (list_length(operation->args) == 2 && name != nullptr &&
        (strcmp(name, "->") == 0 || strcmp(name, "->>") == 0)) {
        char *key = text_constant(static_cast<Node *>(lsecond(operation->args)));
        if (key != nullptr) {
            parts->keys = lappend(parts->keys, key);
        }
    }
}

bool look(Node *node, void *context) {
    auto *walk = static_cast<Walk *>(context);
    if (node == nullptr) {
        return false;
    }
    if (IsA(node, Query)) {
        ++walk->depth;
        const bool stop = custody_walk_query(castNode(Query, node), look, context, 0);
        --walk->depth;
        return stop;
    }
    if (IsA(node, Var)) {
        add_column(castNode(Var, node), walk);
    } else if (IsA(node, Const)) {
        add_constant(castNode(Const, node), walk->parts);
    } else if (IsA(node, FuncExpr)) {
        add_setting(castNode(FuncExpr, node), walk->parts);
    }
    const bool stop = custody_walk(node, look, context);
    if (IsA(node, OpExpr)) {
        add_key(castNode(OpExpr, node), walk->parts); // after those inside: the outer ones first
    }
    return stop;
}

} // namespace

void collect_parts(List *expressions, ExpressionParts *parts) {
    Walk walk{parts, 0};
    (void)look(reinterpret_cast<Node *>(expressions), &walk);
}

} // namespace custody::tenant
