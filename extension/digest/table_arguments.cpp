// Plain C-style: no local has a destructor.
#include "extension/digest/table_arguments.hpp"

#include "extension/digest/arguments.hpp"
#include "extension/digest/relation_scan.hpp"

namespace custody::digest {

namespace {

void find_key(FunctionCallInfo fcinfo, int key, TableArguments *table) {
    RowShape *shape = &table->shape;
    if (fcinfo->args[key].isnull) {
        shape->key = primary_key(table->relation, &shape->key_count);
    } else {
        shape->key = names_of(fcinfo->args[key].value, "key", &shape->key_count);
    }
}

} // namespace

TableArguments open_table(FunctionCallInfo fcinfo, int first, int key) {
    const NullableDatum *columns = fcinfo->args + first;
    const NullableDatum *form = fcinfo->args + first + 2;
    require(fcinfo, 0, "rel");
    require(fcinfo, first + 1, "profile");
    require(fcinfo, first + 3, "children");
    TableArguments table = {};
    RowShape *shape = &table.shape;
    shape->profile = profile_of(fcinfo->args[first + 1].value);
    table.children = DatumGetBool(fcinfo->args[first + 3].value);
    table.relation = open_relation(DatumGetObjectId(fcinfo->args[0].value));
    if (table.relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
        check_kind(table.relation);
    }
    shape->columns = columns->isnull
                         ? canonical_columns(RelationGetDescr(table.relation), &shape->column_count)
                         : names_of(columns->value, "columns", &shape->column_count);
    shape->form = form->isnull ? form_of_columns(row_type_of(table.relation), shape->profile,
                                                 shape->columns, shape->column_count)
                               : form_of(form->value);
    if (key >= 0) {
        find_key(fcinfo, key, &table);
    }
    check_may_read(table.relation, shape);
    return table;
}

} // namespace custody::digest
