// Plain C-style: no local has a destructor.
#include "extension/tenant/claim_source.hpp"

namespace custody::tenant {

namespace {

bool is_integer(Oid type) { return type == INT2OID || type == INT4OID || type == INT8OID; }

bool is_text(Oid type) { return type == TEXTOID || type == VARCHAROID; }

/// Whether a value of the one type, printed and read as the other, is never the same for two.
bool is_kept_in_text(Oid from, Oid to, bool is_claim) {
    // Read from a text, two texts may be one uuid: only where the text is the claim, which the
    // context was read from, too.
    return is_claim ? is_text(from) && (to == UUIDOID || is_integer(to) || is_text(to))
                    : is_text(to) && (from == UUIDOID || is_integer(from) || is_text(from));
}

/// Whether this one layer that without_wrapping() takes off keeps what is below it.
bool keeps_value(Node *layer, Node *below, bool is_claim) {
    const Oid from = getBaseType(exprType(below));
    const Oid to = getBaseType(exprType(layer));
    switch (nodeTag(layer)) {
    case T_RelabelType:
        return from == to || (is_text(from) && is_text(to));
    case T_CoerceToDomain:
        return true; // it checks
    case T_CoerceViaIO:
        return is_kept_in_text(from, to, is_claim);
    case T_FuncExpr: // of the server: other numbers raise an error
        return castNode(FuncExpr, layer)->funcid < FirstNormalObjectId && is_integer(from) &&
               is_integer(to);
    case T_NullIfExpr: {
        const auto *value = lsecond_node(Const, reinterpret_cast<OpExpr *>(layer)->args);
        return is_claim && is_text(from) && value->consttype == TEXTOID && !value->constisnull &&
               VARSIZE_ANY_EXHDR(DatumGetPointer(value->constvalue)) == 0;
    }
    default:
        return IsA(layer, SubLink);
    }
}

bool keeps_value_through(Node **node, bool is_claim) {
    for (Node *below = without_layer(*node); below != nullptr; below = without_layer(*node)) {
        if (!keeps_value(*node, below, is_claim)) {
            return false;
        }
        *node = below;
    }
    return true;
}

/// auth.jwt() -> 'a' ->> 'b', and the like: in the end a text, by names and not by places.
bool reads_text(Node *claim) {
    if (!is_text(exprType(claim))) {
        return IsA(claim, FuncExpr) && exprType(claim) == UUIDOID; // auth.organization_id()
    }
    while (IsA(claim, OpExpr)) {
        const auto *get = castNode(OpExpr, claim);
        const Oid key = exprType(static_cast<Node *>(lsecond(get->args)));
        if (key != TEXTOID && key != TEXTARRAYOID) {
            return false;
        }
        claim = static_cast<Node *>(linitial(get->args));
        while (IsA(claim, SubLink) && without_layer(claim) != nullptr) {
            claim = without_layer(claim);
        }
    }
    return IsA(claim, FuncExpr) && exprType(claim) == JSONBOID;
}

} // namespace

bool compares_exactly(Node *comparison, Node *column, Node *claim) {
    const auto *equality = castNode(OpExpr, comparison);
    if (OidIsValid(equality->inputcollid) &&
        !get_collation_isdeterministic(equality->inputcollid)) {
        return false;
    }
    for (Node *side : {column, claim}) {
        const Oid type = getBaseType(exprType(side));
        if (type != UUIDOID && !is_integer(type) && !is_text(type)) {
            return false;
        }
    }
    return keeps_value_through(&column, false) && keeps_value_through(&claim, true) &&
           reads_text(claim);
}

} // namespace custody::tenant
