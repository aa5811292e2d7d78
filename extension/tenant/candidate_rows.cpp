// Plain C-style: no local has a destructor.
#include "extension/tenant/candidate_rows.hpp"

namespace custody::tenant {

namespace {

constexpr int kLiveRows = 500;
constexpr int kMadeUpRows = 2000;
constexpr int kMadeUpColumns = 6;

bool matters(const Candidates *candidates, AttrNumber number) {
    return number == candidates->column || candidates->parts->whole_row ||
           bms_is_member(number, candidates->parts->columns);
}

const char *type_name(Oid type) {
    return format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY);
}

/// ROW(...)::relation over what `value` writes for the columns that matter.
void add_row(StringInfo sql, const Candidates *candidates, bool made_up) {
    TupleDesc row = RelationGetDescr(candidates->relation);
    const char *separator = "";
    appendStringInfoString(sql, "ROW(");
    for (int i = 0; i < row->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row, i);
        if (attribute->attisdropped) {
            continue;
        }
        appendStringInfoString(sql, separator);
        separator = ", ";
        if (made_up && matters(candidates, attribute->attnum)) {
            appendStringInfo(sql, "v%d.v", attribute->attnum);
        } else if (!made_up && (matters(candidates, attribute->attnum) ||
                                bms_is_member(attribute->attnum, candidates->key) ||
                                get_typtype(attribute->atttypid) == TYPTYPE_DOMAIN)) {
            // A domain may not take a NULL.
            appendStringInfo(sql, "r.%s", quote_identifier(NameStr(attribute->attname)));
        } else {
            appendStringInfoString(sql, "NULL");
        }
    }
    appendStringInfo(sql, ")::%s", relation_name(candidates->relation));
}

struct Values {
    StringInfoData sql;
    Oid type;
    int count;
};

void add_value(Values *values, const char *text) {
    if (values->count++ > 0) {
        appendStringInfoString(&values->sql, ", ");
    }
    if (text == nullptr) {
        appendStringInfo(&values->sql, "(NULL::%s)", type_name(values->type));
    } else {
        appendStringInfo(&values->sql, "(%s::%s)", quote_literal_cstr(text),
                         type_name(values->type));
    }
}

void add_constants(Values *values, const List *constants) {
    ListCell *cell;
    foreach (cell, constants) {
        const auto *constant = lfirst_node(Const, cell);
        if (getBaseType(values->type) == constant->consttype ||
            (constant->consttype == TEXTOID && getBaseType(values->type) == VARCHAROID)) {
            Oid output;
            bool is_varlena;
            getTypeOutputInfo(constant->consttype, &output, &is_varlena);
            add_value(values, OidOutputFunctionCall(output, constant->constvalue));
        }
    }
}

void add_common_values(Values *values) {
    switch (TypeCategory(getBaseType(values->type))) {
    case TYPCATEGORY_BOOLEAN:
        add_value(values, "true");
        add_value(values, "false");
        break;
    case TYPCATEGORY_NUMERIC:
        if (getBaseType(values->type) < FirstNormalObjectId) {
            add_value(values, "0");
            add_value(values, "1");
            add_value(values, "30000");
            add_value(values, "-1");
        }
        break;
    case TYPCATEGORY_STRING:
        add_value(values, "");
        break;
    case TYPCATEGORY_DATETIME:
        add_value(values, "2000-01-01");
        break;
    default:
        break;
    }
}

/// The values to try in one column, as a FROM item.
char *values_for(const Candidates *candidates, Form_pg_attribute attribute, const char *org,
                 const char *context) {
    Values values;
    initStringInfo(&values.sql);
    values.type = attribute->atttypid;
    values.count = 0;
    const Oid org_type =
        TupleDescAttr(RelationGetDescr(candidates->relation), candidates->column - 1)->atttypid;
    if (attribute->attnum == candidates->column) {
        add_value(&values, org);
    } else {
        if (getBaseType(values.type) == getBaseType(org_type)) {
            add_value(&values, context);
        }
        add_constants(&values, candidates->parts->constants);
        add_common_values(&values);
    }
    if (!attribute->attnotnull) {
        add_value(&values, nullptr);
    }
    return values.count == 0 ? nullptr
                             : psprintf("(VALUES %s) v%d(v)", values.sql.data, attribute->attnum);
}

} // namespace

char *relation_name(Relation relation) {
    return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                      RelationGetRelationName(relation));
}

char *live_rows_query(const Candidates *candidates) {
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfoString(&sql, "SELECT array_agg(");
    add_row(&sql, candidates, false);
    appendStringInfo(&sql, ") FROM (SELECT * FROM %s LIMIT %d) r",
                     relation_name(candidates->relation), kLiveRows);
    return sql.data;
}

char *made_up_rows_query(const Candidates *candidates, const char *org, const char *context) {
    TupleDesc row = RelationGetDescr(candidates->relation);
    StringInfoData from;
    initStringInfo(&from);
    int columns = 0;
    for (int i = 0; i < row->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row, i);
        if (attribute->attisdropped || !matters(candidates, attribute->attnum)) {
            continue;
        }
        char *values = attribute->attgenerated != '\0' || columns == kMadeUpColumns
                           ? nullptr
                           : values_for(candidates, attribute, org, context);
        if (values == nullptr) {
            return nullptr;
        }
        appendStringInfo(&from, "%s%s", columns++ > 0 ? ", " : "", values);
    }
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfoString(&sql, "SELECT array_agg(r) FROM (SELECT ");
    add_row(&sql, candidates, true);
    appendStringInfo(&sql, " AS r FROM %s LIMIT %d) c", from.data, kMadeUpRows);
    return sql.data;
}

List *constraints_of(Relation relation) {
    List *conditions = list_copy(RelationGetPartitionQual(relation));
    const TupleConstr *constraints = RelationGetDescr(relation)->constr;
    const int count = constraints == nullptr ? 0 : constraints->num_check;
    for (int i = 0; i < count; ++i) {
        auto *test = makeNode(BooleanTest);
        test->arg = static_cast<Expr *>(stringToNode(constraints->check[i].ccbin));
        test->booltesttype = IS_NOT_FALSE;
        test->location = -1;
        conditions = lappend(conditions, test);
    }
    return conditions;
}

void add_constrained(Relation relation, List *constraints, ExpressionParts *parts) {
    ExpressionParts constrained = {};
    collect_parts(constraints, &constrained);
    TupleDesc row = RelationGetDescr(relation);
    int number = -1;
    while ((number = bms_next_member(constrained.columns, number)) >= 0) {
        if (TupleDescAttr(row, number - 1)->attnotnull) {
            parts->columns = bms_add_member(parts->columns, number);
        }
    }
    parts->constants = list_concat(parts->constants, constrained.constants);
}

} // namespace custody::tenant
