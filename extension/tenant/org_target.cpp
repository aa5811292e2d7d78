// Plain C-style: no local has a destructor.
#include "extension/tenant/org_target.hpp"

namespace custody::tenant {

namespace {

/// As the extension made it: C, stable, its member. Someone with the right to may replace it.
bool is_as_made(Oid function, Oid extension) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) {
        return false;
    }
    const auto *form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    const bool as_made = form->prolang == ClanguageId && form->provolatile == PROVOLATILE_STABLE &&
                         !form->prosecdef && form->pronargs == 0;
    ReleaseSysCache(tuple);
    return as_made && getExtensionOfObject(ProcedureRelationId, function) == extension;
}

Oid accessor(const char *name, const char *suffix) {
    const Oid schema = get_namespace_oid("custody", true);
    const Oid extension = get_extension_oid("custody", true);
    if (!OidIsValid(schema) || !OidIsValid(extension)) {
        return InvalidOid;
    }
    oidvector *no_arguments = buildoidvector(nullptr, 0);
    const Oid function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
                                         CStringGetDatum(psprintf("%s_%s", name, suffix)),
                                         PointerGetDatum(no_arguments), ObjectIdGetDatum(schema));
    return OidIsValid(function) && is_as_made(function, extension) ? function : InvalidOid;
}

Accessors accessors_of(const char *suffix, Oid type) {
    return {type, accessor("current_org", suffix), accessor("current_org_or_null", suffix),
            accessor("current_orgs", suffix)};
}

Node *call_of(Oid function) {
    const Oid type = get_func_rettype(function);
    return reinterpret_cast<Node *>(makeFuncExpr(function, type, NIL, get_typcollation(type),
                                                 InvalidOid, COERCE_EXPLICIT_CALL));
}

Node *cast_by(Oid function, Node *argument) {
    return reinterpret_cast<Node *>(makeFuncExpr(function, get_func_rettype(function),
                                                 list_make1(argument), InvalidOid, InvalidOid,
                                                 COERCE_EXPLICIT_CAST));
}

Oid equality(Oid left, Oid right) {
    List *name = list_make2(makeString(pstrdup("pg_catalog")), makeString(pstrdup("=")));
    return OpernameGetOprid(name, left, right);
}

List *with_equality(List *targets, Node *column, Node *org) {
    const Oid op = equality(exprType(column), exprType(org));
    return lappend(targets,
                   make_opclause(op, BOOLOID, false, reinterpret_cast<Expr *>(column),
                                 reinterpret_cast<Expr *>(org), InvalidOid, exprCollation(column)));
}

List *with_any(List *targets, Node *column, Node *orgs) {
    auto *any = makeNode(ScalarArrayOpExpr);
    any->opno = equality(exprType(column), get_element_type(exprType(orgs)));
    any->opfuncid = get_opcode(any->opno);
    any->useOr = true;
    any->inputcollid = exprCollation(column);
    any->args = list_make2(column, orgs);
    any->location = -1;
    return lappend(targets, any);
}

/// The integer of the column and the bigint of the accessor, as a cast may have made them.
List *with_casts(List *targets, Node *column, Node *org) {
    switch (exprType(column)) {
    case INT2OID:
        targets = with_equality(targets, cast_by(F_INT8_INT2, column), org);
        return with_equality(targets, column, cast_by(F_INT2_INT8, org));
    case INT4OID:
        targets = with_equality(targets, cast_by(F_INT8_INT4, column), org);
        return with_equality(targets, column, cast_by(F_INT4_INT8, org));
    default:
        return targets;
    }
}

/// The column as an operand: of the base type of a domain, varchar as text.
Node *column_operand(Oid type, AttrNumber column, int32 modifier, Oid collation) {
    auto *var = makeVar(1, column, type, modifier, collation, 0);
    const Oid base = getBaseType(type) == VARCHAROID ? TEXTOID : getBaseType(type);
    if (base == type) {
        return reinterpret_cast<Node *>(var);
    }
    return reinterpret_cast<Node *>(
        makeRelabelType(reinterpret_cast<Expr *>(var), base, -1, collation, COERCE_IMPLICIT_CAST));
}

} // namespace

AccessorSet find_accessors() {
    return {accessors_of("uuid", UUIDOID), accessors_of("bigint", INT8OID),
            accessors_of("text", TEXTOID)};
}

const Accessors *accessors_for(const AccessorSet *set, Oid column_type) {
    switch (getBaseType(column_type)) {
    case UUIDOID:
        return &set->uuid;
    case INT2OID:
    case INT4OID:
    case INT8OID:
        return &set->bigint;
    case TEXTOID:
    case VARCHAROID:
        return &set->text;
    default:
        return nullptr;
    }
}

bool is_accessor(const AccessorSet *set, Oid function) {
    for (const Accessors *one : {&set->uuid, &set->bigint, &set->text}) {
        if (OidIsValid(function) &&
            (function == one->active || function == one->active_or_null || function == one->all)) {
            return true;
        }
    }
    return false;
}

List *org_targets(const AccessorSet *set, Oid relation, AttrNumber column, Orgs orgs) {
    Oid type;
    int32 modifier;
    Oid collation;
    get_atttypetypmodcoll(relation, column, &type, &modifier, &collation);
    const Accessors *accessors = accessors_for(set, type);
    if (accessors == nullptr ||
        (OidIsValid(collation) && !get_collation_isdeterministic(collation))) {
        return NIL;
    }
    // Equality of bytes is the same under every deterministic collation; simplified() says the
    // same of what a policy compares.
    const Oid compared = OidIsValid(collation) ? DEFAULT_COLLATION_OID : InvalidOid;
    Node *operand = column_operand(type, column, modifier, collation);
    List *targets = NIL;
    for (const Oid function : {accessors->active, accessors->active_or_null}) {
        if (OidIsValid(function)) {
            targets = with_equality(targets, operand, call_of(function));
            targets = with_casts(targets, operand, call_of(function));
        }
    }
    if (orgs == Orgs::any && OidIsValid(accessors->all)) {
        targets = with_any(targets, operand, call_of(accessors->all));
    }
    ListCell *cell;
    foreach (cell, targets) {
        auto *target = static_cast<Node *>(lfirst(cell));
        if (IsA(target, OpExpr)) {
            castNode(OpExpr, target)->inputcollid = compared;
        } else {
            castNode(ScalarArrayOpExpr, target)->inputcollid = compared;
        }
    }
    return targets;
}

} // namespace custody::tenant
